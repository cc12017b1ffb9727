//! Tracked events on their way out: streamed, exported, looked at, forgotten.

use std::{fs, path::Path};

use cauce_flow::time::Timestamp;
use cauce_sim::{Fault, Options, Platform, StandIn};
use serde_json::{Value, json};

use crate::support::{
    ADMIN, Listener, SITE, SOON, Server, Setup, now_ms, run, secs, track, until, uuid, web_batch,
    web_event,
};

fn setup() -> Setup {
    Setup::new(String::new())
}

/// Whether any file below the folder, or its name, holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> Option<String> {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = match path.is_dir() {
            true => holds(&path, bytes),
            false => {
                let read = fs::read(&path).unwrap();
                let inside = read.windows(bytes.len()).any(|window| window == bytes);
                inside.then(|| path.display().to_string())
            }
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The 16 bytes of a UUID.
fn raw(uuid: &str) -> Vec<u8> {
    let digits = uuid.replace('-', "");
    let pairs = (0..16).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap());
    pairs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn live_events_are_heard_within_a_second_and_resumed() {
    let setup = setup().and("http", "idle_timeout = \"600ms\"");
    let server = Server::start(&setup);
    let mut all = Listener::open(server.addr, "?tenant=acme", None).await;
    let filters = format!("?tenant=acme&eventType=LEAD&siteId={SITE}");
    let mut leads = Listener::open(server.addr, &filters, None).await;
    let mut others = Listener::open(server.addr, "?tenant=globex", None).await;
    track(
        &server,
        vec![web_event(1, 1, "CLICK"), web_event(2, 2, "LEAD")],
    )
    .await;
    all.until(&uuid(1, 2), secs(1)).await;
    leads.until(&uuid(1, 2), secs(1)).await;
    let events = all.events();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(
        (&events[0]["eventType"], &events[0]["visitorId"]),
        (&json!("CLICK"), &json!(uuid(2, 1)))
    );
    assert_eq!(leads.events().len(), 1);
    // A repeat is no event.
    track(
        &server,
        vec![web_event(1, 1, "CLICK"), web_event(3, 3, "CLICK")],
    )
    .await;
    all.until(&uuid(1, 3), secs(1)).await;
    assert_eq!(all.events().len(), 3);
    // Signs of life keep it open for longer than a connection may rest.
    others.until("still here", secs(2)).await;
    tokio::time::sleep(secs(2)).await;
    let last = all.last_id();
    drop(all);
    track(&server, (10..15).map(|n| web_event(n, n, "LEAD")).collect()).await;
    let mut back = Listener::open(server.addr, "?tenant=acme", Some(&last)).await;
    back.until(&uuid(1, 14), secs(1)).await;
    assert_eq!(back.events().len(), 5);
    leads.until(&uuid(1, 14), secs(1)).await;
    assert!(others.events().is_empty());
    // A stop ends the stream, and is not held up by it.
    let (status, took) = server.stop(SOON).await;
    assert!(status.success() && took < secs(8), "{took:?}");
    let heard = others.into_end(secs(2)).await;
    assert!(!heard.contains("event: tracking"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_comes_too_late_is_told_and_only_so_many_may_read() {
    let setup = setup().with("tracking.stream", "max_readers = 1\nmax_events = 5");
    let server = Server::start(&setup);
    let mut first = Listener::open(server.addr, "?tenant=acme", None).await;
    let refused = server.ask("GET /tracking-v2/stream", None).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "overloaded"),
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("tracking.stream.max_readers"),
        "{}",
        refused.body
    );
    track(&server, vec![web_event(1, 1, "LEAD")]).await;
    first.until(&uuid(1, 1), secs(1)).await;
    let last = first.last_id();
    drop(first);
    for n in 2..20 {
        track(&server, vec![web_event(n, n, "LEAD")]).await;
    }
    // The place is free once the server has noticed that the other one is gone.
    let mut back = Listener::open(server.addr, "?tenant=acme", Some(&last)).await;
    back.until(&uuid(1, 19), secs(2)).await;
    let events = back.events();
    // The newest may have come after it had come back.
    let missed = events[0]["missed"].as_u64().unwrap();
    assert!((10..=13).contains(&missed), "{events:?}");
    assert_eq!(missed + events.len() as u64, 19, "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn range_is_exported_in_every_format_by_api_and_command() {
    let setup = setup().with("tracking.buffer", "flush_interval = \"200ms\"");
    let server = Server::start(&setup);
    for part in 0..3 {
        let events = (0..1_000)
            .map(|n| web_event(part * 1_000 + n, n % 100, "PAGE_VIEW"))
            .collect();
        track(&server, events).await;
    }
    let lines = server
        .ask("GET /tracking-v2/export?tenant=acme", None)
        .await;
    assert_eq!(lines.headers["content-type"], "application/x-ndjson");
    let ids: std::collections::BTreeSet<String> = lines
        .body
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.trim()).ok())
        .filter_map(|event| event["event_id"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 3_000);
    let none = server
        .ask("GET /tracking-v2/export?tenant=globex&format=csv", None)
        .await;
    assert!(
        none.body.contains("event_id") && !none.body.contains(SITE),
        "{}",
        none.body
    );
    let bad = server.ask("GET /tracking-v2/export?format=xml", None).await;
    assert_eq!(bad.status, 400, "{}", bad.body);

    let url = format!("http://{}", server.addr);
    for (format, start) in [("parquet", "PAR1"), ("csv", ""), ("ndjson", "{")] {
        let out = setup.path().join(format!("events.{format}"));
        let arguments = [
            "export",
            "events",
            "--tenant",
            "acme",
            "--format",
            format,
            "--url",
            &url,
            "--out",
            out.to_str().unwrap(),
        ];
        let done = run(&setup, &arguments);
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let written = fs::read(&out).unwrap();
        assert!(written.starts_with(start.as_bytes()), "{format}");
        match format {
            "parquet" => assert!(written.ends_with(b"PAR1")),
            _ => {
                let lines = written.iter().filter(|byte| **byte == b'\n').count();
                assert_eq!(lines, if format == "csv" { 3_001 } else { 3_000 });
            }
        }
        assert!(!out.with_extension(format!("{format}.part")).exists());
    }
    let wrong = run(
        &setup,
        &[
            "export", "events", "--from", "x", "--url", &url, "--out", "-",
        ],
    );
    assert_eq!(wrong.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn day_that_is_over_is_exported_for_each_tenant() {
    let setup = setup();
    let server = Server::start(&setup);
    let yesterday = now_ms() / 86_400_000 * 86_400_000 - 3_600_000;
    for tenant in ["acme", "globex"] {
        let events = (0..50).map(|n| {
            let mut event = web_event(n, n, "PAGE_VIEW");
            event["occurredAt"] = json!(yesterday + n as i64);
            event
        });
        let body = web_batch(events.collect())
            .to_string()
            .replace("acme", tenant);
        assert_eq!(
            server
                .ask("POST /tracking-v2/events", Some(&body))
                .await
                .status,
            202
        );
    }
    server.stop(SOON).await;
    let folder = setup.path().join("exports");
    let setup = setup.with("tracking.export", &format!("folder = {folder:?}"));
    let server = Server::start(&setup);
    let files = || {
        let days = fs::read_dir(&folder).into_iter().flatten().flatten();
        let files = days.flat_map(|day| fs::read_dir(day.path()).unwrap().flatten());
        let mut names: Vec<String> = files
            .map(|file| file.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    // In the first hour of a day the one before is not written yet.
    let first_hour = now_ms() % 86_400_000 < 3_600_000;
    if !first_hour {
        let expected = ["tenant=acme.parquet", "tenant=globex.parquet"];
        until("the day is exported", SOON, async || files() == expected).await;
    }
    server.stop(SOON).await;
}

/// The settings of the bucket of a stand-in.
fn bucket(of: &StandIn, secret: &str) -> String {
    format!(
        "name = \"events\"\nprefix = \"web\"\nregion = \"eu-south-2\"\nendpoint = {:?}\n\
         access_key_id = \"AKIASTANDIN\"\nsecret_access_key = \"{secret}\"",
        of.base_url()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn day_that_is_over_is_one_object_for_each_tenant_whatever_the_bucket_does() {
    let sim = StandIn::start(Platform::S3, Options::default())
        .await
        .unwrap();
    let setup = setup();
    let server = Server::start(&setup);
    let yesterday = now_ms() / 86_400_000 * 86_400_000 - 3_600_000;
    for tenant in ["acme", "globex"] {
        let events = (0..50).map(|n| {
            let mut event = web_event(n, n, "PAGE_VIEW");
            event["occurredAt"] = json!(yesterday + n as i64);
            event
        });
        let body = web_batch(events.collect())
            .to_string()
            .replace("acme", tenant);
        let taken = server.ask("POST /tracking-v2/events", Some(&body)).await;
        assert_eq!(taken.status, 202);
    }
    server.stop(SOON).await;
    // In the first hour of a day the one before is not written yet.
    if now_ms() % 86_400_000 < 3_600_000 {
        return;
    }
    let wrong = setup.with("tracking.export.bucket", &bucket(&sim, "no-secret-at-all"));
    let server = Server::start(&wrong);
    let health =
        async |server: &Server| server.get("/tracking-v2/health").await["exports"][0].clone();
    until("the export has failed", SOON, async || {
        health(&server).await["failures"] == 1
    })
    .await;
    let told = health(&server).await;
    assert_eq!(
        (&told["to"], &told["through"]),
        (&json!("bucket"), &json!(null)),
        "{told}"
    );
    let why = told["lastError"]["detail"].to_string();
    assert!(
        why.contains("SignatureDoesNotMatch") && !why.contains("canary"),
        "{why}"
    );
    let ready = server.get("/readyz").await.to_string();
    assert!(
        ready.contains("export to the bucket") && ready.contains("warning"),
        "{ready}"
    );
    let checked = run(&wrong, &["check"]);
    let out = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(
        !checked.status.success() && out.contains("SignatureDoesNotMatch"),
        "{out}"
    );
    server.stop(SOON).await;

    let setup = wrong.with(
        "tracking.export.bucket",
        &bucket(&sim, "standin/secret+key"),
    );
    let checked = run(&setup, &["check"]);
    let out = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(out.contains("events can be written"), "{out}");
    // Its first answers are a plea to be left alone, a reset and an error, and one is lost.
    sim.faults().next(1, Fault::Throttled { minutes: 1 });
    sim.faults().next(1, Fault::ResetEarly);
    sim.faults().next(1, Fault::ResetLate { accepts: true });
    sim.faults().next(1, Fault::ServerError { status: 500 });
    let server = Server::start(&setup);
    let day = json!(day_of(yesterday));
    until("the day is there", SOON * 2, async || {
        health(&server).await["through"] == day
    })
    .await;
    let told = health(&server).await;
    assert_eq!(
        (&told["files"], &told["lastError"]),
        (&json!(2), &json!(null)),
        "{told}"
    );
    let names = ["acme", "globex"]
        .map(|tenant| format!("web/date={}/tenant={tenant}.parquet", day.as_str().unwrap()));
    assert_eq!(sim.objects().names(), names);
    for name in &names {
        let object = sim.objects().get(name).unwrap();
        assert!(object.starts_with(b"PAR1") && object.ends_with(b"PAR1"));
    }
    let metrics = server.ask("GET /metrics", None).await.body;
    assert!(
        metrics.contains(r#"cauce_tracking_export_files_total{to="bucket"} 2"#)
            && metrics.contains(r#"cauce_tracking_export_failing{to="bucket"} 0"#),
        "{metrics}"
    );
    assert!(
        !setup.data().join("export").exists(),
        "something was left in the data folder"
    );
    server.stop(SOON).await;
    let log = setup.log();
    for secret in [
        "no-secret-at-all",
        "standin/secret",
        "AKIASTANDIN",
        "canary",
    ] {
        assert!(!log.contains(secret), "{log}");
    }
    assert!(log.contains("events of a day were exported"), "{log}");
}

/// The day of a moment, as `2026-01-31`.
fn day_of(at: i64) -> String {
    Timestamp::from_millis(at).to_string()[..10].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_visitor_is_nowhere_and_stays_away() {
    let setup = setup()
        .with("tracking.buffer", "flush_interval = \"200ms\"")
        .and("log", "level = \"trace\"");
    let server = Server::start(&setup);
    let of = |visitor: u64, from: u64| {
        (from..from + 20)
            .map(|n| web_event(n, visitor, "LEAD"))
            .collect()
    };
    track(&server, of(7, 0)).await;
    track(&server, of(8, 100)).await;
    until("events are in files", SOON, async || {
        server.get("/tracking-v2/health").await["buffer"]["currentSize"] == 0
    })
    .await;
    track(&server, of(7, 200)).await;
    let visitor = uuid(2, 7);
    let list = format!("/tracking-v2/events?tenant=acme&visitorId={visitor}&limit=15");
    let mut seen = Vec::new();
    let mut page = server.get(&list).await;
    loop {
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["eventId"].clone()),
        );
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        page = server.get(&format!("{list}&cursor={cursor}")).await;
    }
    assert_eq!(seen.len(), 40, "{seen:?}");
    assert!(
        holds(&setup.data(), &raw(&visitor)).is_some(),
        "the search finds nothing at all"
    );

    let erased = server
        .ask(
            &format!("DELETE /tracking-v2/visitors/{visitor}?tenant=acme"),
            None,
        )
        .await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let receipt = erased.json();
    assert_eq!(receipt["rows"], 40, "{receipt}");
    assert_eq!(server.get(&list).await["items"], json!([]));
    let audit = server.get("/api/audit").await;
    assert_eq!(audit["items"][0]["object"], receipt["id"], "{audit}");
    server.kill();
    for bytes in [raw(&visitor), visitor.clone().into_bytes()] {
        assert_eq!(holds(&setup.data(), &bytes), None);
    }
    // An answer that got lost is given again: the receipt is in the log.
    let server = Server::start(&setup);
    let again = server
        .ask(
            &format!("DELETE /tracking-v2/visitors/{visitor}?tenant=acme"),
            None,
        )
        .await
        .json();
    for field in ["id", "rows", "files", "segments", "ids"] {
        assert_eq!(again[field], receipt[field], "{again}");
    }
    server.kill();
    assert!(!setup.log().contains(&visitor), "the log names the visitor");
    let server = Server::start(&setup);
    assert_eq!(server.get(&list).await["items"], json!([]));
    let kept = server
        .get(&format!(
            "/tracking-v2/events?tenant=acme&visitorId={}",
            uuid(2, 8)
        ))
        .await;
    assert_eq!(kept["items"].as_array().unwrap().len(), 20);
    let mut late = web_event(500, 7, "LEAD");
    late["occurredAt"] = json!(now_ms() - 60_000);
    assert_eq!(track(&server, vec![late]).await["withheld"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn address_of_a_visitor_is_kept_nowhere() {
    let setup = setup()
        .with("tracking.buffer", "flush_interval = \"200ms\"")
        .and("log", "level = \"trace\"");
    let server = Server::start(&setup);
    let body = web_batch((0..10).map(|n| web_event(n, n, "LEAD")).collect()).to_string();
    let headers = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("user-agent", "Canary-Agent/7.7"),
    ];
    let taken = server
        .ask_as(ADMIN, "POST /tracking-v2/events", &headers, Some(&body))
        .await;
    assert_eq!(taken.json()["processed"], 10, "{}", taken.body);
    until("events are in files", SOON, async || {
        server.get("/tracking-v2/health").await["buffer"]["currentSize"] == 0
    })
    .await;
    server.stop(SOON).await;
    for canary in ["203.0.113.9", "127.0.0.1", "Canary-Agent"] {
        assert_eq!(holds(&setup.data(), canary.as_bytes()), None, "{canary}");
    }
    assert!(!setup.log().contains("203.0.113.9") && !setup.log().contains("Canary-Agent"));
}
