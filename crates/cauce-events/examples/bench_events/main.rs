//! Measures the embedded event store on the disk it is given, and prints the conditions.
//!
//! ```text
//! cargo run --release -p cauce-events --example bench_events -- [events] [dir]
//! ```

#![expect(clippy::print_stdout, reason = "a report for a person")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

mod process;
mod stalled;
#[path = "../bench_parts/traffic.rs"]
mod traffic;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_events::{
    embedded::{Clock, EmbeddedEvents, Options},
    row::Row,
    store::{EventStore, Intake, Shaped, StatsQuery},
};
use cauce_flow::{event::Event, time::Timestamp};
use process::{cpu, memory};
use tokio::task::JoinSet;
use traffic::Traffic;

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLERS: usize = 64;
const BATCH: usize = 50;
const TENANTS: u64 = 10;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let events = arguments.next().map_or(2_000_000, |n| n.parse().unwrap());
    let fallback = || std::env::temp_dir().join("cauce-bench-events");
    let dir = arguments.next().map_or_else(fallback, PathBuf::from);
    // A leftover of an earlier run.
    let _ = std::fs::remove_dir_all(&dir);
    println!(
        "{events} events of {TENANTS} tenants, {BATCH} a call, {CALLERS} callers, fsync, in {}",
        dir.display()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        ingest(&dir, events).await;
        let _ = std::fs::remove_dir_all(&dir);
        stalled::measure(&dir).await;
    });
    let _ = std::fs::remove_dir_all(&dir);
}

pub(crate) fn clock() -> Clock {
    Arc::new(now)
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

/// Calls with the traffic of an hour, made before the clock runs. A call has the events of a few
/// visits of one site, as a busy server forwards them.
pub(crate) fn calls(events: usize) -> Vec<Intake> {
    let mut traffic = Traffic::new(TENANTS, (events as u64 / 22 / TENANTS).max(10));
    let rows = traffic.rows(events, now().as_millis() - traffic::HOUR, traffic::HOUR);
    let mut gathered: Vec<Vec<Row>> = vec![Vec::new(); traffic.tenants.len()];
    let mut calls = Vec::new();
    for row in rows {
        let place = traffic
            .tenants
            .iter()
            .position(|(name, _)| *name == row.tenant);
        let of_tenant = &mut gathered[place.unwrap()];
        of_tenant.push(row);
        if of_tenant.len() == BATCH {
            calls.push(call(std::mem::take(of_tenant)));
        }
    }
    calls
}

fn call(rows: Vec<Row>) -> Intake {
    let (tenant, site) = (rows[0].tenant.clone(), rows[0].site);
    let shaped = |row: Row| Shaped {
        event: Event {
            id: row.id,
            visitor: row.visitor,
            session: row.session,
            kind: row.kind,
            occurred_at: row.occurred_at,
            metadata: row.metadata,
            bot: row.bot,
        },
        weight: row.weight,
        follow_up: None,
    };
    Intake {
        tenant,
        site,
        events: rows.into_iter().map(shaped).collect(),
        sampled_out: 0,
        withheld: 0,
        rejected: 0,
    }
}

async fn ingest(dir: &Path, events: usize) {
    let calls = calls(events);
    let count = (calls.len() * BATCH) as f64;
    let store = Arc::new(EmbeddedEvents::open(Options::at(dir), clock()).unwrap());
    let (began, before, memory_before) = (Instant::now(), cpu(), memory());
    let refused = take_all(&store, calls).await;
    let (taken, cpu_taken) = (began.elapsed(), cpu() - before);
    println!(
        "taken: {:.0} events/s, {:.2} us CPU an event so far; {refused} calls were refused and tried again",
        count / taken.as_secs_f64(),
        cpu_taken * 1e6 / count,
    );
    store.flush(now()).await.unwrap();
    settle(&store).await;
    println!(
        "with all files written and merged: {:.2} us CPU an event, {:.0} events/s; memory {} MB above {} MB",
        (cpu() - before) * 1e6 / count,
        count / began.elapsed().as_secs_f64(),
        memory().saturating_sub(memory_before) >> 20,
        memory_before >> 20,
    );
    let health = store.health();
    for month in &health.partitions {
        println!(
            "{}: {} rows in {} files, {:.1} bytes a row",
            month.name,
            month.rows,
            month.files,
            month.bytes as f64 / month.rows as f64
        );
    }
    println!(
        "log: {} MB; counters: {:?}",
        health.log_bytes >> 20,
        store.counters(None)
    );
    ask(&store).await;
    let began = Instant::now();
    drop(store);
    let closed = began.elapsed();
    let (began, before) = (Instant::now(), cpu());
    let store = EmbeddedEvents::open(Options::at(dir), clock()).unwrap();
    println!(
        "close {closed:?}, open {:?} ({:.2} s CPU)",
        began.elapsed(),
        cpu() - before
    );
    assert_eq!(store.audit(), Vec::<String>::new());
}

/// All calls from all callers; a refused one is made again after a moment. Answers how many were.
pub(crate) async fn take_all(store: &Arc<EmbeddedEvents>, calls: Vec<Intake>) -> usize {
    let calls = Arc::new(parking_lot::Mutex::new(calls));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (store, calls) = (Arc::clone(store), Arc::clone(&calls));
        callers.spawn(async move {
            let mut refused = 0;
            loop {
                let next = calls.lock().pop();
                let Some(intake) = next else {
                    return refused;
                };
                while store.take(intake.clone(), now()).await.is_err() {
                    refused += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
    }
    callers.join_all().await.into_iter().sum()
}

/// Waits until no more files are merged.
async fn settle(store: &Arc<EmbeddedEvents>) {
    let mut before = usize::MAX;
    loop {
        let files = store
            .health()
            .partitions
            .iter()
            .map(|month| month.files as usize)
            .sum();
        if files == before {
            return;
        }
        before = files;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
}

async fn ask(store: &Arc<EmbeddedEvents>) {
    let query = StatsQuery {
        tenant: Traffic::new(TENANTS, 10).tenants[0].0.clone(),
        site: None,
        from: now() - Duration::from_secs(86_400),
        to: now(),
        interval: None,
        max_top: 10,
    };
    for what in ["cold", "warm"] {
        let began = Instant::now();
        let stats = store.stats(query.clone()).await.unwrap();
        println!(
            "statistics of one tenant, {what}: {:?}, {} events",
            began.elapsed(),
            stats.total_events
        );
    }
}
