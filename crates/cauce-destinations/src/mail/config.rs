//! Where a mail server is, and how it is spoken to.

use std::fmt;

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::secret::Secret;

/// The account of a mail server, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `smtp://host:587` or `smtps://host:465`, with `user:password@` where one has to log in.
    pub smtp: Secret,
    /// Who the letters come from: `Cauce <cauce@example.com>`.
    pub from: String,
}

/// A mail server.
#[derive(Clone)]
pub struct Server {
    /// Its address without credentials.
    pub(super) url: String,
    /// Whether the connection has to be encrypted; with `smtps` it is from its beginning.
    pub(super) must_encrypt: bool,
    /// Who logs in, and with what.
    pub(super) login: Option<(String, Secret)>,
    pub(super) from: Mailbox,
}

/// Why an account of a mail server is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is no address of a mail server.
    #[error(
        "is no address of a mail server; hint: write smtp://mail.example.com:587 or smtps://mail.example.com:465"
    )]
    Address,
    /// What stands behind the question mark is not known.
    #[error("holds a parameter that is not known; hint: write ?tls=required or nothing")]
    Parameter,
    /// A user without a password, or the other way round.
    #[error(
        "names a user without a password; hint: write smtps://user:password@mail.example.com:465, with %40 for an @ in either"
    )]
    Login,
    /// The sender is no address.
    #[error("is no address; hint: write \"Cauce <cauce@example.com>\" or \"cauce@example.com\"")]
    From,
}

impl ConfigError {
    /// The setting that is wrong.
    pub const fn setting(&self) -> &'static str {
        match self {
            ConfigError::Address | ConfigError::Parameter | ConfigError::Login => "smtp",
            ConfigError::From => "from",
        }
    }
}

impl Server {
    /// Reads an account.
    pub fn new(config: &Config) -> Result<Server, ConfigError> {
        let text = config.smtp.expose();
        let (scheme, rest) = text.split_once("://").ok_or(ConfigError::Address)?;
        if !matches!(scheme, "smtp" | "smtps") {
            return Err(ConfigError::Address);
        }
        let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let required = match parameters {
            "" => false,
            "tls=required" => true,
            _ => return Err(ConfigError::Parameter),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, host) = match rest.rsplit_once('@') {
            Some((login, host)) => (Some(login_of(login)?), host),
            None => (None, rest),
        };
        let url = format!("{scheme}://{host}");
        let uri = http::Uri::try_from(&url).map_err(|_| ConfigError::Address)?;
        let named = uri.host().is_some_and(|host| !host.is_empty());
        if !named || host.contains(['/', ' ', '#']) {
            return Err(ConfigError::Address);
        }
        Ok(Server {
            // A password never goes over an open line.
            must_encrypt: required || login.is_some(),
            url,
            login,
            from: config.from.parse().map_err(|_| ConfigError::From)?,
        })
    }

    /// Its address, fit to be shown.
    pub fn shown(&self) -> &str {
        &self.url
    }
}

fn login_of(text: &str) -> Result<(String, Secret), ConfigError> {
    let (user, password) = text.split_once(':').ok_or(ConfigError::Login)?;
    let plain = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(String::from).map_err(|_| ConfigError::Login)
    };
    let (user, password) = (plain(user)?, plain(password)?);
    match user.is_empty() || password.is_empty() {
        true => Err(ConfigError::Login),
        false => Ok((user, Secret::new(password))),
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}
