//! What LinkedIn's answers mean.

use std::collections::BTreeMap;

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    reason::Reason,
    time::Timestamp,
};
use serde::Deserialize;

use crate::{
    answer::{self, Class, by_status, held, received, shown},
    destination::{Answer, CredentialState, Credentials, Judgement, Response},
};

/// Numbers in the body of a 401 ("Error handling", `serviceErrorCode`).
const TOKEN_CODES: &[(i64, &str)] = &[
    (65_600, "the token is invalid"),
    (65_601, "the token was revoked by its owner"),
    (65_602, "the token has expired"),
];

/// Statuses that mean something of their own here ("API error codes"); the others mean what they
/// mean everywhere.
const STATUSES: &[(u16, Class, &str)] = &[
    (401, Class::Stop, "the token is refused"),
    (
        403,
        Class::Stop,
        "the token lacks a permission (rw_conversions)",
    ),
    (
        426,
        Class::Stop,
        "this version of the interface has ended: raise `version`",
    ),
    (408, Class::Retry, "LinkedIn gave up waiting"),
    (
        423,
        Class::Retry,
        "the conversion rule is locked for the moment",
    ),
];

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    message: String,
    service_error_code: Option<i64>,
    elements: Option<Vec<Element>>,
}

#[derive(Deserialize)]
struct Element {
    #[serde(default)]
    status: u16,
}

/// The judgement on a batch of `count` jobs.
pub(super) fn judge(count: usize, answer: &Answer, now: Timestamp) -> Judgement {
    let response = match received(answer) {
        Ok(response) => response,
        Err(judgement) => return judgement,
    };
    Judgement {
        verdict: verdict(count, response, now),
        hold: held(response, now),
    }
}

fn verdict(count: usize, response: &Response, now: Timestamp) -> Verdict {
    let body: Option<Body> = serde_json::from_slice(&response.body).ok();
    match (response.status, body) {
        (
            200..=299,
            Some(Body {
                elements: Some(elements),
                ..
            }),
        ) => one_by_one(count, &elements),
        // One event alone is answered so, with an empty body.
        (201, _) if count == 1 => Verdict::All(Disposition::Delivered { provider_id: None }),
        (400 | 422, Some(body)) => refused(count, response.status, &body.message),
        (
            401,
            Some(Body {
                service_error_code: Some(code),
                ..
            }),
        ) => token_refused(code),
        _ => by_own_status(response, now),
    }
}

/// Each event has a status of its own.
fn one_by_one(count: usize, elements: &[Element]) -> Verdict {
    let each = |place: usize| {
        let status = elements.get(place).map_or(0, |element| element.status);
        let reason = |detail: &str| Reason::new(format!("linkedin_element_{status}"), detail);
        match status {
            200..=299 => Disposition::Delivered { provider_id: None },
            408 | 423 | 429 | 500..=599 => Disposition::Retry {
                reason: reason("LinkedIn could not take this event"),
                after: None,
            },
            400..=499 => Disposition::Rejected {
                reason: reason("LinkedIn refuses this event"),
            },
            _ => Disposition::Unknown {
                reason: reason("the answer says nothing of this event"),
            },
        }
    };
    Verdict::Each((0..count).map(each).collect())
}

/// The batch was refused because of some events, whose places the text names in one of two ways.
/// It is read for the places alone.
fn refused(count: usize, status: u16, message: &str) -> Verdict {
    let mut bad = errors_by_index(message);
    if bad.is_empty() {
        let why = "the conversion rule is not one of the Conversions API";
        bad.extend(
            indices(message)
                .into_iter()
                .map(|index| (index, why.to_owned())),
        );
    }
    let code = format!("linkedin_{status}");
    let bad: Vec<_> = (bad.into_iter().filter(|(index, _)| *index < count))
        .map(|(index, detail)| (index, Reason::new(code.clone(), shown(&detail))))
        .collect();
    match bad.is_empty() {
        true => Verdict::Bisect(Reason::new(code, format!("refused: {}", shown(message)))),
        false => Verdict::Without(bad),
    }
}

/// `Index: 3, ERROR :: /path :: what is wrong` for each bad event, the first error of each.
pub(super) fn errors_by_index(message: &str) -> BTreeMap<usize, String> {
    let errors = message.lines().filter_map(|line| {
        let (index, error) = line
            .trim()
            .strip_prefix("Index: ")?
            .split_once(", ERROR :: ")?;
        Some((index.parse().ok()?, error.to_owned()))
    });
    let mut first = BTreeMap::new();
    for (index, error) in errors {
        first.entry(index).or_insert(error);
    }
    first
}

/// `… indices [0, 4] (0-indexed)`.
pub(super) fn indices(message: &str) -> Vec<usize> {
    let list = message
        .split_once("indices [")
        .and_then(|(_, rest)| rest.split_once(']'));
    let numbers = list.map(|(numbers, _)| numbers).unwrap_or_default();
    numbers
        .split(',')
        .filter_map(|number| number.trim().parse().ok())
        .collect()
}

fn token_refused(code: i64) -> Verdict {
    let known = TOKEN_CODES.iter().find(|(known, _)| *known == code);
    let detail = known.map_or("the token is refused", |(_, detail)| *detail);
    Class::Stop.verdict(Reason::new(format!("linkedin_{code}"), detail), None)
}

fn by_own_status(response: &Response, now: Timestamp) -> Verdict {
    match STATUSES
        .iter()
        .find(|(status, ..)| *status == response.status)
    {
        Some((status, class, detail)) => {
            let reason = Reason::new(format!("linkedin_http_{status}"), *detail);
            class.verdict(reason, held(response, now))
        }
        None => by_status("linkedin", response, now),
    }
}

#[derive(Deserialize)]
struct Introspection {
    active: bool,
    #[serde(default)]
    status: String,
    #[serde(default)]
    expires_at: Option<i64>,
}

/// What the introspection of the token says. Its times are seconds.
pub(super) fn credentials_of(answer: &Answer, now: Timestamp) -> Credentials {
    let response = match answer::unchecked(answer) {
        Ok(response) => response,
        Err(credentials) => return credentials,
    };
    let body: Option<Introspection> = serde_json::from_slice(&response.body).ok();
    match (response.status, body) {
        (200, Some(token)) => of_token(&token, now),
        (400, _) => answer::credentials(
            CredentialState::Unknown,
            "LinkedIn does not know the token or client_id",
        ),
        (401, _) => answer::credentials(
            CredentialState::Unknown,
            "client_secret is wrong, so that the token cannot be checked",
        ),
        (status, _) => answer::credentials(
            CredentialState::Unknown,
            format!("no answer to read (HTTP {status})"),
        ),
    }
}

fn of_token(token: &Introspection, now: Timestamp) -> Credentials {
    let seconds = token.expires_at.filter(|seconds| *seconds > 0);
    let end = seconds.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000)));
    let credentials = answer::working(end, now);
    match (token.active, token.status.as_str()) {
        (true, _) => credentials,
        (false, "expired") => Credentials {
            state: CredentialState::Expired,
            detail: "LinkedIn says the token has expired".to_owned(),
            expires_at: end,
        },
        (false, _) => answer::credentials(
            CredentialState::Invalid,
            "LinkedIn says the token was revoked",
        ),
    }
}
