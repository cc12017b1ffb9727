//! A gateway's sessions at a company's backend: few requests, the last state right, none older
//! after a newer one, however often the process is killed.

use std::{sync::Arc, time::Instant};

use cauce_sim::{Failing, Fault, Lookup, Manner, Random, What};
use serde_json::{Value, json};

use crate::support::{Backend, Caller, Gateway, SOON, Server, Setup, ms, numbers, secs, until};

const STATUS: &str = "/api/sessions/s1/status?tenant=acme";

async fn put(server: &Server, path: &str, body: &Value) -> (u16, Value) {
    let answer = server
        .ask(&format!("PUT {path}"), Some(&body.to_string()))
        .await;
    (answer.status, answer.json())
}

async fn put_status(server: &Server, session: &str, status: &str) {
    let path = format!("/api/sessions/{session}/status?tenant=acme");
    let (code, body) = put(server, &path, &json!({"status": status})).await;
    assert_eq!(code, 202, "{body}");
}

async fn put_qr(server: &Server, session: &str, qr: &str) -> Value {
    let path = format!("/api/sessions/{session}/qr?tenant=acme");
    let (code, body) = put(server, &path, &json!({"qr": qr})).await;
    assert_eq!(code, 202, "{body}");
    body
}

fn sessions(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("s{n}")).collect()
}

/// How often the process is killed; a night's run takes hundreds.
fn cycles() -> u64 {
    let asked = std::env::var("CAUCE_KILL_CYCLES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(8)
}

fn assert_right(backend: &Backend, gateway: &std::collections::BTreeMap<String, u64>) {
    for (session, last) in gateway {
        let told = numbers(&backend.at, session);
        assert!(told.is_sorted(), "{session} went back: {told:?}");
        // An update that was not acknowledged may have been taken all the same.
        let is_last = told.last().is_some_and(|number| number >= last);
        assert!(
            is_last,
            "{session} was left at {:?}, not at {last}",
            told.last()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_state_is_right_and_none_goes_back_however_often_the_process_is_killed() {
    let backend = Backend::start().await;
    let faults = backend.at.faults();
    faults.chance(0.10, Fault::ServerError { status: 503 });
    faults.chance(0.05, Fault::ResetLate { accepts: true });
    faults.chance(0.3, Fault::SlowAnswer { delay: ms(40) });
    let setup = backend.setup();
    let gateway = Gateway::default();
    let (all, mut random) = (sessions(40), Random::new(11));
    for cycle in 0..cycles() {
        let server = Arc::new(Server::start(&setup));
        let tellers: Vec<_> = all
            .chunks(10)
            .map(|own| {
                let (server, gateway) = (Arc::clone(&server), gateway.clone());
                let own = own.to_vec();
                tokio::spawn(async move {
                    gateway.tell(&server, &own, cycle * 100_000, 100_000).await;
                })
            })
            .collect();
        tokio::time::sleep(ms(200 + random.below(600))).await;
        until("every session was heard of", SOON, async || {
            gateway.acknowledged.lock().await.len() == all.len()
        })
        .await;
        server.signal("KILL");
        for teller in tellers {
            teller.await.unwrap();
        }
    }
    faults.clear();
    let server = Server::start(&setup);
    server.emptied(&["status"], secs(30)).await;
    let acknowledged = gateway.acknowledged.lock().await;
    assert_right(&backend, &acknowledged);
    assert!(server.law_breakers().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_updates_become_few_requests() {
    let backend = Backend::start().await;
    let server = Arc::new(Server::start(&backend.setup()));
    let (gateway, all) = (Gateway::default(), sessions(200));
    let began = Instant::now();
    let tellers: Vec<_> = all
        .chunks(50)
        .map(|own| {
            let (server, gateway, own) = (Arc::clone(&server), gateway.clone(), own.to_vec());
            tokio::spawn(async move { gateway.tell(&server, &own, 0, 20).await })
        })
        .collect();
    for teller in tellers {
        teller.await.unwrap();
    }
    let took = began.elapsed();
    server.emptied(&["status"], secs(30)).await;
    let requests = backend.at.ledger().request_count();
    let metrics = server.get("/metrics/batch").await;
    println!("4,000 updates in {took:?} became {requests} requests; {metrics}");
    assert!(requests <= 100, "{requests} requests for 4,000 updates");
    assert_right(&backend, &*gateway.acknowledged.lock().await);
    assert_eq!(metrics["received"], 4_000);
    let sent = metrics["sent"].as_u64().unwrap();
    assert_eq!(
        sent + metrics["coalesced"].as_u64().unwrap(),
        4_000,
        "nothing else was lost"
    );
    assert_eq!(metrics["requests"], requests);
    assert_eq!(metrics["statusBatchSize"], 0);
    assert!(metrics["timeSinceLastFlush"].is_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnection_is_told_at_once() {
    let backend = Backend::start().await;
    let slow = "batch = { max_wait = \"20s\" }\n";
    let server = Server::start(&backend.setup().with("queues.status", slow));
    let mut took = Vec::new();
    for n in 0..5 {
        put_status(&server, "slow", "connecting").await;
        let began = Instant::now();
        let session = format!("s{n}");
        put_status(&server, &session, "disconnected").await;
        until("it is told", SOON, async || {
            !backend.at.sessions().statuses(&session).is_empty()
        })
        .await;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    // What goes beyond half a second is the machine, which others use, too.
    assert!(took[0] < ms(500) && took[4] < ms(1_500), "{took:?}");
    put_status(&server, "slow", "waiting").await;
    assert!(
        backend
            .at
            .sessions()
            .statuses("slow")
            .iter()
            .all(|status| status == "connecting"),
        "others wait for their batch, unless one leaves anyway"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_sent_once_and_its_end_is_told_even_after_a_crash() {
    let backend = Backend::start().await;
    let setup = backend
        .setup()
        .and("queues.qr", "ttl = \"3s\"")
        .with("sessions", "qr_throttle = \"300ms\"\nqr_expires = \"3s\"\n");
    let server = Server::start(&setup);
    put_status(&server, "s1", "waiting").await;
    let first = put_qr(&server, "s1", "Q1").await;
    assert_eq!(
        (&first["new"], &first["queued"]),
        (&json!(true), &json!(true))
    );
    let again = put_qr(&server, "s1", "Q1").await;
    assert_eq!(
        (&again["new"], &again["queued"]),
        (&json!(false), &json!(false))
    );
    for qr in ["Q2", "Q3", "Q4"] {
        put_qr(&server, "s1", qr).await;
    }
    let qrs = || backend.at.sessions().qrs("s1");
    until("the last code is told", SOON, async || {
        qrs().last() == Some(&Some("Q4".to_owned()))
    })
    .await;
    let told = qrs().into_iter().flatten().collect::<Vec<_>>();
    assert!(told.len() <= 2, "codes keep their distance: {told:?}");
    server.kill();
    let server = Server::start(&setup);
    let known = server.get("/api/sessions/s1?tenant=acme").await;
    assert_eq!(
        (&known["qr"], &known["source"]),
        (&json!("Q4"), &json!("store"))
    );
    until("its end is told", SOON, async || {
        qrs().last() == Some(&None)
    })
    .await;
    assert_eq!(
        qrs().iter().filter(|qr| qr.is_none()).count(),
        1,
        "once: {:?}",
        qrs()
    );
    let known = server.get("/api/sessions/s1?tenant=acme").await;
    assert_eq!(
        (&known["qr"], &known["status"]),
        (&Value::Null, &json!("waiting"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_readers_ask_the_backend_once() {
    let backend = Backend::start().await;
    backend.at.sessions().know("s1", "connected", Some("Q"));
    backend.at.sessions().look_up(Lookup {
        delay: ms(300),
        ..Lookup::default()
    });
    let server = Arc::new(Server::start(&backend.setup()));
    let readers: Vec<_> = (0..1_000)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                server
                    .ask("GET /api/sessions/s1/active?tenant=acme", None)
                    .await
            })
        })
        .collect();
    for reader in readers {
        let answer = reader.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["active"], true);
    }
    assert_eq!(backend.at.sessions().lookups(), 1);
    let whole = server.get("/api/sessions/s1?tenant=acme").await;
    assert_eq!(
        (&whole["status"], &whole["qr"]),
        (&json!("connected"), &json!("Q"))
    );
    assert_eq!(whole["source"], "local");
    let cache = server.get("/metrics/cache").await;
    assert_eq!(
        (&cache["lookups"], &cache["sessionKeys"]),
        (&json!(1), &json!(1))
    );
    assert!(cache["hitRate"].as_f64().unwrap() > 0.99, "{cache}");
    let forgotten = server
        .ask("DELETE /api/sessions/s1/cache?tenant=acme", None)
        .await;
    assert_eq!(forgotten.status, 200);
    let again = server.get("/api/sessions/s1/active?tenant=acme").await;
    assert_eq!(again["source"], "backend");
    assert_eq!(backend.at.sessions().lookups(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_counted_by_the_level_that_answers_them() {
    let backend = Backend::start().await;
    backend.at.sessions().know("s1", "connected", None);
    let setup = backend.setup();
    let ask = async |server: &Server, path: &str| {
        let route = format!("GET /api/sessions/{path}");
        server.ask(&route, None).await.status
    };
    let server = Server::start(&setup);
    put_status(&server, "s2", "connected").await;
    server.kill();
    let server = Server::start(&setup);
    for (path, status) in [
        ("s1?tenant=acme", 200),        // by the backend
        ("s1?tenant=acme", 200),        // from memory
        ("s2?tenant=acme", 200),        // from the file
        ("s3?tenant=acme", 404),        // by the backend, which knows no such session
        ("s3/active?tenant=acme", 404), // from memory, which knows that now
        ("s3?tenant=globex", 404),      // by nobody: the tenant has no backend
    ] {
        assert_eq!(ask(&server, path).await, status, "{path}");
    }
    let cache = server.get("/metrics/cache").await;
    for (field, count) in [
        ("localHits", 2),
        ("localMisses", 4),
        ("storeHits", 1),
        ("storeMisses", 3),
        ("backendHits", 2),
        ("backendMisses", 1),
        ("unknown", 1),
        ("absent", 3),
        ("lookups", 2),
    ] {
        assert_eq!(cache[field], count, "{field}: {cache}");
    }
    assert_eq!(cache["hitRate"], 0.5);
    for field in ["totalKeys", "qrKeys", "statusKeys", "connectionKeys"] {
        assert!(cache[field].is_u64(), "{field}: {cache}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_changes_how_many_sessions_are_held_in_memory() {
    let backend = Backend::start().await;
    let mut setup = backend.setup().with("sessions", "max_cached = 1000\n");
    let server = Server::start(&setup);
    for session in sessions(300) {
        put_status(&server, &session, "connected").await;
    }
    let held = async || server.get("/metrics/cache").await["sessions"].clone();
    assert_eq!(held().await, 300);
    setup = setup.with("sessions", "max_cached = 20\n");
    server.reload(&setup).await;
    // Memory is in parts, each of which rounds its share up.
    let few = held().await.as_u64().unwrap();
    assert!((1..=64).contains(&few), "{few}");
    let status = server.get("/api/sessions/s7?tenant=acme").await;
    assert_eq!(status["status"], "connected", "the file knows the others");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_answer_is_served_and_marked_while_the_backend_cannot_be_asked() {
    let backend = Backend::start().await;
    let ttl =
        "cache_ttl = { qr = \"1s\", status = \"1s\", connection = \"1s\", session = \"1s\" }\n";
    let server = Server::start(&backend.setup().with("sessions", ttl));
    put_status(&server, "s1", "connected").await;
    let path = "/api/sessions/s1/active?tenant=acme";
    let fresh = server.get(path).await;
    assert_eq!(
        (&fresh["active"], &fresh["stale"]),
        (&json!(true), &json!(false))
    );
    backend.at.sessions().look_up(Lookup {
        status: Some(500),
        ..Lookup::default()
    });
    until("it is old", SOON, async || {
        server.get(path).await["stale"] == true
    })
    .await;
    let old = server.get(path).await;
    assert_eq!(old["active"], true);
    assert!(old["ageMs"].as_u64().unwrap() >= 1_000, "{old}");
    let unknown = server
        .ask("GET /api/sessions/other?tenant=acme", None)
        .await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (503, "backend_unavailable")
    );
    backend.at.sessions().look_up(Lookup::default());
    backend.at.sessions().know("s1", "disconnected", None);
    until("the backend is asked again", SOON, async || {
        server.get(path).await["active"] == false
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_wait_for_a_missing_route_without_using_up_attempts() {
    let backend = Backend::start().await;
    backend.at.sessions().answer(Manner::RouteMissing);
    let few = "batch = { max_wait = \"100ms\" }\nretry = { max_attempts = 1, base = \"50ms\" }\n";
    let server = Server::start(&backend.setup().with("queues.status", few));
    put_status(&server, "s1", "n-1").await;
    put_status(&server, "s2", "n-1").await;
    until("the route was asked for", SOON, async || {
        backend.at.ledger().request_count() >= 2
    })
    .await;
    let queue = server.get("/api/queues/status").await;
    assert!(queue.to_string().contains("lacks this route"), "{queue}");
    assert_eq!(server.count("status", "dead").await, 0);
    put_status(&server, "s1", "n-2").await;
    backend.at.sessions().answer(Manner::Right);
    server.emptied(&["status"], secs(30)).await;
    assert_eq!(numbers(&backend.at, "s1"), [2]);
    assert_eq!(numbers(&backend.at, "s2"), [1]);
    assert_eq!(server.count("status", "dead").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_says_that_it_waits_for_the_one_before_it() {
    let backend = Backend::start().await;
    let slow = Fault::SlowAnswer { delay: secs(20) };
    backend.at.faults().chance(1.0, slow);
    let at_once = "batch = { max_wait = \"0s\" }\n";
    let patience = "first_byte = \"30s\"\ntotal = \"30s\"\n";
    let setup = backend.setup().with("queues.status", at_once);
    let server = Server::start(&setup.with("transport", patience));
    put_status(&server, "s1", "n-1").await;
    let jobs = async |state: &str| {
        let path = format!("/api/queues/status/jobs?state={state}");
        let listed = server.get(&path).await;
        let ids = listed["items"].as_array().unwrap().iter();
        ids.map(|job| job["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    until("it is on its way", SOON, async || {
        backend.at.ledger().request_count() == 1
    })
    .await;
    put_status(&server, "s1", "n-2").await;
    let (first, second) = (jobs("active").await, jobs("scheduled").await);
    assert_eq!((first.len(), second.len()), (1, 1));
    let why = server.get(&format!("/api/jobs/{}/why", second[0])).await;
    assert_eq!(why["gates"][0]["name"], "key", "{why}");
    let detail = why["gates"][0]["detail"].as_str().unwrap();
    assert!(detail.contains(&first[0]), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_have_their_own_outcome_and_lose_nothing() {
    let backend = Backend::start().await;
    let setup = backend.setup();
    let server = Server::start(&setup);
    for (number, manner, code) in [
        (1, Manner::Page, "backend_html"),
        (2, Manner::Nothing, "backend_empty"),
        (3, Manner::WrongCounts, "backend_counts"),
        (4, Manner::Status(500), "backend_http_500"),
    ] {
        backend.at.sessions().answer(manner);
        put_status(&server, "s1", &format!("n-{number}")).await;
        until(code, SOON, async || {
            let jobs = server.get("/api/queues/status/jobs?limit=5").await;
            jobs.to_string().contains(code)
        })
        .await;
    }
    backend.at.sessions().answer(Manner::Right);
    server.emptied(&["status"], SOON).await;
    assert_eq!(numbers(&backend.at, "s1").last(), Some(&4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_backend_cannot_take_does_not_hold_up_the_others() {
    let backend = Backend::start().await;
    let server = Server::start(&backend.setup());
    for (session, failing) in [
        ("counted", Failing::Counted),
        ("named", Failing::Named),
        ("invalid", Failing::Invalid),
        ("unnamed", Failing::InvalidUnnamed),
    ] {
        backend.at.sessions().fail(session, Some(failing));
        put_status(&server, session, "n-1").await;
    }
    for session in sessions(20) {
        put_status(&server, &session, "n-1").await;
    }
    server.emptied(&["status"], secs(30)).await;
    for session in sessions(20) {
        assert_eq!(numbers(&backend.at, &session).last(), Some(&1), "{session}");
    }
    assert_eq!(server.count("status", "dead").await, 4);
    let qr_free = backend.at.sessions().told("counted");
    assert!(
        qr_free
            .iter()
            .all(|told| !matches!(told.what, What::Status(_)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_by_name() {
    let backend = Backend::start().await;
    let server = Server::start(&backend.setup());
    let qr = "/api/sessions/s1/qr?tenant=acme";
    let long = "q".repeat(65 << 10);
    for (path, body, status, says) in [
        (qr, json!({"qr": ""}), 422, "/qr"),
        (qr, json!({"qr": " "}), 422, "/qr"),
        (qr, json!({"qr": long}), 422, "sessions.max_qr"),
        (qr, json!({"qr": 7}), 422, "/qr"),
        (qr, json!({}), 422, "qr"),
        (qr, json!({"qr": "x", "more": 1}), 422, "more"),
        (STATUS, json!({"status": ""}), 422, "/status"),
        (STATUS, json!({"status": "a\nb"}), 422, "/status"),
        (
            STATUS,
            json!({"status": "x", "priority": "urgent"}),
            422,
            "/priority",
        ),
        (
            "/api/sessions/s1/status",
            json!({"status": "x"}),
            400,
            "tenant",
        ),
        (
            "/api/sessions/s1/status?tenant=other",
            json!({"status": "x"}),
            409,
            "no backend",
        ),
    ] {
        let answer = server
            .ask(&format!("PUT {path}"), Some(&body.to_string()))
            .await;
        assert_eq!(answer.status, status, "{path} {}", answer.body);
        assert!(answer.body.contains(says), "{path}: {}", answer.body);
    }
    let unknown = server
        .ask("GET /api/sessions/nobody?tenant=acme", None)
        .await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "not_found")
    );
    assert_eq!(server.count("qr", "accepted").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateways_own_webhooks_are_heard_once_each() {
    let backend = Backend::start().await;
    let gateways = "evolution = { main = { tenant = \"acme\", secret = \"s3cret\" } }\n";
    let server = Server::start(&backend.setup().with("sessions", gateways));
    let open = json!({
        "event": "connection.update", "instance": "shop-1",
        "data": {"instance": "shop-1", "state": "open", "statusReason": 200},
        "date_time": "2025-01-08T10:52:50.212Z",
    });
    let hear_at = async |path: &str, secret: &str, body: &Value| {
        let headers = [("x-webhook-secret", secret)];
        let request = format!("POST /webhooks/evolution/main{path}");
        server
            .ask_as("none", &request, &headers, Some(&body.to_string()))
            .await
    };
    let hear = async |secret: &str, body: &Value| hear_at("", secret, body).await;
    for path in ["", "/connection-update"] {
        assert_eq!(hear_at(path, "wrong", &open).await.status, 401);
    }
    // A gateway may put the name of the event behind the address.
    for path in ["", "/connection-update", ""] {
        let answer = hear_at(path, "s3cret", &open).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"taken":true}"#)
        );
    }
    let qr = json!({
        "event": "qrcode.updated", "instance": "shop-1",
        "data": {"qrcode": {"instance": "shop-1", "code": "2@abc", "base64": "data:image/png"}},
    });
    assert_eq!(hear("s3cret", &qr).await.status, 200);
    let other = json!({"event": "messages.upsert", "instance": "shop-1", "data": {}});
    assert_eq!(hear("s3cret", &other).await.body, r#"{"taken":false}"#);
    server.emptied(&["status"], SOON).await;
    assert_eq!(backend.at.sessions().statuses("shop-1"), ["connected"]);
    assert_eq!(server.count("status", "accepted").await, 1);
    assert_eq!(server.count("status", "duplicates").await, 2);
    until("the code is told", SOON, async || {
        backend.at.sessions().qrs("shop-1") == [Some("2@abc".to_owned())]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_sends_what_waits_after_the_next_start() {
    let backend = Backend::start().await;
    let slow: Setup = backend
        .setup()
        .with("queues.status", "batch = { max_wait = \"1s\" }\n");
    let server = Server::start(&slow);
    let mut caller = Caller::to(&server).await.unwrap();
    let body = json!({"status": "n-1"}).to_string();
    assert_eq!(caller.put(STATUS, &body).await.unwrap(), 202);
    drop(caller);
    let (status, _) = server.stop(secs(10)).await;
    assert!(status.success());
    let server = Server::start(&slow);
    server.emptied(&["status"], SOON).await;
    assert_eq!(numbers(&backend.at, "s1"), [1]);
}
