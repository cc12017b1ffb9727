//! Twilio's errors: of the older form and of RFC 9457, by turns, because a client may meet both.

use http::StatusCode;
use serde_json::json;

use super::status_of;
use crate::{Token, answer::Answer, call::Refusal};

/// A refusal with this code.
pub(super) fn refuse(code: u32) -> Refusal {
    let status = status_of(code);
    with_status(code, status)
}

/// 20003, whatever is wrong with the credentials.
pub(crate) fn refuse_token(_token: Option<Token>) -> Refusal {
    refuse(20_003)
}

/// 20429: nothing was done, and it is safe to try again.
pub(crate) fn throttle() -> Refusal {
    refuse(20_429)
}

/// Trouble of its own; a page at 502 and above, as a proxy in front of it would answer.
pub(crate) fn server_error(status: StatusCode) -> Refusal {
    match status.as_u16() {
        429 => throttle(),
        500 => with_status(20_500, status),
        _ => Refusal::new(status.as_str(), Answer::html(status)),
    }
}

/// Codes with an even number are told in the form of RFC 9457.
fn with_status(code: u32, status: StatusCode) -> Refusal {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    let body = match code % 2 {
        0 => json!({
            "type": more, "title": text(code), "status": status.as_u16(), "code": code,
            "detail": text(code),
        }),
        _ => json!({
            "code": code, "message": text(code), "more_info": more, "status": status.as_u16(),
        }),
    };
    Refusal::new(code.to_string(), Answer::json(status, &body))
}

/// What Twilio tells a person; the sentences are ours.
fn text(code: u32) -> &'static str {
    match code {
        20_003 => "Authenticate",
        20_404 => "The requested resource was not found",
        20_429 => "Too many requests",
        20_500 => "An internal server error has occurred",
        21_211 => "Invalid 'To' Phone Number",
        21_603 | 21_604 => "A required phone number is missing",
        21_610 => "Attempt to send to unsubscribed recipient",
        21_617 => "The message body exceeds the 1600 character limit",
        _ => "The message was not accepted",
    }
}
