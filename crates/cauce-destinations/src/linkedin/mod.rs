//! LinkedIn Conversions API.
//!
//! It deduplicates by `eventId`, so that an ambiguous request goes again. A batch with a bad event
//! is refused as a whole, but the answer names the places of the bad ones. Each event belongs to a
//! conversion rule, which an account names for each event type.
//!
//! LinkedIn matches by names in the clear; they are the only personal data that a job of Cauce
//! holds so, and only a job for LinkedIn.
//!
//! Sources: learn.microsoft.com/linkedin, "Conversions API", "Conversions API schema", "Token
//! introspection".

mod classify;
mod config;
mod encode;
#[cfg(test)]
mod tests;

use std::time::Duration;

use cauce_flow::{
    dispatch::disposition::Delivery, job::LeasedJob, reason::Reason, time::Timestamp,
};
use serde_json::value::RawValue;

pub use config::{Config, ConfigError};
pub(crate) use encode::prepare;

use crate::{
    destination::{
        Answer, BatchKey, Credentials, Destination, Judgement, Limits, Request, Screened,
    },
    payload::{self, Ready},
    pixel::Message,
};

/// An event may be ninety days old ("Conversions API schema", `conversionHappenedAt`).
pub(crate) const MAX_AGE: Duration = Duration::from_secs(90 * 86_400);

/// One LinkedIn advertiser.
#[derive(Clone, Debug)]
pub struct LinkedIn {
    config: Config,
}

impl LinkedIn {
    /// The advertiser of this account, if the account names its rules as LinkedIn does.
    pub fn new(config: Config) -> Result<LinkedIn, ConfigError> {
        config.check()?;
        Ok(LinkedIn { config })
    }
}

impl Destination for LinkedIn {
    fn delivery(&self) -> Delivery {
        Delivery::Deduplicates
    }

    fn limits(&self) -> Limits {
        Limits {
            max_items: 5_000,
            max_bytes: 2_000_000,
        }
    }

    fn batch_key(&self, _job: &LeasedJob) -> BatchKey {
        BatchKey::default()
    }

    fn screen(&self, job: &LeasedJob, now: Timestamp) -> Screened {
        let fit = |message: Message<'_, Ready<&RawValue>>| {
            if !self.config.conversions.contains_key(message.event_type) {
                let detail =
                    "the account names no conversion rule for this event type (conversions)";
                return Err(Reason::new("no_conversion_rule", detail));
            }
            payload::screen_age(message.data.occurred_at, MAX_AGE, now)
        };
        payload::read(job).and_then(fit).into()
    }

    fn encode(&self, jobs: &[LeasedJob], _now: Timestamp) -> Request {
        encode::request(&self.config, jobs)
    }

    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
        classify::judge(jobs.len(), answer, now)
    }

    fn check(&self, _now: Timestamp) -> Option<Request> {
        encode::check(&self.config)
    }

    fn classify_check(&self, answer: &Answer, now: Timestamp) -> Credentials {
        classify::credentials_of(answer, now)
    }
}
