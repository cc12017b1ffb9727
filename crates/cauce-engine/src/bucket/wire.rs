//! The way to a bucket: `object_store`'s requests over the engine's transport.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cauce_destinations::destination::{Answer, Fault, Header, Request, Response};
use http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    },
};
use parking_lot::Mutex;

use super::Error;
use crate::{
    settings,
    transport::{TlsError, Transport},
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a request may take, the way up of a whole part in it.
const TOTAL: Duration = Duration::from_secs(180);
/// Answers are short: a name, or a reason.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The headers that go out. The transport writes the others itself.
const HEADERS: [&str; 8] = [
    "authorization",
    "content-type",
    "host",
    "x-amz-checksum-algorithm",
    "x-amz-checksum-sha256",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];

/// A client for `object_store` that has no connections of its own.
#[derive(Clone)]
pub(super) struct Wire {
    transport: Transport,
    last: Last,
}

/// What the wire saw last.
#[derive(Clone, Default)]
pub(super) struct Last(Arc<Mutex<Seen>>);

#[derive(Clone, Default)]
enum Seen {
    #[default]
    Good,
    Refusal {
        status: u16,
        code: String,
    },
    Fault(&'static str),
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// With deadlines for large bodies.
    pub(super) fn new() -> Result<Wire, TlsError> {
        let transport = Transport::new(&settings::Transport {
            connect: CONNECT,
            first_byte: TOTAL,
            total: TOTAL,
            max_answer_bytes: MAX_ANSWER_BYTES,
            max_idle_connections: 2,
            roots: Vec::new(),
        })?;
        Ok(Wire {
            transport,
            last: Last::default(),
        })
    }

    /// What it will have seen last.
    pub(super) fn last(&self) -> Last {
        self.last.clone()
    }
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let exchange = self.transport.send(outgoing(&head, body), || {}).await;
        self.last.see(&exchange.answer);
        match exchange.answer {
            Answer::Response(response) => Ok(incoming(response)),
            // A request that is not whole cannot have been taken.
            Answer::NotSent(Fault::Unsendable) => Err(failed(HttpErrorKind::Unknown, "unsendable")),
            Answer::NotSent(fault) => Err(failed(HttpErrorKind::Connect, fault.code())),
            Answer::Ambiguous(fault) => Err(failed(kind_of(fault), fault.code())),
        }
    }
}

fn outgoing(head: &http::request::Parts, body: Bytes) -> Request {
    let header = |name: &'static str| {
        let value = head.headers.get(name)?.to_str().ok()?;
        Some(Header {
            name,
            value: value.to_owned(),
            secret: name == AUTHORIZATION.as_str() || name == "x-amz-security-token",
        })
    };
    Request {
        method: head.method.clone(),
        url: head.uri.to_string(),
        headers: HEADERS.into_iter().filter_map(header).collect(),
        body,
    }
}

fn incoming(answer: Response) -> HttpResponse {
    let mut response = HttpResponse::new(answer.body.into());
    // The transport reads no other statuses.
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
    *response.headers_mut() = answer.headers;
    response
}

fn kind_of(fault: Fault) -> HttpErrorKind {
    match fault {
        Fault::AnswerTimeout => HttpErrorKind::Timeout,
        Fault::TooLong | Fault::Garbled | Fault::Unsendable => HttpErrorKind::Decode,
        Fault::Reset | Fault::Dns | Fault::Connect | Fault::Tls | Fault::ConnectTimeout => {
            HttpErrorKind::Interrupted
        }
    }
}

fn failed(kind: HttpErrorKind, what: &'static str) -> HttpError {
    HttpError::new(kind, std::io::Error::other(what))
}

impl Last {
    fn see(&self, answer: &Answer) {
        *self.0.lock() = match answer {
            Answer::NotSent(fault) | Answer::Ambiguous(fault) => Seen::Fault(fault.code()),
            Answer::Response(response) => match code(&response.body) {
                None if (200..300).contains(&response.status) => Seen::Good,
                code => Seen::Refusal {
                    status: response.status,
                    code: code.unwrap_or_default(),
                },
            },
        };
    }

    /// What an operation that has failed just now failed for.
    pub(super) fn error(&self) -> Error {
        match self.0.lock().clone() {
            Seen::Good => Error::Garbled,
            Seen::Fault(fault) => Error::Unreachable(fault),
            Seen::Refusal { status, code } => Error::Refused {
                status,
                hint: hint(status, &code),
                code,
            },
        }
    }
}

/// The code in an error of S3: `<Error><Code>NoSuchBucket</Code>…`. Nothing else of it is shown.
fn code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, error) = text.split_once("<Error>")?;
    let (_, code) = error.split_once("<Code>")?;
    let (code, _) = code.split_once("</Code>")?;
    let is_word = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}

fn hint(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (_, "NoSuchBucket") => "make the bucket, or look at tracking.export.bucket.name",
        (_, "SignatureDoesNotMatch") => "look at tracking.export.bucket.secret_access_key",
        (_, "InvalidAccessKeyId") => "look at tracking.export.bucket.access_key_id",
        (_, "RequestTimeTooSkewed") => "set the clock of this machine",
        (_, "AuthorizationHeaderMalformed" | "PermanentRedirect") | (300..=399, _) => {
            "look at tracking.export.bucket.region and endpoint"
        }
        (401 | 403, _) => "allow the key s3:PutObject and s3:AbortMultipartUpload on the bucket",
        (429 | 500.., _) => "wait; it is tried again",
        _ => "look at [tracking.export.bucket]",
    }
}
