//! TikTok Events API 2.0 (version 1.3 of the Business API).
//!
//! It deduplicates by `event_id`, so that an ambiguous request goes again. Every answer is HTTP 200;
//! a number in the body says what it means. A batch with a bad event is taken to be refused as a
//! whole; the answer mostly names the place of the bad one.
//!
//! How old an event may be is not in the documents that can be read without an account. 28 days are
//! commonly named, and are the limit here.
//!
//! Sources: business-api.tiktok.com, "Events API 2.0: Report web, app, offline or CRM events",
//! "Appendix: Return codes"; the currencies as in TikTok's own Business SDK.

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
    payload::{self, Ready},
};

/// Commonly named, not verified; see above.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(28 * 86_400);

/// One pixel of TikTok.
#[derive(Clone, Debug)]
pub struct TikTok {
    config: Config,
}

impl TikTok {
    /// The pixel of this account.
    pub fn new(config: Config) -> TikTok {
        TikTok { config }
    }
}

impl Destination for TikTok {
    fn delivery(&self) -> Delivery {
        Delivery::Deduplicates
    }

    /// TikTok takes 1,000 events, and test events one by one; it names no limit of bytes.
    fn limits(&self) -> Limits {
        let is_test = self.config.test_event_code.is_some();
        Limits {
            max_items: if is_test { 1 } else { 1_000 },
            max_bytes: 2_000_000,
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

    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
        classify::judge(jobs.len(), answer, now)
    }

    /// No call of TikTok's tells of a token; a test event does, and only an account that has a code
    /// for test events may send one.
    fn check(&self, now: Timestamp) -> Option<Request> {
        encode::check(&self.config, now)
    }

    fn classify_check(&self, answer: &Answer, now: Timestamp) -> Credentials {
        classify::credentials_of(answer, now)
    }
}
