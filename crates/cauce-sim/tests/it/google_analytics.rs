//! GA4 answers alike whatever comes; the ledger and the validation twin tell the difference.

use cauce_sim::{Options, Platform, Poison, StandIn};
use serde_json::{Value, json};

use crate::client::{Call, HASH, now_ms, set};

const QUERY: &str = "measurement_id=G-ABC&api_secret=ok";

fn body() -> Value {
    json!({
        "client_id": "123.456",
        "user_id": "C-7",
        "timestamp_micros": (now_ms() * 1000).to_string(),
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"},
        "user_properties": {"tier": {"value": "gold"}},
        "user_data": {
            "sha256_email_address": [HASH],
            "address": [{"sha256_first_name": HASH, "city": "Lima", "country": "PE"}],
        },
        "events": [
            {
                "name": "purchase",
                "timestamp_micros": now_ms() * 1000,
                "params": {
                    "transaction_id": "o-1", "value": 12.5, "currency": "EUR",
                    "session_id": "17", "engagement_time_msec": 1,
                    "items": [{"item_id": "sku", "price": 6.25, "quantity": 2}],
                },
            },
            {"name": "page_view", "params": {"event_id": "e-2", "page_location": "https://x.example"}},
            {"name": "contact"},
        ],
    })
}

fn collect(body: &Value) -> Call {
    Call::post(&format!("/mp/collect?{QUERY}"), body)
}

async fn start() -> StandIn {
    StandIn::start(Platform::GoogleAnalytics, Options::default())
        .await
        .unwrap()
}

async fn validate(to: &StandIn, body: &Value) -> Vec<Value> {
    let reply = Call::post("/debug/mp/collect?api_secret=wrong", body)
        .send(to)
        .await;
    assert_eq!(reply.status, 200);
    reply.json()["validationMessages"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn good_events_are_taken_by_event_id_or_transaction() {
    let google = start().await;
    let reply = collect(&body()).send(&google).await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let ledger = google.ledger();
    assert_eq!(
        (
            ledger.count("o-1"),
            ledger.count("e-2"),
            ledger.unnamed_events()
        ),
        (1, 1, 1)
    );
    assert_eq!(validate(&google, &body()).await, Vec::<Value>::new());
    assert_eq!((ledger.checks(), ledger.request_count()), (1, 1));
}

#[tokio::test]
async fn bad_requests_vanish_in_silence() {
    let google = start().await;
    let many: Vec<_> = (0..26).map(|_| json!({"name": "contact"})).collect();
    let large = "x".repeat(130_000);
    for (body, code) in [
        (set(body(), "/client_id", Value::Null), "VALUE_REQUIRED"),
        (set(body(), "/events", json!([])), "VALUE_REQUIRED"),
        (set(body(), "/events", json!(many)), "EXCEEDED_MAX_ENTITIES"),
        (
            set(body(), "/timestamp_micros", json!(now_ms())),
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            set(body(), "/consent/ad_user_data", json!("granted")),
            "VALUE_INVALID",
        ),
        (
            set(body(), "/user_data/sha256_email_address", json!(["a@b.c"])),
            "VALUE_INVALID",
        ),
        (
            set(body(), "/user_data/address/0/city", json!(HASH)),
            "VALUE_INVALID",
        ),
        (set(body(), "/user_id", Value::Null), "VALUE_REQUIRED"),
        (
            set(body(), "/user_properties/user_id", json!({"value": "x"})),
            "NAME_RESERVED",
        ),
        (json!([1]), "VALUE_INVALID"),
        (json!({"client_id": large}), "body_too_large"),
    ] {
        let before = google.ledger().refusals().get(code).copied().unwrap_or(0);
        let reply = collect(&body).send(&google).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        assert_eq!(
            google.ledger().refusals().get(code),
            Some(&(before + 1)),
            "{code}: {body}"
        );
    }
    assert_eq!(google.ledger().accepted_events(), 0);
}

#[tokio::test]
async fn wrong_secret_or_stream_vanishes_too() {
    let options = Options {
        account: Some("G-ABC".into()),
        ..Options::default()
    };
    let google = StandIn::start(Platform::GoogleAnalytics, options)
        .await
        .unwrap();
    for query in [
        "measurement_id=G-ABC&api_secret=nobody",
        "measurement_id=G-ABC&api_secret=revoked",
        "measurement_id=G-ABC",
        "measurement_id=G-XYZ&api_secret=ok",
        "api_secret=ok",
    ] {
        let reply = Call::post(&format!("/mp/collect?{query}"), &body())
            .send(&google)
            .await;
        assert_eq!(reply.status, 204);
    }
    let refusals = google.ledger().refusals();
    assert_eq!(
        refusals,
        [("unknown_stream".into(), 2), ("wrong_secret".into(), 3)].into()
    );
    assert_eq!(google.ledger().accepted_events(), 0);
    assert_eq!(collect(&body()).send(&google).await.status, 204);
    assert_eq!(google.ledger().accepted_events(), 3);
}

#[tokio::test]
async fn bad_event_is_dropped_and_the_others_taken() {
    let google = start().await;
    let old = (now_ms() - 73 * 3_600_000) * 1000;
    let params: Value = (0..26)
        .map(|n| (format!("p{n}"), json!(n)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for (pointer, value, code) in [
        ("/events/0/name", json!("campaign@details"), "NAME_INVALID"),
        ("/events/0/name", json!("_bad"), "NAME_INVALID"),
        ("/events/0/name", json!("n".repeat(41)), "NAME_INVALID"),
        ("/events/0/name", json!("session_start"), "NAME_RESERVED"),
        ("/events/0/name", json!("google_thing"), "NAME_RESERVED"),
        (
            "/events/0/timestamp_micros",
            json!(old),
            "VALUE_OUT_OF_BOUNDS",
        ),
        (
            "/events/0/timestamp_micros",
            json!(now_ms() / 1000),
            "VALUE_OUT_OF_BOUNDS",
        ),
        ("/events/0/params", params, "EXCEEDED_MAX_ENTITIES"),
        ("/events/0/params/value", json!("12.5"), "VALUE_INVALID"),
        ("/events/0/params/value", Value::Null, "VALUE_REQUIRED"),
        ("/events/0/params/nested", json!({"a": 1}), "VALUE_INVALID"),
        ("/events/0/params/list", json!([1]), "VALUE_INVALID"),
        (
            "/events/0/params/text",
            json!("é".repeat(101)),
            "VALUE_INVALID",
        ),
        ("/events/0/params/ga_x", json!(1), "NAME_RESERVED"),
        (
            "/events/0/params/items/0/item_id",
            Value::Null,
            "VALUE_REQUIRED",
        ),
    ] {
        let bad = set(body(), pointer, value.clone());
        let taken = google.ledger().accepted_events();
        let seen = google.ledger().refusals().get(code).copied().unwrap_or(0);
        assert_eq!(collect(&bad).send(&google).await.status, 204);
        assert_eq!(
            google.ledger().accepted_events(),
            taken + 2,
            "{pointer} = {value}"
        );
        assert_eq!(
            google.ledger().refusals()[code],
            seen + 1,
            "{pointer} = {value}"
        );
        let messages = validate(&google, &bad).await;
        assert!(
            messages
                .iter()
                .any(|message| message["validationCode"] == code),
            "{messages:?}"
        );
    }
}

#[tokio::test]
async fn twin_speaks_in_the_known_words() {
    let google = start().await;
    let bad = json!({"client_id": "x", "events": [{"name": "campaign@details", "params": {}}]});
    assert_eq!(
        validate(&google, &bad).await,
        [json!({
            "fieldPath": "events",
            "description": "Event at index: [0] has invalid name [campaign@details]. \
                            Only alphanumeric characters and underscores are allowed.",
            "validationCode": "NAME_INVALID",
        })]
    );
}

#[tokio::test]
async fn poisoned_event_is_dropped() {
    let google = start().await;
    google.faults().poison(["e-2"], Poison::Named);
    collect(&body()).send(&google).await;
    assert_eq!(
        (google.ledger().count("o-1"), google.ledger().count("e-2")),
        (1, 0)
    );
}
