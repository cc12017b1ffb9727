//! What TikTok's stand-in takes and refuses: always with 200, the code tells.

use cauce_sim::{Fault, Options, Platform, Poison, StandIn};
use serde_json::{Value, json};

use crate::client::{Call, HASH, now_ms, set};

const PATH: &str = "/open_api/v1.3/event/track/";

fn event(id: &str) -> Value {
    json!({
        "event": "Purchase",
        "event_time": now_ms() / 1000 - 5,
        "event_id": id,
        "user": {
            "email": HASH, "phone": [HASH], "external_id": HASH, "city": "lima", "country": "pe",
            "ttclid": "E.C.P", "ip": "2001:db8::1", "user_agent": "Mozilla/5.0",
        },
        "page": {"url": "https://shop.example/done"},
        "properties": {
            "value": 12.5, "currency": "EUR", "content_type": "product",
            "contents": [{"content_id": "sku-1", "quantity": 2, "price": 6.25}],
        },
    })
}

fn batch(events: &[Value]) -> Call {
    let body = json!({"event_source": "web", "event_source_id": "PIXEL", "data": events});
    Call::post(PATH, &body).with("Access-Token", "ok")
}

async fn start() -> StandIn {
    StandIn::start(Platform::TikTok, Options::default())
        .await
        .unwrap()
}

async fn said(call: &Call, to: &StandIn) -> (u64, String) {
    let reply = call.send(to).await;
    assert_eq!(reply.status, 200);
    let answer = reply.json();
    assert!(answer["request_id"].is_string());
    (
        answer["code"].as_u64().unwrap(),
        answer["message"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn good_batch_gets_code_zero() {
    let tiktok = start().await;
    assert_eq!(
        said(&batch(&[event("a"), event("b")]), &tiktok).await,
        (0, "OK".into())
    );
    assert_eq!(
        (tiktok.ledger().count("a"), tiktok.ledger().count("b")),
        (1, 1)
    );
}

#[tokio::test]
async fn bad_event_is_named_by_batch_index_and_path() {
    let tiktok = start().await;
    for (pointer, value, path) in [
        ("/event", Value::Null, "event"),
        ("/event_time", json!(now_ms()), "event_time"),
        (
            "/event_time",
            json!((now_ms() / 1000).to_string()),
            "event_time",
        ),
        (
            "/event_time",
            json!(now_ms() / 1000 - 29 * 86_400),
            "event_time",
        ),
        ("/event_id", json!(7), "event_id"),
        ("/timestamp", json!("2026-01-01T00:00:00Z"), "timestamp"),
        ("/user/email", json!("ana@example.com"), "user.email"),
        ("/user/phone", json!(["+34600123456"]), "user.phone"),
        ("/user/city", json!(HASH), "user.city"),
        ("/user/ip", json!(HASH), "user.ip"),
        ("/user/phone_number", json!(HASH), "user.phone_number"),
        ("/page/url", json!(7), "page.url"),
        ("/limited_data_use", json!("yes"), "limited_data_use"),
        ("/properties/value", json!("12.5"), "properties.value"),
        ("/properties/value", Value::Null, "properties.value"),
        ("/properties/currency", Value::Null, "properties.currency"),
        ("/properties/currency", json!("XAU"), "properties.currency"),
        (
            "/properties/content_type",
            json!("socks"),
            "properties.content_type",
        ),
        (
            "/properties/contents/0/content_id",
            json!(1_077_218),
            "properties.contents.0.content_id",
        ),
        (
            "/properties/contents/0/price",
            json!("6"),
            "properties.contents.0.price",
        ),
        (
            "/properties/contents/0/quantity",
            json!(1.5),
            "properties.contents.0.quantity",
        ),
    ] {
        let bad = set(event("bad"), pointer, value.clone());
        let (code, message) = said(&batch(&[event("good"), bad]), &tiktok).await;
        assert_eq!(code, 40002, "{pointer} = {value}");
        assert!(
            message.starts_with(&format!("Batch.1.{path}: ")),
            "{message}"
        );
    }
    assert_eq!(tiktok.ledger().accepted_events(), 0);
    let bad = set(event("bad"), "/properties/contents/0/content_id", json!(1));
    let (_, message) = said(&batch(&[bad]), &tiktok).await;
    assert_eq!(
        message,
        "Batch.0.properties.contents.0.content_id: Not a valid string"
    );
}

#[tokio::test]
async fn envelope_must_be_right() {
    let tiktok = start().await;
    let many: Vec<_> = (0..1001).map(|_| json!({})).collect();
    for call in [
        batch(&[]),
        batch(&many),
        batch(&[event("a")]).with("Content-Type", "text/plain"),
        batch(&[event("a")]).body("{"),
        batch(&[]).body(&json!({"event_source_id": "P", "data": [event("a")]}).to_string()),
        batch(&[]).body(&json!({"event_source": "web", "data": [event("a")]}).to_string()),
        batch(&[]).body(&json!({"event_source": "web", "event_source_id": "P"}).to_string()),
    ] {
        assert_eq!(said(&call, &tiktok).await.0, 40002);
    }
    let unslashed = Call::post("/open_api/v1.3/event/track", &json!({}))
        .send(&tiktok)
        .await;
    assert_eq!(unslashed.status, 404);
}

#[tokio::test]
async fn token_decides() {
    let options = Options {
        account: Some("PIXEL".into()),
        ..Options::default()
    };
    let tiktok = StandIn::start(Platform::TikTok, options).await.unwrap();
    for (token, code) in [
        ("ok", 0),
        ("expired", 40102),
        ("revoked", 40105),
        ("unheard-of", 40105),
        ("forbidden", 40001),
        ("throttled", 40100),
    ] {
        let call = batch(&[event("a")]).with("Access-Token", token);
        assert_eq!(said(&call, &tiktok).await.0, code, "{token}");
    }
    assert_eq!(
        said(&batch(&[event("a")]).without("Access-Token"), &tiktok)
            .await
            .0,
        40104
    );
    let other = json!({"event_source": "web", "event_source_id": "OTHER", "data": [event("a")]});
    assert_eq!(
        said(&batch(&[]).body(&other.to_string()), &tiktok).await.0,
        40001
    );
}

#[tokio::test]
async fn throttle_and_trouble_have_their_codes() {
    let tiktok = start().await;
    tiktok.faults().next(1, Fault::Throttled { minutes: 1 });
    assert_eq!(said(&batch(&[event("a")]), &tiktok).await.0, 40100);
    tiktok.faults().next(1, Fault::ServerError { status: 500 });
    let reply = batch(&[event("a")]).send(&tiktok).await;
    assert_eq!((reply.status, &reply.json()["code"]), (500, &json!(50000)));
}

#[tokio::test]
async fn poison_is_hidden_or_named() {
    let tiktok = start().await;
    tiktok.faults().poison(["hidden"], Poison::Unnamed);
    tiktok.faults().poison(["named"], Poison::Named);
    let (code, message) = said(&batch(&[event("a"), event("hidden")]), &tiktok).await;
    assert!(code == 40002 && !message.contains("Batch"), "{message}");
    let (_, message) = said(&batch(&[event("a"), event("named")]), &tiktok).await;
    assert!(message.starts_with("Batch.1."), "{message}");
    assert_eq!(tiktok.ledger().accepted_events(), 0);
}
