//! The job store by itself: durable enqueues, and claim and settle with nothing in between.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use cauce_flow::{
    id::{AccountName, QueueName, TenantId},
    job::{Line, NewJob},
    priority::Priority,
    queue::settlement::{Attempt, Outcome, Settlement},
    time::Timestamp,
};
use cauce_store::{
    embedded::{EmbeddedStore, Options},
    jobs::{Claim, Enqueue, JobStore},
};

use super::{
    Measured,
    gauge::{self, folder},
    raw::{CALLERS, PAYLOAD},
};
use crate::failure::Failure;

/// Jobs of one call while a number of callers is measured.
const JOBS_A_CALL: u64 = 16;
/// Jobs of one claim.
const JOBS_A_CLAIM: usize = 100;
/// Workers that claim and settle.
const WORKERS: usize = 8;

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

pub(super) fn open(folder: &Path) -> Result<EmbeddedStore, Failure> {
    let kept = Duration::from_secs(24 * 3_600);
    EmbeddedStore::open(Options {
        dir: folder.join("jobs"),
        fsync: true,
        segment_bytes: 64 << 20,
        max_jobs: u64::MAX,
        max_bytes: u64::MAX,
        tenant_reserve: 0.0,
        min_free_bytes: 64 << 20,
        completed: 100,
        dead_for: kept,
        ended_for: kept,
        keys_for: kept,
        instance: 7,
        rollups_through: None,
        followed: None,
    })
    .map_err(|error| Failure::caused(&error))
}

pub(super) fn line() -> Line {
    let name = "the names of the benchmark are good";
    Line {
        queue: QueueName::new("bench").expect(name),
        account: AccountName::new("sink").expect(name),
    }
}

pub(super) fn job() -> NewJob {
    NewJob {
        line: line(),
        tenant: TenantId::new("bench").expect("the tenant of the benchmark has a good name"),
        priority: Priority::Normal,
        group: None,
        payload: Bytes::from_static(&[b'7'; PAYLOAD]),
        due_at: Timestamp::EPOCH,
        expires_at: Timestamp::NEVER,
        max_attempts: 3,
        idempotency_key: None,
        coalesce: None,
    }
}

/// Enqueues `jobs` in calls of `a_call` from `callers` callers.
pub(super) async fn fill(
    store: &Arc<EmbeddedStore>,
    jobs: u64,
    a_call: u64,
    callers: usize,
) -> Result<(), Failure> {
    let left = Arc::new(AtomicU64::new(jobs));
    let mut tasks = Vec::new();
    for _ in 0..callers {
        let (store, left) = (Arc::clone(store), Arc::clone(&left));
        tasks.push(tokio::spawn(async move {
            let some = |left: u64| (left > 0).then(|| left.saturating_sub(a_call));
            while let Ok(before) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, some) {
                let jobs = (0..a_call.min(before)).map(|_| job()).collect();
                store
                    .enqueue(
                        Enqueue {
                            jobs,
                            dropped: Vec::new(),
                            mark: None,
                        },
                        now(),
                    )
                    .await?;
            }
            Ok::<(), cauce_store::jobs::Error>(())
        }));
    }
    for task in tasks {
        task.await
            .map_err(Failure::failed)?
            .map_err(|error| Failure::caused(&error))?;
    }
    Ok(())
}

/// 64 callers, 16 jobs a call, every job on disk before the answer.
pub(super) async fn enqueue(jobs: u64) -> Result<Measured, Failure> {
    let folder = folder()?;
    let store = Arc::new(open(folder.path())?);
    let gauge = gauge::Gauge::start();
    fill(&store, jobs, JOBS_A_CALL, CALLERS).await?;
    let (seconds, cpu_seconds) = gauge.stop();
    let vitals = store.vitals();
    Ok(Measured {
        jobs,
        seconds,
        cpu_seconds,
        memory_bytes: gauge::resident_bytes(),
        more: vec![
            ("index_bytes_a_job", vitals.index_bytes as f64 / jobs as f64),
            ("disk_bytes_a_job", vitals.live_bytes as f64 / jobs as f64),
        ],
    })
}

/// Claims and settles `jobs` out of a backlog, payloads read, every lease and outcome on disk.
pub(super) async fn cycle(backlog: u64, jobs: u64) -> Result<Measured, Failure> {
    let folder = folder()?;
    let store = Arc::new(open(folder.path())?);
    fill(&store, backlog, 1_000, 8).await?;
    let left = Arc::new(AtomicU64::new(jobs));
    let memory_bytes = gauge::resident_bytes();
    let gauge = gauge::Gauge::start();
    let mut tasks = Vec::new();
    for _ in 0..WORKERS {
        let (store, left) = (Arc::clone(&store), Arc::clone(&left));
        tasks.push(tokio::spawn(async move {
            let batch = JOBS_A_CLAIM as u64;
            let some = |left: u64| (left > 0).then(|| left.saturating_sub(batch));
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, some)
                .is_ok()
            {
                claim_and_settle(&*store).await?;
            }
            Ok::<(), cauce_store::jobs::Error>(())
        }));
    }
    for task in tasks {
        task.await
            .map_err(Failure::failed)?
            .map_err(|error| Failure::caused(&error))?;
    }
    let (seconds, cpu_seconds) = gauge.stop();
    Ok(Measured {
        jobs,
        seconds,
        cpu_seconds,
        memory_bytes,
        more: Vec::new(),
    })
}

async fn claim_and_settle(store: &dyn JobStore) -> Result<(), cauce_store::jobs::Error> {
    let claim = Claim {
        line: line(),
        max_jobs: JOBS_A_CLAIM,
        max_bytes: usize::MAX,
        requests: 1,
    };
    let claimed = store.claim(claim, now()).await?;
    let at = now();
    let attempt = Attempt {
        started_at: at,
        ended_at: at,
        status: 200,
        batch: u32::try_from(claimed.len()).unwrap_or(u32::MAX),
        reason: None,
    };
    let settled = claimed.iter().map(|job| Settlement {
        job: job.id,
        outcome: Outcome::Completed { provider_id: None },
        attempt: Some(attempt.clone()),
    });
    store.settle(settled.collect(), 1, at).await
}
