//! Names that nothing refers to cost nothing.

use cauce_flow::{
    job::{NewJob, State},
    queue::settlement::{Outcome, Settlement},
};
use cauce_log::files::FaultyFiles;

use super::{super::EmbeddedStore, NOW, line, new_job, open_on, runtime};
use crate::jobs::{Claim, Enqueue, Gate, JobStore, Scope, Select};

fn grouped(queue: &str, group: &str) -> NewJob {
    NewJob {
        group: Some(group.parse().unwrap()),
        ..new_job(queue, "acme", "{}")
    }
}

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

/// Serves all that waits in a queue.
async fn serve(store: &EmbeddedStore, queue: &str) {
    let claim = Claim {
        line: line(queue),
        max_jobs: 100_000,
        max_bytes: usize::MAX,
        requests: 1,
    };
    let leased = store.claim(claim, NOW).await.unwrap();
    let settlement = |job: &cauce_flow::job::LeasedJob| Settlement {
        job: job.id,
        outcome: Outcome::Completed { provider_id: None },
        attempt: None,
    };
    let settlements = leased.iter().map(settlement).collect();
    store.settle(settlements, 1, NOW).await.unwrap();
}

#[test]
fn a_hundred_thousand_groups_that_come_and_go_do_not_grow_the_base() {
    let files = FaultyFiles::new(1);
    runtime().block_on(async {
        let store = open_on(&files);
        enqueue(&store, vec![grouped("held", "kept")]).await;
        let gate = store.set_gate("held".parse().unwrap(), None, Gate::Paused, NOW);
        gate.await.unwrap();
        for round in 0..200 {
            let group = |at| grouped("meta", &format!("campaign-{round}-{at}"));
            enqueue(&store, (0..500).map(group).collect()).await;
            serve(&store, "meta").await;
        }
        let size = |store: &EmbeddedStore| {
            let state = store.shared.state.lock();
            (state.base().len(), state.names.iter().len())
        };
        // What came since the segment began is not looked at yet.
        let (bytes, names) = size(&store);
        assert!(
            bytes < 16_000 && names < 1_000,
            "{bytes} bytes, {names} names"
        );
        drop(store);
        let store = open_on(&files);
        let (bytes, names) = size(&store);
        assert!(
            bytes < 16_000 && names < 1_000,
            "{bytes} bytes, {names} names"
        );
        let kept = Select {
            group: Some("kept".parse().unwrap()),
            ..Select::all(Scope::All)
        };
        assert_eq!(store.cancel(kept, NOW).await.unwrap(), 1);
        assert_eq!(store.audit(), []);
    });
}

#[test]
fn a_group_that_comes_again_after_it_was_forgotten_is_served_and_found() {
    let files = FaultyFiles::new(2);
    runtime().block_on(async {
        let mut store = open_on(&files);
        for round in 1..=4u64 {
            enqueue(
                &store,
                vec![grouped("meta", "spring"), grouped("meta", "summer")],
            )
            .await;
            let spring = Select {
                group: Some("spring".parse().unwrap()),
                states: vec![State::Waiting],
                ..Select::all(Scope::All)
            };
            assert_eq!(store.cancel(spring, NOW).await.unwrap(), 1, "round {round}");
            serve(&store, "meta").await;
            let all = Select::all(Scope::All);
            let never = cauce_flow::time::Timestamp::NEVER;
            store.clean(all, never, u64::MAX).await.unwrap();
            // Some segments later, nothing refers to the groups.
            for _ in 0..5 {
                enqueue(&store, vec![new_job("churn", "acme", vec![b'x'; 500]); 40]).await;
                serve(&store, "churn").await;
            }
            let known = store.shared.state.lock().names.number("spring");
            assert_eq!(known, None, "round {round}");
            if round % 2 == 0 {
                drop(store);
                store = open_on(&files);
            }
            let counts = &store.counts(&Scope::All)[&"meta".parse().unwrap()];
            assert_eq!((counts.accepted, counts.pending()), (2 * round, 0));
        }
        assert_eq!(store.audit(), []);
    });
}
