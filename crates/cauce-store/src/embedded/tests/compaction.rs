//! The log stays short while what lives long is moved again and again.

use std::time::Duration;

use cauce_flow::{
    job::{NewJob, State},
    queue::settlement::{Attempt, Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};
use cauce_log::files::FaultyFiles;

use super::{super::EmbeddedStore, NOW, compact, line, new_job, open_on, runtime};
use crate::jobs::{Claim, Enqueue, Gate, JobStore, Scope, Start};

async fn enqueue(store: &EmbeddedStore, jobs: Vec<NewJob>) -> Vec<crate::jobs::Enqueued> {
    let batch = Enqueue {
        jobs,
        dropped: Vec::new(),
        mark: None,
    };
    store.enqueue(batch, NOW).await.unwrap()
}

async fn serve(store: &EmbeddedStore, queue: &str, outcome: &Outcome) {
    let claim = Claim {
        line: line(queue),
        max_jobs: 1_000,
        max_bytes: usize::MAX,
        requests: 1,
    };
    let leased = store.claim(claim, NOW).await.unwrap();
    let attempt = Attempt {
        started_at: NOW,
        ended_at: NOW,
        status: 503,
        batch: 1,
        reason: Some(Reason::new("http_503", "the service was not there")),
    };
    let settle = |job: &cauce_flow::job::LeasedJob| Settlement {
        job: job.id,
        outcome: outcome.clone(),
        attempt: Some(attempt.clone()),
    };
    store
        .settle(leased.iter().map(settle).collect(), 1, NOW)
        .await
        .unwrap();
}

/// Rolls many segments full of jobs that are done at once.
async fn churn(store: &EmbeddedStore) {
    for _ in 0..40 {
        enqueue(store, vec![new_job("churn", "acme", vec![b'x'; 500]); 20]).await;
        serve(store, "churn", &Outcome::Completed { provider_id: None }).await;
        compact(store).unwrap();
    }
}

#[test]
fn what_lives_long_survives_many_removals_and_the_log_stays_short() {
    let files = FaultyFiles::new(7);
    runtime().block_on(async {
        let store = open_on(&files);
        let later = NewJob {
            due_at: NOW + Duration::from_secs(3_600),
            ..new_job("meta", "acme", "later")
        };
        let keyed = NewJob {
            idempotency_key: Some("order".to_owned()),
            ..new_job("keys", "acme", "key")
        };
        let scheduled = enqueue(&store, vec![later]).await[0].id;
        let first = enqueue(&store, vec![keyed.clone()]).await[0].id;
        serve(
            &store,
            "keys",
            &Outcome::Completed {
                provider_id: Some("p1".to_owned()),
            },
        )
        .await;
        let dead = enqueue(&store, vec![new_job("dead", "acme", "dead")]).await[0].id;
        for _ in 0..3 {
            serve(&store, "dead", &Outcome::Retry { due_at: NOW }).await;
        }
        let reason = Reason::new("http_400", "it was refused");
        serve(
            &store,
            "dead",
            &Outcome::Dead {
                reason: reason.clone(),
            },
        )
        .await;
        store
            .set_gate("held".parse().unwrap(), None, Gate::Paused, NOW)
            .await
            .unwrap();
        let held = enqueue(&store, vec![new_job("held", "acme", "held"); 50]).await;
        store
            .begin(
                Start {
                    line: line("meta"),
                    requests: 5,
                    jobs: Vec::new(),
                },
                NOW,
            )
            .await
            .unwrap();
        churn(&store).await;
        drop(store);
        let store = open_on(&files);
        churn(&store).await;
        let vitals = store.vitals();
        assert!(
            vitals.disk_bytes < 6 * (32 << 10),
            "{} bytes of log",
            vitals.disk_bytes
        );
        let oldest = store.shared.reader.segments()[0].number;
        assert!(oldest > 10, "only {oldest} segments were removed");
        drop(store);
        let store = open_on(&files);
        assert_eq!(store.audit(), []);
        let dead = store.job(dead, Scope::All).await.unwrap();
        assert_eq!(
            (dead.attempts.len(), dead.summary.last_error),
            (4, Some(reason))
        );
        assert_eq!((dead.summary.state, dead.summary.attempt), (State::Dead, 4));
        assert_eq!(&dead.payload[..], b"dead");
        assert_eq!(
            store
                .job(scheduled, Scope::All)
                .await
                .unwrap()
                .summary
                .state,
            State::Scheduled
        );
        assert_eq!(
            store.job(first, Scope::All).await.unwrap().provider_id,
            Some("p1".to_owned())
        );
        let again = enqueue(&store, vec![keyed]).await[0];
        assert_eq!((again.id, again.duplicate), (first, true));
        assert_eq!(
            store.recall(&line("meta"), Timestamp::EPOCH).starts,
            [(NOW, 5)]
        );
        store
            .set_gate("held".parse().unwrap(), None, Gate::Open, NOW)
            .await
            .unwrap();
        let claim = Claim {
            line: line("held"),
            max_jobs: 99,
            max_bytes: usize::MAX,
            requests: 0,
        };
        let leased = store.claim(claim, NOW).await.unwrap();
        let ids = |all: Vec<_>| -> Vec<_> { all };
        assert_eq!(
            ids(leased.iter().map(|job| job.id).collect()),
            ids(held.iter().map(|answer| answer.id).collect()),
        );
    });
}

#[test]
fn the_log_is_compacted_to_the_end_when_the_process_dies_in_the_middle() {
    for changes in 0..60 {
        let files = FaultyFiles::new(u64::from(changes));
        runtime().block_on(async {
            let store = open_on(&files);
            store
                .set_gate("held".parse().unwrap(), None, Gate::Paused, NOW)
                .await
                .unwrap();
            let held = enqueue(&store, vec![new_job("held", "acme", vec![b'h'; 300]); 60]).await;
            for _ in 0..12 {
                enqueue(&store, vec![new_job("churn", "acme", vec![b'x'; 500]); 20]).await;
                serve(&store, "churn", &Outcome::Completed { provider_id: None }).await;
            }
            files.die_after(changes);
            // Whether it comes to an end or not.
            let _ = compact(&store);
            files.power_cut();
            drop(store);
            let store = open_on(&files);
            compact(&store).unwrap();
            assert_eq!(store.audit(), []);
            for answer in held {
                let job = store.job(answer.id, Scope::All).await.unwrap();
                assert_eq!(
                    (job.summary.state, job.payload.len()),
                    (State::Waiting, 300)
                );
            }
        });
    }
}
