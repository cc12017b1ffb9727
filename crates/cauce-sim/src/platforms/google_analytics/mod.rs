//! GA4 Measurement Protocol: whatever comes is answered with 204, and what is wrong is dropped in
//! silence. Only the ledger and the validation twin tell.
//!
//! Source: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference,
//! sending-events, validating-events). The twin looks at neither the secret nor the id.

mod message;
mod rules;
mod values;

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    EventKey, Token,
    answer::Answer,
    call::{Call, Judged},
    ledger::Decision,
};
use message::Message;
use rules::Report;

/// Where events go.
pub(crate) const COLLECT: &str = "/mp/collect";
const VALIDATE: &str = "/debug/mp/collect";
/// A body must stay below this (sending-events, limitations).
const MAX_BODY_BYTES: usize = 130_000;

/// Takes what is right and drops the rest; the answer is the same.
pub(crate) fn deliver(call: &Call) -> Judged {
    let decision = match stream_fault(call) {
        Some(code) => Decision {
            refusals: vec![code.to_owned()],
            ..Decision::default()
        },
        None => decide(call),
    };
    Judged {
        answer: Answer::empty(StatusCode::NO_CONTENT),
        decision,
    }
}

/// The validation twin.
pub(crate) fn check(call: &Call) -> Answer {
    if call.path() != VALIDATE || !call.is_post() {
        return Answer::html(StatusCode::NOT_FOUND);
    }
    let report = rules::inspect(&body(call), call.now_ms);
    let all = report.request.iter().chain(report.events.iter().flatten());
    let messages: Vec<Value> = all.map(Message::to_json).collect();
    Answer::json(StatusCode::OK, &json!({ "validationMessages": messages }))
}

fn decide(call: &Call) -> Decision {
    if call.body.len() >= MAX_BODY_BYTES {
        let refusals = vec!["body_too_large".to_owned()];
        return Decision {
            refusals,
            ..Decision::default()
        };
    }
    let body = body(call);
    let Report { request, events } = rules::inspect(&body, call.now_ms);
    let count = events.len() as u32;
    if !request.is_empty() {
        let refusals = request
            .iter()
            .map(|message| message.code.to_owned())
            .collect();
        return Decision {
            refusals,
            events: count,
            ..Decision::default()
        };
    }
    let sent = body["events"].as_array().map_or(&[][..], Vec::as_slice);
    let keys: Vec<_> = sent.iter().map(key).collect();
    let poisoned = call.world.faults.poison_in(&keys);
    let mut decision = Decision {
        events: count,
        is_accepted: true,
        ..Decision::default()
    };
    for (index, key) in keys.into_iter().enumerate() {
        let poison = poisoned
            .iter()
            .any(|(bad, _)| *bad == index)
            .then_some("poison");
        match (
            events[index].first().map(|message| message.code).or(poison),
            key,
        ) {
            (Some(code), _) => decision.refusals.push(code.to_owned()),
            (None, Some(key)) => decision.accepted.push(key),
            (None, None) => decision.unnamed += 1,
        }
    }
    decision
}

/// What is wrong with the stream's id or secret.
fn stream_fault(call: &Call) -> Option<&'static str> {
    let stream = call
        .query("measurement_id")
        .or_else(|| call.query("firebase_app_id"));
    let known = call.world.options.account.as_deref();
    if stream.is_none_or(|id| id.is_empty() || known.is_some_and(|known| known != id)) {
        return Some("unknown_stream");
    }
    let secret = call
        .query("api_secret")
        .and_then(|secret| call.token(&secret));
    match secret {
        Some(Token::Good | Token::GoodUntil(_)) => None,
        _ => Some("wrong_secret"),
    }
}

fn body(call: &Call) -> Value {
    serde_json::from_slice(call.body).unwrap_or(Value::Null)
}

/// GA4 has no id for events: clients put theirs into a parameter, a purchase into its transaction.
fn key(event: &Value) -> Option<EventKey> {
    let params = &event["params"];
    let id = params["event_id"]
        .as_str()
        .or_else(|| params["transaction_id"].as_str());
    id.map(EventKey::of)
}
