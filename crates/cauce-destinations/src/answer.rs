//! What is read the same way from the answers of every destination.
//!
//! A destination looks its own error codes up in its own table first and comes here for the rest:
//! requests that did not arrive, and answers that say no more than their status. Nothing is decided
//! by the words of an answer; they are translated, and they change.

use std::{borrow::Cow, time::Duration};

use cauce_flow::{
    dispatch::{
        disposition::{Disposition, Verdict},
        retry_after,
    },
    reason::Reason,
    time::Timestamp,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::destination::{Answer, CredentialState, Credentials, Judgement, Response};

/// What an error code means for the batch it came back for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It will pass.
    Retry,
    /// The destination wants less, for this long where it does not say.
    Throttle(Option<Duration>),
    /// The credentials or the set-up of the account are refused.
    Stop,
    /// Some job of the batch is refused, and the batch with it.
    Poison,
}

impl Class {
    /// The verdict on a batch.
    pub(crate) fn verdict(self, reason: Reason, after: Option<Duration>) -> Verdict {
        match self {
            Class::Retry => Verdict::All(Disposition::Retry { reason, after }),
            Class::Throttle(own) => Verdict::All(Disposition::Throttled {
                reason,
                after: after.or(own),
            }),
            Class::Stop => Verdict::All(Disposition::Unauthorised { reason }),
            Class::Poison => Verdict::Bisect(reason),
        }
    }
}

/// The answer, or the verdict on a batch that got none.
pub(crate) fn received(answer: &Answer) -> Result<&Response, Judgement> {
    match answer {
        Answer::Response(response) => Ok(response),
        Answer::NotSent(fault) => {
            let reason = Reason::new(fault.code(), "the request did not reach the destination");
            Err(Class::Retry.verdict(reason, None).into())
        }
        Answer::Ambiguous(fault) => {
            let reason = Reason::new(fault.code(), "no whole answer came; it may have arrived");
            Err(Verdict::All(Disposition::Unknown { reason }).into())
        }
    }
}

/// The verdict that a status alone allows.
pub(crate) fn by_status(system: &str, response: &Response, now: Timestamp) -> Verdict {
    let reason = |detail: &str| Reason::new(format!("{system}_http_{}", response.status), detail);
    let after = held(response, now);
    match response.status {
        200..=299 => Verdict::All(Disposition::Unknown {
            reason: reason("a success whose body is not the destination's"),
        }),
        300..=399 => Class::Stop.verdict(reason("redirected: is base_url right?"), None),
        401 | 403 | 407 => Class::Stop.verdict(reason("the credentials are refused"), None),
        404 | 405 | 410 => Class::Stop.verdict(reason("no such address: is base_url right?"), None),
        413 => Class::Poison.verdict(reason("the request is too large"), None),
        426 => Class::Stop.verdict(reason("this version of the interface has ended"), None),
        429 => Class::Throttle(None).verdict(reason("too many requests"), after),
        500..=599 => Class::Retry.verdict(reason("the destination is in trouble"), after),
        _ => Class::Retry.verdict(reason("an answer that is not documented"), after),
    }
}

/// How long the answer's `Retry-After` asks to be left alone.
pub(crate) fn held(response: &Response, now: Timestamp) -> Option<Duration> {
    let header = response.headers.get(http::header::RETRY_AFTER)?;
    retry_after::parse(header.to_str().ok()?, now)
}

/// As much of a destination's own words as may be shown: short, and without anything that could be
/// an address, a token or a hash.
pub(crate) fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 200;
    const MAX_PART_BYTES: usize = 24;
    let line: String = text
        .chars()
        .take(MAX_CHARS)
        .filter(|c| !c.is_control())
        .collect();
    let words = line.split_whitespace().map(|word| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let mut parts = word.split(['/', '.', '_', ':']);
        let is_plain = digits < 7 && parts.all(|part| part.len() <= MAX_PART_BYTES);
        if is_plain && !word.contains('@') {
            word
        } else {
            "…"
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Characters that stay as they are in a query or a form (RFC 3986, unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value as it stands in a query or a form.
pub(crate) fn escaped(value: &str) -> Cow<'_, str> {
    utf8_percent_encode(value, ESCAPED).into()
}

/// Days before their end at which credentials are said to end soon.
const SOON: Duration = Duration::from_secs(7 * 86_400);

/// Credentials that work, until `expires_at`.
pub(crate) fn working(expires_at: Option<Timestamp>, now: Timestamp) -> Credentials {
    let state = match expires_at {
        Some(end) if end <= now => CredentialState::Expired,
        Some(end) if end <= now + SOON => CredentialState::ExpiresSoon,
        _ => CredentialState::Valid,
    };
    let detail = match (state, expires_at) {
        (CredentialState::Expired, Some(end)) => format!("the token ended at {end}"),
        (_, Some(end)) => format!("the token works until {end}"),
        (_, None) => "the token works and has no end".to_owned(),
    };
    Credentials {
        state,
        detail,
        expires_at,
    }
}

/// Credentials in a state that needs no more than a sentence.
pub(crate) fn credentials(state: CredentialState, detail: impl Into<String>) -> Credentials {
    Credentials {
        state,
        detail: detail.into(),
        expires_at: None,
    }
}

/// What a check that got no answer says.
pub(crate) fn unchecked(answer: &Answer) -> Result<&Response, Credentials> {
    match answer {
        Answer::Response(response) => Ok(response),
        Answer::NotSent(fault) | Answer::Ambiguous(fault) => Err(credentials(
            CredentialState::Unknown,
            format!("the platform could not be asked ({})", fault.code()),
        )),
    }
}

#[cfg(test)]
mod tests;
