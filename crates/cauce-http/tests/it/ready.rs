//! What `/readyz` says after a start on a damaged log.

use std::{fs, path::Path, time::Duration};

use bytes::Bytes;
use cauce_engine::Engine;
use cauce_flow::{job::NewJob, priority::Priority, time::Timestamp};
use cauce_http::{ServerSettings, testing::Direct};
use cauce_store::jobs::Enqueue;
use http::Request;
use serde_json::json;

use super::bench::{account, settings};

const MARK: &[u8] = b"the middle of the log";

async fn enqueue(engine: &Engine, payload: &'static [u8]) {
    let account = account("acme");
    let job = NewJob {
        line: account.line(),
        tenant: account.tenant,
        priority: Priority::Normal,
        group: None,
        payload: Bytes::from_static(payload),
        due_at: Timestamp::EPOCH,
        expires_at: Timestamp::NEVER,
        max_attempts: 1,
        idempotency_key: None,
        coalesce: None,
    };
    let batch = Enqueue {
        jobs: vec![job],
        dropped: Vec::new(),
        mark: None,
    };
    engine.jobs().enqueue(batch, engine.now()).await.unwrap();
}

/// Flips a bit of the marked payload, wherever it is kept.
fn damage(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(mut bytes) = fs::read(&path) else {
            continue;
        };
        if let Some(place) = bytes.windows(MARK.len()).position(|part| part == MARK) {
            bytes[place] ^= 1;
            fs::write(&path, bytes).unwrap();
            return;
        }
    }
    panic!("the mark is nowhere");
}

#[tokio::test]
async fn server_that_set_damage_aside_serves_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(settings(dir.path())).await.unwrap();
    for payload in [b"before".as_slice(), MARK, b"after"] {
        enqueue(&engine, payload).await;
    }
    engine.stop(Duration::from_secs(2)).await;
    damage(&dir.path().join("jobs"));

    let engine = Engine::start(settings(dir.path())).await.unwrap();
    let mut server = ServerSettings::new(([127, 0, 0, 1], 0).into());
    server.metrics_public = true;
    let direct = Direct::new(engine.clone(), server);
    let get = |path: &str| direct.call(Request::get(path).body(Vec::new()).unwrap());
    let ready = get("/readyz").await;
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (200, &json!("degraded")),
        "{}",
        ready.body
    );
    let checks = ready.json()["checks"].clone();
    let log = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "log")
        .unwrap();
    assert_eq!(
        (&log["ok"], &log["state"]),
        (&json!(true), &json!("warning")),
        "{log}"
    );
    assert!(
        log["detail"]
            .as_str()
            .unwrap()
            .contains("cauce store repair"),
        "{log}"
    );
    let metrics = get("/metrics").await.body;
    let counted = metrics
        .lines()
        .any(|line| line.starts_with("cauce_store_quarantined_total") && line.ends_with(" 1"));
    assert!(counted, "{metrics}");
    engine.stop(Duration::from_secs(2)).await;
}
