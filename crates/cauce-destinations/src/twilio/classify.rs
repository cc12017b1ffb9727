//! What Twilio's answers mean.
//!
//! The number in the body decides, then the status. Twilio asks not to look at the words.

use std::ops::RangeInclusive;

use cauce_flow::{dispatch::disposition::Verdict, job::LeasedJob, reason::Reason, time::Timestamp};
use serde::Deserialize;

use crate::{
    answer::{self, held, received},
    destination::{Answer, CredentialState, Credentials, Judgement, Response},
    message::judge::{Class, by_status, open, taken},
};

/// A row of the table: codes, what they mean.
type Row = (RangeInclusive<u32>, Class, &'static str);

const fn row(code: u32, class: Class, meaning: &'static str) -> Row {
    (code..=code, class, meaning)
}

/// Error codes ("Error and warning dictionary"). They come in answers and in what Twilio tells.
pub(super) const TABLE: &[Row] = &[
    row(20_003, Class::Stop, "the account or its token is refused"),
    row(
        20_404,
        Class::Stop,
        "no such account or service: check account_sid",
    ),
    row(20_429, Class::Throttle(None), "too many requests at once"),
    row(21_211, Class::Drop, "the number is not valid"),
    row(
        21_408,
        Class::Drop,
        "messages to this region are switched off",
    ),
    row(21_606, Class::Stop, "the sender may not send: check from"),
    row(
        21_608,
        Class::Drop,
        "a trial account sends to verified numbers only",
    ),
    row(21_610, Class::Drop, "the person has opted out"),
    row(
        21_612,
        Class::Drop,
        "the number cannot be reached from this sender",
    ),
    row(21_614, Class::Drop, "the number is not a mobile number"),
    row(63_003, Class::Drop, "the number has no WhatsApp"),
    row(63_005, Class::Drop, "WhatsApp refuses the content"),
    row(
        63_007,
        Class::Stop,
        "the sender is not one of WhatsApp: check from",
    ),
    row(63_013, Class::Drop, "against the rules of WhatsApp"),
    row(
        63_016,
        Class::Drop,
        "free text goes only to people who wrote within 24 hours: use a template",
    ),
    row(63_018, Class::Throttle(None), "the sender's rate limit"),
    row(
        63_024,
        Class::Drop,
        "the number cannot receive WhatsApp messages",
    ),
    row(
        63_049,
        Class::Drop,
        "Meta chose not to deliver a marketing message",
    ),
];

/// What a code means, where it is known.
pub(super) fn meaning(code: u32) -> Option<(Class, &'static str)> {
    let row = TABLE.iter().find(|(codes, ..)| codes.contains(&code));
    row.map(|(_, class, meaning)| (*class, *meaning))
}

/// The reason that a code is, in answers and in what Twilio tells.
pub(super) fn reason_of(code: u32) -> Reason {
    let meaning = meaning(code).map_or("an unlisted error", |(_, meaning)| meaning);
    Reason::new(format!("twilio_{code}"), meaning)
}

#[derive(Deserialize)]
struct Taken {
    sid: String,
}

/// Both of Twilio's forms have the code at the top.
#[derive(Deserialize)]
struct Refused {
    code: u32,
}

/// The judgement on a message.
pub(super) fn judge(jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
    let (response, job) = match (received(answer), jobs.first()) {
        (Ok(response), Some(job)) => (response, job),
        (Err(judgement), _) => return judgement,
        (Ok(_), None) => return open(Reason::new("no_job", "an answer to no message")).into(),
    };
    verdict(job, response, now).into()
}

fn verdict(job: &LeasedJob, response: &Response, now: Timestamp) -> Verdict {
    if (200..=299).contains(&response.status) {
        return match serde_json::from_slice::<Taken>(&response.body) {
            Ok(Taken { sid }) if is_message_sid(&sid) => taken(&sid),
            _ => by_status("twilio", job, response, now),
        };
    }
    let Ok(Refused { code }) = serde_json::from_slice(&response.body) else {
        return by_status("twilio", job, response, now);
    };
    let class = match (meaning(code), response.status) {
        (Some((class, _)), _) => class,
        (None, 401 | 403 | 404) => Class::Stop,
        (None, 429) => Class::Throttle(None),
        (None, 500..) => Class::Retry,
        (None, _) => Class::Drop,
    };
    class.verdict(job, reason_of(code), held(response, now), now)
}

/// The id of a message: `SM` or `MM` and 32 hexadecimal digits.
pub(super) fn is_message_sid(text: &str) -> bool {
    text.len() == 34
        && (text.starts_with("SM") || text.starts_with("MM"))
        && text[2..].bytes().all(|b| b.is_ascii_hexdigit())
}

#[derive(Deserialize)]
struct Account {
    status: String,
}

/// What reading the account says of the token, which has no end.
pub(super) fn credentials_of(answer: &Answer) -> Credentials {
    let response = match answer::unchecked(answer) {
        Ok(response) => response,
        Err(credentials) => return credentials,
    };
    let (state, detail) = match (response.status, serde_json::from_slice(&response.body)) {
        (200..=299, Ok(Account { status })) if status == "active" => {
            let detail = "the account is active; its token has no end".to_owned();
            (CredentialState::Valid, detail)
        }
        (200..=299, Ok(Account { status })) => {
            let detail = format!("the account is {}", answer::shown(&status));
            (CredentialState::Invalid, detail)
        }
        (401 | 403, _) => {
            let detail = "Twilio refuses the account or its token".to_owned();
            (CredentialState::Invalid, detail)
        }
        (404, _) => (CredentialState::Invalid, "no such account".to_owned()),
        (status, _) => {
            let detail = format!("no answer to read (HTTP {status})");
            (CredentialState::Unknown, detail)
        }
    };
    answer::credentials(state, detail)
}
