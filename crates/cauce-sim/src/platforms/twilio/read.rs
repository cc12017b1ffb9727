//! What Twilio shows: an account, a message, the messages to a number.

use std::time::SystemTime;

use http::StatusCode;
use jiff::{Timestamp, civil::Time, fmt::rfc2822::DateTimePrinter, tz::TimeZone};
use serde_json::{Value, json};

use super::{ROOT, errors::refuse, told::status_text};
use crate::{
    answer::Answer,
    call::Call,
    messages::{Draft, Step, Taken, seconds},
};

const MAX_PAGE: usize = 1000;
const PAGE: usize = 50;

/// The answer to a message that was taken.
pub(super) fn created(account: &str, draft: &Draft) -> Answer {
    let status = match draft.from.starts_with("MG") {
        true => "accepted",
        false => "queued",
    };
    let now = seconds(SystemTime::now());
    let mut body = shown(account, &draft.id, &draft.from, &draft.to, &draft.words);
    body["num_media"] = media(&draft.kind);
    body["status"] = json!(status);
    body["date_created"] = date(now);
    body["date_updated"] = date(now);
    body["date_sent"] = Value::Null;
    Answer::json(StatusCode::CREATED, &body)
}

/// `GET /Accounts/{sid}.json`.
pub(super) fn account(account: &str) -> Answer {
    let body = json!({"sid": account, "status": "active", "type": "Full", "friendly_name": "x"});
    Answer::json(StatusCode::OK, &body)
}

/// `GET …/Messages/{sid}.json`.
pub(super) fn one(call: &Call, account: &str, rest: &str) -> Answer {
    let id = rest.strip_prefix("Messages/");
    let id = id.and_then(|id| id.strip_suffix(".json"));
    match id.and_then(|id| call.world.messages.find(id)) {
        Some(taken) => Answer::json(StatusCode::OK, &read(account, &taken)),
        None => refuse(20_404).answer,
    }
}

/// `GET …/Messages.json` with `To`, `From`, `DateSent`, `DateSent>`, `DateSent<`, `PageSize`.
pub(super) fn list(call: &Call, account: &str) -> Answer {
    let query = |name: &str| call.query(name).map(|text| text.into_owned());
    let (to, from) = (query("To"), query("From"));
    let day = |name: &str, end: bool| query(name).and_then(|text| instant(&text, end));
    let after = day("DateSent>", false).or_else(|| day("DateSent", false));
    let before = day("DateSent<", true).or_else(|| day("DateSent", true));
    let size = query("PageSize").and_then(|text| text.parse().ok());
    let size = size.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let fits = |asked: &Option<String>, is: &str| asked.as_deref().is_none_or(|one| one == is);
    let found = call.world.messages.list(size, |taken| {
        let at = seconds(taken.wall);
        fits(&to, &taken.to)
            && fits(&from, &taken.from)
            && after.is_none_or(|after| at >= after)
            && before.is_none_or(|before| at <= before)
    });
    let messages: Vec<_> = found.iter().map(|taken| read(account, taken)).collect();
    let uri = format!("{ROOT}{account}/Messages.json?PageSize={size}&Page=0");
    let end = messages.len().saturating_sub(1);
    let body = json!({
        "messages": messages, "page": 0, "page_size": size, "start": 0, "end": end,
        "first_page_uri": uri, "uri": uri, "next_page_uri": null, "previous_page_uri": null,
    });
    Answer::json(StatusCode::OK, &body)
}

fn read(account: &str, taken: &Taken) -> Value {
    let mut body = shown(account, &taken.id, &taken.from, &taken.to, &taken.words);
    body["num_media"] = media(&taken.kind);
    let last = taken.treatment.last();
    let at = date(seconds(taken.wall));
    body["status"] = json!(last.map_or("queued", status_text));
    if let Some(Step::Failed(code)) = last {
        body["error_code"] = json!(code);
        body["error_message"] = json!("failed");
    }
    body["date_created"] = at.clone();
    body["date_updated"] = at.clone();
    body["date_sent"] = at;
    body
}

fn shown(account: &str, id: &str, from: &str, to: &str, text: &str) -> Value {
    let service = from.starts_with("MG").then_some(from);
    let uri = format!("{ROOT}{account}/Messages/{id}");
    json!({
        "sid": id, "account_sid": account, "to": to,
        "from": service.is_none().then_some(from), "messaging_service_sid": service,
        "body": text, "direction": "outbound-api", "num_segments": "1",
        "price": null, "price_unit": null, "error_code": null, "error_message": null,
        "api_version": "2010-04-01", "uri": format!("{uri}.json"),
        "subresource_uris": {"media": format!("{uri}/Media.json")},
    })
}

/// A number, written as text.
fn media(kind: &str) -> Value {
    json!(if kind == "media" { "1" } else { "0" })
}

fn date(at: i64) -> Value {
    let at = Timestamp::from_second(at).ok();
    let text = at.and_then(|at| DateTimePrinter::new().timestamp_to_string(&at).ok());
    // jiff writes `-0000` where Twilio writes `+0000`.
    json!(text.map(|text| text.replace("-0000", "+0000")))
}

/// A day (its beginning or its end) or a time, in seconds of Unix time.
fn instant(text: &str, end: bool) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_second());
    }
    let day = text.parse::<jiff::civil::Date>().ok()?;
    let midnight = TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
    let midnight = midnight.ok()?.as_second();
    Some(if end { midnight + 86_399 } else { midnight })
}
