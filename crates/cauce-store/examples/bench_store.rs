//! Measures the embedded job store on the disk it is given, and prints the conditions.
//!
//! ```text
//! cargo run --release -p cauce-store --example bench_store -- [DIR] [JOBS]
//! ```

#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cauce_flow::{
    job::{Line, NewJob},
    priority::Priority,
    queue::settlement::{Attempt, Outcome, Settlement},
    time::Timestamp,
};
use cauce_store::{
    embedded::{EmbeddedStore, Options},
    jobs::{Claim, Enqueue, JobStore},
};

const PAYLOAD_BYTES: usize = 300;
const CALLERS: usize = 64;
const BULK: usize = 1_000;
const SMALL_BACKLOG: u64 = 10_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let dir = args.next().map_or_else(
        || std::env::temp_dir().join("cauce-bench-store"),
        PathBuf::from,
    );
    let jobs: u64 = args
        .next()
        .map_or(1_000_000, |text| text.parse().expect("a number of jobs"));
    // A leftover of an earlier run.
    let _ = std::fs::remove_dir_all(&dir);
    println!(
        "{PAYLOAD_BYTES}-byte payloads, fsync, {CALLERS} callers, in {}",
        dir.display()
    );
    let store = Arc::new(open(&dir));
    singles(&store, 60_000).await;
    drain(&store, u64::MAX, 100).await;
    fill(&store, SMALL_BACKLOG).await;
    for batch in [1, 50, 100] {
        circle(&store, SMALL_BACKLOG, batch).await;
    }
    let before = store.vitals();
    let began = Instant::now();
    fill(&store, jobs).await;
    rate("enqueue, 1,000 a call, 4 callers", jobs, began.elapsed());
    let after = store.vitals();
    println!(
        "memory: {:.1} bytes of index a waiting job; disk: {:.1} bytes a job",
        after.index_bytes as f64 / waiting(&store) as f64,
        (after.disk_bytes - before.disk_bytes) as f64 / jobs as f64,
    );
    for batch in [1, 50, 100] {
        circle(&store, jobs, batch).await;
    }
    drop(store);
    let began = Instant::now();
    let store = Arc::new(open(&dir));
    println!(
        "open with {} waiting: {:?}",
        waiting(&store),
        began.elapsed()
    );
    // As after a kill: the lock goes, nothing is closed, and the last segment has no sidecar.
    std::mem::forget(store);
    let killed = dir.with_extension("killed");
    let _ = std::fs::remove_dir_all(&killed);
    copy(&dir, &killed);
    let began = Instant::now();
    let store = Arc::new(open(&killed));
    println!(
        "open with {} waiting, after a kill: {:?}",
        waiting(&store),
        began.elapsed()
    );
    let began = Instant::now();
    let count = drain(&store, jobs / 2, 100).await;
    rate(
        "claim and complete, batches of 100, emptying",
        count,
        began.elapsed(),
    );
    assert_eq!(store.audit(), []);
    drop(store);
    let _ = std::fs::remove_dir_all(&killed);
    let _ = std::fs::remove_dir_all(&dir);
}

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(Options {
        dir: dir.to_owned(),
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

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("a file").path();
        if let Some(name) = path.file_name().filter(|name| *name != "LOCK") {
            std::fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}

fn line() -> Line {
    Line {
        queue: "bench".parse().expect("a name"),
        account: "main".parse().expect("a name"),
    }
}

fn job(payload: &Bytes) -> NewJob {
    NewJob {
        line: line(),
        tenant: "acme".parse().expect("a name"),
        priority: Priority::Normal,
        group: None,
        payload: payload.clone(),
        due_at: Timestamp::EPOCH,
        expires_at: now() + Duration::from_secs(86_400),
        max_attempts: 5,
        idempotency_key: None,
        coalesce: None,
    }
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().expect("a clock past 1970");
    Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a clock of this age"))
}

fn waiting(store: &EmbeddedStore) -> u64 {
    store.backlog(&line()).waiting
}

fn rate(what: &str, count: u64, took: Duration) {
    println!(
        "{what}: {:.0} k/s ({count} in {took:.2?})",
        count as f64 / took.as_secs_f64() / 1e3
    );
}

async fn singles(store: &Arc<EmbeddedStore>, count: u64) {
    let payload = Bytes::from(vec![b'x'; PAYLOAD_BYTES]);
    let began = Instant::now();
    let commits = store.vitals().commits;
    let callers = (0..CALLERS as u64).map(|_| {
        let (store, payload) = (Arc::clone(store), payload.clone());
        tokio::spawn(async move {
            for _ in 0..count / CALLERS as u64 {
                let batch = Enqueue {
                    jobs: vec![job(&payload)],
                    dropped: Vec::new(),
                    mark: None,
                };
                store.enqueue(batch, now()).await.expect("a durable answer");
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("a caller");
    }
    rate("enqueue, one a call, 64 callers", count, began.elapsed());
    println!("  in {} commits", store.vitals().commits - commits);
}

/// Enqueues in bulk, from a few callers, until so many were taken.
async fn fill(store: &Arc<EmbeddedStore>, count: u64) {
    const FILLERS: u64 = 4;
    let payload = Bytes::from(vec![b'x'; PAYLOAD_BYTES]);
    let fillers = (0..FILLERS).map(|_| {
        let (store, payload) = (Arc::clone(store), payload.clone());
        tokio::spawn(async move {
            let mut left = count / FILLERS;
            while left > 0 {
                let some = left.min(BULK as u64);
                let jobs = (0..some).map(|_| job(&payload)).collect();
                let batch = Enqueue {
                    jobs,
                    dropped: Vec::new(),
                    mark: None,
                };
                store.enqueue(batch, now()).await.expect("a durable answer");
                left -= some;
            }
        })
    });
    for filler in fillers.collect::<Vec<_>>() {
        filler.await.expect("a filler");
    }
}

/// Claims and completes with 16 workers.
async fn circle(store: &Arc<EmbeddedStore>, backlog: u64, batch: usize) {
    let count = match batch {
        1 => backlog.min(30_000),
        _ => backlog.clamp(10_000, 300_000),
    } / 2;
    let began = Instant::now();
    let mut done = 0;
    while done < count {
        done += drain(store, count - done, batch).await;
        if waiting(store) < count {
            break;
        }
    }
    let took = began.elapsed();
    rate(
        &format!("claim and complete, batches of {batch}, backlog {backlog}"),
        done,
        took,
    );
    fill(store, done).await;
}

async fn drain(store: &Arc<EmbeddedStore>, count: u64, batch: usize) -> u64 {
    const WORKERS: u64 = 16;
    let workers = (0..WORKERS).map(|_| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut done = 0;
            while done < count.div_ceil(WORKERS) {
                let claim = Claim {
                    line: line(),
                    max_jobs: batch,
                    max_bytes: usize::MAX,
                    requests: 1,
                };
                let leased = store.claim(claim, now()).await.expect("a claim");
                if leased.is_empty() {
                    break;
                }
                done += leased.len() as u64;
                let at = now();
                let settlements = leased
                    .into_iter()
                    .map(|job| completed(job.id, batch, at))
                    .collect();
                store
                    .settle(settlements, 1, at)
                    .await
                    .expect("a settlement");
            }
            done
        })
    });
    let mut done = 0;
    for worker in workers.collect::<Vec<_>>() {
        done += worker.await.expect("a worker");
    }
    done
}

fn completed(job: cauce_flow::id::JobId, batch: usize, at: Timestamp) -> Settlement {
    Settlement {
        job,
        outcome: Outcome::Completed { provider_id: None },
        attempt: Some(Attempt {
            started_at: at,
            ended_at: at,
            status: 200,
            batch: batch as u32,
            reason: None,
        }),
    }
}
