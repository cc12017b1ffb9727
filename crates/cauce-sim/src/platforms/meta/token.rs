//! Meta's tokens: how a bad one is refused, and what `debug_token` tells of one.

use http::StatusCode;
use serde_json::{Value, json};

use super::errors::{error, throttle, unknown_path};
use crate::{
    Token,
    answer::Answer,
    call::{Call, Refusal},
    world::World,
};

/// Code 190 with the subcode of the reason; 200 where the token may not write here.
pub(crate) fn refuse_token(world: &World, token: Option<Token>) -> Refusal {
    let refuse = |subcode| {
        let message = "Error validating access token";
        error(world, StatusCode::UNAUTHORIZED, message, 190, subcode)
    };
    match token {
        Some(Token::Expired) => refuse(Some(463)),
        Some(Token::Revoked) => refuse(Some(458)),
        Some(Token::Throttled) => throttle(world, "1", 15),
        Some(Token::Forbidden) => {
            let message = "(#200) The token lacks the permission to send events here";
            error(world, StatusCode::FORBIDDEN, message, 200, None)
        }
        Some(Token::Good | Token::GoodUntil(_)) | None => refuse(None),
    }
}

/// `GET /{version}/debug_token`. A token may ask about itself; a dead one may ask nothing.
pub(crate) fn debug(call: &Call) -> Answer {
    let Some(asked) = call.query("input_token") else {
        return unknown_path(call.world).answer;
    };
    let asking = call
        .query("access_token")
        .and_then(|text| call.token(&text));
    if !asking.is_some_and(is_alive) {
        return refuse_token(call.world, asking).answer;
    }
    let token = call.token(&asked);
    let found = match token {
        Some(token) if is_alive(token) => alive(call.world, token),
        _ => dead(token),
    };
    Answer::json(StatusCode::OK, &json!({ "data": found }))
}

const fn is_alive(token: Token) -> bool {
    match token {
        Token::Good | Token::GoodUntil(_) | Token::Throttled | Token::Forbidden => true,
        Token::Expired | Token::Revoked => false,
    }
}

/// Unix seconds; an end of 0 says that there is none. A forbidden token lists no dataset.
fn alive(world: &World, token: Token) -> Value {
    let end = match token {
        Token::GoodUntil(end) => end,
        _ => 0,
    };
    let targets = match token {
        Token::Forbidden => Vec::new(),
        _ => vec![world.options.account.as_deref().unwrap_or("1")],
    };
    json!({
        "app_id": "100000000000001",
        "type": "SYSTEM_USER",
        "application": "stand-in",
        "data_access_expires_at": 0,
        "expires_at": end,
        "is_valid": true,
        "issued_at": 1_788_608_891,
        "scopes": ["ads_management", "business_management"],
        "granular_scopes": [{"scope": "ads_management", "target_ids": targets}],
        "user_id": "100000000000002",
    })
}

fn dead(token: Option<Token>) -> Value {
    let subcode = match token {
        Some(Token::Expired) => 463,
        Some(Token::Revoked) => 458,
        _ => 467,
    };
    let error =
        json!({"code": 190, "message": "Error validating access token", "subcode": subcode});
    json!({"error": error, "is_valid": false, "scopes": []})
}
