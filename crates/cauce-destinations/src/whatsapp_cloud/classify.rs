//! What the Cloud API's answers mean.
//!
//! The number in the body decides, then the status: sources differ on the status of the same number.
//! A gateway that passes Meta's errors on is read by the same table.

use std::{ops::RangeInclusive, time::Duration};

use cauce_flow::{job::LeasedJob, reason::Reason, time::Timestamp};
use serde::Deserialize;

use crate::{
    answer::{held, received, shown},
    destination::{Answer, Judgement, Response},
    graph::{is_trace, usage_hold},
    message::judge::{Class, by_status, open, taken},
};

const MINUTES: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3600);

/// A row of the table: codes, what they mean.
type Row = (RangeInclusive<i64>, Class, &'static str);

const fn row(code: i64, class: Class, meaning: &'static str) -> Row {
    (code..=code, class, meaning)
}

const fn rows(first: i64, last: i64, class: Class, meaning: &'static str) -> Row {
    (first..=last, class, meaning)
}

/// Error codes ("WhatsApp Cloud API: Error codes"). They come in answers and in what Meta tells.
pub(super) const TABLE: &[Row] = &[
    row(0, Class::Stop, "the token is refused"),
    rows(1, 2, Class::Retry, "Meta is temporarily unavailable"),
    row(3, Class::Stop, "the app may not do this"),
    row(4, Class::Throttle(None), "the app's call limit"),
    row(10, Class::Stop, "the token lacks a permission"),
    row(33, Class::Stop, "no such number: check phone_number_id"),
    row(100, Class::Drop, "a field is missing or wrong"),
    row(190, Class::Stop, "the token has expired"),
    rows(200, 299, Class::Stop, "the token lacks a permission"),
    row(
        368,
        Class::Stop,
        "the account is blocked for policy reasons",
    ),
    row(
        80_007,
        Class::Throttle(None),
        "the business account's call limit",
    ),
    row(130_429, Class::Throttle(None), "the number's throughput"),
    row(
        130_472,
        Class::Drop,
        "the person is part of an experiment of Meta",
    ),
    row(131_000, Class::Retry, "an unknown error of Meta"),
    row(
        131_005,
        Class::Stop,
        "access denied: check the token's permissions",
    ),
    row(131_008, Class::Drop, "a field is missing"),
    row(131_009, Class::Drop, "a field is wrong"),
    row(131_016, Class::Retry, "Meta is temporarily unavailable"),
    row(131_021, Class::Drop, "the sender writes to itself"),
    row(
        131_026,
        Class::Drop,
        "the person cannot be reached on WhatsApp",
    ),
    row(131_031, Class::Stop, "the account is locked"),
    row(131_042, Class::Stop, "a problem with the payment method"),
    row(
        131_045,
        Class::Stop,
        "the number is not registered: check its certificate",
    ),
    row(
        131_047,
        Class::Drop,
        "free text goes only to people who wrote within 24 hours: use a template",
    ),
    row(
        131_048,
        Class::Throttle(Some(HOUR)),
        "too many people have blocked the number",
    ),
    row(
        131_049,
        Class::Drop,
        "Meta chose not to deliver a marketing message; not before 24 hours again",
    ),
    row(
        131_050,
        Class::Drop,
        "the person wants no marketing messages",
    ),
    row(
        131_051,
        Class::Drop,
        "a kind of message that is not supported",
    ),
    row(131_052, Class::Retry, "the medium could not be fetched"),
    row(131_053, Class::Retry, "the medium could not be taken"),
    row(
        131_056,
        Class::Snooze,
        "too many messages to the same person",
    ),
    row(
        131_057,
        Class::RetryAfter(MINUTES),
        "the account is under maintenance",
    ),
    row(
        132_000,
        Class::Drop,
        "the template wants another number of parameters",
    ),
    row(132_001, Class::Drop, "no such template in this language"),
    row(132_005, Class::Drop, "the filled template is too long"),
    row(
        132_007,
        Class::Drop,
        "the template is against the rules of WhatsApp",
    ),
    row(
        132_012,
        Class::Drop,
        "a parameter of the template has another form",
    ),
    row(132_015, Class::Drop, "the template is paused"),
    row(132_016, Class::Drop, "the template is disabled"),
    row(132_068, Class::Drop, "the flow is blocked"),
    row(132_069, Class::Drop, "the flow is throttled"),
    row(133_004, Class::Retry, "Meta is temporarily unavailable"),
    row(133_010, Class::Stop, "the number is not registered"),
    row(133_016, Class::Stop, "the number was registered too often"),
    row(
        135_000,
        Class::Drop,
        "the parameters of the message are refused",
    ),
];

/// Codes that are worth a second attempt and no third: what is wrong with a medium seldom passes.
const TWICE: [i64; 2] = [131_052, 131_053];

/// Meta's error, on its own or inside of an answer.
#[derive(Deserialize)]
pub(crate) struct Error {
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

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    error: Option<Error>,
    #[serde(default)]
    messages: Vec<Sent>,
}

#[derive(Deserialize)]
struct Sent {
    id: String,
}

/// What a code means, where it is known.
pub(super) fn meaning(code: i64) -> Option<(Class, &'static str)> {
    let row = TABLE.iter().find(|(codes, ..)| codes.contains(&code));
    row.map(|(_, class, meaning)| (*class, *meaning))
}

/// The reason that a code is, in answers and in what Meta tells.
pub(crate) fn reason_of(code: i64, message: &str) -> Reason {
    let detail = match meaning(code) {
        Some((_, meaning)) => meaning.to_owned(),
        None => format!("an unlisted error: {}", shown(message)),
    };
    Reason::new(format!("whatsapp_{code}"), detail)
}

/// The judgement on a message.
pub(super) fn judge(jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
    let (response, job) = match (received(answer), jobs.first()) {
        (Ok(response), Some(job)) => (response, job),
        (Err(judgement), _) => return judgement,
        (Ok(_), None) => return open(Reason::new("no_job", "an answer to no message")).into(),
    };
    let body = serde_json::from_slice::<Body>(&response.body);
    match body {
        Ok(Body {
            error: Some(error), ..
        }) => judge_error(&error, job, response, now),
        Ok(Body { messages, .. }) if response.status == 200 && is_id(&messages) => Judgement {
            verdict: taken(&messages[0].id),
            hold: usage_hold(response),
        },
        _ => by_status("whatsapp", job, response, now).into(),
    }
}

fn is_id(messages: &[Sent]) -> bool {
    messages.first().is_some_and(|sent| !sent.id.is_empty())
}

/// The judgement on a message that Meta's error refuses.
pub(crate) fn judge_error(
    error: &Error,
    job: &LeasedJob,
    response: &Response,
    now: Timestamp,
) -> Judgement {
    // Newer versions say as a code of its own what was a subcode before.
    let code = match (error.code, error.error_subcode) {
        (100, Some(33)) => 33,
        (code, _) => code,
    };
    let mut reason = reason_of(code, &error.message);
    // Meta's support asks for it.
    if let Some(trace) = error.fbtrace_id.as_deref().filter(|trace| is_trace(trace)) {
        reason.detail.push_str(&format!(" (fbtrace_id {trace})"));
    }
    let class = match meaning(code) {
        Some((Class::Retry, _)) if TWICE.contains(&code) && job.attempt > 1 => Class::Drop,
        Some((class, _)) => class,
        None if error.is_transient => Class::Retry,
        None if response.status == 429 => Class::Throttle(None),
        None => Class::Retry,
    };
    let after = held(response, now).max(usage_hold(response));
    // What is said of one person holds nobody else up.
    let hold = after.filter(|_| class != Class::Snooze);
    Judgement {
        verdict: class.verdict(job, reason, after, now),
        hold,
    }
}
