//! Which platforms there are, what each of them is given, and how an account becomes a destination.

use bytes::Bytes;
use cauce_flow::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    destination::Destination,
    google_analytics::{self, GoogleAnalytics},
    linkedin::{self, LinkedIn},
    meta::{self, Meta},
    pixel::{Defaults, Facts, Message, PixelEvent, Platform, Prepared, Withheld},
    tiktok::{self, TikTok},
};

/// The settings of an account, by its `platform`.
///
/// What all accounts have (`name`, `tenant`, `limits`) is taken off before it is read: any other
/// name that the platform does not know is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "platform", rename_all = "lowercase")]
pub enum Account {
    /// A dataset of Meta.
    Meta(meta::Config),
    /// A data stream of Google Analytics.
    Google(google_analytics::Config),
    /// A LinkedIn advertiser.
    LinkedIn(linkedin::Config),
    /// A pixel of TikTok.
    TikTok(tiktok::Config),
}

/// Why an account cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AccountError {
    /// A setting of a LinkedIn account.
    #[error(transparent)]
    LinkedIn(#[from] linkedin::ConfigError),
}

impl Account {
    /// Its platform.
    pub const fn platform(&self) -> Platform {
        match self {
            Account::Meta(_) => Platform::Meta,
            Account::Google(_) => Platform::Google,
            Account::LinkedIn(_) => Platform::LinkedIn,
            Account::TikTok(_) => Platform::TikTok,
        }
    }
}

/// The destination behind an account.
pub fn build(account: Account) -> Result<Box<dyn Destination>, AccountError> {
    Ok(match account {
        Account::Meta(config) => Box::new(Meta::new(config)),
        Account::Google(config) => Box::new(GoogleAnalytics::new(config)),
        Account::LinkedIn(config) => Box::new(LinkedIn::new(config)?),
        Account::TikTok(config) => Box::new(TikTok::new(config)),
    })
}

/// The queue of a platform's jobs.
pub const fn queue(platform: Platform) -> &'static str {
    platform.as_str()
}

/// The personal fields of an event that a platform is given, as they are written in events.
pub const fn personal_fields(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Meta => &[
            "email",
            "phone",
            "firstName",
            "lastName",
            "gender",
            "birthDate",
            "city",
            "state",
            "zip",
            "country",
            "externalId",
            "subscriptionId",
            "ip",
            "userAgent",
            "fbp",
            "fbc",
            "fbclid",
        ],
        Platform::Google => &[
            "email",
            "phone",
            "firstName",
            "lastName",
            "city",
            "state",
            "zip",
            "country",
            "externalId",
            "gaClientId",
            "gaSessionId",
        ],
        Platform::LinkedIn => &[
            "email",
            "firstName",
            "lastName",
            "country",
            "externalId",
            "liFatId",
        ],
        Platform::TikTok => &[
            "email",
            "phone",
            "firstName",
            "lastName",
            "city",
            "state",
            "zip",
            "country",
            "externalId",
            "ip",
            "userAgent",
            "ttclid",
            "ttp",
        ],
    }
}

/// What becomes of an event for a platform: a job whose payload is ready to be sent, with personal
/// data only as the platform wants it; or why there is none.
///
/// The event was checked and completed before.
pub fn prepare(
    event: &PixelEvent,
    platform: Platform,
    defaults: Defaults<'_>,
    now: Timestamp,
) -> Prepared {
    let facts = match Facts::of(event, defaults) {
        Ok(facts) => facts,
        Err(faults) => return Prepared::Rejected(faults),
    };
    match payload_of(&facts, platform, now) {
        Ok(payload) => Prepared::Job { payload },
        Err(withheld) => Prepared::Withheld(withheld),
    }
}

fn payload_of(facts: &Facts<'_>, platform: Platform, now: Timestamp) -> Result<Bytes, Withheld> {
    let allowed = match platform {
        Platform::Google if !facts.consent.allows_analytics() => Err(Withheld::AnalyticsDenied),
        Platform::Google => Ok(()),
        Platform::Meta | Platform::LinkedIn | Platform::TikTok => {
            let allowed = facts.consent.allows_advertising();
            allowed.then_some(()).ok_or(Withheld::AdvertisingDenied)
        }
    };
    allowed?;
    let max_age = match platform {
        Platform::Meta => meta::MAX_AGE,
        Platform::Google => google_analytics::MAX_AGE,
        Platform::LinkedIn => linkedin::MAX_AGE,
        Platform::TikTok => tiktok::MAX_AGE,
    };
    if now.since(facts.occurred_at) > max_age {
        return Err(Withheld::TooOld);
    }
    match platform {
        Platform::Meta => Ok(write(facts, platform, meta::prepare(facts)?, now)),
        Platform::Google => Ok(write(
            facts,
            platform,
            google_analytics::prepare(facts)?,
            now,
        )),
        Platform::LinkedIn => Ok(write(facts, platform, linkedin::prepare(facts)?, now)),
        Platform::TikTok => Ok(write(facts, platform, tiktok::prepare(facts)?, now)),
    }
}

fn write<D: Serialize>(facts: &Facts<'_>, platform: Platform, data: D, now: Timestamp) -> Bytes {
    let message = Message {
        event_id: facts.event_id,
        tenant_id: facts.defaults.tenant.as_str(),
        event_type: facts.event_type.as_str(),
        platforms: [platform],
        data,
        enqueued_at: now.as_millis().div_euclid(1000),
    };
    serde_json::to_vec(&message)
        .expect("texts, numbers and maps with text keys always serialise")
        .into()
}

#[cfg(test)]
mod tests;
