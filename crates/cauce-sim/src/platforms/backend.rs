//! A company's own backend: two batch routes that count, and one that shows a session.
//!
//! It does what a framework's controllers do: it answers with counts, names what failed only where
//! it is told to, and refuses a body that is not what it validates. Tokens are checked where a
//! request brings one.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    EventKey, Failing, Manner, Token,
    answer::Answer,
    call::{Call, Judged, Refusal},
    ledger::Decision,
    sessions::What,
};

const QR: &str = "/api/qr/batch";
const STATUS: &str = "/api/whatsapp/status/batch";
/// Where a single session is shown.
const SESSION: &str = "/api/sessions/";
/// More states in one batch are refused.
const MAX_ITEMS: usize = 50;

/// Whether a path takes states.
pub(crate) fn delivers(path: &str) -> bool {
    path == QR || path == STATUS
}

/// Judges a batch of states.
pub(crate) fn deliver(call: &Call) -> Judged {
    match judge(call) {
        Ok(judged) => judged,
        Err(refusal) => refusal.judged(0),
    }
}

/// Shows one session.
pub(crate) fn check(call: &Call) -> Answer {
    let Some(id) = call.path().strip_prefix(SESSION) else {
        return missing();
    };
    let id: String = form_urlencoded::parse(format!("id={}", id.replace('+', "%2B")).as_bytes())
        .map(|(_, value)| value.into_owned())
        .collect();
    let (lookup, known) = call.world.sessions.lookup(&id);
    if let Some(status) = lookup
        .status
        .and_then(|status| StatusCode::from_u16(status).ok())
    {
        return Answer::json(status, &json!({"message": "Server Error"}));
    }
    match known {
        Some(known) => {
            let body = json!({"status": known.status, "qr": known.qr});
            Answer::json(StatusCode::OK, &body)
        }
        None => Answer::json(
            StatusCode::NOT_FOUND,
            &json!({"message": "No query results"}),
        ),
    }
}

fn missing() -> Answer {
    let body = json!({"message": "The route could not be found."});
    Answer::json(StatusCode::NOT_FOUND, &body)
}

fn judge(call: &Call) -> Result<Judged, Refusal> {
    let refuse = |status: StatusCode, body: &Value| {
        Err(Refusal::new(status.as_str(), Answer::json(status, body)))
    };
    if let Some(token) = call.bearer()
        && !matches!(call.token(token), Some(Token::Good | Token::GoodUntil(_)))
    {
        return refuse(
            StatusCode::UNAUTHORIZED,
            &json!({"message": "Unauthenticated."}),
        );
    }
    match call.world.sessions.manner() {
        Manner::Right | Manner::WrongCounts => {}
        Manner::RouteMissing => return Err(Refusal::new("404", missing())),
        Manner::Page => return Err(Refusal::new("page", Answer::html(StatusCode::OK))),
        Manner::Nothing => return Err(Refusal::new("nothing", Answer::empty(StatusCode::OK))),
        Manner::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return refuse(status, &json!({"message": "Server Error"}));
        }
    }
    let body: Value = serde_json::from_slice(call.body).unwrap_or_default();
    match items(call.path(), &body) {
        Ok(items) => Ok(taken(call, items)?),
        Err(pointer) => {
            let errors = json!({pointer: ["The field is invalid."]});
            let body = json!({"message": "The given data was invalid.", "errors": errors});
            refuse(StatusCode::UNPROCESSABLE_ENTITY, &body)
        }
    }
}

/// The states of a batch, or the name of the field that is wrong.
fn items(path: &str, body: &Value) -> Result<Vec<(String, What)>, String> {
    let (array, field) = match path == QR {
        true => ("qrs", "qr"),
        false => ("statuses", "estado_qr"),
    };
    let list = body[array].as_array().ok_or_else(|| array.to_owned())?;
    if list.is_empty() || list.len() > MAX_ITEMS {
        return Err(array.to_owned());
    }
    let item = |(place, item): (usize, &Value)| {
        let bad = |name: &str| format!("{array}.{place}.{name}");
        let session = item["session_id"].as_str().filter(|id| !id.is_empty());
        let session = session.ok_or_else(|| bad("session_id"))?;
        let what = match (&item[field], path == QR) {
            (Value::Null, true) if item.get(field).is_some() => What::Qr(None),
            (Value::String(text), true) if !text.is_empty() => What::Qr(Some(text.clone())),
            (Value::String(text), false) if !text.is_empty() => What::Status(text.clone()),
            _ => return Err(bad(field)),
        };
        Ok((session.to_owned(), what))
    };
    list.iter().enumerate().map(item).collect()
}

fn taken(call: &Call, items: Vec<(String, What)>) -> Result<Judged, Refusal> {
    let sessions = &call.world.sessions;
    let array = if call.path() == QR { "qrs" } else { "statuses" };
    let mut failed = BTreeSet::new();
    let mut named = Vec::new();
    for (place, (session, _)) in items.iter().enumerate() {
        let errors = match sessions.failing(session) {
            None => continue,
            Some(Failing::Counted) => {
                failed.insert(session.clone());
                continue;
            }
            Some(Failing::Named) => {
                failed.insert(session.clone());
                named.push(session.clone());
                continue;
            }
            Some(Failing::Invalid) => json!({format!("{array}.{place}.session_id"): ["unknown"]}),
            Some(Failing::InvalidUnnamed) => json!({}),
        };
        let body = json!({"message": "The given data was invalid.", "errors": errors});
        let answer = Answer::json(StatusCode::UNPROCESSABLE_ENTITY, &body);
        return Err(Refusal::new("422", answer));
    }
    let count = items.len();
    let updated = count - failed.len();
    let shown = match sessions.manner() {
        Manner::WrongCounts => updated + 7,
        _ => updated,
    };
    let mut body = json!({"success": true, "updated": shown, "failed": failed.len()});
    if !named.is_empty() {
        body["failed_ids"] = json!(named);
    }
    if call.takes {
        sessions.take(items, &failed);
    }
    let decision = Decision {
        accepted: Vec::<EventKey>::new(),
        unnamed: updated as u32,
        events: count as u32,
        is_accepted: true,
        refusals: vec!["failed".to_owned(); failed.len()],
    };
    Ok(Judged {
        answer: Answer::json(StatusCode::OK, &body),
        decision,
    })
}
