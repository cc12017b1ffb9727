//! Rate limits as the receiver sees them, under full backlog and over a crash.

use std::time::{Duration, Instant};

use cauce_sim::Ledger;
use serde_json::{Value, json};

use crate::support::{Outside, Server, Setup, event, id, secs};

/// A policy that sends one event a request, as many as the windows allow.
fn limited(rate: &str) -> String {
    format!(
        "rate = {rate}\nconcurrency = 64\nbatch = {{ max_items = 1, max_wait = \"10ms\" }}\n\
         retry = {{ max_attempts = 12, base = \"20ms\", cap = \"100ms\" }}\n"
    )
}

async fn fill(server: &Server, from: u64, count: u64) {
    let make = |number| {
        let mut event = event(&id(number));
        event["platforms"] = json!(["meta", "tiktok"]);
        event
    };
    let events: Value = (from..from + count).map(make).collect();
    server.post("/api/pixels/events?tenant=acme", &events).await;
}

/// Requests between two moments of the ledger's clock.
fn between(ledger: &Ledger, from: Duration, until: Duration) -> usize {
    let requests = ledger.requests();
    requests
        .iter()
        .filter(|r| (from..until).contains(&r.at))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_window_is_ever_exceeded_and_the_allowance_is_used() {
    let outside = Outside::start().await;
    let accounts = ["meta", "tiktok"].map(|queue| outside.account(queue, "acme", "ok"));
    let setup = Setup::new(accounts.concat())
        .with("queues.meta", &limited(r#"[[10, "1s"]]"#))
        .with("queues.tiktok", &limited(r#"[[50, "1s"], [200, "10s"]]"#));
    let mut server = Server::start(&setup);
    fill(&server, 0, 600).await;
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    let down = Instant::now();
    server.kill();
    server = Server::start(&setup);
    let down = down.elapsed();
    tokio::time::sleep(Duration::from_millis(4_200)).await;

    let (meta, tiktok) = (outside.meta.ledger(), outside.tiktok.ledger());
    let requests = meta.requests();
    let (first, last) = (requests[0].at, requests[requests.len() - 1].at);
    let windows = [(meta, 10, 1), (tiktok, 50, 1), (tiktok, 200, 10)];
    for (ledger, max, seconds) in windows {
        let highest = ledger.highest_in(secs(seconds));
        println!("at most {highest} of {max} in {seconds} s");
        assert!(highest <= max, "{highest} of {max} in {seconds} s");
        // Ten seconds of a window did not pass, but its allowance was there from the start.
        assert!(
            highest * 10 >= max * 9,
            "only {highest} of {max} in {seconds} s"
        );
    }
    let alive = (last - first).saturating_sub(down);
    let allowed = alive.as_secs_f64() * 10.0;
    let used = between(meta, first, last) as f64;
    println!(
        "meta: {used} of {allowed:.0} ({:.0} %), {down:?} of restart",
        used / allowed * 100.0
    );
    assert!(used >= allowed * 0.9, "{used} of {allowed}");
    assert_eq!(
        (meta.unexcused_repeats(), tiktok.unexcused_repeats()),
        (0, 0)
    );
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

/// How long the soak below lasts: long enough to pass a window of ten seconds twice, or as long as
/// `CAUCE_SOAK_SECONDS` says. 600 is what a release should have seen.
fn soak() -> Duration {
    let asked = std::env::var("CAUCE_SOAK_SECONDS").ok();
    secs(asked.and_then(|text| text.parse().ok()).unwrap_or(24))
}

#[tokio::test(flavor = "multi_thread")]
async fn allowance_is_used_to_the_end_and_never_passed_through_kills() {
    const KILL_EVERY: Duration = Duration::from_secs(10);
    let outside = Outside::start().await;
    let setup = Setup::new(outside.account("meta", "acme", "ok")).with(
        "queues.meta",
        &limited(r#"[[10, "1s"], [95, "10s"], [560, "1m"], [30000, "1h"]]"#),
    );
    let mut server = Server::start(&setup);
    let mut filled = 0;
    let (mut down, mut kills) = (Duration::ZERO, 0);
    let began = Instant::now();
    while began.elapsed() < soak() {
        // Far more than can go until the next kill.
        let make = |number| {
            let mut event = event(&id(number));
            event["platforms"] = json!(["meta"]);
            event
        };
        let events: Value = (filled..filled + 200).map(make).collect();
        filled += 200;
        server.post("/api/pixels/events?tenant=acme", &events).await;
        tokio::time::sleep(KILL_EVERY.min(soak().saturating_sub(began.elapsed()))).await;
        if began.elapsed() < soak() {
            let dead = Instant::now();
            server.kill();
            server = Server::start(&setup);
            down += dead.elapsed();
            kills += 1;
        }
    }
    let ledger = outside.meta.ledger();
    for (max, seconds) in [(10, 1), (95, 10), (560, 60)] {
        let highest = ledger.highest_in(secs(seconds));
        println!("at most {highest} of {max} in {seconds} s");
        assert!(highest <= max, "{highest} of {max} in {seconds} s");
    }
    let requests = ledger.requests();
    let alive = (requests[requests.len() - 1].at - requests[0].at).saturating_sub(down);
    // The narrowest allowance over so long a time.
    let per_second = if soak() > secs(60) { 560.0 / 60.0 } else { 9.5 };
    let allowed = alive.as_secs_f64() * per_second;
    let used = requests.len() as f64;
    println!(
        "{used} of {allowed:.0} ({:.1} %) in {alive:?} beside {kills} kills ({down:?})",
        used / allowed * 100.0
    );
    assert!(used >= allowed * 0.9, "{used} of {allowed}");
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_burst_after_idling_and_none_through_retries() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.account("meta", "acme", "ok"))
        .with("queues.meta", &limited(r#"[[20, "1s"]]"#));
    let server = Server::start(&setup);
    let rush = |from, count| {
        let make = |number| {
            let mut event = event(&id(number));
            event["platforms"] = json!(["meta"]);
            event
        };
        (from..from + count).map(make).collect::<Value>()
    };
    let path = "/api/pixels/events?tenant=acme";
    server.post(path, &rush(0, 5)).await;
    tokio::time::sleep(secs(2)).await;
    outside
        .meta
        .faults()
        .chance(0.3, cauce_sim::Fault::ServerError { status: 500 });
    server.post(path, &rush(100, 60)).await;
    tokio::time::sleep(secs(4)).await;
    let highest = outside.meta.ledger().highest_in(secs(1));
    println!(
        "at most {highest} of 20 in 1 s, {} refused",
        outside.meta.ledger().refused_requests()
    );
    assert!((18..=20).contains(&highest), "{highest}");
    assert!(outside.meta.ledger().refused_requests() > 5);
}
