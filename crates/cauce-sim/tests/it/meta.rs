//! What Meta's stand-in takes and refuses.

use cauce_sim::{EventKey, Language, Options, Platform, Poison, StandIn, Token};
use serde_json::{Value, json};

use crate::client::{Call, HASH, Reply, now_ms, set};

const PATH: &str = "/v26.0/1234567890/events";

pub(crate) fn event(id: &str) -> Value {
    json!({
        "event_name": "Purchase",
        "event_time": now_ms() / 1000 - 60,
        "event_id": id,
        "action_source": "website",
        "event_source_url": "https://shop.example/done",
        "user_data": {
            "em": [HASH],
            "client_ip_address": "203.0.113.7",
            "client_user_agent": "Mozilla/5.0",
            "fbp": "fb.1.1700000000000.123456",
        },
        "custom_data": {
            "value": 12.5,
            "currency": "EUR",
            "contents": [{"id": "sku-1", "quantity": 2, "item_price": 6.25}],
            "content_type": "product",
            "order_id": "o-1",
        },
    })
}

pub(crate) fn batch(events: &[Value]) -> Call {
    Call::post(PATH, &json!({ "data": events })).with("Authorization", "Bearer ok")
}

async fn start() -> StandIn {
    StandIn::start(Platform::Meta, Options::default())
        .await
        .unwrap()
}

fn codes(reply: &Reply) -> (u16, u64, u64) {
    let error = &reply.json()["error"];
    let number = |name: &str| error[name].as_u64().unwrap_or(0);
    (reply.status, number("code"), number("error_subcode"))
}

#[tokio::test]
async fn good_batch_is_taken_and_written_down() {
    let meta = start().await;
    let reply = batch(&[event("a"), event("b")]).send(&meta).await;
    assert_eq!(reply.status, 200);
    let answer = reply.json();
    assert_eq!(answer["events_received"], 2);
    assert_eq!(answer["messages"], json!([]));
    assert!(answer["fbtrace_id"].is_string());
    let ledger = meta.ledger();
    let mut expected = [EventKey::of("a"), EventKey::of("b")];
    expected.sort();
    assert_eq!(ledger.accepted_ids(), expected);
    assert_eq!(ledger.batch_sizes(), [(2, 1)].into());
    assert_eq!((ledger.accepted_events(), ledger.unnamed_events()), (2, 0));
    meta.stop().await;
}

#[tokio::test]
async fn each_bad_event_refuses_the_batch_with_its_subcode() {
    let meta = start().await;
    let now_s = now_ms() / 1000;
    let cases = [
        ("/event_time", json!(now_s - 7 * 86_400 - 5), 2_804_003),
        ("/event_time", json!(now_ms()), 2_804_019),
        ("/event_time", json!(now_s.to_string()), 2_804_019),
        ("/event_time", Value::Null, 2_804_019),
        ("/event_name", json!(""), 2_804_019),
        ("/action_source", json!("web"), 2_804_019),
        ("/action_source", Value::Null, 2_804_019),
        ("/event_source_url", Value::Null, 2_804_019),
        ("/eventId", json!("x"), 2_804_019),
        ("/user_data", Value::Null, 2_804_014),
        ("/user_data", json!({}), 2_804_014),
        ("/user_data/em", json!("abc@gmail.com"), 2_804_016),
        ("/user_data/em", json!(HASH.to_uppercase()), 2_804_016),
        ("/user_data/ph", json!(["34600123456"]), 2_804_016),
        ("/user_data/client_ip_address", json!(HASH), 2_804_014),
        ("/user_data/client_user_agent", json!(HASH), 2_804_014),
        ("/user_data/fbp", json!("fb.1.1700000000.123456"), 2_804_014),
        ("/user_data/email", json!(HASH), 2_804_014),
        (
            "/user_data",
            json!({"ct": HASH, "country": HASH}),
            2_804_050,
        ),
        ("/user_data", json!({"fn": HASH, "ge": HASH}), 2_804_050),
        ("/custom_data", Value::Null, 2_804_009),
        ("/custom_data/value", Value::Null, 2_804_009),
        ("/custom_data/value", json!("12.5"), 2_804_019),
        ("/custom_data/currency", Value::Null, 2_804_019),
        ("/custom_data/currency", json!("euro"), 2_804_019),
        ("/custom_data/contents/0/id", json!(7), 2_804_019),
        ("/custom_data/contents/0/quantity", json!(1.5), 2_804_019),
        ("/data_processing_options", json!(["CCPA"]), 2_804_030),
        ("/data_processing_options_state", json!(999), 2_804_030),
    ];
    for (pointer, value, subcode) in cases {
        let bad = set(event("bad"), pointer, value.clone());
        let reply = batch(&[event("good"), bad]).send(&meta).await;
        assert_eq!(codes(&reply), (400, 100, subcode), "{pointer} = {value}");
    }
    assert_eq!(meta.ledger().accepted_events(), 0);
    assert_eq!(meta.ledger().refusals()["100/2804003"], 1);
}

#[tokio::test]
async fn shop_events_may_be_older() {
    let meta = start().await;
    let time = json!(now_ms() / 1000 - 60 * 86_400);
    let shop = set(
        set(event("a"), "/event_time", time),
        "/action_source",
        json!("physical_store"),
    );
    assert_eq!(batch(&[shop]).send(&meta).await.status, 200);
}

#[tokio::test]
async fn click_ids_of_another_form_are_not_looked_into() {
    let meta = start().await;
    let own = set(event("a"), "/user_data/fbp", json!("fbp_value"));
    assert_eq!(batch(&[own]).send(&meta).await.status, 200);
}

#[tokio::test]
async fn texts_come_in_the_language_asked_for() {
    let bad = set(event("a"), "/custom_data/value", Value::Null);
    for (language, title) in [
        (Language::Spanish, "Compra sin valor"),
        (Language::French, "Achat sans valeur"),
        (Language::English, "Purchase without a value"),
    ] {
        let options = Options {
            language,
            ..Options::default()
        };
        let meta = StandIn::start(Platform::Meta, options).await.unwrap();
        let answer = batch(std::slice::from_ref(&bad)).send(&meta).await.json();
        assert_eq!(answer["error"]["error_user_title"], title);
        assert_eq!(answer["error"]["type"], "OAuthException");
    }
}

#[tokio::test]
async fn token_decides() {
    let meta = start().await;
    meta.faults()
        .set_token("ends", Token::GoodUntil(now_ms() / 1000 - 1));
    for (token, expected) in [
        ("ok", (200, 0, 0)),
        ("expired", (401, 190, 463)),
        ("ends", (401, 190, 463)),
        ("revoked", (401, 190, 458)),
        ("unheard-of", (401, 190, 0)),
        ("throttled", (400, 4, 1_504_022)),
        ("forbidden", (403, 200, 0)),
    ] {
        let call = batch(&[event(token)]).with("Authorization", &format!("Bearer {token}"));
        assert_eq!(codes(&call.send(&meta).await), expected, "{token}");
    }
    let bare = batch(&[event("x")]).without("Authorization");
    assert_eq!(codes(&bare.send(&meta).await), (401, 190, 0));
}

#[tokio::test]
async fn token_may_stand_in_query_or_body() {
    let meta = start().await;
    let query = Call::post(
        &format!("{PATH}?access_token=ok"),
        &json!({"data": [event("a")]}),
    );
    assert_eq!(query.send(&meta).await.status, 200);
    let body = Call::post(PATH, &json!({"data": [event("b")], "access_token": "ok"}));
    assert_eq!(body.send(&meta).await.status, 200);
}

#[tokio::test]
async fn throttle_tells_minutes_in_the_usage_header() {
    let meta = start().await;
    let call = batch(&[event("a")]).with("Authorization", "Bearer throttled");
    let reply = call.send(&meta).await;
    let usage: Value =
        serde_json::from_str(reply.header("x-business-use-case-usage").unwrap()).unwrap();
    assert_eq!(
        usage["1234567890"][0]["estimated_time_to_regain_access"],
        15
    );

    meta.faults().set_usage(85);
    let reply = batch(&[event("a")]).send(&meta).await;
    let usage: Value =
        serde_json::from_str(reply.header("x-business-use-case-usage").unwrap()).unwrap();
    assert_eq!(
        (reply.status, &usage["1234567890"][0]["call_count"]),
        (200, &json!(85))
    );
}

#[tokio::test]
async fn envelope_must_be_right() {
    let meta = start().await;
    let many: Vec<_> = (0..1001).map(|_| json!({})).collect();
    for body in [
        json!({}),
        json!({"data": {}}),
        json!({"data": []}),
        json!({"data": many}),
        json!({"data": [event("a")], "partner_agent": "a-name-that-is-much-too-long"}),
        json!({"data": [event("a")], "test_event_code": 7}),
    ] {
        let call = Call::post(PATH, &body).with("Authorization", "Bearer ok");
        assert_eq!(codes(&call.send(&meta).await), (400, 100, 0));
    }
    let broken = batch(&[]).body("{\"data\": [");
    assert_eq!(codes(&broken.send(&meta).await), (400, 100, 0));
    let form = batch(&[event("a")]).with("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(codes(&form.send(&meta).await), (400, 100, 0));
}

#[tokio::test]
async fn wrong_places_are_told_apart() {
    let options = Options {
        account: Some("42".into()),
        ..Options::default()
    };
    let meta = StandIn::start(Platform::Meta, options).await.unwrap();
    let to = |path: &str| {
        Call::post(path, &json!({"data": [event("a")]})).with("Authorization", "Bearer ok")
    };
    assert_eq!(to("/v26.0/42/events").send(&meta).await.status, 200);
    assert_eq!(
        codes(&to("/v26.0/43/events").send(&meta).await),
        (400, 100, 33)
    );
    assert_eq!(codes(&to("/42/events").send(&meta).await), (400, 2500, 0));
    assert_eq!(
        codes(&Call::get("/v26.0/42").send(&meta).await),
        (400, 100, 0)
    );
    let old = to("/v20.0/42/events").send(&meta).await;
    assert!(old.header("x-ad-api-version-warning").is_some());
}

#[tokio::test]
async fn body_above_the_limit_is_turned_away() {
    let options = Options {
        max_body_bytes: 100,
        ..Options::default()
    };
    let meta = StandIn::start(Platform::Meta, options).await.unwrap();
    let reply = batch(&[event("a")]).send(&meta).await;
    assert_eq!(reply.status, 413);
    assert_eq!(meta.ledger().accepted_events(), 0);
}

#[tokio::test]
async fn poison_refuses_an_event_that_looks_good() {
    let meta = start().await;
    meta.faults().poison(["b"], Poison::Unnamed);
    let reply = batch(&[event("a"), event("b")]).send(&meta).await;
    assert_eq!(codes(&reply), (400, 100, 2_804_019));
    assert_eq!(batch(&[event("a")]).send(&meta).await.status, 200);
    assert_eq!(meta.ledger().count("b"), 0);
}

#[tokio::test]
async fn debug_token_tells_of_tokens() {
    let end = now_ms() / 1000 + 3600;
    let meta = start().await;
    meta.faults().set_token("ends", Token::GoodUntil(end));
    let ask = |token: &str| {
        Call::get(&format!(
            "/v26.0/debug_token?input_token={token}&access_token=ok"
        ))
    };
    let ok = ask("ok").send(&meta).await.json();
    assert_eq!(
        (&ok["data"]["is_valid"], &ok["data"]["expires_at"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(
        ask("ends").send(&meta).await.json()["data"]["expires_at"],
        end
    );
    let dead = ask("expired").send(&meta).await.json();
    assert_eq!(dead["data"]["is_valid"], false);
    assert_eq!(dead["data"]["error"]["subcode"], 463);
    let itself = Call::get("/v26.0/debug_token?input_token=expired&access_token=expired");
    assert_eq!(codes(&itself.send(&meta).await), (401, 190, 463));
    assert_eq!(
        (meta.ledger().checks(), meta.ledger().request_count()),
        (4, 0)
    );
}
