//! What the clock does to many jobs at once is done in slices.

use std::{path::PathBuf, time::Duration};

use cauce_flow::{
    job::{NewJob, State},
    queue::settlement::{Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};
use cauce_log::files::FaultyFiles;

use super::{super::EmbeddedStore, NOW, line, new_job, open_on, options, runtime};
use crate::jobs::{Claim, Enqueue, JobStore, Scope};

const CROWD: usize = 12_000;
/// What one call may do to jobs: to stage them, to expire them, to forget them.
const SLICE: u64 = 5_000;

async fn enqueue(store: &EmbeddedStore, jobs: Vec<NewJob>) {
    let dropped = Vec::new();
    store
        .enqueue(
            Enqueue {
                jobs,
                dropped,
                mark: None,
            },
            NOW,
        )
        .await
        .unwrap();
}

fn count(store: &EmbeddedStore, state: State) -> u64 {
    let counts = store.counts(&Scope::All);
    counts[&"meta".parse().unwrap()].state(state)
}

/// Lets the store move on to `now`; looks after each call at what is done, and answers how many
/// calls it took.
async fn advance(store: &EmbeddedStore, now: Timestamp, done: impl Fn() -> u64) -> u32 {
    let mut calls = 0;
    loop {
        let before = done();
        let next = store.advance(now).await.unwrap();
        calls += 1;
        assert!(done() - before <= SLICE, "{} in one call", done() - before);
        if next != Some(now) {
            return calls;
        }
    }
}

#[test]
fn a_crowd_that_comes_due_at_one_instant_is_staged_expired_and_forgotten_in_slices() {
    let files = FaultyFiles::new(1);
    runtime().block_on(async {
        let store = open_on(&files);
        let after = |seconds| NOW + Duration::from_secs(seconds);
        let job = NewJob {
            due_at: after(100),
            expires_at: after(200),
            ..new_job("meta", "acme", "{}")
        };
        enqueue(&store, vec![job; CROWD]).await;
        let staged = || count(&store, State::Waiting);
        assert!(advance(&store, after(100), staged).await >= 3);
        assert_eq!(staged(), CROWD as u64);
        let expired = || count(&store, State::Expired);
        assert!(advance(&store, after(200), expired).await >= 3);
        assert_eq!(expired(), CROWD as u64);
        let known = || store.shared.state.lock().table.len();
        let forgotten = || CROWD as u64 - known();
        let week = after(200 + 7 * 86_400);
        assert!(advance(&store, week, forgotten).await >= 3);
        assert_eq!((known(), expired()), (0, CROWD as u64));
        assert_eq!(store.audit(), []);
    });
}

#[test]
fn history_that_is_to_be_kept_longer_is_kept_without_a_restart() {
    let files = FaultyFiles::new(2);
    runtime().block_on(async {
        let store = open_on(&files);
        enqueue(&store, vec![new_job("meta", "acme", "{}")]).await;
        let claim = Claim {
            line: line("meta"),
            max_jobs: 1,
            max_bytes: usize::MAX,
            requests: 1,
        };
        let job = store.claim(claim, NOW).await.unwrap()[0].id;
        let settlement = Settlement {
            job,
            outcome: Outcome::Dead {
                reason: Reason::new("http_400", "it was refused"),
            },
            attempt: None,
        };
        store.settle(vec![settlement], 1, NOW).await.unwrap();
        let mut longer = options(PathBuf::from("/jobs"));
        longer.dead_for *= 2;
        store.follow(&longer);
        for (days, known) in [(7, true), (13, true), (14, false)] {
            let now = NOW + Duration::from_secs(days * 86_400);
            store.advance(now).await.unwrap();
            let found = store.job(job, Scope::All).await;
            assert_eq!(found.is_ok(), known, "after {days} days");
        }
    });
}
