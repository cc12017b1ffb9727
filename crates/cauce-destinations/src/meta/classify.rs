//! What Meta's answers mean.
//!
//! The number in the body decides, then the status. Neither the words (they come in the language of
//! the token's owner) nor `type` (`OAuthException` for everything) are looked at.

use std::{ops::RangeInclusive, time::Duration};

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    reason::Reason,
    time::Timestamp,
};
use serde::Deserialize;

use crate::{
    answer::{Class, by_status, held, received, shown},
    destination::{Answer, Judgement, Response},
    graph::{is_trace, usage_hold},
};

const HOUR: Duration = Duration::from_secs(3600);

/// A row of the table: codes, subcodes (`None`: any, or none), what they mean.
type Row = (RangeInclusive<i64>, Option<i64>, Class, &'static str);

const fn row(code: i64, subcode: i64, class: Class, meaning: &'static str) -> Row {
    (code..=code, Some(subcode), class, meaning)
}

const fn any(first: i64, last: i64, class: Class, meaning: &'static str) -> Row {
    (first..=last, None, class, meaning)
}

/// Error codes ("Graph API: Handling errors", "Rate limits"; "Conversions API: error codes").
/// The first row that fits decides.
pub(super) const TABLE: &[Row] = &[
    row(
        100,
        33,
        Class::Stop,
        "the dataset does not exist, or the token may not use it",
    ),
    row(
        100,
        34,
        Class::Stop,
        "the address is wrong: check dataset_id and api_version",
    ),
    row(
        100,
        38,
        Class::Stop,
        "the address is wrong: check dataset_id and api_version",
    ),
    row(100, 2_804_003, Class::Poison, "the event is too old"),
    row(100, 2_804_009, Class::Poison, "a purchase without a value"),
    row(
        100,
        2_804_014,
        Class::Poison,
        "the personal data is missing or invalid",
    ),
    row(
        100,
        2_804_016,
        Class::Poison,
        "a personal field is not hashed",
    ),
    row(
        100,
        2_804_030,
        Class::Poison,
        "the data processing options are wrong",
    ),
    row(
        100,
        2_804_050,
        Class::Poison,
        "too little personal data to match",
    ),
    any(100, 100, Class::Poison, "the event is invalid"),
    any(105, 105, Class::Poison, "too many parameters"),
    any(506, 506, Class::Poison, "a duplicate"),
    any(4, 4, Class::Throttle(None), "the app's rate limit"),
    any(17, 17, Class::Throttle(None), "the user's rate limit"),
    any(341, 341, Class::Throttle(None), "the application's limit"),
    any(
        613,
        613,
        Class::Throttle(None),
        "the rate limit of the call",
    ),
    any(
        80_000,
        80_014,
        Class::Throttle(None),
        "the business's rate limit",
    ),
    any(
        368,
        368,
        Class::Throttle(Some(HOUR)),
        "temporarily blocked for policy reasons",
    ),
    any(1, 2, Class::Retry, "Meta is temporarily unavailable"),
    any(5_000, 5_000, Class::Retry, "an unknown error of Meta"),
    any(
        21_009,
        21_009,
        Class::Retry,
        "the dataset is temporarily not ready",
    ),
    any(102, 102, Class::Stop, "the session has ended"),
    row(
        190,
        458,
        Class::Stop,
        "the app was removed by the token's owner",
    ),
    row(
        190,
        460,
        Class::Stop,
        "the token ended with a change of password",
    ),
    row(190, 463, Class::Stop, "the token has expired"),
    row(190, 467, Class::Stop, "the token is invalid"),
    any(190, 190, Class::Stop, "the token is refused"),
    any(3, 3, Class::Stop, "the app may not do this"),
    any(10, 10, Class::Stop, "the token lacks a permission"),
    any(200, 299, Class::Stop, "the token lacks a permission"),
    any(
        2_500,
        2_500,
        Class::Stop,
        "the address is unknown: check dataset_id and api_version",
    ),
];

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    error: Option<Error>,
    #[serde(default)]
    fbtrace_id: Option<String>,
}

#[derive(Deserialize)]
struct Error {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    error_subcode: Option<i64>,
    #[serde(default)]
    is_transient: bool,
    #[serde(default)]
    message: String,
    #[serde(default)]
    fbtrace_id: Option<String>,
}

/// The judgement on a batch.
pub(super) fn judge(answer: &Answer, now: Timestamp) -> Judgement {
    let response = match received(answer) {
        Ok(response) => response,
        Err(judgement) => return judgement,
    };
    Judgement {
        verdict: verdict(response, now),
        hold: held(response, now).max(usage_hold(response)),
    }
}

fn verdict(response: &Response, now: Timestamp) -> Verdict {
    match serde_json::from_slice::<Body>(&response.body) {
        Ok(Body {
            error: Some(error), ..
        }) => of_error(&error, response, now),
        Ok(Body { fbtrace_id, .. }) if response.status == 200 => {
            Verdict::All(Disposition::Delivered {
                provider_id: fbtrace_id.filter(|trace| is_trace(trace)),
            })
        }
        _ => by_status("meta", response, now),
    }
}

fn of_error(error: &Error, response: &Response, now: Timestamp) -> Verdict {
    let subcode = error.error_subcode.filter(|subcode| *subcode != 0);
    let mut code = format!("meta_{}", error.code);
    if let Some(subcode) = subcode {
        code.push_str(&format!("_{subcode}"));
    }
    let row = TABLE.iter().find(|(codes, only, ..)| {
        codes.contains(&error.code) && (only.is_none() || *only == subcode)
    });
    let after = held(response, now).max(usage_hold(response));
    let trace = error
        .fbtrace_id
        .as_deref()
        .filter(|trace| is_trace(trace))
        .unwrap_or_default();
    match row {
        // A limit is transient too, and must not cost an attempt.
        Some((_, _, class @ Class::Throttle(_), meaning)) => {
            class.verdict(Reason::new(code, detail(meaning, trace)), after)
        }
        _ if error.is_transient => {
            Class::Retry.verdict(Reason::new(code, detail("it will pass", trace)), after)
        }
        Some((_, _, class, meaning)) => {
            class.verdict(Reason::new(code, detail(meaning, trace)), after)
        }
        None => {
            let meaning = format!("an unlisted error: {}", shown(&error.message));
            Class::Retry.verdict(Reason::new(code, detail(&meaning, trace)), after)
        }
    }
}

/// Meta's support asks for the trace.
fn detail(meaning: &str, trace: &str) -> String {
    match trace {
        "" => meaning.to_owned(),
        trace => format!("{meaning} (fbtrace_id {trace})"),
    }
}
