//! The seam between the engine and an outside system.

use std::{fmt, time::Duration};

use bytes::Bytes;
use cauce_flow::{
    dispatch::disposition::{Delivery, Verdict},
    id::JobId,
    job::LeasedJob,
    reason::Reason,
    time::Timestamp,
};

/// An outside system behind a configured account.
///
/// The engine asks in this order: [`screen`](Destination::screen) each job at the time of sending,
/// put jobs of one [`batch_key`](Destination::batch_key) into requests no larger than
/// [`limits`](Destination::limits), [`encode`](Destination::encode), send,
/// [`classify`](Destination::classify).
pub trait Destination: Send + Sync + 'static {
    /// Whether it recognises a job that comes twice.
    fn delivery(&self) -> Delivery;

    /// What one request may hold.
    fn limits(&self) -> Limits;

    /// Jobs may share a request only if their keys are equal. Most destinations have one key.
    fn batch_key(&self, job: &LeasedJob) -> BatchKey;

    /// Refuses a job that the destination would refuse: too old, a required field is missing.
    /// Asked at the time of sending, because age counts from then.
    fn screen(&self, job: &LeasedJob, now: Timestamp) -> Screened;

    /// Whether its address came from outside and may lead to public hosts only.
    fn public_only(&self) -> bool {
        false
    }

    /// The request that carries these jobs, which share one batch key.
    fn encode(&self, jobs: &[LeasedJob], now: Timestamp) -> Request;

    /// What the answer means for these jobs.
    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement;

    /// The request that checks the account's credentials, where the destination has one.
    fn check(&self, now: Timestamp) -> Option<Request>;

    /// What the answer to [`check`](Destination::check) says of the credentials.
    fn classify_check(&self, answer: &Answer, now: Timestamp) -> Credentials;

    /// The request that asks what became of a job whose fate is not known, where the destination
    /// can be asked.
    fn ask(&self, _asked: &Asked<'_>, _now: Timestamp) -> Option<Request> {
        None
    }

    /// What the answer to [`ask`](Destination::ask) says of the job.
    fn classify_ask(&self, _asked: &Asked<'_>, _answer: &Answer, _now: Timestamp) -> Found {
        Found::CannotTell
    }
}

/// Whether a job may be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screened {
    /// It may.
    Send,
    /// The destination would refuse it: a dead letter, unsent.
    Refuse(Reason),
    /// It must not be sent any more: it is taken back.
    Cancel(Reason),
    /// Not yet: it waits until then without using up an attempt, and the others go on.
    Wait {
        /// Not before this.
        until: Timestamp,
        /// What it waits for.
        reason: Reason,
    },
}

impl From<Result<(), Reason>> for Screened {
    fn from(fit: Result<(), Reason>) -> Screened {
        match fit {
            Ok(()) => Screened::Send,
            Err(reason) => Screened::Refuse(reason),
        }
    }
}

/// A job that a destination is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The job.
    pub job: JobId,
    /// Its payload.
    pub payload: &'a [u8],
    /// When its request may have been accepted.
    pub sent_at: Timestamp,
}

/// What a destination knows of a job whose fate was not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has it.
    There {
        /// Its own id of it.
        provider_id: String,
    },
    /// It does not have it, and it cannot come any more.
    NotThere,
    /// It cannot tell, or not yet.
    CannotTell,
}

/// What one request may hold at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Jobs in one request.
    pub max_items: usize,
    /// Bytes of one request's body.
    pub max_bytes: usize,
}

/// Says which jobs may share a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchKey(pub String);

/// A request as the transport sends it.
///
/// `url` and the values of `secret` headers hold credentials: no error, log or API answer may show
/// them, which is why [`fmt::Debug`] does not.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: http::Method,
    /// The whole address with its query.
    pub url: String,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body; empty for none.
    pub body: Bytes,
}

/// One header of a request.
#[derive(Clone)]
pub struct Header {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// Whether the value is a credential.
    pub secret: bool,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.secret { "(secret)" } else { &self.value };
        write!(f, "{}: {value}", self.name)
    }
}

impl Request {
    /// The address without its query and user information: fit to be shown.
    pub fn shown_url(&self) -> String {
        let bare = self.url.split(['?', '#']).next().unwrap_or_default();
        match bare.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let host = authority.rsplit('@').next().unwrap_or_default();
                format!("{scheme}://{host}{path}")
            }
            None => bare.to_owned(),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({} bytes)",
            self.method,
            self.shown_url(),
            self.body.len()
        )
    }
}

/// What came back, or what went wrong on the way.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A complete answer, its body cut at the transport's cap.
    Response(Response),
    /// The request cannot have been accepted: it failed before its body was sent.
    NotSent(Fault),
    /// The request may have been accepted: the body was sent and no whole answer came.
    Ambiguous(Fault),
}

/// A complete answer. Providers repeat what they were sent, so [`fmt::Debug`] shows no content.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// What went wrong on the way, without any address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The name does not resolve.
    Dns,
    /// Nobody listens, or the connection was refused.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The connection was not there within `transport.connect`.
    ConnectTimeout,
    /// No first byte of an answer within `transport.first_byte`, or no end within `transport.total`.
    AnswerTimeout,
    /// The connection ended before the answer was whole.
    Reset,
    /// The answer is longer than the transport's cap.
    TooLong,
    /// The answer is not HTTP.
    Garbled,
    /// The request cannot be put on the wire: its address or a header is malformed, or the address
    /// is not one that its origin may name.
    Unsendable,
}

impl Fault {
    /// The fault as a short code to group by.
    pub const fn code(self) -> &'static str {
        match self {
            Fault::Dns => "dns",
            Fault::Connect => "connect",
            Fault::Tls => "tls",
            Fault::ConnectTimeout => "connect_timeout",
            Fault::AnswerTimeout => "answer_timeout",
            Fault::Reset => "reset",
            Fault::TooLong => "answer_too_long",
            Fault::Garbled => "answer_garbled",
            Fault::Unsendable => "unsendable",
        }
    }
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// For the jobs of the batch.
    pub verdict: Verdict,
    /// For the account as a whole: leave it alone for this long, because the answer said so
    /// (`Retry-After`, usage headers), even where the batch itself was taken.
    pub hold: Option<Duration>,
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Judgement {
        Judgement {
            verdict,
            hold: None,
        }
    }
}

/// What is known of an account's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The state in one word.
    pub state: CredentialState,
    /// What was found, for a person.
    pub detail: String,
    /// When they end, where the platform says so.
    pub expires_at: Option<Timestamp>,
}

/// Whether an account's credentials work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialState {
    /// They work.
    Valid,
    /// They work, and end within seven days.
    ExpiresSoon,
    /// They have ended.
    Expired,
    /// The platform refuses them.
    Invalid,
    /// They work, but the account is not connected to its platform (a phone that is off, say).
    Disconnected,
    /// It cannot be told, or has not been yet.
    Unknown,
}
