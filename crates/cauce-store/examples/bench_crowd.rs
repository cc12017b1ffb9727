//! Measures how long a crowd of jobs that come due at one instant holds up everybody else.
//!
//! ```text
//! cargo run --release -p cauce-store --example bench_crowd -- [DIR] [JOBS]
//! ```

#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use cauce_flow::{
    job::{Line, NewJob},
    priority::Priority,
    time::Timestamp,
};
use cauce_store::{
    embedded::{EmbeddedStore, Options},
    jobs::{Enqueue, JobStore},
};

const BULK: u64 = 1_000;
const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);
const DUE_IN: Duration = Duration::from_secs(3_600);
const EXPIRES_IN: Duration = Duration::from_secs(7_200);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let dir = args.next().map_or_else(
        || std::env::temp_dir().join("cauce-bench-crowd"),
        PathBuf::from,
    );
    let jobs: u64 = args
        .next()
        .map_or(1_000_000, |text| text.parse().expect("a number of jobs"));
    // A leftover of an earlier run.
    let _ = std::fs::remove_dir_all(&dir);
    println!("{jobs} jobs of one instant, in {}", dir.display());
    let store = open(dir.clone());
    for _ in 0..jobs / BULK {
        let batch = Enqueue {
            jobs: vec![job(); BULK as usize],
            dropped: Vec::new(),
            mark: None,
        };
        store.enqueue(batch, NOW).await.expect("a durable answer");
    }
    let ended = EXPIRES_IN + Duration::from_secs(7 * 86_400);
    for (what, at) in [
        ("staged", DUE_IN),
        ("expired", EXPIRES_IN),
        ("forgotten", ended),
    ] {
        advance(&store, what, NOW + at).await;
    }
    assert_eq!(store.audit(), []);
    drop(store);
    let _ = std::fs::remove_dir_all(&dir);
}

/// Moves on until nothing is left to be done at `now`, and tells how long the calls took.
async fn advance(store: &EmbeddedStore, what: &str, now: Timestamp) {
    let mut calls = Vec::new();
    loop {
        let began = Instant::now();
        let next = store.advance(now).await.expect("time goes on");
        calls.push(began.elapsed());
        if next != Some(now) {
            break;
        }
    }
    calls.sort_unstable();
    let (longest, sum) = (calls[calls.len() - 1], calls.iter().sum::<Duration>());
    println!(
        "{what}: {} calls, the median {:?}, the longest {longest:?}, all {sum:?}",
        calls.len(),
        calls[calls.len() / 2],
    );
}

fn job() -> NewJob {
    NewJob {
        line: Line {
            queue: "meta".parse().expect("a name"),
            account: "main".parse().expect("a name"),
        },
        tenant: "acme".parse().expect("a name"),
        priority: Priority::Normal,
        group: None,
        payload: "{\"event\":\"purchase\"}".into(),
        due_at: NOW + DUE_IN,
        expires_at: NOW + EXPIRES_IN,
        max_attempts: 5,
        idempotency_key: None,
        coalesce: None,
    }
}

fn open(dir: PathBuf) -> EmbeddedStore {
    EmbeddedStore::open(Options {
        dir,
        fsync: true,
        segment_bytes: 64 << 20,
        max_jobs: 20_000_000,
        max_bytes: u64::MAX,
        tenant_reserve: 0.0,
        min_free_bytes: 0,
        completed: 100,
        dead_for: Duration::from_secs(7 * 86_400),
        ended_for: Duration::from_secs(7 * 86_400),
        keys_for: Duration::from_secs(86_400),
        instance: 1,
        rollups_through: None,
        followed: None,
    })
    .expect("the store opens")
}
