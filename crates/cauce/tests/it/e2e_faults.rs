//! Platforms that fail in every way: what was accepted arrives, and nobody else is held up.

use std::time::{Duration, Instant};

use cauce_sim::{Fault, Poison, RetryAfter};
use serde_json::{Value, json};

use crate::support::{
    Outside, QUEUES, SOON, Server, Setup, Told, event, events, id, ms, secs, until,
};

/// Every way to fail, and whether the platform may have taken what it then gets again.
fn faults(queue: &str) -> Vec<(Fault, bool)> {
    let mut all = vec![
        (Fault::TooManyRequests(RetryAfter::Absent), false),
        (Fault::ServerError { status: 500 }, false),
        (Fault::ServerError { status: 503 }, false),
        (Fault::BadGateway, false),
        (Fault::ResetEarly, false),
        (Fault::SlowAnswer { delay: ms(300) }, false),
        (Fault::SlowBody { delay: ms(50) }, false),
        (Fault::Hang { accepts: true }, true),
        (Fault::Hang { accepts: false }, false),
    ];
    // Without a time, Meta's own form of it holds for a minute: too long for a table.
    if queue != "meta" {
        all.push((Fault::Throttled { minutes: 0 }, false));
    }
    for accepts in [true, false] {
        all.extend([
            (Fault::ResetLate { accepts }, accepts),
            (Fault::HalfJson { accepts }, accepts),
            (Fault::ShortBody { accepts }, accepts),
            (Fault::Garbage { accepts }, accepts),
            (
                Fault::Oversized {
                    bytes: 3 << 20,
                    accepts,
                },
                accepts,
            ),
        ]);
    }
    all
}

/// Breaker and backoff at their shortest, so that a table of faults takes seconds; small batches,
/// so that fresh requests earn the retries.
const QUICK: &str = r#"batch = { max_items = 3, max_wait = "20ms" }
retry = { max_attempts = 12, base = "20ms", cap = "100ms" }
breaker = { failures = 100, open_for = "100ms" }
rate = []
"#;

/// Plays every fault to a platform, twice in a row each.
async fn survives_every_fault(queue: &str) {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"))
        .with(&format!("queues.{queue}"), QUICK)
        .with(
            "transport",
            "connect = \"300ms\"\nfirst_byte = \"400ms\"\ntotal = \"600ms\"\n",
        );
    let server = Server::start(&setup);
    let (ledger, mut told) = (outside.ledger(queue), Told::default());
    for (round, (fault, ambiguous)) in (0..).zip(faults(queue)) {
        let (repeats, requests) = (ledger.repeats(), ledger.request_count());
        // A platform that is held by a time of its own has nothing to repeat.
        let times = match fault {
            Fault::TooManyRequests(_) | Fault::Throttled { .. } => 1,
            _ => 2,
        };
        outside.of(queue).faults().next(times, fault.clone());
        told.post(&server, &events(queue, round * 100, 30)).await;
        let began = Instant::now();
        server.emptied(&[queue], SOON).await;
        println!("{queue} {fault:?}: {:?}", began.elapsed());
        outside.of(queue).faults().clear();
        let missing = told.missing(queue, ledger);
        assert!(missing.is_empty(), "{fault:?} lost {missing:?}");
        assert_eq!(ledger.unexcused_repeats(), 0, "{fault:?} has repeated");
        assert!(
            ambiguous || ledger.repeats() == repeats,
            "{fault:?} has repeated"
        );
        assert!(
            ledger.request_count() - requests <= 40,
            "{fault:?} caused a storm"
        );
    }
    assert_eq!(server.count(queue, "dead").await, 0);
    assert_eq!(server.count(queue, "unknown").await, 0);
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_gets_everything_whatever_fails() {
    survives_every_fault("meta").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linkedin_gets_everything_whatever_fails() {
    survives_every_fault("linkedin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tiktok_gets_everything_whatever_fails() {
    survives_every_fault("tiktok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_never_gets_an_event_twice_and_a_person_decides() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme")).with("queues.google", QUICK);
    let server = Server::start(&setup);
    let (ledger, mut told) = (outside.ledger("google"), Told::default());
    // Purchases would go again: GA4 knows a transaction that comes twice.
    let leads = |from, count| {
        let mut all = events("google", from, count);
        for event in all.as_array_mut().unwrap() {
            event["eventType"] = json!("lead");
        }
        all
    };
    // GA4 answers 204 whatever comes, so that half an answer is as good as a whole one.
    let unclear = [
        Fault::ResetLate { accepts: true },
        Fault::ResetLate { accepts: false },
        Fault::Garbage { accepts: true },
        Fault::Hang { accepts: true },
    ];
    for (round, fault) in (0..).zip(&unclear) {
        outside.google.faults().next(3, fault.clone());
        told.post(&server, &leads(round * 10, 3)).await;
        server.emptied(&["google"], SOON).await;
        let unknown = 3 * (round + 1);
        assert_eq!(
            server.count("google", "unknown").await,
            unknown,
            "{fault:?}"
        );
    }
    outside
        .google
        .faults()
        .next(3, Fault::ServerError { status: 503 });
    told.post(&server, &leads(100, 5)).await;
    server.emptied(&["google"], SOON).await;
    assert_eq!(
        server.count("google", "unknown").await,
        12,
        "a 503 is not ambiguous"
    );
    assert_eq!(ledger.repeats(), 0);

    let unknown = server.get("/api/queues/google/jobs?state=unknown").await;
    let jobs: Vec<&str> = unknown["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|j| j["id"].as_str().unwrap())
        .collect();
    let settled = server
        .post(
            &format!("/api/jobs/{}/resolve", jobs[0]),
            &json!({ "outcome": "delivered" }),
        )
        .await;
    assert_eq!(settled["state"], "completed", "{settled}");
    let sent = ledger.request_count();
    server
        .post("/api/queues/google/dead/retry", &json!({ "unknown": true }))
        .await;
    server.emptied(&["google"], SOON).await;
    assert!(ledger.request_count() > sent);
    assert_eq!(server.count("google", "unknown").await, 0);
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_opens_the_breaker_and_uses_up_no_attempts() {
    let outside = Outside::start().await;
    let lines = "batch = { max_wait = \"20ms\" }\nretry = { max_attempts = 4, base = \"20ms\", cap = \"50ms\" }\n\
                 breaker = { failures = 3, open_for = \"300ms\" }\nrate = []\n";
    let setup = Setup::new(outside.accounts("acme")).with("queues.meta", lines);
    let server = Server::start(&setup);
    let mut told = Told::default();
    outside.meta.go_down().await;
    told.post(&server, &events("meta", 0, 500)).await;
    until("the breaker is open", SOON, async || {
        server.get("/api/queues/meta").await["lines"][0]["breaker"] == "open"
    })
    .await;
    tokio::time::sleep(secs(2)).await;
    assert_eq!(
        server.count("meta", "dead").await,
        0,
        "the outage has cost jobs"
    );
    outside.meta.come_back().await;
    let back = Instant::now();
    server.emptied(&["meta"], SOON).await;
    println!(
        "all delivered {:?} after the end of the outage",
        back.elapsed()
    );
    told.assert_arrived(&outside);
    assert_eq!(outside.meta.ledger().repeats(), 0);
    let line = server.get("/api/queues/meta").await["lines"][0].clone();
    assert_eq!(line["breaker"], "closed", "{line}");
    assert!(line["breakerOpenings"].as_u64() >= Some(1), "{line}");
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

/// How long a platform takes to get so many events, one post after the other.
async fn round_trips(server: &Server, outside: &Outside, from: u64) -> Duration {
    let mut took = Vec::new();
    for number in from..from + 15 {
        let began = Instant::now();
        server
            .post(
                "/api/pixels/events?tenant=acme",
                &events("tiktok", number, 1),
            )
            .await;
        until("the event has arrived", SOON, async || {
            outside.tiktok.ledger().count(&id(number)) == 1
        })
        .await;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    took[took.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_hangs_slows_no_other() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme")).with("queues.tiktok", QUICK);
    let server = Server::start(&setup);
    let alone = round_trips(&server, &outside, 0).await;
    outside.meta.faults().always(Fault::Hang { accepts: false });
    outside
        .linkedin
        .faults()
        .always(Fault::SlowAnswer { delay: ms(900) });
    outside.google.go_down().await;
    for queue in ["meta", "linkedin", "google"] {
        server
            .post(
                "/api/pixels/events?tenant=acme",
                &events(queue, 1_000, 1_000),
            )
            .await;
    }
    let beside = round_trips(&server, &outside, 100).await;
    println!("to tiktok: {alone:?} alone, {beside:?} beside three platforms in trouble");
    assert!(
        beside < alone * 2 + ms(50),
        "{alone:?} has become {beside:?}"
    );
    assert!(server.count("meta", "pending").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_poisonous_event_costs_a_few_requests_and_nobody_else() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    for how in [Poison::Unnamed, Poison::Named, Poison::Element] {
        let from = 1_000 * how as u64;
        for queue in ["meta", "linkedin", "tiktok"] {
            let ledger = outside.ledger(queue);
            let (requests, dead) = (ledger.request_count(), server.count(queue, "dead").await);
            outside
                .of(queue)
                .faults()
                .poison([id(from + 37).as_str()], how);
            server
                .post("/api/pixels/events?tenant=acme", &events(queue, from, 100))
                .await;
            server.emptied(&[queue], SOON).await;
            assert_eq!(
                server.count(queue, "dead").await,
                dead + 1,
                "{queue} {how:?}"
            );
            let arrived = (from..from + 100)
                .filter(|n| ledger.count(&id(*n)) == 1)
                .count();
            assert_eq!(
                (arrived, ledger.count(&id(from + 37))),
                (99, 0),
                "{queue} {how:?}"
            );
            // 2 log2(100) + 1.
            let cost = ledger.request_count() - requests;
            assert!(cost <= 15, "{queue} {how:?}: {cost} requests");
        }
    }
    let dead = server.get("/api/queues/meta/dead?groupBy=reason").await;
    let counted: u64 = dead["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["count"].as_u64())
        .sum();
    assert_eq!(counted, 3, "{dead}");
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_of_retry_after_hold_the_whole_platform() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let mut told = Told::default();
    let forms = [
        ("meta", RetryAfter::Seconds(2)),
        ("linkedin", RetryAfter::Seconds(2)),
        ("tiktok", RetryAfter::Date(secs(2))),
        ("google", RetryAfter::Date(secs(2))),
    ];
    for (queue, form) in forms {
        outside
            .of(queue)
            .faults()
            .next(1, Fault::TooManyRequests(form));
    }
    let everywhere: Vec<Value> = (0..40).map(|n| event(&id(n))).collect();
    told.post(&server, &json!(everywhere)).await;
    let began = Instant::now();
    while began.elapsed() < ms(1_200) {
        // New work must not wake the platform up.
        let number = 1_000 + began.elapsed().as_millis() as u64;
        told.post(&server, &event(&id(number))).await;
        tokio::time::sleep(ms(50)).await;
    }
    server.emptied(&QUEUES, SOON).await;
    told.assert_arrived(&outside);
    for (queue, form) in forms {
        let requests = outside.ledger(queue).requests();
        let refused = requests
            .iter()
            .position(|r| r.outcome == cauce_sim::Outcome::Refused)
            .unwrap();
        // Requests that were on the road together with the first one are no answer to it.
        let quiet = requests
            .iter()
            .filter(|r| r.at > requests[refused].at + ms(100));
        let again = quiet.map(|r| r.at - requests[refused].at).min().unwrap();
        println!("{queue} {form:?}: asked again after {again:?}");
        assert!(
            again >= secs(2),
            "{queue} {form:?}: asked again after {again:?}"
        );
        assert!(
            again < secs(5),
            "{queue} {form:?}: asked again after {again:?}"
        );
        assert_eq!(outside.ledger(queue).repeats(), 0, "{queue}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_account_costs_no_attempt_and_no_job() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let faults = [
        Fault::TokenExpired,
        Fault::TokenRevoked,
        Fault::TokenInvalid,
        Fault::VersionSunset,
        Fault::Redirect {
            location: outside.google.base_url(),
        },
    ];
    for (round, fault) in (0..).zip(&faults) {
        for queue in ["meta", "linkedin", "tiktok"] {
            let ledger = outside.ledger(queue);
            outside.of(queue).faults().next(1, fault.clone());
            let before = ledger.request_count();
            server
                .post(
                    "/api/pixels/events?tenant=acme",
                    &events(queue, round * 100, 5),
                )
                .await;
            until("the fault is met", SOON, async || {
                ledger.request_count() > before
            })
            .await;
            let verify = format!(r#"{{"platform":"{queue}"}}"#);
            until(
                &format!("{queue} goes on after {fault:?}"),
                SOON,
                async || {
                    let answer = server
                        .ask("POST /api/pixels/tokens/verify", Some(&verify))
                        .await;
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    server.count(queue, "pending").await == 0
                },
            )
            .await;
            assert_eq!(server.count(queue, "dead").await, 0, "{queue} {fault:?}");
            let arrived = (0..5)
                .filter(|n| ledger.count(&id(round * 100 + n)) == 1)
                .count();
            assert_eq!(arrived, 5, "{queue} {fault:?}");
        }
    }
    assert_eq!(
        outside.google.ledger().request_count(),
        0,
        "a redirect was followed"
    );
}
