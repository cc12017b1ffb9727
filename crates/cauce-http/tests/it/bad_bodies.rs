//! Bodies that no client means to send: whatever comes in, the answer is a success or a problem that
//! says what is wrong, and never the server's fault.
//!
//! Every body is made from a seed of its own, which a failure names together with the body.

mod mangle;

use std::collections::BTreeSet;

use cauce_http::{
    ServerSettings,
    testing::{Answer, Direct},
};
use http::Request;
use serde_json::{Value, json};

use self::mangle::{Random, mangled};
use super::bench::{Bench, EVENT};

const SEED: u64 = 20_260_131;
/// Bodies for each route; all routes together take a few seconds.
const BODIES: u64 = 1_500;

struct Scene {
    bench: Bench,
    direct: Direct,
}

impl Scene {
    /// A paused queue with one job in it, so that jobs stay where they are.
    async fn start() -> (Scene, String) {
        let server = ServerSettings::new(([127, 0, 0, 1], 0).into());
        let bench = Bench::of(server.clone(), |settings| {
            settings.limits.max_jobs = 1_000_000;
        })
        .await;
        let paused = bench.ask("POST /api/queues/meta/pause", None).await;
        assert_eq!(paused.status, 200, "{}", paused.body);
        let job = bench.job().await;
        let direct = Direct::new(bench.engine.clone(), server);
        (Scene { bench, direct }, job)
    }

    /// Sends mangled bodies to a route, and answers with which statuses it answered.
    async fn attack(&self, route: &str, good: &[Value]) -> BTreeSet<u16> {
        let mut seen = BTreeSet::new();
        for seed in SEED..SEED + BODIES {
            let mut random = Random::new(seed);
            let body = mangled(&mut random, good);
            let again = random.one_in(4).then_some(seed);
            let answer = self.send(route, body.clone(), again).await;
            if let Err(why) = check(&answer) {
                let start: Vec<u8> = body.into_iter().take(400).collect();
                panic!(
                    "{route}, seed {seed}: {why}\n  sent: {}\n  got: {} {:?} {}",
                    start.escape_ascii(),
                    answer.status,
                    answer.headers.get("content-type"),
                    answer.body
                );
            }
            seen.insert(answer.status);
        }
        seen
    }

    async fn send(&self, route: &str, body: Vec<u8>, idempotency: Option<u64>) -> Answer {
        let (method, path) = route.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.bench.key))
            .header("content-type", "application/json");
        if let Some(key) = idempotency {
            request = request.header("idempotency-key", key);
        }
        self.direct.call(request.body(body).unwrap()).await
    }
}

fn check(answer: &Answer) -> Result<(), String> {
    let kind = answer.headers.get("content-type").map_or("", |k| k);
    let told = answer.json();
    match answer.status {
        200..=299 if kind == "application/json" && told.is_object() => Ok(()),
        200..=299 => Err("a success without JSON".to_owned()),
        400..=499 if kind != "application/problem+json" => Err("no problem+json".to_owned()),
        400..=499 => {
            let says = |name: &str| told[name].as_str().is_some_and(|text| !text.is_empty());
            let whole = told["status"] == answer.status && says("title") && says("detail");
            whole.then_some(()).ok_or("no whole problem".to_owned())
        }
        _ => Err("neither a success nor the caller's fault".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_no_events_are_refused_in_words() {
    let (scene, _) = Scene::start().await;
    let event: Value = serde_json::from_str(EVENT).unwrap();
    let full = json!({
        "eventId": "0192f0c1-2d3e-7a4b-8c5d-6e7f8a9b0c1e", "eventType": "purchase",
        "occurredAt": "2026-01-31T12:00:00Z", "platforms": ["meta"], "priority": "high",
        "user": {"email": "a@example.org", "phone": "+34600000000", "birthDate": "1990-01-31",
            "gender": "f", "country": "ES", "zip": "28001", "externalId": "7"},
        "client": {"ip": "2001:db8::1", "userAgent": "x", "fbc": "fb.1.1.x", "gaClientId": "1.2"},
        "page": {"url": "https://shop.example/x?fbclid=1", "referrer": "", "title": "x"},
        "data": {"value": 9.5, "currency": "EUR", "orderId": "1", "search": "x", "custom": {"a": 1},
            "items": [{"id": "1", "quantity": 1, "price": 9.5}]},
        "consent": {"adStorage": "granted", "analytics": "denied"},
    });
    let good = [full.clone(), json!([event, full, {"eventType": "lead"}])];
    let seen = scene.attack("POST /api/pixels/events", &good).await;
    assert_eq!(seen, [202, 400, 422].into());
    scene.bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_no_keys_are_refused_in_words() {
    let (scene, _) = Scene::start().await;
    let good = [
        json!({"name": "x", "scopes": ["read", "ingest"], "expiresAt": "2999-01-01T00:00:00Z"}),
        json!({"name": "x", "tenant": "acme", "scopes": ["ingest"], "site": "shop",
            "origins": ["https://shop.example"]}),
    ];
    let seen = scene.attack("POST /api/keys", &good).await;
    assert_eq!(seen, [201, 400, 422].into());
    scene.bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_job_that_are_none_are_refused_in_words() {
    let (scene, job) = Scene::start().await;
    let good = [json!({"priority": "high", "dueAt": "2999-01-01T00:00:00Z"})];
    let seen = scene.attack(&format!("PATCH /api/jobs/{job}"), &good).await;
    assert_eq!(seen, [200, 400, 422].into());
    let good = [json!({"outcome": "dead"})];
    let route = format!("POST /api/jobs/{job}/resolve");
    let seen = scene.attack(&route, &good).await;
    assert_eq!(seen, [400, 409, 422].into());
    scene.bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_that_are_none_are_refused_in_words() {
    let (scene, job) = Scene::start().await;
    let good = [
        json!({"ids": [job], "unknown": true, "perSecond": 10}),
        json!({"group": "x", "account": "acme-meta", "q": "x", "dryRun": true}),
    ];
    let route = "POST /api/queues/meta/dead/retry";
    let seen = scene.attack(route, &good).await;
    assert_eq!(seen, [200, 400, 422].into());
    scene.bench.stop().await;
}
