//! Relays that were made through the API. They are kept in the control store and stand beside those
//! of the configuration.
//!
//! Their addresses came from outside, so they reach public https addresses only, which is judged
//! when a connection is opened, and each time anew: a name may lead elsewhere tomorrow.

use std::{collections::BTreeMap, sync::Arc};

use cauce_destinations::{
    destination::Destination,
    secret::Secret,
    webhook::{self, Webhook},
};
use cauce_flow::{
    id::{AccountName, NameError, TenantId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::settings::{Account, Relay, Settings, relay_queue};

/// What the facts of relays begin with.
pub(crate) const FACT_PREFIX: &str = "relay/";
/// Relays that may be made.
const MAX_RELAYS: usize = 1_000;

/// A relay as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewRelay {
    /// Its name.
    pub name: AccountName,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where batches go.
    pub url: String,
    /// What signs them.
    pub secret: Option<String>,
    /// Headers of every request.
    pub headers: BTreeMap<String, String>,
    /// The shape of the body; none for the usual one.
    pub body: Option<String>,
    /// Where results are looked for; none for the usual place.
    pub results: Option<String>,
    /// Where in an item its key stands.
    pub key: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why a relay is not made, or not removed.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// An account or another relay has the name.
    #[error("the name {0} is taken; hint: choose another")]
    Taken(AccountName),
    /// The name is too long for its queue.
    #[error("the name cannot be taken: {0}")]
    Name(#[from] NameError),
    /// The address is not one that a relay of the API may have.
    #[error(
        "a relay made here reaches https addresses without credentials only; hint: others belong into the configuration"
    )]
    Url,
    /// A setting that cannot work.
    #[error(transparent)]
    Config(#[from] webhook::ConfigError),
    /// A pointer that is none.
    #[error("`{0}` is not a JSON Pointer; hint: write a slash and a name, `/id`")]
    Pointer(&'static str),
    /// There are too many.
    #[error("there are {MAX_RELAYS} relays, and no more may be made; hint: remove one")]
    TooMany,
    /// It belongs to the configuration.
    #[error("the relay stands in the configuration; hint: remove it there")]
    Configured,
    /// There is no such relay.
    #[error("there is no such relay")]
    Unknown,
    /// It cannot be kept.
    #[error(transparent)]
    Control(#[from] cauce_store::control::Error),
}

/// The relays that were made, by name.
pub(crate) type Made = BTreeMap<AccountName, NewRelay>;

/// The settings with the relays that were made in them, and without those that were there before.
pub(crate) fn with_made(settings: &Settings, before: &Made, made: &Made) -> Settings {
    let mut settings = settings.clone();
    settings
        .accounts
        .retain(|account| !before.contains_key(&account.name));
    settings
        .relays
        .retain(|relay| !before.contains_key(&relay.line.account));
    for (name, new) in made {
        if settings
            .accounts
            .iter()
            .any(|account| account.name == *name)
        {
            tracing::warn!(%name, "a relay gives way to the account of its name");
            continue;
        }
        match build(new, &settings) {
            Ok((account, relay)) => {
                settings.accounts.push(account);
                settings.relays.push(relay);
            }
            Err(error) => tracing::warn!(%name, %error, "a relay cannot be used"),
        }
    }
    settings
}

/// Whether a relay may be made beside what there is.
pub(crate) fn check(new: &NewRelay, settings: &Settings, made: &Made) -> Result<(), MakeError> {
    if made.len() >= MAX_RELAYS {
        return Err(MakeError::TooMany);
    }
    if settings
        .accounts
        .iter()
        .any(|account| account.name == new.name)
    {
        return Err(MakeError::Taken(new.name.clone()));
    }
    build(new, settings).map(drop)
}

fn build(new: &NewRelay, settings: &Settings) -> Result<(Account, Relay), MakeError> {
    let host = new.url.strip_prefix("https://").unwrap_or_default();
    if host.is_empty() || host.starts_with('/') || new.url.contains(['@', ' ', '#']) {
        return Err(MakeError::Url);
    }
    for (name, pointer) in [("key", &new.key), ("results", &new.results)] {
        if pointer
            .as_ref()
            .is_some_and(|pointer| !pointer.starts_with('/'))
        {
            return Err(MakeError::Pointer(name));
        }
    }
    let config = webhook::Config {
        url: new.url.clone(),
        secret: new.secret.as_ref().map(Secret::new),
        headers: new
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), Secret::new(value)))
            .collect(),
        body: new.body.clone().unwrap_or_else(webhook::default_body),
        results: new.results.clone().unwrap_or_else(webhook::default_results),
    };
    let destination: Arc<dyn Destination> = Arc::new(Webhook::new(config)?.public_only());
    let account = Account {
        name: new.name.clone(),
        tenant: new.tenant.clone(),
        queue: relay_queue(&new.name)?,
        platform: "webhook",
        base_url: new.url.split('?').next().unwrap_or_default().to_owned(),
        conversions: None,
        hears: None,
        destination,
        policy: settings.relay_policy.clone().ok_or(MakeError::TooMany)?,
    };
    let relay = Relay {
        tenant: new.tenant.clone(),
        line: account.line(),
        key: new.key.clone(),
    };
    Ok((account, relay))
}
