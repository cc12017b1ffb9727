//! Twilio Programmable Messaging, for WhatsApp.
//!
//! Twilio does not recognise a message that comes twice, so an ambiguous request is never sent again
//! by itself. It is settled by what Twilio tells of the message (our job's id stands in the address
//! that Twilio calls), or by asking Twilio for the messages to that person.
//!
//! A 201 says that Twilio has the message. Many failures are only told afterwards.
//!
//! Sources: twilio.com/docs, "Messages resource", "Error and warning dictionary", "Track outbound
//! message status", "Security: validating requests"; github.com/twilio/twilio-oai.

mod ask;
pub mod callback;
mod classify;
mod config;
mod encode;
mod signature;
#[cfg(test)]
mod tests;

use cauce_flow::{dispatch::disposition::Delivery, job::LeasedJob, time::Timestamp};

pub use callback::Callbacks;
pub use config::{Config, ConfigError};

use crate::{
    destination::{
        Answer, Asked, BatchKey, Credentials, Destination, Found, Judgement, Limits, Request,
        Screened,
    },
    message::{Provider, judge},
};

/// A Twilio sender.
#[derive(Clone, Debug)]
pub struct Twilio {
    config: Config,
    origin: encode::Origin,
}

impl Twilio {
    /// The sender of this account.
    pub fn new(config: Config) -> Result<Twilio, ConfigError> {
        Ok(Twilio {
            origin: encode::Origin::of(&config)?,
            config,
        })
    }

    /// What it takes to hear what Twilio tells of the sender's messages.
    pub fn callbacks(&self) -> Callbacks {
        Callbacks::new(&self.config, &self.origin)
    }
}

impl Destination for Twilio {
    fn delivery(&self) -> Delivery {
        Delivery::NeverTwice
    }

    fn limits(&self) -> Limits {
        Limits {
            max_items: 1,
            max_bytes: 1 << 20,
        }
    }

    fn batch_key(&self, _job: &LeasedJob) -> BatchKey {
        BatchKey::default()
    }

    fn screen(&self, job: &LeasedJob, _now: Timestamp) -> Screened {
        judge::screen(job, Provider::Twilio)
    }

    fn encode(&self, jobs: &[LeasedJob], _now: Timestamp) -> Request {
        encode::request(self, jobs)
    }

    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
        classify::judge(jobs, answer, now)
    }

    fn check(&self, _now: Timestamp) -> Option<Request> {
        Some(encode::check(&self.config))
    }

    fn classify_check(&self, answer: &Answer, _now: Timestamp) -> Credentials {
        classify::credentials_of(answer)
    }

    fn ask(&self, asked: &Asked<'_>, _now: Timestamp) -> Option<Request> {
        ask::request(self, asked)
    }

    fn classify_ask(&self, asked: &Asked<'_>, answer: &Answer, now: Timestamp) -> Found {
        ask::found(asked, answer, now)
    }
}
