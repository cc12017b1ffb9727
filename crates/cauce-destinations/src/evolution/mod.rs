//! An Evolution API gateway (version 2), which holds a phone's connection to WhatsApp.
//!
//! It does not recognise a message that comes twice and cannot be asked for one. When its phone is
//! not connected it answers 400, as it does to what is wrong with a message: its words are all there
//! is to tell the two apart. A message whose fate is open is settled by a person.
//!
//! An instance of the kind WHATSAPP-BUSINESS answers 201 with Meta's error inside: only an answer
//! with an id is a success.
//!
//! Sources: github.com/EvolutionAPI/evolution-api (2.3.6), its routes, guards and services;
//! doc.evolution-api.com.

mod classify;
mod config;
mod encode;
#[cfg(test)]
mod tests;
pub mod webhook;

use cauce_flow::{dispatch::disposition::Delivery, job::LeasedJob, time::Timestamp};

pub use config::Config;
pub use webhook::Webhooks;

use crate::{
    destination::{
        Answer, BatchKey, Credentials, Destination, Judgement, Limits, Request, Screened,
    },
    message::{Provider, judge},
};

/// An instance of an Evolution API gateway.
#[derive(Clone, Debug)]
pub struct Evolution {
    config: Config,
}

impl Evolution {
    /// The instance of this account.
    pub fn new(config: Config) -> Evolution {
        Evolution { config }
    }

    /// What it takes to hear what the gateway tells of the instance.
    pub fn webhooks(&self) -> Webhooks {
        Webhooks::new(&self.config)
    }
}

impl Destination for Evolution {
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
        judge::screen(job, Provider::Evolution)
    }

    fn encode(&self, jobs: &[LeasedJob], _now: Timestamp) -> Request {
        encode::request(&self.config, jobs)
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
}
