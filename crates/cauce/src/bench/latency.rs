//! From `POST /api/pixels/events` to the platform's socket, at 500 events a second.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_engine::Engine;
use cauce_sim::traffic::{Traffic, TrafficOptions};
use tokio_util::sync::CancellationToken;

use super::{Measured, gauge, watch};
use crate::{
    config::{self, Inputs},
    demo::client::Client,
    failure::Failure,
};

const PER_SECOND: u32 = 500;

/// Posts events one by one at an even pace, and compares with when each arrived.
pub(super) async fn run(events: u64) -> Result<Measured, Failure> {
    let folder = gauge::folder()?;
    let caused = |error: std::io::Error| Failure::caused(&error);
    let (meta, arrivals) = watch::start().await.map_err(caused)?;
    let file = folder.path().join("cauce.toml");
    std::fs::write(
        &file,
        configuration(folder.path(), &format!("http://{meta}")),
    )
    .map_err(caused)?;
    let inputs = Inputs {
        file: Some(file),
        ..Inputs::default()
    };
    let config = config::load(&inputs).map_err(Failure::usage)?;
    let engine = Engine::start(config.settings)
        .await
        .map_err(|e| Failure::caused(&e))?;
    engine
        .control()
        .accept_configured_key(Some(KEY), engine.now());
    let stop = CancellationToken::new();
    let server = cauce_http::serve(engine.clone(), config.server, stop.clone()).await;
    let server = server.map_err(caused)?;
    let client = Arc::new(Client::new(&format!("http://{}", server.addr), KEY)?);
    let mut traffic = Traffic::new(TrafficOptions {
        origin_ms: engine.now().as_millis() - 60_000,
        denied_share: 0.0,
        events_per_second: PER_SECOND,
        ..TrafficOptions::default()
    });
    let gauge = gauge::Gauge::start();
    let began = Instant::now();
    let mut posts = Vec::new();
    for n in 0..u32::try_from(events).unwrap_or(u32::MAX) {
        tokio::time::sleep_until((began + Duration::from_secs(1) * n / PER_SECOND).into()).await;
        let (body, made) = traffic.next_batch(1);
        let client = Arc::clone(&client);
        let posted = Instant::now();
        let id = made.first().map(|event| event.event_id.clone());
        posts.push((
            id,
            posted,
            tokio::spawn(async move { client.post(body).await.map(drop) }),
        ));
    }
    let mut posted = std::collections::BTreeMap::new();
    for (id, at, post) in posts {
        post.await.map_err(Failure::failed)??;
        posted.extend(id.map(|id| (id, at)));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (seconds, cpu_seconds) = gauge.stop();
    let mut took: Vec<Duration> = arrivals
        .lock()
        .iter()
        .filter_map(|(id, at)| Some(at.saturating_duration_since(*posted.get(id)?)))
        .collect();
    took.sort_unstable();
    if took.len() as u64 != events {
        return Err(Failure::failed(format!(
            "{} of {events} events arrived",
            took.len()
        )));
    }
    stop.cancel();
    engine.stop(Duration::from_secs(5)).await;
    Ok(Measured {
        jobs: events,
        seconds,
        cpu_seconds,
        memory_bytes: gauge::resident_bytes(),
        more: vec![
            ("p50_ms", gauge::quantile_ms(&took, 0.5)),
            ("p99_ms", gauge::quantile_ms(&took, 0.99)),
        ],
    })
}

const KEY: &str = "ck_live_bench000000000000000000000000000000000000000000000";

fn configuration(folder: &std::path::Path, meta: &str) -> String {
    let data = folder.join("data");
    format!(
        r#"
data_dir = {data:?}
[http]
listen = "127.0.0.1:0"
admin_key = "{KEY}"
[limits]
min_free = "64 MiB"
[queues.meta]
concurrency = 50
batch = {{ max_items = 1, max_wait = "0s", priority_wait = "0s" }}
[[accounts]]
name = "bench-meta"
tenant = "demo-shop"
platform = "meta"
dataset_id = "1234567890"
access_token = "ok"
base_url = "{meta}"
"#
    )
}
