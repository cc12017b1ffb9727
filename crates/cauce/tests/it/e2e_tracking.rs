//! Tracked events on their way in: kept, counted, sampled, added up, limited, through kills.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{
    Outside, SOON, Server, Setup, event, id, now_ms, secs, track, try_track, until, uuid,
    web_event, web_stats,
};

fn setup() -> Setup {
    Setup::new(String::new())
}

/// Waits until all that was taken is in files.
async fn flushed(server: &Server) {
    until("the buffer is written", SOON, async || {
        server.get("/tracking-v2/health").await["buffer"]["currentSize"] == 0
    })
    .await;
}

/// The counters, after the law was found to hold.
async fn counters(server: &Server) -> Value {
    let health = server.get("/tracking-v2/health").await;
    let counters = health["events"].clone();
    let count = |name: &str| counters[name].as_u64().unwrap();
    let ends = [
        "stored",
        "sampledOut",
        "merged",
        "duplicates",
        "withheld",
        "rejected",
    ]
    .map(count);
    assert_eq!(count("received"), ends.iter().sum::<u64>(), "{health}");
    counters
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_counted_exactly_also_after_kills() {
    let setup = setup().with(
        "tracking.buffer",
        "max_events = 200\nflush_interval = \"300ms\"",
    );
    let mut server = Server::start(&setup);
    for round in 0..4_u64 {
        let events = (0..250)
            .map(|n| web_event(round * 250 + n, n % 50, "PAGE_VIEW"))
            .collect();
        assert_eq!(track(&server, events).await["processed"], 250);
        if round == 1 {
            flushed(&server).await;
        }
        server.kill();
        server = Server::start(&setup);
        let stats = web_stats(&server).await;
        assert_eq!(stats["totalEvents"], (round + 1) * 250, "{stats}");
        assert_eq!(
            stats["eventsByType"],
            json!({ "PAGE_VIEW": (round + 1) * 250 })
        );
        assert_eq!(
            (&stats["uniqueVisitors"], &stats["uniqueSessions"]),
            (&json!(50), &json!(50))
        );
        assert_eq!(counters(&server).await["stored"], (round + 1) * 250);
    }
    flushed(&server).await;
    let stats = web_stats(&server).await;
    assert_eq!(stats["totalEvents"], 1_000, "{stats}");
    let pages: u64 = stats["topPages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["count"].as_u64().unwrap())
        .sum();
    assert_eq!(pages, 1_000, "{stats}");
    let health = server.get("/tracking-v2/health").await;
    let name = health["partitions"].as_array().unwrap().last().unwrap()["name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(name.starts_with("tracking_events_2"), "{health}");
    // What was known before the kills is known after them.
    let again = (0..250)
        .map(|n| web_event(n, n % 50, "PAGE_VIEW"))
        .collect();
    assert_eq!(track(&server, again).await["duplicates"], 250);
    server.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_thousand_events_are_sampled_within_bounds_and_alike_each_time() {
    let setup = setup();
    let server = Server::start(&setup);
    let batches = async |kind: &str, from: u64| {
        let (mut kept, mut known) = (0, 0);
        for batch in 0..50_u64 {
            let first = from + batch * 1_000;
            let events = (first..first + 1_000)
                .map(|n| web_event(n, n, kind))
                .collect();
            let taken = track(&server, events).await;
            let count = |name: &str| taken[name].as_u64().unwrap();
            assert_eq!(
                count("processed") + count("discarded") + count("duplicates"),
                1_000,
                "{taken}"
            );
            kept += count("processed");
            known += count("duplicates");
        }
        (kept, known)
    };
    // Five standard deviations of a binomial around 10 % and 1 % of 50,000.
    let (scrolls, _) = batches("SCROLL", 0).await;
    assert!(
        (4_665..=5_335).contains(&scrolls),
        "{scrolls} of 50,000 at 10 %"
    );
    let (moves, _) = batches("MOUSE_MOVE", 100_000).await;
    assert!((389..=611).contains(&moves), "{moves} of 50,000 at 1 %");
    assert_eq!(
        batches("SCROLL", 0).await,
        (0, scrolls),
        "resent events met another fate"
    );
    let stats = web_stats(&server).await;
    assert_eq!(stats["totalEvents"], scrolls + moves, "{stats}");
    let estimated = stats["estimatedByType"]["SCROLL"].as_f64().unwrap();
    assert!((estimated - scrolls as f64 * 10.0).abs() < 1.0, "{stats}");
    assert_eq!(counters(&server).await["received"], 150_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_events_are_one_with_a_count_across_files_and_a_kill() {
    let setup = setup().with("tracking.buffer", "flush_interval = \"200ms\"");
    let server = Server::start(&setup);
    let at = now_ms();
    let click = |number: u64, keys: &str| {
        let mut event = web_event(number, 1, "CLICK");
        event["metadata"] = serde_json::from_str(keys).unwrap();
        event["occurredAt"] = json!(at);
        event
    };
    let first = track(
        &server,
        vec![click(1, r#"{"a":1,"b":2}"#), click(2, r#"{"b":2,"a":1}"#)],
    )
    .await;
    assert_eq!(
        (&first["processed"], &first["merged"]),
        (&json!(2), &json!(1)),
        "{first}"
    );
    flushed(&server).await;
    assert_eq!(
        track(&server, vec![click(3, r#"{"a":1,"b":2}"#)]).await["merged"],
        1
    );
    server.kill();
    let server = Server::start(&setup);
    assert_eq!(
        track(&server, vec![click(4, r#"{"a":1,"b":2}"#)]).await["merged"],
        1
    );
    assert_eq!(
        track(&server, vec![click(5, r#"{"a":1,"b":3}"#)]).await["merged"],
        0
    );
    let stats = web_stats(&server).await;
    assert_eq!(stats["totalEvents"], 5, "{stats}");
    flushed(&server).await;
    assert_eq!(web_stats(&server).await["totalEvents"], 5);
    let count = counters(&server).await;
    assert_eq!(
        (&count["stored"], &count["merged"]),
        (&json!(2), &json!(3)),
        "{count}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_near_its_quota_is_sampled_harder_and_past_it_refused() {
    let setup = setup().with("tracking.quota", "max_events_per_minute = 1000");
    let server = Server::start(&setup);
    let clicks = |from: u64, count: u64| {
        (from..from + count)
            .map(|n| web_event(n, n, "CLICK"))
            .collect()
    };
    let first = track(&server, clicks(0, 700)).await;
    assert_eq!(
        (&first["processed"], &first["sampledHarder"]),
        (&json!(700), &json!({})),
        "{first}"
    );
    let second = track(&server, clicks(1_000, 260)).await;
    assert_eq!(second["sampledHarder"]["CLICK"], 12.5, "{second}");
    assert!(second["discarded"].as_u64().unwrap() > 150, "{second}");
    let refused = try_track(&server, clicks(2_000, 100)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "quota_exceeded"),
        "{}",
        refused.body
    );
    let wait: u64 = refused.headers["retry-after"].parse().unwrap();
    // A minute, and how coarsely it is counted.
    assert!((1..=65).contains(&wait), "{wait}");
    assert!(
        refused.body.contains("max_events_per_minute"),
        "{}",
        refused.body
    );
    // Nobody else is concerned, and a reload lifts it at once.
    let other = crate::support::web_batch(clicks(0, 500))
        .to_string()
        .replace("acme", "globex");
    assert_eq!(
        server
            .ask("POST /tracking-v2/events", Some(&other))
            .await
            .status,
        202
    );
    let setup = setup.with("tracking.quota", "max_events_per_minute = 100000");
    server.reload(&setup).await;
    assert_eq!(track(&server, clicks(2_000, 100)).await["processed"], 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_without_room_refuses_events_and_counts_none_of_them() {
    let setup = setup();
    Server::start(&setup).stop(SOON).await;
    let setup = setup.with("limits", "min_free = \"900000 GiB\"\n");
    let server = Server::start(&setup);
    let refused = try_track(&server, vec![web_event(1, 1, "CLICK")]).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (507, "disk_full"),
        "{}",
        refused.body
    );
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(counters(&server).await["received"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn full_buffer_says_come_later_and_everything_that_was_taken_is_there() {
    let buffer = "max_events = 500\nmax_waiting = 1000\nflush_interval = \"200ms\"";
    let setup = setup().with("tracking.buffer", buffer);
    let server = Server::start(&setup);
    // Where the files go is no folder any more: nothing can be written.
    let months = || {
        let found = fs::read_dir(setup.data().join("tracking"))
            .unwrap()
            .flatten();
        let is_month = |path: &PathBuf| path.to_string_lossy().contains("tracking_events_");
        found
            .map(|entry| entry.path())
            .filter(is_month)
            .collect::<Vec<_>>()
    };
    until("the months are made", SOON, async || months().len() > 1).await;
    for month in months() {
        fs::remove_dir(&month).unwrap();
        fs::write(&month, b"in the way").unwrap();
    }
    let batch = |from: u64| {
        (from..from + 100)
            .map(|n| web_event(n, n, "LEAD"))
            .collect()
    };
    let mut taken = 0;
    let refused = loop {
        let answer = try_track(&server, batch(taken)).await;
        if answer.status != 202 {
            break answer;
        }
        taken += 100;
        assert!(taken <= 1_000, "it grows past its limit");
    };
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "buffer_full"),
        "{}",
        refused.body
    );
    assert!(
        refused.headers.contains_key("retry-after"),
        "{:?}",
        refused.headers
    );
    assert_eq!(taken, 1_000);
    let ready = server.ask("GET /readyz", None).await;
    assert!(
        ready.status == 200 && ready.body.contains("event files"),
        "{}",
        ready.body
    );
    assert_eq!(counters(&server).await["received"], 1_000);
    // What waits is counted all the same.
    assert_eq!(web_stats(&server).await["totalEvents"], 1_000);
    for month in months() {
        fs::remove_file(&month).unwrap();
    }
    flushed(&server).await;
    assert_eq!(track(&server, batch(taken)).await["processed"], 100);
    server.kill();
    let server = Server::start(&setup);
    assert_eq!(web_stats(&server).await["totalEvents"], 1_100);
}

#[tokio::test(flavor = "multi_thread")]
async fn sampling_that_a_tenant_has_set_outlives_a_kill() {
    let setup = setup();
    let server = Server::start(&setup);
    let set = server
        .ask(
            "PUT /tracking-v2/throttling/SCROLL?tenant=acme",
            Some(r#"{"samplingRate":0}"#),
        )
        .await;
    assert_eq!(set.status, 200, "{}", set.body);
    server.kill();
    let server = Server::start(&setup);
    let taken = track(
        &server,
        (0..50).map(|n| web_event(n, n, "SCROLL")).collect(),
    )
    .await;
    assert_eq!(taken["discarded"], 50, "{taken}");
    let rules = server.get("/tracking-v2/throttling?tenant=acme").await;
    assert!(
        rules
            .to_string()
            .contains(r#""samplingRate":0.0,"source":"tenant""#),
        "{rules}"
    );
}

const CONVERSIONS: &str = r#"
[[tracking.conversions]]
event = "PURCHASE"
as = "purchase"
platforms = ["meta"]
fields = { value = "total", currency = "currency", orderId = "order", fbp = "fbp" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn purchase_that_was_tracked_reaches_the_platform_once() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme") + CONVERSIONS);
    let server = Server::start(&setup);
    let purchase = |number: u64| {
        let mut event = web_event(number, number, "PURCHASE");
        event["metadata"] = json!({ "total": 12.5, "currency": "EUR", "order": format!("o{number}"),
                                    "fbp": "fb.1.1760000000000.1098115397",
                                    "url": "https://shop.example/thanks" });
        event
    };
    let body = crate::support::web_batch((1..=5).map(purchase).collect()).to_string();
    let agent = [(
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    )];
    let taken = server
        .ask_as(
            crate::support::ADMIN,
            "POST /tracking-v2/events",
            &agent,
            Some(&body),
        )
        .await;
    assert_eq!(taken.json()["processed"], 5, "{}", taken.body);
    // Killed before, while or after they are handed on.
    server.kill();
    let server = Server::start(&setup);
    let resent = server
        .ask_as(
            crate::support::ADMIN,
            "POST /tracking-v2/events",
            &agent,
            Some(&body),
        )
        .await;
    assert_eq!(resent.json()["duplicates"], 5, "{}", resent.body);
    until("all purchases have arrived", SOON, async || {
        (1..=5).all(|n| outside.ledger("meta").count(&uuid(1, n)) == 1)
    })
    .await;
    server
        .post("/api/pixels/events?tenant=acme", &event(&id(9)))
        .await;
    server.emptied(&["meta"], SOON).await;
    assert_eq!(outside.ledger("meta").repeats(), 0);
    assert_eq!(
        server.count("tiktok", "received").await,
        1,
        "only the mapped platform"
    );
    server.stop(secs(10)).await;
}
