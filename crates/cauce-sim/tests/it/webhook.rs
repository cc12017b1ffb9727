//! What the stand-in endpoint takes: what is signed as Standard Webhooks say, and fresh.

use cauce_sim::{Options, Platform, StandIn};
use serde_json::json;

use crate::client::{Call, now_ms};

/// The example of the reference libraries, and what signs the body below in it.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn start() -> StandIn {
    let options = Options {
        signing_secret: Some(SECRET.to_owned()),
        ..Options::default()
    };
    StandIn::start(Platform::Webhook, options).await.unwrap()
}

fn sign(id: &str, seconds: i64, body: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use hmac::{Hmac, KeyInit, Mac};
    let key = BASE64_STANDARD.decode(&SECRET[6..]).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

fn call(seconds: i64, signed_at: i64) -> Call {
    let body = json!({"items": [{"id": "1"}, {"id": "2"}]});
    let signature = sign("msg_1", signed_at, &body.to_string());
    Call::post("/in", &body)
        .with("webhook-id", "msg_1")
        .with("webhook-timestamp", &seconds.to_string())
        .with("webhook-signature", &signature)
}

#[tokio::test]
async fn the_example_of_the_reference_libraries_fits() {
    let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    assert_eq!(sign(id, 1_614_265_330, r#"{"test": 2432232314}"#), expected);
}

#[tokio::test]
async fn only_what_is_signed_and_fresh_is_taken() {
    let endpoint = start().await;
    let now = now_ms() / 1000;
    assert_eq!(call(now, now).send(&endpoint).await.status, 204);
    assert_eq!(call(now, now - 1).send(&endpoint).await.status, 401);
    assert_eq!(call(now - 600, now - 600).send(&endpoint).await.status, 401);
    assert_eq!(call(now, now).body("{}").send(&endpoint).await.status, 401);
    assert_eq!(
        call(now, now)
            .without("webhook-signature")
            .send(&endpoint)
            .await
            .status,
        401
    );
    assert_eq!(
        call(now, now)
            .without("webhook-id")
            .send(&endpoint)
            .await
            .status,
        400
    );
    let taken = endpoint.hooks().taken();
    assert_eq!((taken.len(), taken[0].id.as_str()), (1, "msg_1"));
    assert_eq!(endpoint.hooks().items().len(), 2);
}

#[tokio::test]
async fn single_items_are_answered_as_told() {
    let endpoint = start().await;
    endpoint.hooks().answer("2", json!({"ok": false}));
    let now = now_ms() / 1000;
    let reply = call(now, now).send(&endpoint).await;
    assert_eq!(reply.json(), json!({"results": [true, {"ok": false}]}));
}
