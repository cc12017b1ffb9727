//! An endpoint that checks the signatures of Standard Webhooks, as its reference libraries do.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    answer::Answer,
    call::{Call, Judged, Refusal},
    ledger::Decision,
};

/// A timestamp may be so many seconds away.
const TOLERANCE_SECONDS: i64 = 5 * 60;

/// Judges a request.
pub(crate) fn deliver(call: &Call) -> Judged {
    match judge(call) {
        Ok(judged) => judged,
        Err((status, why)) => {
            let answer = Answer::json(status, &json!({"error": why}));
            Refusal::new(why, answer).judged(0)
        }
    }
}

type Refused = (StatusCode, &'static str);

fn judge(call: &Call) -> Result<Judged, Refused> {
    let id = call.header("webhook-id").unwrap_or_default();
    if id.is_empty() {
        return Err((StatusCode::BAD_REQUEST, "no webhook-id"));
    }
    if let Some(secret) = &call.world.options.signing_secret {
        check_signature(call, id, secret)?;
    }
    let body: Value = serde_json::from_slice(call.body)
        .map_err(|_| (StatusCode::BAD_REQUEST, "the body is not JSON"))?;
    let hooks = &call.world.hooks;
    let items = body["items"].as_array().cloned().unwrap_or_default();
    let answer = match hooks.results(&items) {
        Some(results) => Answer::json(StatusCode::OK, &json!({"results": results})),
        None => Answer::empty(StatusCode::NO_CONTENT),
    };
    let headers: BTreeMap<String, String> = call
        .head
        .headers
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with("webhook-"))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    if call.takes {
        hooks.take(id, body, headers);
    }
    let count = items.len().max(1) as u32;
    let decision = Decision {
        unnamed: count,
        events: count,
        is_accepted: true,
        ..Decision::default()
    };
    Ok(Judged { answer, decision })
}

fn check_signature(call: &Call, id: &str, secret: &str) -> Result<(), Refused> {
    let bad = |why| Err((StatusCode::UNAUTHORIZED, why));
    let Some(seconds) = call.header("webhook-timestamp") else {
        return bad("no webhook-timestamp");
    };
    let age = seconds
        .parse::<i64>()
        .map(|at| (call.now_ms / 1000 - at).abs());
    if age.map_or(true, |age| age > TOLERANCE_SECONDS) {
        return bad("webhook-timestamp is too far away");
    }
    let key = secret.strip_prefix("whsec_").unwrap_or(secret);
    let Ok(key) = BASE64_STANDARD.decode(key) else {
        return bad("the secret of this stand-in is not base64");
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return bad("the secret of this stand-in is no key");
    };
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(call.body);
    let given = call.header("webhook-signature").unwrap_or_default();
    let fits = given
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"))
        .any(|one| {
            let bytes = BASE64_STANDARD.decode(one);
            bytes.is_ok_and(|bytes| mac.clone().verify_slice(&bytes).is_ok())
        });
    match fits {
        true => Ok(()),
        false => bad("the signature does not fit"),
    }
}
