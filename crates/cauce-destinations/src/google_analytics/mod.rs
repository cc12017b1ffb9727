//! Google Analytics 4 Measurement Protocol.
//!
//! Google answers 204 to everything, right or wrong, and never says which event it threw away. So
//! every rule that it documents is kept here before an event is sent:
//!
//! | rule | kept by |
//! |---|---|
//! | 25 events of one person in a request, 130 kB | the batch key and the limits |
//! | names of events | what is reserved is withheld, what is no name is refused at the door |
//! | 25 parameters | fields of the tenant's own past the 25th are left out |
//! | names of parameters | those that are reserved are left out |
//! | values of 100 characters (address 1000, referrer 420, title 300) | cut |
//! | an event of at most 130 kB | items past 80 kB are left out |
//! | 72 hours | checked when the batch is made |
//!
//! **Twice or not at all.** Google knows a purchase that comes twice by its `transaction_id`, from
//! the same person and in a web stream, and nothing else. After an ambiguous answer a purchase
//! therefore goes again; any other event becomes `unknown` and is counted twice only if a person, or
//! the configuration, says so.
//!
//! Sources: developers.google.com, "Measurement Protocol (Google Analytics 4)": Protocol reference,
//! Sending events, Validating events, User-provided data; support.google.com, "Event naming rules",
//! "Minimize duplicate key events with transaction IDs".

mod classify;
mod config;
mod encode;
mod params;
#[cfg(test)]
mod tests;

use std::time::Duration;

use cauce_flow::{dispatch::disposition::Delivery, job::LeasedJob, time::Timestamp};

pub use config::Config;
pub(crate) use encode::prepare;

use crate::{
    destination::{
        Answer, BatchKey, CredentialState, Credentials, Destination, Judgement, Limits, Request,
        Screened,
    },
    normalize::hash::Hash,
    payload,
};
use encode::Shared;

/// An event may be 72 hours old ("Protocol reference", `timestamp_micros`).
pub(crate) const MAX_AGE: Duration = Duration::from_secs(72 * 3600);

/// One data stream of Google Analytics.
#[derive(Clone, Debug)]
pub struct GoogleAnalytics {
    config: Config,
}

impl GoogleAnalytics {
    /// The data stream of this account.
    pub fn new(config: Config) -> GoogleAnalytics {
        GoogleAnalytics { config }
    }
}

impl Destination for GoogleAnalytics {
    fn delivery(&self) -> Delivery {
        Delivery::NeverTwice
    }

    /// 25 events and less than 130 kB.
    fn limits(&self) -> Limits {
        Limits {
            max_items: 25,
            max_bytes: 129_000,
        }
    }

    /// What stands in a request once: the browser, the person, what the person allowed.
    fn batch_key(&self, job: &LeasedJob) -> BatchKey {
        match payload::read::<Shared<'_>>(job) {
            Ok(message) => {
                let shared = &message.data;
                let text = format!("{}\n{}", shared.client_id.get(), shared.person.get());
                BatchKey(Hash::of(&text).as_str().to_owned())
            }
            Err(_) => BatchKey::default(),
        }
    }

    fn screen(&self, job: &LeasedJob, now: Timestamp) -> Screened {
        let message = payload::read::<Shared<'_>>(job);
        let young = |at| payload::screen_age(at, MAX_AGE, now);
        message.and_then(|read| young(read.data.occurred_at)).into()
    }

    fn encode(&self, jobs: &[LeasedJob], _now: Timestamp) -> Request {
        encode::request(&self.config, jobs)
    }

    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
        classify::judge(&self.config, jobs, answer, now)
    }

    /// Nothing tells whether the secret is right: the validation endpoint looks at neither the
    /// secret nor the stream. What it can tell is whether it is there and finds our events well
    /// formed.
    fn check(&self, now: Timestamp) -> Option<Request> {
        Some(encode::check(&self.config, now))
    }

    fn classify_check(&self, answer: &Answer, _now: Timestamp) -> Credentials {
        Credentials {
            state: CredentialState::Unknown,
            detail: classify::check_detail(answer),
            expires_at: None,
        }
    }
}
