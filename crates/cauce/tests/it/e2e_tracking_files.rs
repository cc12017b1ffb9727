//! The files of tracked events under the store commands: checked, copied, tidied up.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::support::{SOON, Server, Setup, run, track, until, web_event, web_stats};

const FLUSH_P99: &str = "cauce_tracking_flush_seconds{quantile=\"0.99\"}";

fn setup() -> Setup {
    Setup::new(String::new()).with("tracking.buffer", "flush_interval = \"200ms\"")
}

async fn track_some(server: &Server, calls: std::ops::Range<u64>) {
    for call in calls {
        let events = (0..200).map(|n| web_event(call * 200 + n, n % 50, "LEAD"));
        track(server, events.collect()).await;
    }
}

async fn written(server: &Server) {
    until("events are in files", SOON, async || {
        server.get("/tracking-v2/health").await["buffer"]["currentSize"] == 0
    })
    .await;
}

/// Runs a store command. Answers whether it succeeded, and what it printed.
fn store(setup: &Setup, arguments: &[&str]) -> (bool, Value) {
    let done = run(setup, &[&["store"], arguments].concat());
    let printed = serde_json::from_slice(&done.stdout).unwrap_or(Value::Null);
    (done.status.success(), printed)
}

fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(parquet_files(&path)),
            false if path.extension().is_some_and(|kind| kind == "parquet") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_checked_copied_beside_a_running_server_and_served_from_the_copy() {
    let setup = setup();
    let server = Server::start(&setup);
    track_some(&server, 0..10).await;
    written(&server).await;
    let metrics = server.ask("GET /metrics", None).await.body;
    let slow = metrics
        .lines()
        .find_map(|line| line.strip_prefix(FLUSH_P99));
    let slow: f64 = slow.expect("it is measured").trim().parse().unwrap();
    assert!(slow > 0.0 && slow < 10.0, "{slow}");
    let (clean, report) = store(&setup, &["check"]);
    assert!(clean, "{report}");
    let is_of_tracking = |segment: &Value| segment["log"] == "tracking";
    assert!(
        report["segments"]
            .as_array()
            .unwrap()
            .iter()
            .any(is_of_tracking),
        "{report}"
    );

    // While events come in: what was acknowledged before the copy is in it, and each once.
    let copy = setup.path().join("copy");
    let coming = async {
        for call in 10..40 {
            track_some(&server, call..call + 1).await;
        }
    };
    let copying = async {
        let done =
            tokio::task::block_in_place(|| store(&setup, &["backup", copy.to_str().unwrap()]));
        assert!(done.0, "{}", done.1);
    };
    tokio::join!(coming, copying);
    let stats = web_stats(&server).await;
    assert_eq!(stats["totalEvents"], 40 * 200, "{stats}");
    server.kill();

    let restored = Setup::new(String::new());
    fs::rename(&copy, restored.data()).unwrap();
    assert!(store(&restored, &["check"]).0);
    let server = Server::start(&restored);
    let stats = web_stats(&server).await;
    let copied = stats["totalEvents"].as_u64().unwrap();
    assert!(
        (2_000..=8_000).contains(&copied) && copied % 200 == 0,
        "{stats}"
    );
    // The ids are known there, too: what is handed in again is counted once.
    track_some(&server, 0..40).await;
    assert_eq!(web_stats(&server).await["totalEvents"], 40 * 200);
    let health = server.get("/tracking-v2/health").await;
    assert_eq!(
        (&health["status"], &health["lastError"]),
        (&"ok".into(), &Value::Null),
        "{health}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_keeps_every_event_and_is_refused_beside_a_server() {
    let setup = setup();
    let server = Server::start(&setup);
    for call in 0..12 {
        track_some(&server, call..call + 1).await;
        written(&server).await;
    }
    let before = web_stats(&server).await;
    assert!(
        !store(&setup, &["compact"]).0,
        "a server runs on the folder"
    );
    server.stop(SOON).await;
    let files = parquet_files(&setup.data()).len();
    let (done, freed) = store(&setup, &["compact"]);
    assert!(done && freed["freedBytes"].is_u64(), "{freed}");
    assert!(parquet_files(&setup.data()).len() <= files);
    assert!(store(&setup, &["check"]).0);
    let server = Server::start(&setup);
    let after = web_stats(&server).await;
    for field in [
        "totalEvents",
        "eventsByType",
        "uniqueVisitors",
        "uniqueSessions",
        "topPages",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_file_of_events_is_named_and_the_others_are_served() {
    let setup = setup();
    let server = Server::start(&setup);
    track_some(&server, 0..5).await;
    written(&server).await;
    server.stop(SOON).await;
    let damaged = parquet_files(&setup.data()).pop().unwrap();
    let bytes = fs::read(&damaged).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let (clean, report) = store(&setup, &["check"]);
    assert!(!clean, "{report}");
    let named = report["damagedFiles"][0]["file"].as_str().unwrap();
    assert_eq!(Path::new(named), damaged);
    let server = Server::start(&setup);
    track_some(&server, 5..6).await;
    let ready = server.ask("GET /readyz", None).await;
    assert_eq!(ready.status, 200, "{}", ready.body);
}
