//! One million waiting jobs: what they take in memory and on disk, and how soon the store is ready
//! again after `kill -9`.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_flow::job::State;
use cauce_store::jobs::{JobStore, Scope};

use super::{Measured, gauge, store};
use crate::{failure::Failure, output};

/// Jobs that wait.
pub(super) const JOBS: u64 = 1_000_000;

/// Fills a folder, says so, and waits to be killed.
pub(super) async fn fill(folder: &Path, jobs: u64) -> Result<(), Failure> {
    let store = Arc::new(store::open(folder)?);
    store::fill(&store, jobs, 1_000, 8).await?;
    output::line("filled");
    tokio::time::sleep(Duration::from_secs(600)).await;
    Ok(())
}

/// Lets a process fill a folder, kills it, and opens the folder.
pub(super) async fn run(jobs: u64) -> Result<Measured, Failure> {
    let caused = |error: std::io::Error| Failure::caused(&error);
    let folder = gauge::folder()?;
    let mut child = Command::new(std::env::current_exe().map_err(caused)?)
        .args(["bench", "--fill"])
        .arg(folder.path())
        .args(["--jobs", &jobs.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(caused)?;
    let out = child
        .stdout
        .take()
        .ok_or_else(|| Failure::failed("the filler has no output"))?;
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).map_err(caused)?;
    child.kill().map_err(caused)?;
    child.wait().map_err(caused)?;
    let before = gauge::resident_bytes();
    let gauge = gauge::Gauge::start();
    let began = Instant::now();
    let store = store::open(folder.path())?;
    let ready = began.elapsed();
    let (seconds, cpu_seconds) = gauge.stop();
    let waiting: u64 = store
        .counts(&Scope::All)
        .values()
        .map(|counts| counts.state(State::Waiting))
        .sum();
    if waiting != jobs {
        return Err(Failure::failed(format!(
            "{waiting} of {jobs} jobs wait after the kill"
        )));
    }
    let vitals = store.vitals();
    let after = gauge::resident_bytes();
    Ok(Measured {
        jobs,
        seconds,
        cpu_seconds,
        memory_bytes: after,
        more: vec![
            ("ready_s", ready.as_secs_f64()),
            ("index_bytes_a_job", vitals.index_bytes as f64 / jobs as f64),
            (
                "rss_bytes_a_job",
                after.saturating_sub(before) as f64 / jobs as f64,
            ),
            ("disk_bytes_a_job", vitals.live_bytes as f64 / jobs as f64),
        ],
    })
}
