//! `kill -9` in the middle of everything, with a ledger outside the process that dies.
//!
//! The child works on a store and tells on its standard output what was acknowledged to it, after
//! it was; the parent keeps the ledger, kills the child at some moment, and looks at what is left.
//! `CAUCE_KILL_CYCLES` sets how often (10).

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use cauce_flow::{
    id::JobId,
    job::{Line, NewJob, State},
    priority::Priority,
    queue::settlement::{Outcome, Settlement},
    time::Timestamp,
};
use cauce_store::{
    embedded::{EmbeddedStore, Options},
    jobs::{Claim, Enqueue, JobStore, Scope},
};

const DIR: &str = "CAUCE_KILL_DIR";
const CYCLES: &str = "CAUCE_KILL_CYCLES";

fn open(dir: &Path) -> Arc<EmbeddedStore> {
    let forever = Duration::from_secs(365 * 86_400);
    let store = EmbeddedStore::open(Options {
        dir: dir.to_owned(),
        fsync: true,
        segment_bytes: 256 << 10,
        max_jobs: 1_000_000,
        max_bytes: u64::MAX,
        tenant_reserve: 0.0,
        min_free_bytes: 0,
        // All of them, so that the parent can ask after each.
        completed: usize::MAX,
        dead_for: forever,
        ended_for: forever,
        keys_for: forever,
        instance: 3,
        rollups_through: None,
        followed: None,
    });
    Arc::new(store.expect("the store opens"))
}

fn line() -> Line {
    Line {
        queue: "meta".parse().unwrap(),
        account: "main".parse().unwrap(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn tell(what: char, ids: &[JobId]) {
    let mut out = std::io::stdout().lock();
    for id in ids {
        writeln!(out, "\n{what} {}", id.as_u128()).unwrap();
    }
    out.flush().unwrap();
}

async fn rescue(store: &EmbeddedStore) {
    store.rescue(Box::new(|_| false), now()).await.unwrap();
}

async fn take(store: Arc<EmbeddedStore>, size: usize) {
    loop {
        let job = |at: usize| NewJob {
            line: line(),
            tenant: "acme".parse().unwrap(),
            priority: Priority::Normal,
            group: None,
            payload: vec![b'x'; 50 + at * 13].into(),
            due_at: Timestamp::EPOCH,
            expires_at: Timestamp::NEVER,
            max_attempts: 5,
            idempotency_key: None,
            coalesce: None,
        };
        let batch = Enqueue {
            jobs: (0..size).map(job).collect(),
            dropped: Vec::new(),
            mark: None,
        };
        let answers = store.enqueue(batch, now()).await.unwrap();
        let ids: Vec<JobId> = answers.iter().map(|answer| answer.id).collect();
        tell('E', &ids);
    }
}

async fn serve(store: Arc<EmbeddedStore>, size: usize) {
    loop {
        let claim = Claim {
            line: line(),
            max_jobs: size,
            max_bytes: usize::MAX,
            requests: 1,
        };
        let leased = store.claim(claim, now()).await.unwrap();
        let ids: Vec<JobId> = leased.iter().map(|job| job.id).collect();
        tell('C', &ids);
        let (done, late) = ids.split_at(ids.len().div_ceil(2));
        let completed = |job: &JobId| Settlement {
            job: *job,
            outcome: Outcome::Completed { provider_id: None },
            attempt: None,
        };
        store
            .settle(done.iter().map(completed).collect(), 1, now())
            .await
            .unwrap();
        tell('S', done);
        let retry = |job: &JobId| Settlement {
            job: *job,
            outcome: Outcome::Retry {
                due_at: now() + Duration::from_millis(20),
            },
            attempt: None,
        };
        store
            .settle(late.iter().map(retry).collect(), 1, now())
            .await
            .unwrap();
        if ids.is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[test]
fn child_works_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    runtime().block_on(async {
        let store = open(&PathBuf::from(dir));
        rescue(&store).await;
        for size in [1, 7, 40] {
            tokio::spawn(take(Arc::clone(&store), size));
            tokio::spawn(serve(Arc::clone(&store), size));
        }
        std::future::pending::<()>().await;
    });
}

#[derive(Default)]
struct Ledger {
    taken: BTreeSet<JobId>,
    settled: BTreeSet<JobId>,
}

impl Ledger {
    fn note(&mut self, told: &str) {
        let Some((what, id)) = told.split_once(' ') else {
            return;
        };
        let Ok(id) = id.parse().map(JobId::from_u128) else {
            return;
        };
        match what {
            "E" => assert!(self.taken.insert(id), "{id} was given twice"),
            "C" => assert!(
                !self.settled.contains(&id),
                "{id} was served after it was settled"
            ),
            "S" => assert!(self.settled.insert(id), "{id} was settled twice"),
            _ => {}
        }
    }

    /// Whatever was acknowledged is there, and what was settled stays settled.
    async fn check(&self, store: &EmbeddedStore) {
        assert_eq!(store.audit(), []);
        let counts = store
            .counts(&Scope::All)
            .remove(&line().queue)
            .unwrap_or_default();
        assert!(counts.accepted >= self.taken.len() as u64);
        assert!(counts.state(State::Completed) >= self.settled.len() as u64);
        let all: u64 = State::ALL.iter().map(|state| counts.state(*state)).sum();
        assert_eq!(counts.accepted, all);
        for id in &self.taken {
            let job = store
                .job(*id, Scope::All)
                .await
                .unwrap_or_else(|error| panic!("{error}"));
            if self.settled.contains(id) {
                assert_eq!(job.summary.state, State::Completed, "{id}");
            }
        }
    }
}

fn live_and_die(dir: &Path, for_ms: u64, ledger: &mut Ledger) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_works_until_it_is_killed", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            // A half line at the end was not told.
            let lines = BufReader::new(out).split(b'\n');
            let lines: Vec<Vec<u8>> = lines.map_while(Result::ok).collect();
            let whole = lines.len().saturating_sub(1);
            for told in &lines[..whole] {
                ledger.note(&String::from_utf8_lossy(told));
            }
        });
        // The one place where time has to pass: the child is to be somewhere in the middle.
        std::thread::sleep(Duration::from_millis(for_ms));
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_settled_is_served_again() {
    if std::env::var_os(DIR).is_some() {
        return;
    }
    let cycles = std::env::var(CYCLES)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10u64);
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::default();
    for cycle in 0..cycles {
        // Anywhere from its start to its work, the same in every run.
        live_and_die(dir.path(), 60 + cycle * 97 % 400, &mut ledger);
        runtime().block_on(async {
            let store = open(dir.path());
            ledger.check(&store).await;
        });
    }
    assert!(
        ledger.settled.len() > 100,
        "only {} jobs were settled",
        ledger.settled.len()
    );
}
