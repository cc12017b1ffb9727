//! What operators do: hold queues, look into jobs, mend and replay dead letters, manage keys.

use std::time::Instant;

use cauce_sim::{Fault, Poison};
use serde_json::{Value, json};

use crate::support::{ADMIN, Outside, QUEUES, SOON, Server, Setup, event, events, id, ms, until};

const EVENTS: &str = "/api/pixels/events?tenant=acme";

/// The ids of a list.
fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_answer_to_pause_nothing_leaves_until_resume() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme")).with(
        "queues.meta",
        "batch = { max_items = 1, max_wait = \"10ms\" }\nconcurrency = 4\n",
    );
    let server = Server::start(&setup);
    outside
        .meta
        .faults()
        .always(Fault::SlowAnswer { delay: ms(20) });
    server.post(EVENTS, &events("meta", 0, 400)).await;
    let ledger = outside.meta.ledger();
    until("some have left", SOON, async || ledger.request_count() > 20).await;
    let paused = server.post("/api/queues/meta/pause", &json!({})).await;
    let at_answer = ledger.request_count();
    assert_eq!(
        paused,
        json!({ "queue": "meta", "tenant": "*", "gate": "paused" })
    );
    tokio::time::sleep(ms(500)).await;
    // Nothing starts after the answer; what had started may still be on its way through the kernel.
    let after = ledger.request_count();
    println!("{at_answer} requests at the answer, {after} half a second later");
    assert!(after <= at_answer + 4, "{at_answer} have become {after}");
    assert_eq!(server.get("/api/queues/meta").await["gate"], "paused");
    tokio::time::sleep(ms(300)).await;
    assert_eq!(ledger.request_count(), after);

    // A pause outlives a crash.
    server.kill();
    let server = Server::start(&setup);
    tokio::time::sleep(ms(300)).await;
    assert_eq!(ledger.request_count(), after);
    assert_eq!(server.get("/api/queues/meta").await["gate"], "paused");
    outside.meta.faults().clear();
    server.post("/api/queues/meta/resume", &json!({})).await;
    server.emptied(&["meta"], SOON).await;
    assert_eq!(ledger.accepted_ids().len(), 400);
    assert_eq!(ledger.unexcused_repeats(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_queue_takes_nothing_and_finishes_what_is_there() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    server.post(EVENTS, &events("meta", 0, 50)).await;
    server.post("/api/queues/meta/drain", &json!({})).await;
    let body = events("meta", 100, 1).to_string();
    let refused = server.ask(&format!("POST {EVENTS}"), Some(&body)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "queue_draining")
    );
    assert!(
        refused.headers.contains_key("retry-after"),
        "{:?}",
        refused.headers
    );
    server.emptied(&["meta"], SOON).await;
    assert_eq!(outside.meta.ledger().accepted_ids().len(), 50);
    server.post("/api/queues/meta/resume", &json!({})).await;
    server.post(EVENTS, &events("meta", 100, 1)).await;
    server.emptied(&["meta"], SOON).await;
    assert_eq!(outside.meta.ledger().accepted_ids().len(), 51);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_filtered_changed_explained_and_cancelled() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    server.post("/api/queues/meta/pause", &json!({})).await;
    let mut all = events("meta", 0, 25);
    for event in all.as_array_mut().unwrap().iter_mut().take(5) {
        event["priority"] = json!("high");
    }
    server.post(EVENTS, &all).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server
            .get(&format!("/api/queues/meta/jobs?limit=10&cursor={cursor}"))
            .await;
        assert!(ids(&page).len() <= 10);
        seen.extend(ids(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    let listed = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((listed, seen.len()), (25, 25));
    for (query, count) in [
        ("state=waiting", 25),
        ("state=completed,dead", 0),
        ("priority=high", 5),
        ("tenant=acme&priority=normal", 20),
        ("group=none", 0),
        ("account=acme-meta", 25),
        ("q=nothing", 0),
    ] {
        let page = server.get(&format!("/api/queues/meta/jobs?{query}")).await;
        assert_eq!(ids(&page).len(), count, "{query}");
    }

    let job = &seen[0];
    let why = server.get(&format!("/api/jobs/{job}/why")).await;
    let paused = why["gates"]
        .as_array()
        .unwrap()
        .iter()
        .any(|gate| gate["name"] == "paused");
    assert!(paused, "{why}");
    let body = r#"{"priority":"critical"}"#;
    let changed = server
        .ask(&format!("PATCH /api/jobs/{job}"), Some(body))
        .await;
    assert_eq!(changed.json()["priority"], "critical", "{}", changed.body);
    let status = server.get("/api/queues/meta").await;
    assert_eq!(status["waitingByPriority"]["critical"], 1, "{status}");
    let cancelled = server
        .ask(&format!("DELETE /api/jobs/{}", seen[1]), None)
        .await;
    assert_eq!(cancelled.status, 204, "{}", cancelled.body);
    let twice = server
        .ask(&format!("DELETE /api/jobs/{}", seen[1]), None)
        .await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "wrong_state"));
    let count = server
        .post("/api/queues/meta/cancel", &json!({ "priority": "high" }))
        .await;
    assert!(
        count["count"]
            .as_u64()
            .is_some_and(|count| (3..=5).contains(&count)),
        "{count}"
    );
    server
        .post("/api/queues/meta/cancel", &json!({ "all": true }))
        .await;
    assert_eq!(server.count("meta", "cancelled").await, 25);
    server.post("/api/queues/meta/resume", &json!({})).await;
    tokio::time::sleep(ms(300)).await;
    assert_eq!(outside.meta.ledger().request_count(), 0);
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_grouped_counted_and_replayed() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme")).with(
        "queues.meta",
        "batch = { max_items = 1, max_wait = \"10ms\" }\n",
    );
    let server = Server::start(&setup);
    let poisoned: Vec<String> = (0..12).map(id).collect();
    outside
        .meta
        .faults()
        .poison(poisoned.iter().map(String::as_str), Poison::Unnamed);
    server.post(EVENTS, &events("meta", 0, 20)).await;
    server.emptied(&["meta"], SOON).await;
    assert_eq!(server.count("meta", "dead").await, 12);
    let reasons = server.get("/api/queues/meta/dead?groupBy=reason").await;
    let code = reasons["items"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(reasons["items"][0]["count"], 12, "{reasons}");
    let dead = ids(&server.get("/api/queues/meta/dead").await);
    assert_eq!(dead.len(), 12);
    assert_eq!(
        ids(&server.get(&format!("/api/queues/meta/dead?q={code}")).await).len(),
        12
    );
    let job = server.get(&format!("/api/jobs/{}", dead[0])).await;
    assert_eq!(job["lastError"]["code"], code.as_str(), "{job}");
    assert_eq!(job["attempts"].as_array().map(Vec::len), Some(1), "{job}");

    let path = "/api/queues/meta/dead/retry";
    let sent = outside.meta.ledger().request_count();
    let counted = server.post(path, &json!({ "dryRun": true })).await;
    assert_eq!(counted, json!({ "count": 12, "dryRun": true }));
    let none = server
        .post(path, &json!({ "dryRun": true, "q": "no such reason" }))
        .await;
    assert_eq!(none["count"], 0);
    tokio::time::sleep(ms(200)).await;
    assert_eq!(
        outside.meta.ledger().request_count(),
        sent,
        "a count has sent something"
    );

    assert_eq!(
        server
            .ask(&format!("DELETE /api/dead/{}", dead[0]), None)
            .await
            .status,
        204
    );
    server
        .post(&format!("/api/dead/{}/retry", dead[1]), &json!({}))
        .await;
    server.emptied(&["meta"], SOON).await;
    assert_eq!(outside.meta.ledger().request_count(), sent + 1);
    // Throttled: five a second become due.
    let began = Instant::now();
    let replayed = server.post(path, &json!({ "perSecond": 5 })).await;
    assert_eq!(replayed["count"], 11, "{replayed}");
    server.emptied(&["meta"], SOON).await;
    assert!(
        began.elapsed() > ms(1_500),
        "replayed in {:?}",
        began.elapsed()
    );
    assert_eq!(server.count("meta", "dead").await, 12);
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_revoked_and_every_deed_is_recorded() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let wanted = json!({ "name": "shop", "tenant": "acme", "scopes": ["ingest", "read"] });
    let answer = server
        .ask("POST /api/keys", Some(&wanted.to_string()))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let made = answer.json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(secret.starts_with("ck_live_"), "{made}");
    let body = event(&crate::support::id(1)).to_string();
    let taken = server
        .ask_as(secret, "POST /api/pixels/events", &[], Some(&body))
        .await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    let listed = server.get("/api/keys").await;
    assert!(ids(&listed).iter().any(|listed| listed == id), "{listed}");
    // Keys outlive a crash, and revoking takes effect at once and outlives one, too.
    server.kill();
    let server = Server::start(&setup);
    assert_eq!(
        server
            .ask_as(secret, "GET /api/queues", &[], None)
            .await
            .status,
        200
    );
    assert_eq!(
        server
            .ask(&format!("DELETE /api/keys/{id}"), None)
            .await
            .status,
        204
    );
    assert_eq!(
        server
            .ask_as(secret, "GET /api/queues", &[], None)
            .await
            .status,
        401
    );
    server.kill();
    let server = Server::start(&setup);
    assert_eq!(
        server
            .ask_as(secret, "GET /api/queues", &[], None)
            .await
            .status,
        401
    );
    server.post("/api/queues/meta/pause", &json!({})).await;
    let audit = server.get("/api/audit").await;
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["queue.pause", "key.revoke", "key.create"],
        "{audit}"
    );
    assert_eq!(audit["items"][2]["object"], format!("{id} (shop)"));
    // Whoever did it, what was done to a tenant's key is shown to that tenant.
    let of_acme = server.get("/api/audit?tenant=acme").await;
    let actions = of_acme["items"].as_array().unwrap().iter();
    let actions: Vec<&Value> = actions.map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["key.revoke", "key.create"], "{of_acme}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_an_idempotency_key_is_carried_out_once() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let again = [("idempotency-key", "call-1")];
    let post = |body: String| {
        let server = &server;
        async move {
            server
                .ask_as(ADMIN, &format!("POST {EVENTS}"), &again, Some(&body))
                .await
        }
    };
    let mut nameless = event(&id(1));
    nameless.as_object_mut().unwrap().remove("eventId");
    let first = post(nameless.to_string()).await;
    let second = post(nameless.to_string()).await;
    assert_eq!((first.status, &first.body), (202, &second.body));
    assert_eq!(
        second
            .headers
            .get("idempotency-replayed")
            .map(String::as_str),
        Some("true")
    );
    let other = post(event(&id(2)).to_string()).await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (422, "idempotency_key_reused")
    );
    server.emptied(&QUEUES, SOON).await;
    assert_eq!(outside.meta.ledger().accepted_events(), 1);
}
