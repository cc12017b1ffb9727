//! The message that a letter becomes (RFC 5322, RFC 2045), and the request that carries it.

use cauce_flow::{id::JobId, job::LeasedJob, time::Timestamp};
use lettre::{
    Message,
    message::{
        Attachment as Part, Mailbox, MultiPart, MultiPartBuilder, MultiPartKind, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use super::{
    Server, header,
    letter::{Attachment, Letter},
};
use crate::destination::{Header, Request};

/// Why a letter cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    /// The payload is no letter.
    #[error("it is no letter: {0}")]
    Letter(#[from] serde_json::Error),
    /// It goes to nobody.
    #[error("it goes to nobody")]
    Nobody,
    /// Somebody who it goes to has no address.
    #[error("a recipient is no address")]
    Recipient,
    /// An attachment is of no kind.
    #[error("an attachment has no media type")]
    MediaType,
    /// It makes no message.
    #[error("it makes no message: {0}")]
    Message(#[from] lettre::error::Error),
}

/// The message of a job.
pub(super) fn message(server: &Server, job: &LeasedJob, now: Timestamp) -> Result<Message, Unfit> {
    let letter: Letter = serde_json::from_slice(&job.payload)?;
    if letter.to.is_empty() {
        return Err(Unfit::Nobody);
    }
    let host = server.from.email.domain();
    let mut builder = Message::builder()
        .from(server.from.clone())
        .message_id(Some(format!("<{}@{host}>", job.id)))
        .subject(one_line(&letter.subject))
        .raw_header(raw("Date", date(now)))
        // No machine shall answer a machine (RFC 3834).
        .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()));
    if let Some(thread) = &letter.thread {
        builder = builder.references(format!("<{thread}@{host}>"));
    }
    for to in &letter.to {
        let to: Mailbox = to.parse().map_err(|_| Unfit::Recipient)?;
        builder = builder.to(to);
    }
    Ok(match body(&letter, job.id)? {
        Body::Single(part) => builder.singlepart(part)?,
        Body::Multi(part) => builder.multipart(part)?,
    })
}

enum Body {
    Single(SinglePart),
    Multi(MultiPart),
}

fn body(letter: &Letter, job: JobId) -> Result<Body, Unfit> {
    let plain = SinglePart::plain(letter.text.clone());
    let said = match &letter.html {
        None => Body::Single(plain),
        Some(html) => Body::Multi(
            bounded(MultiPartKind::Alternative, job, "said")
                .singlepart(plain)
                .singlepart(SinglePart::html(html.clone())),
        ),
    };
    if letter.attachments.is_empty() {
        return Ok(said);
    }
    let mixed = bounded(MultiPartKind::Mixed, job, "all");
    let mut mixed = match said {
        Body::Single(part) => mixed.singlepart(part),
        Body::Multi(part) => mixed.multipart(part),
    };
    for attachment in &letter.attachments {
        mixed = mixed.singlepart(part(attachment)?);
    }
    Ok(Body::Multi(mixed))
}

fn part(attachment: &Attachment) -> Result<SinglePart, Unfit> {
    let kind = ContentType::parse(&attachment.media_type).map_err(|_| Unfit::MediaType)?;
    Ok(Part::new(attachment.name.clone()).body(attachment.content.clone(), kind))
}

/// Parts are set apart by a line that follows from the job, which nobody knows before it is made.
fn bounded(kind: MultiPartKind, job: JobId, of: &str) -> MultiPartBuilder {
    let builder = MultiPart::builder().kind(kind);
    builder.boundary(format!("cauce-{of}-{job}"))
}

/// A subject has one line, whatever it was made from.
fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

/// The date of a message (RFC 5322, 3.3).
fn date(now: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    let at = jiff::ZonedDateTime::new(at, jiff::tz::TimeZone::UTC);
    jiff::fmt::rfc2822::to_string(&at).unwrap_or_default()
}

fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// The request that carries the letter of a job. What cannot be one was screened out before.
pub(super) fn request(server: &Server, jobs: &[LeasedJob], now: Timestamp) -> Request {
    let mut request = greeting(server);
    request.method = http::Method::POST;
    let message = jobs.first().and_then(|job| message(server, job, now).ok());
    if let Some(message) = message {
        let to = message.envelope().to().iter();
        request
            .headers
            .push(plain(header::FROM, server.from.email.to_string()));
        request
            .headers
            .extend(to.map(|to| plain(header::TO, to.to_string())));
        request.body = message.formatted().into();
    }
    request
}

/// The request that says hello, logs in where that is needed, and asks for nothing.
pub(super) fn greeting(server: &Server) -> Request {
    let tls = if server.must_encrypt {
        "required"
    } else {
        "offered"
    };
    let mut headers = vec![plain(header::TLS, tls.to_owned())];
    if let Some((user, password)) = &server.login {
        headers.push(secret(header::USER, user.clone()));
        headers.push(secret(header::PASSWORD, password.expose().to_owned()));
    }
    Request {
        method: http::Method::OPTIONS,
        url: server.url.clone(),
        headers,
        body: bytes::Bytes::new(),
    }
}

fn plain(name: &'static str, value: String) -> Header {
    Header {
        name,
        value,
        secret: false,
    }
}

fn secret(name: &'static str, value: String) -> Header {
    Header {
        name,
        value,
        secret: true,
    }
}
