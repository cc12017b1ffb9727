//! The WhatsApp Cloud API of Meta.
//!
//! It does not recognise a message that comes twice. Our job's id travels along
//! (`biz_opaque_callback_data`) and comes back with what Meta tells of the message, which settles an
//! ambiguous request. There is nothing to be asked.
//!
//! A 200 says that Meta has the message. One person gets no more than a message in six seconds, with
//! some in advance; what comes too soon waits by itself and holds nothing else up.
//!
//! Sources: developers.facebook.com, "WhatsApp Cloud API" (Messages, Error codes, Rate limits,
//! Webhooks), "Graph API: Rate limits", "Debug token".

mod classify;
mod config;
mod encode;
#[cfg(test)]
mod tests;
pub mod webhook;

use cauce_flow::{dispatch::disposition::Delivery, job::LeasedJob, time::Timestamp};

pub(crate) use classify::{Error, judge_error, reason_of};
pub use config::Config;
pub use webhook::Webhooks;

use crate::{
    destination::{
        Answer, BatchKey, Credentials, Destination, Judgement, Limits, Request, Screened,
    },
    graph,
    message::{Provider, judge},
};

/// A number at the WhatsApp Cloud API.
#[derive(Clone, Debug)]
pub struct WhatsappCloud {
    config: Config,
}

impl WhatsappCloud {
    /// The number of this account.
    pub fn new(config: Config) -> WhatsappCloud {
        WhatsappCloud { config }
    }

    /// What it takes to hear what Meta tells of the number's messages.
    pub fn webhooks(&self) -> Webhooks {
        Webhooks::new(&self.config)
    }
}

impl Destination for WhatsappCloud {
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
        judge::screen(job, Provider::WhatsappCloud)
    }

    fn encode(&self, jobs: &[LeasedJob], _now: Timestamp) -> Request {
        encode::request(&self.config, jobs)
    }

    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
        classify::judge(jobs, answer, now)
    }

    fn check(&self, _now: Timestamp) -> Option<Request> {
        let Config {
            base_url,
            api_version,
            access_token,
            ..
        } = &self.config;
        Some(graph::debug_token(base_url, api_version, access_token))
    }

    fn classify_check(&self, answer: &Answer, now: Timestamp) -> Credentials {
        graph::credentials_of(answer, now)
    }
}
