//! Meta Conversions API.
//!
//! It deduplicates by event id and name for 48 hours, so that an ambiguous request goes again. One
//! bad event refuses its whole batch and the answer does not say which, so that such a batch is
//! halved until the event is alone. What Cauce can tell beforehand, it tells: age and required
//! fields are checked before the batch is made.
//!
//! Sources: developers.facebook.com, "Conversions API" (Using the API; Server event, Customer
//! information and Custom data parameters; Handling duplicate events; Dataset error codes), and
//! "Graph API: Rate limits", "Debug token".

mod classify;
mod config;
mod encode;
#[cfg(test)]
mod tests;

use std::time::Duration;

use cauce_flow::{dispatch::disposition::Delivery, job::LeasedJob, time::Timestamp};
use serde_json::value::RawValue;

pub use config::Config;
pub(crate) use encode::prepare;

use crate::{
    destination::{
        Answer, BatchKey, Credentials, Destination, Judgement, Limits, Request, Screened,
    },
    graph,
    payload::{self, Ready},
};

/// An event may be seven days old ("Server event parameters", `event_time`).
pub(crate) const MAX_AGE: Duration = Duration::from_secs(7 * 86_400);

/// One dataset of Meta.
#[derive(Clone, Debug)]
pub struct Meta {
    config: Config,
}

impl Meta {
    /// The dataset of this account.
    pub fn new(config: Config) -> Meta {
        Meta { config }
    }
}

impl Destination for Meta {
    fn delivery(&self) -> Delivery {
        Delivery::Deduplicates
    }

    /// Meta takes 1,000 events; half of that keeps a refused batch cheap to halve and the body
    /// under the megabyte that others have met as its limit.
    fn limits(&self) -> Limits {
        Limits {
            max_items: 500,
            max_bytes: 900_000,
        }
    }

    fn batch_key(&self, _job: &LeasedJob) -> BatchKey {
        BatchKey::default()
    }

    fn screen(&self, job: &LeasedJob, now: Timestamp) -> Screened {
        let message = payload::read::<Ready<&RawValue>>(job);
        let young = |at| payload::screen_age(at, MAX_AGE, now);
        message.and_then(|read| young(read.data.occurred_at)).into()
    }

    fn encode(&self, jobs: &[LeasedJob], _now: Timestamp) -> Request {
        encode::request(&self.config, jobs)
    }

    fn classify(&self, _jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
        classify::judge(answer, now)
    }

    fn check(&self, _now: Timestamp) -> Option<Request> {
        Some(encode::check(&self.config))
    }

    fn classify_check(&self, answer: &Answer, now: Timestamp) -> Credentials {
        graph::credentials_of(answer, now)
    }
}
