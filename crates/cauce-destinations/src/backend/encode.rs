//! Items, batches and lookups as the backend reads them.

use bytes::Bytes;
use cauce_flow::{job::LeasedJob, reason::Reason};
use serde::{Deserialize, Serialize};

use super::{Backend, config::Config};
use crate::{
    answer::escaped,
    destination::{Header, Request},
    headers::{self, HeaderError},
    payload,
};

/// A kind of state: each has a queue and a route of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The QR code that a session is shown, or none once it has expired.
    Qr,
    /// What a session is doing.
    Status,
}

impl Kind {
    /// Both.
    pub const ALL: [Kind; 2] = [Kind::Qr, Kind::Status];

    /// The name of its queue.
    pub const fn queue(self) -> &'static str {
        match self {
            Kind::Qr => "qr",
            Kind::Status => "status",
        }
    }

    /// Its batch route.
    pub const fn path(self) -> &'static str {
        match self {
            Kind::Qr => "/api/qr/batch",
            Kind::Status => "/api/whatsapp/status/batch",
        }
    }

    /// The name of the array that carries the items.
    pub(super) const fn array(self) -> &'static str {
        match self {
            Kind::Qr => "qrs",
            Kind::Status => "statuses",
        }
    }
}

#[derive(Serialize)]
struct Qr<'a> {
    session_id: &'a str,
    qr: Option<&'a str>,
}

#[derive(Serialize)]
struct Status<'a> {
    session_id: &'a str,
    estado_qr: &'a str,
}

/// The payload of a job that tells of a QR code; none says that the last one has expired.
pub fn qr_item(session_id: &str, qr: Option<&str>) -> Bytes {
    written(&Qr { session_id, qr })
}

/// The payload of a job that tells of a status.
pub fn status_item(session_id: &str, status: &str) -> Bytes {
    let estado_qr = status;
    written(&Status {
        session_id,
        estado_qr,
    })
}

fn written(item: &impl Serialize) -> Bytes {
    serde_json::to_vec(item)
        .expect("texts always serialise")
        .into()
}

/// What of an item is read again.
#[derive(Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) session_id: std::borrow::Cow<'a, str>,
}

pub(super) fn named(job: &LeasedJob) -> Option<Named<'_>> {
    serde_json::from_slice(&job.payload).ok()
}

pub(super) fn screen(kind: Kind, job: &LeasedJob) -> Result<(), Reason> {
    match named(job) {
        Some(_) => Ok(()),
        None => {
            let detail = format!("the payload is not an item of the queue {}", kind.queue());
            Err(Reason::new("bad_payload", detail))
        }
    }
}

/// The request that carries a batch: the payloads, copied with commas between them.
pub(super) fn request(backend: &Backend, jobs: &[LeasedJob]) -> Request {
    let mut body = payload::room(jobs);
    body.extend_from_slice(b"{\"");
    body.extend_from_slice(backend.kind.array().as_bytes());
    body.extend_from_slice(b"\":[");
    for (place, job) in jobs.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&job.payload);
    }
    body.extend_from_slice(b"]}");
    let mut headers = backend.headers.clone();
    headers.push(Header {
        name: "content-type",
        value: "application/json".to_owned(),
        secret: false,
    });
    Request {
        method: http::Method::POST,
        url: backend.url.clone(),
        headers,
        body: body.into(),
    }
}

/// The request that asks the backend for one session. `path` names its place as `{session_id}`.
pub fn lookup(config: &Config, path: &str, session_id: &str) -> Result<Request, HeaderError> {
    let path = path.replace("{session_id}", &escaped(session_id));
    Ok(Request {
        method: http::Method::GET,
        url: url(config, &path),
        headers: headers(config, &headers::checked(&config.headers)?),
        body: Bytes::new(),
    })
}

pub(super) fn url(config: &Config, path: &str) -> String {
    format!("{}{path}", config.base_url.trim_end_matches('/'))
}

/// What every request carries. A backend that is asked for JSON does not answer with a page where
/// it redirects or refuses.
pub(super) fn headers(config: &Config, own: &[Header]) -> Vec<Header> {
    let mut headers = vec![Header {
        name: "accept",
        value: "application/json".to_owned(),
        secret: false,
    }];
    headers.extend(config.token.as_ref().map(|token| Header {
        name: "authorization",
        value: format!("Bearer {}", token.expose()),
        secret: true,
    }));
    headers.extend_from_slice(own);
    headers
}
