//! An endpoint of one's own, which takes batches of whatever it is sent.
//!
//! Requests are signed by Standard Webhooks and carry an id that stays the same where a batch goes
//! again: the endpoint knows a repeat by it, so an ambiguous request is sent again.

mod classify;
mod config;
mod encode;
mod signature;
mod template;
#[cfg(test)]
mod tests;

use cauce_flow::{dispatch::disposition::Delivery, job::LeasedJob, time::Timestamp};
use serde_json::Value;

pub use config::{Config, ConfigError, default_body, default_results};
pub use signature::{SecretError, Signer};
pub use template::{Template, TemplateError};

use crate::{
    destination::{
        Answer, BatchKey, CredentialState, Credentials, Destination, Header, Judgement, Limits,
        Request, Screened,
    },
    headers,
};

/// An endpoint of one's own.
#[derive(Clone, Debug)]
pub struct Webhook {
    url: String,
    signer: Option<Signer>,
    headers: Vec<Header>,
    template: Template,
    results: String,
    public_only: bool,
}

impl Webhook {
    /// The endpoint of this account.
    pub fn new(config: Config) -> Result<Webhook, ConfigError> {
        Ok(Webhook {
            signer: config.secret.as_ref().map(Signer::new).transpose()?,
            headers: headers::checked(&config.headers)?,
            template: Template::parse(&config.body)?,
            url: config.url,
            results: config.results,
            public_only: false,
        })
    }

    /// The same, which reaches public hosts only.
    pub fn public_only(self) -> Webhook {
        Webhook {
            public_only: true,
            ..self
        }
    }
}

impl Destination for Webhook {
    fn delivery(&self) -> Delivery {
        Delivery::Deduplicates
    }

    fn limits(&self) -> Limits {
        Limits {
            max_items: if self.template.is_single() { 1 } else { 1_000 },
            max_bytes: 4 << 20,
        }
    }

    fn batch_key(&self, _job: &LeasedJob) -> BatchKey {
        BatchKey::default()
    }

    fn screen(&self, _job: &LeasedJob, _now: Timestamp) -> Screened {
        Screened::Send
    }

    fn public_only(&self) -> bool {
        self.public_only
    }

    fn encode(&self, jobs: &[LeasedJob], now: Timestamp) -> Request {
        encode::request(self, jobs, now)
    }

    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
        classify::judge(jobs.len(), &self.results, answer, now)
    }

    fn check(&self, _now: Timestamp) -> Option<Request> {
        None
    }

    fn classify_check(&self, _answer: &Answer, _now: Timestamp) -> Credentials {
        Credentials {
            state: CredentialState::Unknown,
            detail: "an endpoint of one's own has nothing to check".to_owned(),
            expires_at: None,
        }
    }
}

/// What of an item the newest one is kept by: the text or number at a JSON Pointer.
pub fn key_of(item: &Value, pointer: &str) -> Option<String> {
    match item.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
