//! The API over real sockets.

use std::{collections::BTreeMap, path::Path, time::Duration};

use cauce_engine::Engine;
use cauce_http::{
    ServerSettings,
    testing::{Direct, Sweep, call},
};
use cauce_store::{
    control::{KeyScope, SEAL_FILE},
    jobs::Scope,
};
use serde_json::{Value, json};

use super::bench::{Bench, EVENT, key, settings};

#[tokio::test(flavor = "multi_thread")]
async fn no_key_opens_what_it_must_not() {
    let bench = Bench::start().await;
    let id = bench.job().await;
    let (key_id, _) = key(&bench.engine, Some("acme"), [KeyScope::Read]).await;
    let (revoked_id, revoked) = key(&bench.engine, Some("acme"), KeyScope::ALL).await;
    let control = bench.engine.control();
    control
        .revoke_key(&revoked_id, &Scope::All, bench.engine.now())
        .await
        .unwrap();
    let mut without = BTreeMap::new();
    for scope in KeyScope::ALL {
        let rest: Vec<KeyScope> = KeyScope::ALL
            .into_iter()
            .filter(|other| *other != scope)
            .collect();
        let rest: [KeyScope; 4] = rest.try_into().unwrap();
        without.insert(
            scope.to_string(),
            key(&bench.engine, Some("acme"), rest).await.1,
        );
    }
    let other = key(&bench.engine, Some("globex"), KeyScope::ALL).await.1;
    let import = crate::contacts::one_of_each(&bench).await;
    let contact = || "contact-1".to_owned();
    let objects = [
        ("id", id),
        ("id getContact", contact()),
        ("id changeContact", contact()),
        ("id deleteContact", contact()),
        ("id getContactImport", import.clone()),
        ("id getRejectedContacts", import),
        ("id revokeKey", key_id),
        ("queue", "meta".into()),
        ("name", "acme-meta".into()),
        ("tenantId", "acme".into()),
        ("eventType", "SCROLL".into()),
        (
            "id eraseVisitor",
            "3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2d".into(),
        ),
    ];
    let sweep = Sweep {
        page: (
            crate::tracking::write_key(&bench).await,
            crate::tracking::SHOP.to_owned(),
        ),
        addr: bench.addr(),
        revoked,
        without,
        other,
        tenant: "acme".to_owned(),
        objects: objects
            .into_iter()
            .map(|(name, object)| (name.to_owned(), object))
            .collect(),
    };
    let findings = sweep.run().await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_taken_and_their_jobs_can_be_looked_at() {
    let bench = Bench::start().await;
    let id = bench.job().await;
    let again = bench
        .ask("POST /api/pixels/events", Some(EVENT))
        .await
        .json();
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(1)),
        "{again}"
    );

    let job = bench.ask(&format!("GET /api/jobs/{id}"), None).await;
    assert_eq!(job.json()["state"], "waiting", "{}", job.body);
    for secret in ["canary", "Canary", "203.0.113.9"] {
        assert!(!job.body.contains(secret), "{}", job.body);
    }
    let why = bench
        .ask(&format!("GET /api/jobs/{id}/why"), None)
        .await
        .json();
    assert!(
        why["summary"]
            .as_str()
            .is_some_and(|summary| !summary.is_empty()),
        "{why}"
    );

    let changed = bench
        .ask(
            &format!("PATCH /api/jobs/{id}"),
            Some(r#"{"priority":"high"}"#),
        )
        .await;
    assert_eq!(changed.json()["priority"], "high", "{}", changed.body);
    assert_eq!(
        bench
            .ask(&format!("DELETE /api/jobs/{id}"), None)
            .await
            .status,
        204
    );
    let twice = bench.ask(&format!("DELETE /api/jobs/{id}"), None).await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "wrong_state"));

    let queue = bench.ask("GET /api/queues/meta", None).await.json();
    assert_eq!(queue["counts"]["accepted"], 1, "{queue}");
    assert_eq!(queue["counts"]["cancelled"], 1, "{queue}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faulty_events_are_named_and_the_rest_is_taken() {
    let bench = Bench::start().await;
    let body = format!(r#"[{EVENT},{{"eventType":"lead","eventId":"x"}},{{"user":7}}]"#);
    let taken = bench.ask("POST /api/pixels/events", Some(&body)).await;
    assert_eq!(taken.status, 202);
    let taken = taken.json();
    assert_eq!(taken["accepted"], 1, "{taken}");
    assert_eq!(taken["events"][0]["platforms"], json!(["meta"]), "{taken}");
    assert_eq!(taken["rejected"][0]["index"], 1, "{taken}");
    assert_eq!(
        taken["rejected"][0]["errors"][0]["pointer"], "/eventId",
        "{taken}"
    );
    assert_eq!(
        taken["rejected"][1]["errors"][0]["pointer"], "/user",
        "{taken}"
    );

    let one = bench
        .ask(
            "POST /api/pixels/events",
            Some(r#"{"eventType":"lead","eventId":"x"}"#),
        )
        .await;
    assert_eq!(
        (one.status, &one.json()["errors"][0]["pointer"]),
        (422, &json!("/eventId"))
    );
    let foreign = r#"{"eventType":"lead","tenantId":"globex"}"#;
    assert_eq!(
        bench
            .ask("POST /api/pixels/events", Some(foreign))
            .await
            .status,
        422
    );
    bench.stop().await;
}

/// Request, headers, body, and the status and code that are expected.
type Refusal<'a> = (
    &'a str,
    &'a [(&'a str, &'a str)],
    Option<&'a str>,
    u16,
    &'a str,
);

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem() {
    let bench = Bench::start().await;
    let deep = "[".repeat(40);
    let cases: [Refusal<'_>; 14] = [
        ("GET /nowhere", &[], None, 404, "no_route"),
        ("GET /api/nowhere/at/all", &[], None, 404, "no_route"),
        ("PUT /api/queues", &[], None, 405, "method_not_allowed"),
        (
            "GET /api/queues",
            &[("accept", "text/html")],
            None,
            406,
            "not_acceptable",
        ),
        (
            "GET /api/queues/meta/jobs?limit=501",
            &[],
            None,
            400,
            "bad_parameter",
        ),
        (
            "GET /api/queues/meta/jobs?cursor=x",
            &[],
            None,
            400,
            "bad_parameter",
        ),
        (
            "GET /api/queues/meta/jobs?stat=dead",
            &[],
            None,
            400,
            "bad_parameter",
        ),
        ("GET /api/queues/none", &[], None, 404, "not_found"),
        ("GET /api/queues/%ff", &[], None, 404, "not_found"),
        ("GET /api/jobs/7", &[], None, 404, "not_found"),
        ("POST /api/pixels/events", &[], Some("{"), 400, "bad_json"),
        ("POST /api/pixels/events", &[], Some(&deep), 400, "bad_json"),
        (
            "POST /api/pixels/events",
            &[("content-encoding", "gzip")],
            Some("{}"),
            415,
            "unsupported_media_type",
        ),
        (
            "POST /api/queues/meta/cancel",
            &[],
            Some("{}"),
            422,
            "invalid",
        ),
    ];
    for (request, headers, body, status, code) in cases {
        let answer = bench.ask_with(request, headers, body).await;
        let told = (answer.status, answer.code());
        assert_eq!(
            told,
            (status, code.to_owned()),
            "{request}: {}",
            answer.body
        );
        assert_eq!(
            answer.headers["content-type"], "application/problem+json",
            "{request}"
        );
        assert_eq!(
            answer.headers["x-content-type-options"], "nosniff",
            "{request}"
        );
    }
    let allowed = bench.ask("PUT /api/queues", None).await;
    assert!(
        allowed.headers["allow"].contains("GET"),
        "{:?}",
        allowed.headers
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_is_paused_resumed_and_all_of_it_written_down() {
    let bench = Bench::start().await;
    let paused = bench.ask("POST /api/queues/meta/pause", None).await;
    assert_eq!(
        paused.json(),
        json!({"queue": "meta", "tenant": "acme", "gate": "paused"})
    );
    assert_eq!(
        bench.ask("GET /api/queues/meta", None).await.json()["gate"],
        "paused"
    );
    assert_eq!(
        bench.ask("POST /api/queues/meta/resume", None).await.status,
        200
    );
    assert_eq!(
        bench.ask("GET /api/queues/meta", None).await.json()["gate"],
        "open"
    );
    let none = bench
        .ask("POST /api/dead/job_01jd8x3k2v7w9y4z6a5b3c2d1e/retry", None)
        .await;
    assert_eq!(none.status, 404);

    let first = bench.ask("GET /api/audit?limit=2", None).await.json();
    let action = |entry: &Value| {
        (
            entry["action"].clone(),
            entry["object"].clone(),
            entry["outcome"].clone(),
        )
    };
    assert_eq!(
        action(&first["items"][1]),
        (json!("queue.resume"), json!("meta"), json!("ok"))
    );
    assert_eq!(first["items"][0]["outcome"], "not_found");
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = bench
        .ask(&format!("GET /api/audit?cursor={cursor}"), None)
        .await
        .json();
    assert_eq!(
        action(&rest["items"][0]),
        (json!("queue.pause"), json!("meta"), json!("ok"))
    );
    assert_eq!(rest["nextCursor"], Value::Null);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_is_made_again_gets_its_first_answer() {
    let bench = Bench::start().await;
    let body = r#"{"name":"shop","scopes":["ingest"]}"#;
    let again = [("idempotency-key", "k-1")];
    let made = bench.ask_with("POST /api/keys", &again, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = made.json()["key"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("ck_live_"), "{secret}");
    let repeated = bench.ask_with("POST /api/keys", &again, Some(body)).await;
    assert_eq!((repeated.status, &repeated.body), (201, &made.body));
    assert_eq!(repeated.headers["idempotency-replayed"], "true");
    assert_eq!(files_with(&secret, bench.dir.path()), [""; 0]);
    let name = made.json()["id"].as_str().unwrap().to_owned();
    assert_ne!(files_with(&name, bench.dir.path()), [""; 0]);
    let other = r#"{"name":"other","scopes":["ingest"]}"#;
    let reused = bench.ask_with("POST /api/keys", &again, Some(other)).await;
    assert_eq!(
        (reused.status, reused.code().as_str()),
        (422, "idempotency_key_reused")
    );

    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        bench
            .ask(&format!("DELETE /api/keys/{id}"), None)
            .await
            .status,
        204
    );
    let listed = bench.ask("GET /api/keys?limit=1", None).await;
    assert!(!listed.body.contains("ck_live_"), "{}", listed.body);
    bench.stop().await;
}

/// The files of a folder, and of those in it, that hold this text.
fn files_with(text: &str, dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(text, &path));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_with_a_key_is_lost_with_the_file_that_it_was_encrypted_with() {
    let dir = tempfile::tempdir().unwrap();
    let body = r#"{"name":"shop","scopes":["ingest"]}"#;
    let post = |secret: &str| {
        let request = http::Request::post("/api/keys")
            .header("authorization", format!("Bearer {secret}"))
            .header("idempotency-key", "k-1");
        request.body(body.as_bytes().to_vec()).unwrap()
    };
    let server = || ServerSettings::new(([127, 0, 0, 1], 0).into());
    let engine = Engine::start(settings(dir.path())).await.unwrap();
    let (_, secret) = key(&engine, Some("acme"), KeyScope::ALL).await;
    let made = Direct::new(engine.clone(), server())
        .call(post(&secret))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    engine.stop(Duration::from_secs(2)).await;

    std::fs::remove_file(dir.path().join(SEAL_FILE)).unwrap();
    let engine = Engine::start(settings(dir.path())).await.unwrap();
    let lost = Direct::new(engine.clone(), server())
        .call(post(&secret))
        .await;
    assert_eq!((lost.status, lost.code().as_str()), (409, "answer_lost"));
    let detail = lost.json()["detail"].to_string();
    assert!(detail.contains("new idempotency key"), "{detail}");
    assert_eq!(engine.control().keys(&Scope::All).len(), 2);
    engine.stop(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_gives_away_no_more_than_it_has() {
    let bench = Bench::start().await;
    let (_, small) = key(&bench.engine, Some("acme"), [KeyScope::Admin]).await;
    let bearer = format!("Bearer {small}");
    let body = r#"{"name":"x","tenant":"globex","scopes":["admin","manage","fly"]}"#;
    let refused = call(
        bench.addr(),
        "POST /api/keys",
        &[("authorization", &bearer)],
        Some(body),
    )
    .await
    .unwrap();
    let pointers: Vec<Value> = refused.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].clone())
        .collect();
    assert_eq!(
        pointers,
        [json!("/scopes/1"), json!("/scopes/2"), json!("/tenant")]
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_metrics_and_limits_are_told() {
    let settings = ServerSettings {
        requests_per_second: 3.try_into().unwrap(),
        max_body_bytes: 100,
        ..ServerSettings::new(([127, 0, 0, 1], 0).into())
    };
    let bench = Bench::with(settings).await;
    assert_eq!(
        bench.ask("GET /livez", None).await.json(),
        json!({"status": "ok"})
    );
    let ready = bench.ask("GET /readyz", None).await;
    assert!(ready.json()["checks"].is_array(), "{}", ready.body);
    let metrics = bench.ask("GET /metrics", None).await;
    assert!(
        metrics
            .body
            .contains("cauce_queue_jobs{queue=\"meta\",state=\"waiting\"} 0"),
        "{}",
        metrics.body
    );
    assert_eq!(
        call(bench.addr(), "GET /metrics", &[], None)
            .await
            .unwrap()
            .status,
        401
    );
    let long = bench
        .ask("POST /api/pixels/events", Some(&" ".repeat(101)))
        .await;
    assert_eq!((long.status, long.code().as_str()), (413, "body_too_large"));
    let mut last = bench.ask("GET /api/queues", None).await;
    assert_eq!(last.headers["ratelimit-policy"], "\"key\";q=3;w=1");
    for _ in 0..10 {
        last = bench.ask("GET /api/queues", None).await;
    }
    assert_eq!((last.status, last.code().as_str()), (429, "rate_limited"));
    assert_eq!(last.headers["retry-after"], "1");
    bench.stop().await;
}
