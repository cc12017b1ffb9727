//! Groups whose jobs have left the log, and those whose stop was cut short.

use cauce_flow::{
    job::{NewJob, State},
    queue::settlement::{Outcome, Settlement},
};
use cauce_log::files::FaultyFiles;

use super::{super::EmbeddedStore, NOW, compact, line, new_job, open_on, runtime};
use crate::jobs::{Claim, Enqueue, Gate, GroupFigures, GroupGate, JobStore, Mark};

async fn enqueue(store: &EmbeddedStore, jobs: Vec<NewJob>, upto: Option<u64>) {
    let batch = Enqueue {
        jobs,
        dropped: Vec::new(),
        mark: upto.map(|upto| Mark {
            tenant: "acme".parse().unwrap(),
            group: "spring".parse().unwrap(),
            upto,
            done: false,
        }),
    };
    store.enqueue(batch, NOW).await.unwrap();
}

fn of_spring(bytes: usize) -> NewJob {
    NewJob {
        group: Some("spring".parse().unwrap()),
        ..new_job("meta", "acme", vec![b'x'; bytes])
    }
}

fn figures(store: &EmbeddedStore) -> GroupFigures {
    let figures = store.group(&"acme".parse().unwrap(), &"spring".parse().unwrap());
    figures.expect("the group is kept")
}

#[test]
fn the_figures_of_a_group_outlive_the_records_of_its_jobs() {
    let files = FaultyFiles::new(3);
    runtime().block_on(async {
        let store = open_on(&files);
        enqueue(&store, vec![of_spring(500); 60], Some(60)).await;
        let held = store.set_gate("held".parse().unwrap(), None, Gate::Paused, NOW);
        held.await.unwrap();
        // They stand in the second segment, which stays for them.
        enqueue(
            &store,
            vec![new_job("held", "acme", vec![b'x'; 500]); 15],
            None,
        )
        .await;
        let claim = Claim {
            line: line("meta"),
            max_jobs: 55,
            max_bytes: usize::MAX,
            requests: 1,
        };
        let leased = store.claim(claim, NOW).await.unwrap();
        let settled = leased.iter().map(|job| Settlement {
            job: job.id,
            outcome: Outcome::Completed { provider_id: None },
            attempt: None,
        });
        store.settle(settled.collect(), 1, NOW).await.unwrap();
        let before = store.shared.reader.segments();
        compact(&store).unwrap();
        let after = store.shared.reader.segments();
        assert!(before[0].number < after[0].number, "the first one is gone");
        assert_eq!(before[1].number, after[0].number, "the second one is not");
        let told = figures(&store);
        assert_eq!((told.accepted, told.state(State::Completed)), (60, 55));
        drop(store);
        let store = open_on(&files);
        assert_eq!(figures(&store), told);
        assert_eq!(store.audit(), []);
    });
}

#[test]
fn a_stop_that_a_crash_cut_short_is_finished_after_the_start() {
    const MANY: usize = 7_000;
    let files = FaultyFiles::new(4);
    runtime().block_on(async {
        let store = open_on(&files);
        enqueue(&store, vec![of_spring(1); MANY], None).await;
        let (tenant, group) = ("acme".parse().unwrap(), "spring".parse().unwrap());
        let stop = store.shared.ask(super::super::ask::Ask::SetGroup {
            tenant,
            group,
            gate: GroupGate::Stopped,
            now: NOW,
        });
        stop.await.unwrap();
        let left = figures(&store).pending();
        assert!(left > 0, "one commit does not cancel all");
        files.power_cut();
        drop(store);
        let store = open_on(&files);
        assert_eq!(figures(&store).pending(), left);
        while store.advance(NOW).await.unwrap() == Some(NOW) {}
        let told = figures(&store);
        assert_eq!(
            (told.pending(), told.state(State::Cancelled)),
            (0, MANY as u64)
        );
        assert_eq!(store.audit(), []);
    });
}
