//! Tracked events over real sockets: taken, refused, counted, looked at, forgotten.

use std::io::Write;

use cauce_http::{
    ServerSettings,
    testing::{Answer, Direct, call},
};
use cauce_store::{
    control::{KeyScope, NewKey},
    jobs::Scope,
};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::bench::{Bench, key};

const SITE: &str = "5e1f0c1a-0000-4000-8000-000000000001";
pub(crate) const SHOP: &str = "https://shop.example";

fn id(number: u32) -> String {
    format!("3f2b8c1e-5d4a-4f6b-9c8d-{number:012x}")
}

fn event(number: u32, kind: &str) -> Value {
    json!({ "eventId": id(number), "visitorId": id(7), "sessionId": id(8), "eventType": kind,
            "metadata": { "n": number, "url": "/a" } })
}

fn batch(events: Vec<Value>) -> String {
    json!({ "tenantId": "acme", "siteId": SITE, "events": events }).to_string()
}

fn views(numbers: std::ops::Range<u32>) -> String {
    batch(numbers.map(|n| event(n, "PAGE_VIEW")).collect())
}

async fn post(bench: &Bench, body: &str) -> Answer {
    bench.ask("POST /tracking-v2/events", Some(body)).await
}

/// A public write key of `acme` for the site and the shop.
pub(crate) async fn write_key(bench: &Bench) -> String {
    let new = NewKey {
        name: "shop".to_owned(),
        tenant: Scope::Tenant("acme".parse().unwrap()),
        scopes: [KeyScope::Ingest].into(),
        expires_at: None,
        site: Some(SITE.to_owned()),
        origins: vec![SHOP.to_owned()],
    };
    let control = bench.engine.control();
    control
        .create_key(new, bench.engine.now())
        .await
        .unwrap()
        .secret
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_is_taken_answered_in_figures_and_known_when_it_comes_again() {
    let bench = Bench::start().await;
    let taken = post(&bench, &views(0..10)).await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    let taken = taken.json();
    for (name, count) in [
        ("received", 10),
        ("processed", 10),
        ("discarded", 0),
        ("duplicates", 0),
        ("merged", 0),
        ("withheld", 0),
    ] {
        assert_eq!(taken[name], count, "{name}: {taken}");
    }
    assert!(
        taken["durationMs"].as_f64().unwrap() > 0.0 && taken["bufferSize"].is_u64(),
        "{taken}"
    );
    assert_eq!(
        (&taken["rejected"], &taken["sampledHarder"]),
        (&json!([]), &json!({}))
    );
    let again = post(&bench, &views(5..15)).await.json();
    assert_eq!(
        (&again["processed"], &again["duplicates"]),
        (&json!(5), &json!(5)),
        "{again}"
    );
    let health = bench.ask("GET /tracking-v2/health", None).await.json();
    assert_eq!(health["status"], "ok", "{health}");
    assert_eq!(health["events"]["received"], 20, "{health}");
    assert_eq!(health["buffer"]["totalReceived"], 20, "{health}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_batch_changes_nothing_and_with_partial_the_good_ones_are_taken() {
    let bench = Bench::start().await;
    let mut events: Vec<Value> = (0..5).map(|n| event(n, "PAGE_VIEW")).collect();
    events[1]["visitorId"] = json!("x");
    events[3]["occurredAt"] = json!("2001-01-01T00:00:00Z");
    events[4]["occurredAt"] = json!("2101-01-01T00:00:00Z");
    let body = batch(events);
    let refused = post(&bench, &body).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (422, "invalid"),
        "{}",
        refused.body
    );
    assert_eq!(
        refused.json()["errors"][0]["pointer"],
        "/events/1/visitorId"
    );
    let taken = bench
        .ask("POST /tracking-v2/events?partial=true", Some(&body))
        .await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    let taken = taken.json();
    assert_eq!(
        (&taken["received"], &taken["processed"]),
        (&json!(5), &json!(2)),
        "{taken}"
    );
    let bad: Vec<_> = taken["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["errors"][0]["pointer"].clone())
        .collect();
    assert_eq!(
        bad,
        [
            "/events/1/visitorId",
            "/events/3/occurredAt",
            "/events/4/occurredAt"
        ]
    );
    let mut late: Vec<Value> = vec![event(9, "PAGE_VIEW")];
    late[0]["occurredAt"] = json!("2001-01-01T00:00:00Z");
    let refused = post(&bench, &batch(late)).await;
    assert_eq!(
        refused.json()["errors"][0]["pointer"],
        "/events/0/occurredAt",
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("tracking.retention_months"),
        "{}",
        refused.body
    );
    let health = bench.ask("GET /tracking-v2/health", None).await.json();
    assert_eq!(health["events"]["received"], 5, "{health}");
    assert_eq!(health["events"]["rejected"], 3, "{health}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_and_site_come_from_the_key_or_are_not_found() {
    let bench = Bench::start().await;
    let foreign = views(0..1).replace("acme", "globex");
    let refused = post(&bench, &foreign).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (404, "not_found"),
        "{}",
        refused.body
    );
    let untold = json!({ "siteId": SITE, "events": [event(1, "X")] }).to_string();
    assert_eq!(post(&bench, &untold).await.status, 202);
    let no_site = json!({ "events": [event(2, "X")] }).to_string();
    assert_eq!(
        post(&bench, &no_site).await.json()["errors"][0]["pointer"],
        "/siteId"
    );
    let (_, for_all) = key(&bench.engine, None, [KeyScope::Ingest]).await;
    let bearer = format!("Bearer {for_all}");
    let ask = async |body: &str| {
        let headers = [("authorization", bearer.as_str())];
        call(
            bench.addr(),
            "POST /tracking-v2/events",
            &headers,
            Some(body),
        )
        .await
        .unwrap()
    };
    assert_eq!(
        ask(&untold).await.json()["errors"][0]["pointer"],
        "/tenantId"
    );
    assert_eq!(ask(&foreign).await.status, 202);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_hands_in_events_with_its_write_key_from_its_origin_alone() {
    let bench = Bench::start().await;
    let secret = write_key(&bench).await;
    let by_header = async |headers: &[(&str, &str)], body: &str| {
        let headers = [&[("x-write-key", secret.as_str())], headers].concat();
        call(
            bench.addr(),
            "POST /tracking-v2/events",
            &headers,
            Some(body),
        )
        .await
        .unwrap()
    };
    let from_shop = [("origin", SHOP)];
    let bare = json!({ "events": [event(1, "CLICK")] }).to_string();
    let taken = by_header(&from_shop, &bare).await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    assert_eq!(taken.headers["access-control-allow-origin"], SHOP);
    assert!(taken.headers["access-control-expose-headers"].contains("retry-after"));
    assert!(taken.headers["vary"].contains("origin"));
    let query = format!("POST /tracking-v2/events?key={secret}&partial=true");
    let beacon = call(bench.addr(), &query, &from_shop, Some(&views(2..3)))
        .await
        .unwrap();
    assert_eq!(beacon.status, 202, "{}", beacon.body);
    for (headers, why) in [
        (vec![("origin", "https://evil.example")], "another origin"),
        (vec![], "none"),
    ] {
        let refused = by_header(&headers, &bare).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "wrong_origin"),
            "{why}"
        );
        assert!(
            !refused.headers.contains_key("access-control-allow-origin"),
            "{why}"
        );
    }
    // A refusal can be read by the page, too.
    let other_site = json!({ "siteId": id(1), "events": [event(3, "CLICK")] }).to_string();
    let refused = by_header(&from_shop, &other_site).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (404, "not_found"),
        "{}",
        refused.body
    );
    assert_eq!(refused.headers["access-control-allow-origin"], SHOP);
    let wrong = call(
        bench.addr(),
        "POST /tracking-v2/events?key=cw_x",
        &from_shop,
        Some(&bare),
    )
    .await
    .unwrap();
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (401, "bad_key"),
        "{}",
        wrong.body
    );
    // It opens nothing else, and a secret key is no write key.
    for request in [
        "GET /tracking-v2/health",
        "POST /api/pixels/events",
        "GET /tracking-v2/events?visitorId=x",
    ] {
        let refused = call(
            bench.addr(),
            request,
            &[("x-write-key", secret.as_str()), ("origin", SHOP)],
            Some("[]"),
        )
        .await
        .unwrap();
        assert_eq!(refused.status, 401, "{request}: {}", refused.body);
    }
    let misused = format!("POST /tracking-v2/events?key={}", bench.key);
    assert_eq!(
        call(bench.addr(), &misused, &from_shop, Some(&bare))
            .await
            .unwrap()
            .status,
        401
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn preflight_is_answered_for_origins_that_a_key_names() {
    let bench = Bench::start().await;
    let _ = write_key(&bench).await;
    let ask = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-write-key"),
        ];
        call(bench.addr(), "OPTIONS /tracking-v2/events", &headers, None)
            .await
            .unwrap()
    };
    let allowed = ask(SHOP).await;
    assert_eq!(allowed.status, 204, "{}", allowed.body);
    assert_eq!(allowed.headers["access-control-allow-origin"], SHOP);
    assert_eq!(allowed.headers["access-control-allow-methods"], "POST");
    for name in ["content-type", "x-write-key", "idempotency-key"] {
        assert!(
            allowed.headers["access-control-allow-headers"].contains(name),
            "{name}"
        );
    }
    let refused = ask("https://evil.example").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(!refused.headers.contains_key("access-control-allow-origin"));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_with_a_key_names_its_events_alike_each_time() {
    let bench = Bench::start().await;
    let body = json!({ "siteId": SITE, "events": [
        { "visitorId": id(1), "sessionId": id(2), "eventType": "LEAD" } ] })
    .to_string();
    let call = [("idempotency-key", "one")];
    let first = bench
        .ask_with("POST /tracking-v2/events", &call, Some(&body))
        .await;
    assert_eq!(first.json()["processed"], 1, "{}", first.body);
    // As if the answer had been lost in a crash: the memory of it is gone, the events are not.
    bench
        .engine
        .control()
        .prune(bench.engine.now() + crate::bench::DAYS)
        .await
        .unwrap();
    let again = bench
        .ask_with("POST /tracking-v2/events", &call, Some(&body))
        .await;
    assert_eq!(again.json()["duplicates"], 1, "{}", again.body);
    let without = post(&bench, &body).await;
    assert_eq!(without.json()["duplicates"], 0, "{}", without.body);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_of_a_visitor_are_heeded_and_counted() {
    let bench = Bench::start().await;
    for headers in [[("sec-gpc", "1")], [("dnt", "1")]] {
        let kept = bench
            .ask_with("POST /tracking-v2/events", &headers, Some(&views(0..2)))
            .await
            .json();
        assert_eq!(
            (&kept["withheld"], &kept["processed"]),
            (&json!(2), &json!(0)),
            "{kept}"
        );
    }
    let denied =
        json!({ "siteId": SITE, "consent": { "analytics": "denied" }, "events": [event(1, "X")] });
    assert_eq!(
        post(&bench, &denied.to_string()).await.json()["withheld"],
        1
    );
    let health = bench.ask("GET /tracking-v2/health", None).await.json();
    assert_eq!(health["events"]["withheld"], 5, "{health}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sampling_is_set_live_kept_and_written_down() {
    let bench = Bench::start().await;
    let scrolls = |from: u32| batch((from..from + 100).map(|n| event(n, "SCROLL")).collect());
    let first = post(&bench, &scrolls(0)).await.json();
    assert!(first["discarded"].as_u64().unwrap() > 60, "{first}");
    let set = bench
        .ask(
            "PUT /tracking-v2/throttling/SCROLL",
            Some(r#"{"samplingRate":100}"#),
        )
        .await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(
        set.json(),
        json!({ "eventType": "SCROLL", "samplingRate": 100.0, "alwaysKeep": false, "source": "tenant" })
    );
    assert_eq!(post(&bench, &scrolls(200)).await.json()["discarded"], 0);
    let rules = bench.ask("GET /tracking-v2/throttling", None).await.json();
    let of = |name: &str| {
        rules["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["eventType"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(of("SCROLL")["source"], "tenant");
    assert_eq!(
        (
            &of("MOUSE_MOVE")["samplingRate"],
            &of("PAGE_VIEW")["alwaysKeep"]
        ),
        (&json!(1.0), &json!(true))
    );
    let reset = bench
        .ask("DELETE /tracking-v2/throttling/SCROLL", None)
        .await;
    assert_eq!(reset.json()["samplingRate"], 10.0, "{}", reset.body);
    let bad = bench
        .ask(
            "PUT /tracking-v2/throttling/SCROLL",
            Some(r#"{"samplingRate":101}"#),
        )
        .await;
    assert_eq!(
        (bad.status, &bad.json()["errors"][0]["pointer"]),
        (422, &json!("/samplingRate"))
    );
    let audit = bench.ask("GET /api/audit", None).await.json();
    let actions: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["action"].clone())
        .collect();
    assert_eq!(actions[..2], ["throttling.reset", "throttling.set"]);
    bench.stop().await;
}

/// A body that is packed, or is meant to be.
async fn packed(bench: &Bench, body: Vec<u8>) -> Answer {
    let direct = Direct::new(
        bench.engine.clone(),
        ServerSettings::new(([127, 0, 0, 1], 0).into()),
    );
    let request = http::Request::post("/tracking-v2/events")
        .header("authorization", format!("Bearer {}", bench.key))
        .header("content-type", "text/plain;charset=UTF-8")
        .header("content-encoding", "gzip")
        .body(body);
    direct.call(request.unwrap()).await
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_batch_is_taken_and_a_bomb_is_refused_at_the_limit() {
    let bench = Bench::start().await;
    let taken = packed(&bench, pack(views(0..900).as_bytes())).await;
    assert_eq!(
        (taken.status, &taken.json()["processed"]),
        (202, &json!(900)),
        "{}",
        taken.body
    );
    let bomb = pack(&vec![b' '; 200 << 20]);
    assert!(bomb.len() < 300_000, "{}", bomb.len());
    let refused = packed(&bench, bomb).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (413, "body_too_large")
    );
    assert!(refused.body.contains("http.max_body"), "{}", refused.body);
    let half = packed(&bench, pack(views(0..10).as_bytes())[..50].to_vec()).await;
    assert_eq!(
        (half.status, half.code().as_str()),
        (400, "bad_json"),
        "{}",
        half.body
    );
    let many = packed(&bench, pack(views(0..1_001).as_bytes())).await;
    assert_eq!(
        (many.status, many.code().as_str()),
        (413, "too_many_entries")
    );
    assert_eq!(many.json()["errors"][0]["pointer"], "/events");
    bench.stop().await;
}
