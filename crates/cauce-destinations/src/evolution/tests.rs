use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::*;
use crate::testing::{
    NOW, check_answers, check_credentials, check_messages, check_told, covered, job, response,
};

const REQUESTS: &str = include_str!("fixtures/requests.json");
const ANSWERS: &str = include_str!("fixtures/answers.json");
const CHECKS: &str = include_str!("fixtures/checks.json");
const WEBHOOKS: &str = include_str!("fixtures/webhooks.json");

fn evolution(secret: Option<&str>) -> Evolution {
    let config = json!({
        "instance": "ventas", "api_key": "K", "webhook_secret": secret,
        "base_url": "http://127.0.0.1:8081",
    });
    Evolution::new(serde_json::from_value(config).unwrap())
}

#[test]
fn messages_make_these_requests() {
    check_messages(REQUESTS);
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &evolution(None));
}

#[test]
fn the_id_of_a_message_is_kept() {
    let sent = response(201, &json!({"key": {"id": "BAE5"}}));
    let judgement = evolution(None).classify(&[job("{}".into())], &sent, NOW);
    assert_eq!(judgement.verdict, judge::taken("BAE5"));
}

#[test]
fn the_connection_and_the_key_are_checked_together() {
    check_credentials(CHECKS, &evolution(None));
    let request = evolution(None).check(NOW).unwrap();
    let expected = "http://127.0.0.1:8081/instance/connectionState/ventas";
    assert_eq!(request.url, expected);
    assert_eq!(format!("{:?}", request.headers), "[apikey: (secret)]");
}

#[test]
fn webhooks_tell_this() {
    check_told(WEBHOOKS, |body| evolution(None).webhooks().told(body));
    assert_eq!(evolution(None).webhooks().told(b"[]"), None);
}

fn token(secret: &str, expires_in: i64) -> String {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let end = NOW.as_millis() / 1000 + expires_in;
    let claims = format!(r#"{{"app":"evolution","action":"webhook","exp":{end}}}"#);
    let signed = format!(
        "{}.{}",
        part(r#"{"alg":"HS256","typ":"JWT"}"#),
        part(&claims)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("Bearer {signed}.{signature}")
}

#[test]
fn only_a_gateway_that_knows_the_secret_is_believed() {
    let webhooks = evolution(Some("S")).webhooks();
    let believed = |shown, token: Option<&str>| webhooks.is_authentic(shown, token, NOW);
    assert!(believed(Some("S"), None));
    assert!(believed(None, Some(&token("S", 600))));
    assert!(!believed(None, None));
    assert!(!believed(Some("T"), None));
    assert!(!believed(Some("T"), Some(&token("S", 600))));
    assert!(!believed(None, Some(&token("T", 600))));
    assert!(!believed(None, Some(&token("S", -600))));
    assert!(!believed(None, Some("Bearer S")));
    assert!(!believed(None, Some(&token("S", 600)["Bearer ".len()..])));
}

#[test]
fn without_a_secret_nobody_is_believed() {
    let webhooks = evolution(None).webhooks();
    assert!(!webhooks.is_authentic(None, None, NOW));
    assert!(!webhooks.is_authentic(Some(""), None, NOW));
    assert!(!webhooks.is_authentic(None, Some(&token("", 600)), NOW));
    let empty = evolution(Some("")).webhooks();
    assert!(!empty.is_authentic(Some(""), None, NOW));
}

#[test]
fn all_known_inputs_and_outputs_are_covered() {
    assert_eq!(
        covered(&[ANSWERS, CHECKS, WEBHOOKS]),
        [
            "evolution_api: WHATSAPP-BUSINESS integration: Graph error inside HTTP 201",
            "evolution_api: connectionState: open and unknown instance",
            "evolution_api: guard order: unknown instance + wrong key is 404, known instance + wrong key is 401",
            "evolution_api: number without WhatsApp",
            "evolution_api: socket closed while sending (HTTP 400 but retryable)",
            "evolution_api: webhook connection.update and qrcode.updated",
        ]
    );
}
