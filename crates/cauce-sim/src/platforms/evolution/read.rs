//! What Evolution shows of an instance, and the setting of its webhook.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    errors::{refuse, refuse_key},
    jid,
};
use crate::{Callbacks, Token, Treatment, answer::Answer, call::Call, check::is_url};

/// `POST /verify-creds`: the answer holds a secret.
pub(super) fn verify(call: &Call) -> Answer {
    match call.header("apikey").and_then(|key| call.token(key)) {
        Some(Token::Good | Token::GoodUntil(_)) => {
            let body = json!({
                "status": 200, "message": "Credentials are valid", "facebookAppId": "1",
                "facebookConfigId": "2", "facebookUserToken": "EAA-a-secret",
            });
            Answer::json(StatusCode::OK, &body)
        }
        _ => refuse_key().answer,
    }
}

pub(super) fn state(call: &Call, instance: &str) -> Answer {
    let state = call.world.messages.connection();
    let body = json!({"instance": {"instanceName": instance, "state": state}});
    Answer::json(StatusCode::OK, &body)
}

/// Which numbers are on WhatsApp.
pub(super) fn numbers(call: &Call) -> Answer {
    let body: Value = serde_json::from_slice(call.body).unwrap_or_default();
    let Some(numbers) = body["numbers"].as_array() else {
        let text = "instance requires property \"numbers\"";
        return refuse(StatusCode::BAD_REQUEST, &json!([[text]])).answer;
    };
    let shown = |number: &str| {
        let treatment = call.world.messages.treatment(number);
        let exists = !matches!(treatment, Treatment::Refused(_));
        json!({"exists": exists, "jid": jid::of(number), "number": number})
    };
    let all: Vec<_> = numbers
        .iter()
        .filter_map(Value::as_str)
        .map(shown)
        .collect();
    Answer::json(StatusCode::OK, &json!(all))
}

/// `POST /webhook/set/{instance}`: the body is nested, whatever the published document shows.
pub(super) fn set_webhook(call: &Call) -> Answer {
    let body: Value = serde_json::from_slice(call.body).unwrap_or_default();
    let webhook = &body["webhook"];
    if !webhook.is_object() {
        let text = "instance requires property \"webhook\"";
        return refuse(StatusCode::BAD_REQUEST, &json!([[text]])).answer;
    }
    let url = webhook["url"].as_str().filter(|url| is_url(url));
    let enabled = webhook["enabled"].as_bool().unwrap_or(false);
    if enabled && url.is_none() {
        return refuse(
            StatusCode::BAD_REQUEST,
            &json!(["Invalid \"url\" property"]),
        )
        .answer;
    }
    let notices = call.world.messages.notices();
    let mut callbacks = Callbacks {
        url: url.filter(|_| enabled).map(str::to_owned),
        headers: Vec::new(),
        ..notices.callbacks()
    };
    for (name, value) in webhook["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "jwt_key" => callbacks.secret = value,
            _ => callbacks.headers.push((name.clone(), value)),
        }
    }
    call.world.messages.call_back(callbacks);
    Answer::json(StatusCode::CREATED, &body)
}

pub(super) fn webhook(call: &Call) -> Answer {
    let callbacks = call.world.messages.notices().callbacks();
    let body = json!({"url": callbacks.url, "enabled": callbacks.url.is_some()});
    Answer::json(StatusCode::OK, &body)
}
