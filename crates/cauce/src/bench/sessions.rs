//! 40,000 updates a minute of a thousand sessions, over HTTP, beside reads of what is known.
//!
//! The caller and the stand-in of the backend run in this process, so its CPU time is theirs too.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_engine::Engine;
use cauce_flow::id::TenantId;
use cauce_sim::{Options, Platform, StandIn};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Measured, gauge};
use crate::{
    config::{self, Inputs},
    demo::client::Client,
    failure::Failure,
};

/// 40,000 a minute.
const PER_SECOND: f64 = 40_000.0 / 60.0;
const SESSIONS: u64 = 1_000;
const READS: u32 = 50_000;

/// Tells of sessions at an even pace, and times each answer and many reads.
pub(super) async fn run(updates: u64) -> Result<Measured, Failure> {
    let folder = gauge::folder()?;
    let caused = |error: std::io::Error| Failure::caused(&error);
    let backend = StandIn::start(Platform::Backend, Options::default())
        .await
        .map_err(caused)?;
    let file = folder.path().join("cauce.toml");
    std::fs::write(&file, configuration(folder.path(), &backend.base_url())).map_err(caused)?;
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
    let gauge = gauge::Gauge::start();
    let mut answers = tell(&client, updates).await?;
    let (seconds, cpu_seconds) = gauge.stop();
    let mut reads = read(&engine).await?;
    answers.sort_unstable();
    reads.sort_unstable();
    until_told(&engine).await;
    let requests = backend.ledger().request_count();
    stop.cancel();
    engine.stop(Duration::from_secs(5)).await;
    Ok(Measured {
        jobs: updates,
        seconds,
        cpu_seconds,
        memory_bytes: gauge::resident_bytes(),
        more: vec![
            ("accepted_p50_ms", gauge::quantile_ms(&answers, 0.5)),
            ("accepted_p99_ms", gauge::quantile_ms(&answers, 0.99)),
            ("read_p50_us", gauge::quantile_ms(&reads, 0.5) * 1_000.0),
            ("read_p99_us", gauge::quantile_ms(&reads, 0.99) * 1_000.0),
            ("requests", requests as f64),
            ("cores", cpu_seconds / seconds),
        ],
    })
}

async fn tell(client: &Arc<Client>, updates: u64) -> Result<Vec<Duration>, Failure> {
    let (began, mut told) = (Instant::now(), Vec::new());
    for n in 0..updates {
        let due = began + Duration::from_secs_f64(n as f64 / PER_SECOND);
        tokio::time::sleep_until(due.into()).await;
        let client = Arc::clone(client);
        told.push(tokio::spawn(async move {
            // Sessions come in an order that repeats only after all of them.
            let session = n * 613 % SESSIONS;
            let (path, body) = match n % 8 {
                0 => ("qr", json!({"qr": format!("2@{n}")})),
                _ => ("status", json!({"status": format!("n-{n}")})),
            };
            let asked = Instant::now();
            client
                .put(&format!("/api/sessions/s{session}/{path}"), &body)
                .await?;
            Ok::<_, Failure>(asked.elapsed())
        }));
    }
    let mut answers = Vec::with_capacity(told.len());
    for answer in told {
        answers.push(answer.await.map_err(Failure::failed)??);
    }
    Ok(answers)
}

async fn read(engine: &Engine) -> Result<Vec<Duration>, Failure> {
    let tenant = TenantId::new("demo-shop").expect("the tenant of the benchmark has a good name");
    let mut reads = Vec::with_capacity(READS as usize);
    for n in 0..READS {
        let session = format!("s{}", u64::from(n) * 613 % SESSIONS / 8 * 8 + 1);
        let asked = Instant::now();
        let found = engine.session_active(&tenant, &session).await;
        reads.push(asked.elapsed());
        found.map_err(|error| Failure::failed(format!("{session}: {error}")))?;
    }
    Ok(reads)
}

async fn until_told(engine: &Engine) {
    const PATIENCE: Duration = Duration::from_secs(30);
    let began = Instant::now();
    let waits = || {
        let counts = engine.jobs().counts(&cauce_store::jobs::Scope::All);
        let status = counts.iter().find(|(queue, _)| queue.as_str() == "status");
        status.is_some_and(|(_, counts)| counts.pending() > 0)
    };
    while waits() && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const KEY: &str = "ck_live_bench000000000000000000000000000000000000000000000";

fn configuration(folder: &std::path::Path, backend: &str) -> String {
    let data = folder.join("data");
    format!(
        r#"
data_dir = {data:?}
[http]
listen = "127.0.0.1:0"
admin_key = "{KEY}"
[limits]
min_free = "64 MiB"
[[accounts]]
name = "bench-backend"
tenant = "demo-shop"
platform = "backend"
base_url = "{backend}"
"#
    )
}
