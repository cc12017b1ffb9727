//! Meta's errors, in its form.

use http::{HeaderName, StatusCode};
use serde_json::json;

use super::{event::Flaw, texts};
use crate::{answer::Answer, call::Refusal, world::World};

/// Where Meta tells how much of an allowance is used.
pub(super) const USAGE: HeaderName = HeaderName::from_static("x-business-use-case-usage");

/// Code 4 with the minutes to wait in the usage header.
pub(crate) fn throttle(world: &World, dataset: &str, minutes: u32) -> Refusal {
    let message = "(#4) Application request limit reached";
    let mut refusal = error(world, StatusCode::BAD_REQUEST, message, 4, Some(1_504_022));
    refusal.answer = refusal.answer.with(USAGE, &usage(dataset, 100, minutes));
    refusal
}

/// Code 2: the service is not there for the moment.
pub(crate) fn server_error(world: &World, status: StatusCode) -> Refusal {
    let message = "Service temporarily unavailable";
    let body = json!({"error": {
        "message": message, "type": "OAuthException", "code": 2, "is_transient": true,
        "fbtrace_id": world.trace(),
    }});
    Refusal::new("2", Answer::json(status, &body))
}

/// Code 2500: nothing lies under this path.
pub(crate) fn unknown_path(world: &World) -> Refusal {
    let message = "Unknown path components: /events";
    error(world, StatusCode::BAD_REQUEST, message, 2500, None)
}

pub(super) fn no_such_dataset(world: &World, dataset: &str) -> Refusal {
    let message = format!(
        "Unsupported post request. Object with ID '{dataset}' does not exist, cannot be loaded due \
         to missing permissions, or does not support this operation"
    );
    error(world, StatusCode::BAD_REQUEST, &message, 100, Some(33))
}

pub(super) fn payload_error(world: &World, flaw: Flaw) -> Refusal {
    let (title, text) = texts::of(flaw, world.options.language);
    let subcode = flaw.subcode();
    let body = json!({"error": {
        "message": "Invalid parameter",
        "type": "OAuthException",
        "code": 100,
        "error_subcode": subcode,
        "is_transient": false,
        "error_user_title": title,
        "error_user_msg": text,
        "fbtrace_id": world.trace(),
    }});
    Refusal::new(
        format!("100/{subcode}"),
        Answer::json(StatusCode::BAD_REQUEST, &body),
    )
}

/// An error without texts for a person. Its type is `OAuthException` whatever it is about.
pub(super) fn error(
    world: &World,
    status: StatusCode,
    message: &str,
    code: u32,
    subcode: Option<u32>,
) -> Refusal {
    let mut body = json!({
        "message": message, "type": "OAuthException", "code": code, "fbtrace_id": world.trace(),
    });
    let mut counted = code.to_string();
    if let Some(subcode) = subcode {
        body["error_subcode"] = subcode.into();
        counted = format!("{code}/{subcode}");
    }
    Refusal::new(counted, Answer::json(status, &json!({"error": body})))
}

/// Percentages, and minutes until access is back.
pub(super) fn usage(dataset: &str, percent: u32, minutes: u32) -> String {
    let usage = json!({
        "type": "ads_management",
        "call_count": percent,
        "total_cputime": percent / 4,
        "total_time": percent / 4,
        "estimated_time_to_regain_access": minutes,
    });
    json!({dataset: [usage]}).to_string()
}
