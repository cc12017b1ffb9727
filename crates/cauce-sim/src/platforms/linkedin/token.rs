//! LinkedIn's tokens: how a bad one is refused, and what introspection tells of one.

use http::StatusCode;
use serde_json::{Value, json};

use super::errors::throttle;
use crate::{
    Token,
    answer::Answer,
    call::{Call, Refusal},
};

/// 401 with a service code, or 403 where the token may not write here.
pub(crate) fn refuse_token(token: Option<Token>) -> Refusal {
    let refuse = |number: u32, code: &str, message: &str| {
        let body = json!({
            "status": 401, "serviceErrorCode": number, "code": code, "message": message,
        });
        Refusal::new(
            number.to_string(),
            Answer::json(StatusCode::UNAUTHORIZED, &body),
        )
    };
    match token {
        Some(Token::Expired) => refuse(
            65_602,
            "EXPIRED_ACCESS_TOKEN",
            "The token used in the request has expired",
        ),
        Some(Token::Revoked) => {
            let text = "The token used in the request has been revoked by the user";
            refuse(65_601, "REVOKED_ACCESS_TOKEN", text)
        }
        Some(Token::Throttled) => throttle(),
        Some(Token::Forbidden) => {
            let text = "Not enough permissions to access: conversionEvents.CREATE";
            let body = json!({
                "status": 403, "serviceErrorCode": 100, "code": "ACCESS_DENIED", "message": text,
            });
            Refusal::new("403", Answer::json(StatusCode::FORBIDDEN, &body))
        }
        Some(Token::Good | Token::GoodUntil(_)) | None => {
            refuse(65_600, "INVALID_ACCESS_TOKEN", "Invalid access token")
        }
    }
}

/// `POST /oauth/v2/introspectToken` with the application's id and secret as a form.
pub(super) fn introspect(call: &Call) -> Answer {
    let client = &call.world.options.client;
    let (Some(id), Some(secret), Some(token)) = (
        call.form("client_id"),
        call.form("client_secret"),
        call.form("token"),
    ) else {
        return refused(StatusCode::BAD_REQUEST, "a parameter is missing");
    };
    if id != client.id.as_str() {
        return refused(StatusCode::BAD_REQUEST, "the client id is unknown");
    }
    if secret != client.secret.as_str() {
        return refused(StatusCode::UNAUTHORIZED, "the client secret is wrong");
    }
    match call.token(&token) {
        Some(token) => Answer::json(StatusCode::OK, &describe(token, call)),
        None => refused(StatusCode::BAD_REQUEST, "the token is invalid"),
    }
}

/// Unix seconds; a token without an end of its own gets 60 days.
fn describe(token: Token, call: &Call) -> Value {
    const DAY_S: i64 = 86_400;
    let now_s = call.now_ms / 1000;
    let (status, end) = match token {
        Token::Expired => ("expired", now_s - DAY_S),
        Token::Revoked => ("revoked", now_s + DAY_S),
        Token::GoodUntil(end) => ("active", end),
        Token::Good | Token::Throttled | Token::Forbidden => ("active", now_s + 60 * DAY_S),
    };
    json!({
        "active": status == "active",
        "client_id": call.world.options.client.id,
        "authorized_at": now_s - DAY_S,
        "created_at": now_s - DAY_S,
        "status": status,
        "expires_at": end,
        "scope": "r_ads,rw_conversions",
        "auth_type": "3L",
    })
}

fn refused(status: StatusCode, description: &str) -> Answer {
    let body = json!({"error": "invalid_request", "error_description": description});
    Answer::json(status, &body)
}
