//! A company's own backend, which keeps the state of its sessions: QR codes and statuses.
//!
//! It takes batches and keeps the last state of each session, so a state that comes twice changes
//! nothing: an ambiguous request goes again. Its answers count what was taken and what failed, and
//! seldom say which; a batch with a failure is sent once more as it is, and then taken apart until
//! the bad ones stand alone. A route that is missing holds the line and costs no attempt: the
//! backend may be older than this side, and gets the route with its next release.

mod classify;
mod config;
mod encode;
mod lookup;
#[cfg(test)]
mod tests;

use cauce_flow::{dispatch::disposition::Delivery, job::LeasedJob, time::Timestamp};

pub use config::{Config, ConfigError};
pub use encode::{Kind, lookup, qr_item, status_item};
pub use lookup::{Looked, looked};

use crate::{
    destination::{
        Answer, BatchKey, CredentialState, Credentials, Destination, Header, Judgement, Limits,
        Request, Screened,
    },
    headers,
};

/// One kind of state at a backend.
#[derive(Clone, Debug)]
pub struct Backend {
    kind: Kind,
    /// The address of its batch route.
    url: String,
    headers: Vec<Header>,
}

impl Backend {
    /// The backend of this account, for states of one kind.
    pub fn new(config: &Config, kind: Kind) -> Result<Backend, ConfigError> {
        Ok(Backend {
            kind,
            url: encode::url(config, kind.path()),
            headers: encode::headers(config, &headers::checked(&config.headers)?),
        })
    }
}

impl Destination for Backend {
    fn delivery(&self) -> Delivery {
        Delivery::Deduplicates
    }

    fn limits(&self) -> Limits {
        Limits {
            max_items: 50,
            max_bytes: 4 << 20,
        }
    }

    fn batch_key(&self, _job: &LeasedJob) -> BatchKey {
        BatchKey::default()
    }

    fn screen(&self, job: &LeasedJob, _now: Timestamp) -> Screened {
        encode::screen(self.kind, job).into()
    }

    fn encode(&self, jobs: &[LeasedJob], _now: Timestamp) -> Request {
        encode::request(self, jobs)
    }

    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
        classify::judge(self.kind, jobs, answer, now)
    }

    fn check(&self, _now: Timestamp) -> Option<Request> {
        None
    }

    fn classify_check(&self, _answer: &Answer, _now: Timestamp) -> Credentials {
        Credentials {
            state: CredentialState::Unknown,
            detail: "the backend has no route that checks a token".to_owned(),
            expires_at: None,
        }
    }
}
