//! A disk that fails a read says nothing of what is there: it is asked again later.

use std::time::Duration;

use cauce_flow::{
    id::JobId,
    job::{LeasedJob, State},
    queue::settlement::{Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};
use cauce_log::files::{FaultyFiles, Op};

use super::{super::EmbeddedStore, NOW, compact, line, new_job, open_on, runtime};
use crate::jobs::{Claim, Enqueue, Error, JobStore, Page, Replay, Scope, Select};

async fn enqueue(store: &EmbeddedStore, queue: &str, count: usize) -> Vec<JobId> {
    let jobs = vec![new_job(queue, "acme", vec![b'x'; 500]); count];
    let dropped = Vec::new();
    let answers = store
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
    answers.into_iter().map(|answer| answer.id).collect()
}

async fn claim(store: &EmbeddedStore, queue: &str, now: Timestamp) -> Vec<LeasedJob> {
    let claim = Claim {
        line: line(queue),
        max_jobs: 100,
        max_bytes: usize::MAX,
        requests: 1,
    };
    store.claim(claim, now).await.unwrap()
}

async fn end(store: &EmbeddedStore, jobs: &[LeasedJob], outcome: &Outcome) {
    let settlement = |job: &LeasedJob| Settlement {
        job: job.id,
        outcome: outcome.clone(),
        attempt: None,
    };
    let settlements = jobs.iter().map(settlement).collect();
    store.settle(settlements, 1, NOW).await.unwrap();
}

async fn states(store: &EmbeddedStore, ids: &[JobId]) -> Vec<State> {
    let mut states = Vec::new();
    for id in ids {
        states.push(store.job(*id, Scope::All).await.unwrap().summary.state);
    }
    states
}

#[test]
fn a_job_that_the_disk_fails_to_read_is_served_later_and_uses_no_attempt() {
    let files = FaultyFiles::new(1);
    runtime().block_on(async {
        let store = open_on(&files);
        let ids = enqueue(&store, "meta", 3).await;
        files.fail_reads();
        assert_eq!(claim(&store, "meta", NOW).await.len(), 0);
        assert_eq!(claim(&store, "meta", NOW).await.len(), 0);
        files.heal();
        assert_eq!(store.audit(), []);
        assert_eq!(states(&store, &ids).await, [State::Scheduled; 3]);
        drop(store);
        let store = open_on(&files);
        store.rescue(Box::new(|_| true), NOW).await.unwrap();
        let later = NOW + Duration::from_secs(10);
        let leased = claim(&store, "meta", later).await;
        let served: Vec<_> = leased.iter().map(|job| (job.id, job.attempt)).collect();
        assert_eq!(served, [(ids[0], 1), (ids[1], 1), (ids[2], 1)]);
        let told = store.job(ids[0], Scope::All).await.unwrap();
        assert_eq!((told.attempts.len(), told.summary.last_error), (0, None));
    });
}

#[test]
fn a_look_at_a_job_that_the_disk_fails_is_an_error_and_not_damage() {
    let files = FaultyFiles::new(2);
    runtime().block_on(async {
        let store = open_on(&files);
        let ids = enqueue(&store, "meta", 3).await;
        let reason = Reason::new("http_400", "it was refused");
        end(
            &store,
            &claim(&store, "meta", NOW).await,
            &Outcome::Dead { reason },
        )
        .await;
        files.fail_reads();
        let unread = |error: Error| assert!(matches!(error, Error::Unread(_)), "{error}");
        unread(store.job(ids[0], Scope::All).await.unwrap_err());
        let page = Page {
            limit: 10,
            before: None,
        };
        let mut select = Select::all(Scope::All);
        unread(store.list(select.clone(), page).await.unwrap_err());
        let replay = |select: &Select| Replay {
            select: select.clone(),
            dry_run: false,
            per_second: None,
        };
        unread(store.replay(replay(&select), NOW).await.unwrap_err());
        select.text = Some("http".to_owned());
        unread(store.replay(replay(&select), NOW).await.unwrap_err());
        files.heal();
        assert_eq!(states(&store, &ids).await, [State::Dead; 3]);
        assert_eq!(store.replay(replay(&select), NOW).await.unwrap(), 3);
    });
}

/// Every single read of a compaction fails once.
#[test]
fn compaction_leaves_a_segment_that_the_disk_fails_to_read() {
    let mut failed = 0;
    for reads in 0..60 {
        let files = FaultyFiles::new(3);
        runtime().block_on(async {
            let store = open_on(&files);
            let kept = enqueue(&store, "held", 10).await;
            for _ in 0..12 {
                enqueue(&store, "churn", 20).await;
                let leased = claim(&store, "churn", NOW).await;
                end(&store, &leased, &Outcome::Completed { provider_id: None }).await;
            }
            files.fail_after(Op::Read, reads);
            failed += u32::from(compact(&store).is_err());
            files.heal();
            assert_eq!(
                states(&store, &kept).await,
                [State::Waiting; 10],
                "read {reads}"
            );
            compact(&store).unwrap();
            let oldest = store.shared.reader.segments()[0].number;
            assert!(oldest > 1, "what could not be read before is copied now");
            assert_eq!(
                states(&store, &kept).await,
                [State::Waiting; 10],
                "read {reads}"
            );
            assert_eq!(claim(&store, "held", NOW).await.len(), 10);
            assert_eq!(store.audit(), []);
        });
    }
    assert!(failed > 10, "only {failed} compactions met the failure");
}
