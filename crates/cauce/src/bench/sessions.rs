//! 40,000 updates a minute of a thousand sessions, over HTTP, and reads of what is known.
//!
//! The server is a process of its own, so that its share of a core is told apart from that of the
//! load. Reads are timed inside a process, where no socket stands between.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_engine::{Engine, sessions::Update};
use cauce_flow::id::TenantId;
use cauce_sim::{Options, Platform, StandIn};
use serde_json::{Value, json};

use super::{
    Measured, gauge,
    server::{KEY, Link, PATIENCE, Server},
};
use crate::{
    config::{self, Inputs},
    demo::client::Client,
    failure::Failure,
};

/// 40,000 a minute.
const PER_SECOND: f64 = 40_000.0 / 60.0;
const SESSIONS: u64 = 1_000;
const READS: u64 = 50_000;
const TENANT: &str = "demo-shop";

/// Tells of sessions at an even pace, and times each answer and many reads.
pub(super) async fn run(updates: u64) -> Result<Measured, Failure> {
    let folder = gauge::folder()?;
    let caused = |error: std::io::Error| Failure::caused(&error);
    let backend = StandIn::start(Platform::Backend, Options::default())
        .await
        .map_err(caused)?;
    let account = account(&backend.base_url());
    let server = Server::start(folder.path(), &account)?;
    let client = Arc::new(Client::new(&format!("http://{}", server.address), KEY)?);
    let (began, cpu_before) = (Instant::now(), gauge::cpu_seconds_of(&server.process()));
    let mut answers = tell(&client, updates).await?;
    let cpu_seconds = gauge::cpu_seconds_of(&server.process()) - cpu_before;
    let seconds = began.elapsed().as_secs_f64();
    until_told(&server).await?;
    let memory_bytes = gauge::resident_bytes_of(&server.process());
    let requests = backend.ledger().request_count();
    drop(server);
    let mut reads = read(&account).await?;
    answers.sort_unstable();
    reads.sort_unstable();
    Ok(Measured {
        jobs: updates,
        seconds,
        cpu_seconds,
        memory_bytes,
        more: vec![
            ("cores", cpu_seconds / seconds),
            ("accepted_p50_ms", gauge::quantile_ms(&answers, 0.5)),
            ("accepted_p99_ms", gauge::quantile_ms(&answers, 0.99)),
            ("read_p50_us", gauge::quantile_ms(&reads, 0.5) * 1_000.0),
            ("read_p99_us", gauge::quantile_ms(&reads, 0.99) * 1_000.0),
            ("requests", requests as f64),
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

/// Waits until the backend has heard of all.
async fn until_told(server: &Server) -> Result<(), Failure> {
    let caused = |error: std::io::Error| Failure::caused(&error);
    let mut link = Link::open(server.address).map_err(caused)?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let (_, told) = link.exchange("GET", "/metrics/batch", "").map_err(caused)?;
        let told: Value = serde_json::from_str(&told).map_err(|e| Failure::caused(&e))?;
        if told["statusBatchSize"] == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::failed("the backend was not told in time"))
}

/// Asks for sessions that are known.
async fn read(account: &str) -> Result<Vec<Duration>, Failure> {
    let folder = gauge::folder()?;
    let engine = start_engine(folder.path(), account).await?;
    let tenant = TenantId::new(TENANT).expect("the tenant of the benchmark has a good name");
    let name = |n: u64| format!("s{}", n * 613 % SESSIONS);
    for n in 0..SESSIONS {
        let update = Update {
            tenant: &tenant,
            session: &name(n),
            text: "connected",
            idempotency_key: None,
        };
        let taken = engine.take_status(update, None).await;
        taken.map_err(|error| Failure::caused(&error))?;
    }
    let mut reads = Vec::with_capacity(READS as usize);
    for n in 0..READS {
        let session = name(n);
        let asked = Instant::now();
        let found = engine.session_active(&tenant, &session).await;
        reads.push(asked.elapsed());
        found.map_err(|error| Failure::failed(format!("{session}: {error}")))?;
    }
    engine.stop(Duration::from_secs(5)).await;
    Ok(reads)
}

async fn start_engine(folder: &std::path::Path, account: &str) -> Result<Engine, Failure> {
    let data = folder.join("data");
    let file = folder.join("cauce.toml");
    let text = format!("data_dir = {data:?}\n[limits]\nmin_free = \"64 MiB\"\n{account}");
    std::fs::write(&file, text).map_err(|error| Failure::caused(&error))?;
    let inputs = Inputs {
        file: Some(file),
        ..Inputs::default()
    };
    let config = config::load(&inputs).map_err(Failure::usage)?;
    let engine = Engine::start(config.settings).await;
    engine.map_err(|error| Failure::caused(&error))
}

fn account(backend: &str) -> String {
    format!(
        r#"
[[accounts]]
name = "bench-backend"
tenant = "{TENANT}"
platform = "backend"
base_url = "{backend}"
"#
    )
}
