//! The errors of the Cloud API.

use http::{HeaderName, StatusCode, header};
use serde_json::json;

use crate::{answer::Answer, call::Refusal, world::World};

const USAGE: HeaderName = HeaderName::from_static("x-business-use-case-usage");

/// A refusal with this code.
pub(crate) fn refuse(world: &World, code: u32) -> Refusal {
    with_status(world, code, status_of(code))
}

/// The number in the path is not one of this token's.
pub(super) fn no_such_phone(world: &World, phone: &str) -> Refusal {
    let body = json!({"error": {
        "message": format!("Unsupported post request. Object with ID '{phone}' does not exist"),
        "type": "GraphMethodException", "code": 100, "error_subcode": 33,
        "fbtrace_id": world.trace(),
    }});
    Refusal::new("100/33", Answer::json(StatusCode::BAD_REQUEST, &body))
}

/// The throughput of the number is used up: seconds in one header, minutes in the other.
pub(crate) fn throttle(world: &World, minutes: u32) -> Refusal {
    let usage = json!({"WABA": [{
        "type": "whatsapp", "call_count": 100, "total_cputime": 1, "total_time": 1,
        "estimated_time_to_regain_access": minutes,
    }]});
    let mut refusal = with_status(world, 130_429, StatusCode::TOO_MANY_REQUESTS);
    refusal.answer = refusal
        .answer
        .with(header::RETRY_AFTER, "1")
        .with(USAGE, &usage.to_string());
    refusal
}

/// Trouble of its own. A limit is told with 400 or 429, and here it is 429.
pub(crate) fn server_error(world: &World, status: StatusCode) -> Refusal {
    let code = match status.as_u16() {
        429 => 130_429,
        503 => 131_016,
        _ => 131_000,
    };
    with_status(world, code, status)
}

fn with_status(world: &World, code: u32, status: StatusCode) -> Refusal {
    let body = json!({"error": {
        "message": format!("(#{code}) Refused"), "type": "OAuthException", "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "refused by the stand-in"},
        "fbtrace_id": world.trace(),
    }});
    Refusal::new(code.to_string(), Answer::json(status, &body))
}

/// As the table of error codes has it.
fn status_of(code: u32) -> StatusCode {
    match code {
        10 | 131_005 | 131_031 | 368 | 200..=299 => StatusCode::FORBIDDEN,
        132_001 => StatusCode::NOT_FOUND,
        3 | 131_045 | 131_057 | 131_000 => StatusCode::INTERNAL_SERVER_ERROR,
        131_016 | 2 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}
