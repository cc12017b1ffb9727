//! Evolution's errors, whose `message` has several shapes.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    call::{Call, Refusal},
    world::World,
};

/// An error with whatever stands in its `message`.
pub(super) fn refuse(status: StatusCode, message: &Value) -> Refusal {
    let body = json!({
        "status": status.as_u16(),
        "error": status.canonical_reason().unwrap_or("Error"),
        "response": {"message": message},
    });
    Refusal::new(status.as_str(), Answer::json(status, &body))
}

/// The key is wrong; only here the message is a plain text.
pub(crate) fn refuse_key() -> Refusal {
    refuse(StatusCode::UNAUTHORIZED, &json!("Unauthorized"))
}

pub(super) fn no_instance(instance: &str) -> Refusal {
    let text = format!("The \"{instance}\" instance does not exist");
    refuse(StatusCode::NOT_FOUND, &json!([text]))
}

pub(super) fn no_route(call: &Call) -> Refusal {
    let text = format!("Cannot {} {}", call.head.method, call.path());
    refuse(StatusCode::NOT_FOUND, &json!([text]))
}

/// The number is not on WhatsApp.
pub(super) fn not_there(jid: &str, number: &str) -> Refusal {
    let message = json!([{"jid": jid, "exists": false, "number": number}]);
    let mut refusal = refuse(StatusCode::BAD_REQUEST, &message);
    refusal.code = "not there".to_owned();
    refusal
}

/// What Graph said, in an answer that looks like success.
pub(super) fn graph(world: &World, code: u32) -> Refusal {
    let body = json!({
        "message": format!("(#{code}) Refused"), "type": "OAuthException", "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "refused"},
        "fbtrace_id": world.trace(),
    });
    Refusal::new(code.to_string(), Answer::json(StatusCode::CREATED, &body))
}

/// The throughput of a number is used up, as only a business instance can say.
pub(crate) fn throttle(world: &World) -> Refusal {
    graph(world, 130_429)
}

pub(crate) fn server_error(status: StatusCode) -> Refusal {
    let text = status.canonical_reason().unwrap_or("Error");
    refuse(status, &json!(text))
}
