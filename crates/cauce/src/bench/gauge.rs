//! Where a workload runs, and what this process has used, as Linux tells it.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::failure::Failure;

/// Clock ticks a second in `/proc` (`getconf CLK_TCK`; 100 on every Linux that is in use).
const TICKS: f64 = 100.0;
/// Bytes of a page (`getconf PAGESIZE`).
const PAGE: u64 = 4_096;

/// A stretch of time and of CPU time.
pub(super) struct Gauge {
    began: Instant,
    cpu: f64,
}

impl Gauge {
    pub(super) fn start() -> Gauge {
        Gauge {
            began: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    /// Seconds, and CPU seconds of this process, since the start.
    pub(super) fn stop(&self) -> (f64, f64) {
        (self.began.elapsed().as_secs_f64(), cpu_seconds() - self.cpu)
    }
}

/// CPU seconds that this process has used, in user space and in the kernel.
fn cpu_seconds() -> f64 {
    cpu_seconds_of("self")
}

/// The same of another process, by its number.
pub(super) fn cpu_seconds_of(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The fields after the command's name, which may hold anything but ends with `)`.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let ticks = |place: usize| {
        fields
            .get(place)
            .and_then(|f| f.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(12) + ticks(13)) / TICKS
}

/// Bytes of memory that this process holds.
pub(super) fn resident_bytes() -> u64 {
    resident_bytes_of("self")
}

/// The same of another process, by its number.
pub(super) fn resident_bytes_of(process: &str) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|field| field.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE
}

/// What the figures depend on.
pub(super) fn conditions() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let build = if cfg!(debug_assertions) {
        "a debug build: not what users run"
    } else {
        "release"
    };
    format!("{cores} cores, load before {load}, {build}, embedded store, durability = \"fsync\"")
}

/// A quantile of durations, in milliseconds.
pub(super) fn quantile_ms(sorted: &[Duration], rank: f64) -> f64 {
    let place = ((sorted.len() as f64) * rank) as usize;
    let found = sorted.get(place.min(sorted.len().saturating_sub(1)));
    found.map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
}

/// A folder on the disk that the measurement is about: where the process stands, not `/tmp`, which
/// may be memory.
pub(super) fn folder() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("cauce-bench-")
        .tempdir_in(".")
        .map_err(|error| Failure::caused(&error))
}
