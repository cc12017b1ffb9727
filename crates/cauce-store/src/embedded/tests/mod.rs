//! The backend against a plain model, on a file system that fails.

mod coalescing;
mod compaction;
mod conforms;
mod damage;
mod full;
mod groups;
mod model;
mod names;
mod news;
mod property;
mod slices;
mod unread;

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_flow::{
    job::{Line, NewJob},
    priority::Priority,
    time::Timestamp,
};
use cauce_log::files::FaultyFiles;

use super::{EmbeddedStore, Options};

/// Where the tests' time begins.
const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

fn options(dir: PathBuf) -> Options {
    Options {
        dir,
        fsync: true,
        segment_bytes: 32 << 10,
        max_jobs: 1_000_000,
        max_bytes: u64::MAX,
        tenant_reserve: 0.0,
        min_free_bytes: 0,
        completed: 5,
        dead_for: Duration::from_secs(7 * 86_400),
        ended_for: Duration::from_secs(7 * 86_400),
        keys_for: Duration::from_secs(86_400),
        instance: 77,
        rollups_through: None,
        followed: None,
    }
}

fn open_on(files: &FaultyFiles) -> EmbeddedStore {
    EmbeddedStore::open_on(options(PathBuf::from("/jobs")), Arc::new(files.clone()))
        .expect("the log opens")
}

fn line(queue: &str) -> Line {
    Line {
        queue: queue.parse().unwrap(),
        account: "main".parse().unwrap(),
    }
}

fn new_job(queue: &str, tenant: &str, payload: impl Into<Bytes>) -> NewJob {
    NewJob {
        line: line(queue),
        tenant: tenant.parse().unwrap(),
        priority: Priority::Normal,
        group: None,
        payload: payload.into(),
        due_at: Timestamp::EPOCH,
        expires_at: Timestamp::NEVER,
        max_attempts: 5,
        idempotency_key: None,
        coalesce: None,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Compacts on a thread of its own, from within a runtime.
fn compact(store: &EmbeddedStore) -> Result<u64, String> {
    std::thread::scope(|threads| threads.spawn(|| store.compact()).join().unwrap())
}
