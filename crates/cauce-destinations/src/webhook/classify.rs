//! What an endpoint's answers mean.
//!
//! The status speaks for the batch. Where a success holds an array with one result for each item,
//! each item is judged by its own: `true`, `false`, a status, or an object with `ok`, `success` or
//! `status`, and `retry` where a failure may pass.

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    reason::Reason,
    time::Timestamp,
};
use serde_json::Value;

use crate::{
    answer::{Class, by_status, held, received},
    destination::{Answer, Judgement, Response},
};

/// The judgement on a batch of `count` jobs. `results` is where one result for each is looked for.
pub(super) fn judge(count: usize, results: &str, answer: &Answer, now: Timestamp) -> Judgement {
    let response = match received(answer) {
        Ok(response) => response,
        Err(judgement) => return judgement,
    };
    Judgement {
        verdict: verdict(count, results, response, now),
        hold: held(response, now),
    }
}

fn verdict(count: usize, results: &str, response: &Response, now: Timestamp) -> Verdict {
    match response.status {
        200..=299 => taken(count, results, response),
        400 | 422 => {
            let reason = Reason::new(
                format!("webhook_http_{}", response.status),
                "the endpoint refuses the item",
            );
            Class::Poison.verdict(reason, None)
        }
        _ => by_status("webhook", response, now),
    }
}

fn taken(count: usize, results: &str, response: &Response) -> Verdict {
    let body: Option<Value> = serde_json::from_slice(&response.body).ok();
    let list = body
        .as_ref()
        .and_then(|body| body.pointer(results)?.as_array());
    match list {
        Some(list) => Verdict::Each(list.iter().take(count).map(one).collect()),
        None => Verdict::All(Disposition::Delivered { provider_id: None }),
    }
}

fn one(result: &Value) -> Disposition {
    let reason = |code: String| Reason::new(code, "the endpoint says so of this item");
    match state_of(result) {
        State::Taken => Disposition::Delivered { provider_id: None },
        State::Failed { code, passes: true } => Disposition::Retry {
            reason: reason(code),
            after: None,
        },
        State::Failed {
            code,
            passes: false,
        } => Disposition::Rejected {
            reason: reason(code),
        },
        State::Unclear => Disposition::Unknown {
            reason: Reason::new("webhook_result", "the result of this item says nothing"),
        },
    }
}

enum State {
    Taken,
    Failed { code: String, passes: bool },
    Unclear,
}

fn state_of(result: &Value) -> State {
    let failed = |passes| State::Failed {
        code: "webhook_item_failed".to_owned(),
        passes,
    };
    match result {
        Value::Bool(true) => State::Taken,
        Value::Bool(false) => failed(false),
        Value::Number(_) => by_item_status(result),
        Value::Object(of) => {
            let passes = of.get("retry").and_then(Value::as_bool).unwrap_or(false);
            let said = of.get("ok").or_else(|| of.get("success"));
            match (said.and_then(Value::as_bool), of.get("status")) {
                (Some(true), _) => State::Taken,
                (Some(false), _) => failed(passes),
                (None, Some(status)) => by_item_status(status),
                (None, None) => State::Unclear,
            }
        }
        Value::Null | Value::String(_) | Value::Array(_) => State::Unclear,
    }
}

fn by_item_status(status: &Value) -> State {
    match status.as_u64() {
        Some(200..=299) => State::Taken,
        Some(status @ (408 | 425 | 429 | 500..=599)) => State::Failed {
            code: format!("webhook_item_{status}"),
            passes: true,
        },
        Some(status @ 400..=499) => State::Failed {
            code: format!("webhook_item_{status}"),
            passes: false,
        },
        _ => State::Unclear,
    }
}
