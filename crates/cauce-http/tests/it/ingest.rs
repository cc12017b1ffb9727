//! Events that come in: which are known again, and that a call is taken as a whole or not at all.

use cauce_flow::id::{QueueName, TenantId};
use cauce_http::{ServerSettings, testing::call};
use cauce_store::{
    control::KeyScope,
    jobs::{QueueCounts, Scope},
};
use serde_json::{Value, json};

use super::bench::{Bench, DAYS, account, key};

const LEAD: &str = r#"{"eventType":"lead","user":{"email":"ana@example.org"}}"#;

impl Bench {
    async fn post(&self, key: &str, body: &str) -> Value {
        let headers = [("idempotency-key", key)];
        let taken = self
            .ask_with("POST /api/pixels/events", &headers, Some(body))
            .await;
        assert_eq!(taken.status, 202, "{}", taken.body);
        assert_eq!(taken.headers.get("idempotency-replayed"), None);
        taken.json()
    }

    /// What a crash leaves that comes after the events are kept and before their answer is.
    async fn forget_answers(&self) {
        let control = self.engine.control();
        assert!(control.prune(self.engine.now() + DAYS).await.unwrap() > 0);
    }
}

fn ids(taken: &Value) -> Vec<String> {
    let events = taken["events"].as_array().unwrap().iter();
    events
        .map(|event| event["eventId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn events_without_id_are_known_again_when_their_answer_was_never_kept() {
    let bench = Bench::start().await;
    let body = format!("[{LEAD},{LEAD}]");
    let first = bench.post("order-1", &body).await;
    assert_eq!(first["accepted"], 2, "{first}");
    bench.forget_answers().await;
    let again = bench.post("order-1", &body).await;
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(2)),
        "{again}"
    );
    assert_eq!(ids(&first), ids(&again));
    assert_ne!(ids(&first)[0], ids(&first)[1]);
    for id in ids(&first) {
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 8);
    }
    bench.stop().await;
}

#[tokio::test]
async fn events_of_another_call_are_other_events() {
    let bench = Bench::start().await;
    let mut seen = ids(&bench.post("order-1", LEAD).await);
    bench.forget_answers().await;
    let longer = format!(" {LEAD}");
    for (key, body) in [("order-2", LEAD), ("order-1", &longer)] {
        let taken = bench.post(key, body).await;
        assert_eq!(taken["accepted"], 1, "{taken}");
        seen.extend(ids(&taken));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
    bench.stop().await;
}

/// A server with a second tenant, and a key for both.
async fn two_tenants() -> (Bench, String) {
    let server = ServerSettings::new(([127, 0, 0, 1], 0).into());
    let bench = Bench::of(server, |settings| {
        settings.accounts.push(account("initech"))
    })
    .await;
    let (_, secret) = key(&bench.engine, None, [KeyScope::Ingest]).await;
    (bench, format!("Bearer {secret}"))
}

const OF_BOTH: &str = r#"[
    {"eventType":"lead","tenantId":"acme","user":{"externalId":"7"}},
    {"eventType":"lead","tenantId":"initech","user":{"externalId":"7"}},
    {"eventType":"lead","tenantId":"acme","user":{"externalId":"7"}},
    {"eventType":"lead","tenantId":"acme","eventId":"x"},
    {"eventType":"lead","tenantId":"initech","eventId":"x"}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn events_of_several_tenants_are_taken_together() {
    let (bench, bearer) = two_tenants().await;
    let headers = [("authorization", bearer.as_str())];
    let post = || {
        call(
            bench.addr(),
            "POST /api/pixels/events",
            &headers,
            Some(OF_BOTH),
        )
    };
    let taken = post().await.unwrap().json();
    assert_eq!(taken["accepted"], 3, "{taken}");
    let indices: Vec<&Value> = taken["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["index"])
        .collect();
    assert_eq!(indices, [0, 1, 2]);
    assert_eq!(counted(&bench, "acme"), (2, 1));
    assert_eq!(counted(&bench, "initech"), (1, 1));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_one_tenant_cannot_make_is_refused_for_all_tenants() {
    let (bench, bearer) = two_tenants().await;
    let queue = QueueName::new("meta").unwrap();
    let initech = TenantId::new("initech").unwrap();
    bench.engine.drain(&queue, Some(initech)).await.unwrap();
    let headers = [("authorization", bearer.as_str())];
    let refused = call(
        bench.addr(),
        "POST /api/pixels/events",
        &headers,
        Some(OF_BOTH),
    )
    .await
    .unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "queue_draining")
    );
    assert_eq!(counted(&bench, "acme"), (0, 0), "{}", refused.body);
    let errors = refused.json()["errors"].clone();
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
    assert_eq!(errors[0]["pointer"], "/1", "{errors}");
    let detail = errors[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("queue meta is draining") && detail.contains("without meta"),
        "{detail}"
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_queue_is_named_with_its_limit_and_the_events_that_it_has_no_place_for() {
    let server = ServerSettings::new(([127, 0, 0, 1], 0).into());
    let bench = Bench::of(server, |settings| settings.limits.max_jobs = 1).await;
    let body = r#"[{"user":7},
        {"eventType":"lead","user":{"externalId":"7"}},
        {"eventType":"lead"},
        {"eventType":"lead","user":{"externalId":"8"}}]"#;
    bench.job().await;
    let refused = bench.ask("POST /api/pixels/events", Some(body)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "queue_full")
    );
    let told = refused.json();
    let pointers: Vec<&Value> = told["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["pointer"])
        .collect();
    assert_eq!(pointers, ["/1", "/3"], "{told}");
    for part in [
        "queue meta is full",
        "1 jobs",
        "limits.max_jobs",
        "without meta",
    ] {
        assert!(
            told["errors"][0]["detail"].as_str().unwrap().contains(part),
            "{told}"
        );
    }
    let one = r#"{"eventType":"lead","user":{"externalId":"7"}}"#;
    let alone = bench.ask("POST /api/pixels/events", Some(one)).await.json();
    assert_eq!(
        (&alone["status"], &alone["errors"][0]["pointer"]),
        (&json!(429), &json!("")),
        "{alone}"
    );
    bench.stop().await;
}

/// Events of a tenant that were taken, and that were refused as faulty.
fn counted(bench: &Bench, tenant: &str) -> (u64, u64) {
    let scope = Scope::Tenant(TenantId::new(tenant).unwrap());
    let counts = bench.engine.jobs().counts(&scope);
    let sum = |of: fn(&QueueCounts) -> u64| counts.values().map(of).sum();
    (sum(|counts| counts.accepted), sum(|counts| counts.rejected))
}
