//! LinkedIn's errors, in its form.

use http::StatusCode;
use serde_json::json;

use crate::{answer::Answer, call::Refusal};

/// 429 of the daily allowance; LinkedIn gives no header with it.
pub(crate) fn throttle() -> Refusal {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let text =
        "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.";
    let body = json!({"status": 429, "code": "TOO_MANY_REQUESTS", "message": text});
    Refusal::new("429", Answer::json(status, &body))
}

/// An error of LinkedIn's own.
pub(crate) fn server_error(status: StatusCode) -> Refusal {
    error(status, "Internal Server Error")
}

/// 426: the version has been shut down.
pub(crate) fn sunset(version: &str) -> Refusal {
    let text = format!("Requested version {version} is not active");
    let body = json!({"status": 426, "code": "NONEXISTENT_VERSION", "message": text});
    Refusal::new("426", Answer::json(StatusCode::UPGRADE_REQUIRED, &body))
}

pub(super) fn unprocessable(message: &str) -> Refusal {
    error(StatusCode::UNPROCESSABLE_ENTITY, message)
}

pub(super) fn error(status: StatusCode, message: &str) -> Refusal {
    let body = json!({"message": message, "status": status.as_u16()});
    Refusal::new(status.as_str(), Answer::json(status, &body))
}
