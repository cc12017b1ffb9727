//! The account of a LinkedIn advertiser.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::secret::Secret;

/// What the name of a conversion rule begins with; its number follows.
const RULE: &str = "urn:lla:llaPartnerConversion:";
const DEFAULT_BASE_URL: &str = "https://api.linkedin.com";
/// Where tokens are asked about, unless the account's address is another than LinkedIn's.
const TOKEN_URL: &str = "https://www.linkedin.com";

/// The account of a LinkedIn advertiser.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A token with the scope `rw_conversions`.
    pub access_token: Secret,
    /// The version of the interface, `YYYYMM`. A version lives for a year.
    #[serde(default = "default_version")]
    pub version: String,
    /// The conversion rule of each event type. An event type without one is not sent.
    pub conversions: BTreeMap<String, String>,
    /// The app that the token is of; needed to check the token.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The secret of that app; needed to check the token.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// The address of the interface.
    #[serde(default = "default_base_url")]
    pub base_url: String,
}

/// Why an account is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A conversion rule that is not named as LinkedIn names them.
    #[error(
        "the conversion rule of `{event_type}` is not one; hint: write `urn:lla:llaPartnerConversion:` and its number"
    )]
    Rule {
        /// The event type that it stands for.
        event_type: String,
    },
}

impl Config {
    /// Whether every rule is named as LinkedIn does.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_rule = |urn: &str| {
            let number = urn.strip_prefix(RULE).unwrap_or_default();
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        match self.conversions.iter().find(|(_, urn)| !is_rule(urn)) {
            Some((event_type, _)) => Err(ConfigError::Rule {
                event_type: event_type.clone(),
            }),
            None => Ok(()),
        }
    }

    /// The address that tells of tokens.
    pub(super) fn token_url(&self) -> &str {
        match self.base_url.trim_end_matches('/') {
            DEFAULT_BASE_URL => TOKEN_URL,
            own => own,
        }
    }
}

fn default_version() -> String {
    "202607".to_owned()
}

fn default_base_url() -> String {
    DEFAULT_BASE_URL.to_owned()
}
