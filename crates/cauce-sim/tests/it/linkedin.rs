//! What LinkedIn's stand-in takes and refuses.

use cauce_sim::{Fault, Options, Platform, Poison, StandIn, Token};
use serde_json::{Value, json};

use crate::client::{Call, HASH, Reply, now_ms, set};

const PATH: &str = "/rest/conversionEvents";

fn element(id: &str) -> Value {
    json!({
        "conversion": "urn:lla:llaPartnerConversion:789123",
        "conversionHappenedAt": now_ms() - 1000,
        "conversionValue": {"currencyCode": "EUR", "amount": "12.50"},
        "eventId": id,
        "user": {
            "userIds": [
                {"idType": "SHA256_EMAIL", "idValue": HASH},
                {"idType": "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID", "idValue": "li-1"},
            ],
            "userInfo": {"firstName": "Ana", "lastName": "García", "countryCode": "ES"},
        },
    })
}

fn call(body: &Value) -> Call {
    Call::post(PATH, body)
        .with("Authorization", "Bearer ok")
        .with("LinkedIn-Version", "202607")
        .with("X-Restli-Protocol-Version", "2.0.0")
}

fn batch(elements: &[Value]) -> Call {
    call(&json!({ "elements": elements })).with("X-RestLi-Method", "BATCH_CREATE")
}

async fn start() -> StandIn {
    StandIn::start(Platform::LinkedIn, Options::default())
        .await
        .unwrap()
}

fn message(reply: &Reply) -> String {
    reply.json()["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn good_batch_has_a_status_for_each_element() {
    let linkedin = start().await;
    let reply = batch(&[element("a"), element("b")]).send(&linkedin).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({"elements": [{"status": 201}, {"status": 201}]})
    );
    assert_eq!(
        (linkedin.ledger().count("a"), linkedin.ledger().count("b")),
        (1, 1)
    );
}

#[tokio::test]
async fn single_event_is_created_without_a_body() {
    let linkedin = start().await;
    let reply = call(&element("a")).send(&linkedin).await;
    assert_eq!((reply.status, reply.body.len()), (201, 0));
    assert_eq!(linkedin.ledger().count("a"), 1);
}

#[tokio::test]
async fn every_fault_of_every_element_is_named() {
    let linkedin = start().await;
    let one = set(element("one"), "/conversionValue/amount", Value::Null);
    let one = set(one, "/user/userInfo/lastName", Value::Null);
    let three = set(element("three"), "/user/userIds", Value::Null);
    let reply = batch(&[element("zero"), one, element("two"), three])
        .send(&linkedin)
        .await;
    assert_eq!((reply.status, &reply.json()["status"]), (422, &json!(422)));
    let missing = "field is required but not found and has no default value";
    let expected = format!(
        "Index: 1, ERROR :: /conversionValue/amount :: {missing}\n\
         ERROR :: /user/userInfo/lastName :: {missing}\n\
         Index: 3, ERROR :: /user/userIds :: {missing}\n"
    );
    assert_eq!(message(&reply), expected);
    assert_eq!(linkedin.ledger().accepted_events(), 0);
}

#[tokio::test]
async fn each_bad_field_is_refused() {
    let linkedin = start().await;
    for (pointer, value) in [
        ("/conversion", json!("789123")),
        ("/conversion", json!("urn:lla:llaPartnerConversion:x")),
        ("/conversion", Value::Null),
        ("/conversionHappenedAt", json!(now_ms() / 1000)),
        ("/conversionHappenedAt", json!(now_ms() - 91 * 86_400_000)),
        ("/conversionHappenedAt", json!(now_ms() * 1000)),
        ("/conversionHappenedAt", json!(now_ms().to_string())),
        ("/conversionValue/amount", json!(12.5)),
        ("/conversionValue/amount", json!("12,50")),
        ("/conversionValue/currencyCode", json!("eur")),
        ("/eventId", json!("x".repeat(65))),
        ("/user", Value::Null),
        ("/user/userIds", json!("x")),
        ("/user/userIds/0/idType", json!("AXCIOM_ID")),
        ("/user/userIds/0/idValue", json!("ana@example.com")),
        ("/user/userIds/1/idValue", json!(HASH)),
        ("/user/userInfo/firstName", Value::Null),
        ("/user/userInfo/firstName", json!(HASH)),
        ("/user/userInfo/countryCode", json!("es")),
        ("/user/userInfo/city", json!("Lima")),
        ("/user", json!({"userIds": []})),
        ("/event_id", json!("x")),
    ] {
        let bad = set(element("bad"), pointer, value.clone());
        let reply = batch(&[element("good"), bad]).send(&linkedin).await;
        assert_eq!(reply.status, 422, "{pointer} = {value}");
        let text = message(&reply);
        assert!(
            text.starts_with("Index: 1, ERROR :: /") && text.ends_with('\n'),
            "{text}"
        );
    }
    let names_only = set(element("names"), "/user/userIds", json!([]));
    assert_eq!(batch(&[names_only]).send(&linkedin).await.status, 200);
}

#[tokio::test]
async fn head_must_be_right() {
    let linkedin = start().await;
    let good = || batch(&[element("a")]);
    for (call, status) in [
        (good().with("LinkedIn-Version", "202401"), 426),
        (good().with("LinkedIn-Version", "2026"), 400),
        (good().without("LinkedIn-Version"), 400),
        (good().without("X-Restli-Protocol-Version"), 400),
        (good().with("X-RestLi-Method", "BATCH_UPDATE"), 400),
        (good().without("X-RestLi-Method"), 422),
        (good().with("Content-Type", "text/plain"), 415),
        (good().body("{"), 400),
    ] {
        assert_eq!(call.send(&linkedin).await.status, status);
    }
    assert_eq!(Call::get("/rest/other").send(&linkedin).await.status, 404);
}

#[tokio::test]
async fn batch_above_the_limit_is_refused() {
    let linkedin = start().await;
    let many: Vec<_> = (0..5001).map(|_| json!({})).collect();
    assert_eq!(batch(&many).send(&linkedin).await.status, 400);
    assert_eq!(batch(&[]).send(&linkedin).await.status, 422);
}

#[tokio::test]
async fn token_decides() {
    let linkedin = start().await;
    for (token, status, code) in [
        ("expired", 401, json!(65602)),
        ("revoked", 401, json!(65601)),
        ("unheard-of", 401, json!(65600)),
        ("forbidden", 403, json!(100)),
        ("throttled", 429, Value::Null),
    ] {
        let call = batch(&[element("a")]).with("Authorization", &format!("Bearer {token}"));
        let reply = call.send(&linkedin).await;
        assert_eq!(
            (reply.status, &reply.json()["serviceErrorCode"]),
            (status, &code),
            "{token}"
        );
    }
}

#[tokio::test]
async fn version_can_be_shut_down_in_mid_run() {
    let linkedin = start().await;
    linkedin.faults().next(1, Fault::VersionSunset);
    assert_eq!(batch(&[element("a")]).send(&linkedin).await.status, 426);
    assert_eq!(batch(&[element("a")]).send(&linkedin).await.status, 200);
}

#[tokio::test]
async fn rules_of_another_method_are_named_by_index() {
    let options = Options {
        foreign_rules: ["5".to_owned()].into(),
        ..Options::default()
    };
    let linkedin = StandIn::start(Platform::LinkedIn, options).await.unwrap();
    let foreign = set(
        element("b"),
        "/conversion",
        json!("urn:lla:llaPartnerConversion:5"),
    );
    let reply = batch(&[element("a"), foreign.clone(), foreign])
        .send(&linkedin)
        .await;
    assert_eq!(reply.status, 400);
    assert!(message(&reply).contains("indices [1, 2] (0-indexed)"));
}

#[tokio::test]
async fn poison_is_hidden_named_or_alone() {
    let linkedin = start().await;
    linkedin.faults().poison(["hidden"], Poison::Unnamed);
    linkedin.faults().poison(["named"], Poison::Named);
    linkedin.faults().poison(["alone"], Poison::Element);
    let reply = batch(&[element("a"), element("hidden")])
        .send(&linkedin)
        .await;
    assert_eq!(reply.status, 422);
    assert!(!message(&reply).contains("Index"));
    let reply = batch(&[element("a"), element("named")])
        .send(&linkedin)
        .await;
    assert!(message(&reply).starts_with("Index: 1, "));
    assert_eq!(linkedin.ledger().accepted_events(), 0);
    let reply = batch(&[element("alone"), element("a")])
        .send(&linkedin)
        .await;
    let statuses: Vec<_> = reply.json()["elements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["status"].clone())
        .collect();
    assert_eq!(
        (reply.status, statuses),
        (200, vec![json!(422), json!(201)])
    );
    assert_eq!(
        (
            linkedin.ledger().count("alone"),
            linkedin.ledger().count("a")
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn introspection_tells_of_tokens() {
    let end = now_ms() / 1000 + 60;
    let linkedin = start().await;
    linkedin.faults().set_token("ends", Token::GoodUntil(end));
    let ask = |form: &str| {
        Call::post("/oauth/v2/introspectToken", &Value::Null)
            .with("Content-Type", "application/x-www-form-urlencoded")
            .body(form)
    };
    for (token, active, status) in [
        ("ok", true, "active"),
        ("expired", false, "expired"),
        ("revoked", false, "revoked"),
        ("ends", true, "active"),
    ] {
        let reply = ask(&format!(
            "client_id=client&client_secret=secret&token={token}"
        ))
        .send(&linkedin)
        .await;
        let found = reply.json();
        assert_eq!(
            (&found["active"], &found["status"]),
            (&json!(active), &json!(status))
        );
        if token == "ends" {
            assert_eq!(found["expires_at"], end);
        }
    }
    for (form, status) in [
        ("client_id=client&client_secret=wrong&token=ok", 401),
        ("client_id=other&client_secret=secret&token=ok", 400),
        (
            "client_id=client&client_secret=secret&token=unheard-of",
            400,
        ),
        ("client_id=client", 400),
    ] {
        assert_eq!(ask(form).send(&linkedin).await.status, status);
    }
}
