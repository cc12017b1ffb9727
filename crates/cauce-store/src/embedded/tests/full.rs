//! A full disk refuses new jobs, lets the others be settled, and is over by itself.

use cauce_flow::{
    id::{GroupName, TenantId},
    job::NewJob,
    queue::settlement::{Outcome, Settlement},
};
use cauce_log::files::{FaultyFiles, Files as _, Op};

use super::{super::EmbeddedStore, NOW, compact, line, new_job, open_on, runtime};
use crate::jobs::{Claim, Enqueue, Error, GroupGate, JobStore, Mark, Scope, Select};

async fn enqueue(store: &EmbeddedStore) -> Result<(), Error> {
    let jobs = vec![new_job("meta", "acme", vec![b'x'; 500]); 10];
    store
        .enqueue(
            Enqueue {
                jobs,
                dropped: Vec::new(),
                mark: None,
            },
            NOW,
        )
        .await
        .map(drop)
}

async fn serve(store: &EmbeddedStore, max_jobs: usize) -> Result<usize, Error> {
    let claim = Claim {
        line: line("meta"),
        max_jobs,
        max_bytes: usize::MAX,
        requests: 1,
    };
    let leased = store.claim(claim, NOW).await?;
    let settle = |job: &cauce_flow::job::LeasedJob| Settlement {
        job: job.id,
        outcome: Outcome::Completed { provider_id: None },
        attempt: None,
    };
    store
        .settle(leased.iter().map(settle).collect(), 1, NOW)
        .await?;
    Ok(leased.len())
}

#[test]
fn deliveries_go_on_while_new_jobs_are_refused_and_then_jobs_are_taken_again() {
    let files = FaultyFiles::new(5);
    runtime().block_on(async {
        let store = open_on(&files);
        for _ in 0..30 {
            enqueue(&store).await.unwrap();
        }
        let used = u64::MAX - files.free_bytes("/jobs".as_ref()).unwrap();
        files.set_capacity(used + (200 << 10));
        let refused = loop {
            if let Err(error) = enqueue(&store).await {
                break error;
            }
        };
        assert!(matches!(refused, Error::DiskFull { .. }), "{refused}");
        // Somebody else takes the rest.
        let used = used + (200 << 10) - files.free_bytes("/jobs".as_ref()).unwrap();
        files.set_capacity(used);
        assert_eq!(files.free_bytes("/jobs".as_ref()).unwrap(), 0);
        let mut served = 0;
        while let count @ 1.. = serve(&store, 50).await.unwrap() {
            served += count;
            assert!(matches!(enqueue(&store).await, Err(Error::DiskFull { .. })));
        }
        assert!(served >= 300, "{served}");
        assert_eq!(store.audit(), []);
        assert_eq!(store.vitals().broken, None);
        // What was delivered is not needed any more: the disk frees itself.
        compact(&store).unwrap();
        enqueue(&store).await.unwrap();
        files.set_capacity(u64::MAX);
        enqueue(&store).await.unwrap();
        drop(store);
        let store = open_on(&files);
        assert_eq!(store.audit(), []);
        assert_eq!(serve(&store, 50).await.unwrap(), 20);
    });
}

#[test]
fn no_call_breaks_the_store_for_lack_of_room() {
    let files = FaultyFiles::new(6);
    runtime().block_on(async {
        let store = open_on(&files);
        for _ in 0..40 {
            enqueue(&store).await.unwrap();
        }
        let used = u64::MAX - files.free_bytes("/jobs".as_ref()).unwrap();
        files.set_capacity(used);
        let mut refused = 0;
        for _ in 0..2_000 {
            let claim = Claim {
                line: line("meta"),
                max_jobs: 9,
                max_bytes: usize::MAX,
                requests: 1,
            };
            let leased = match store.claim(claim, NOW).await {
                Ok(leased) => leased,
                Err(Error::DiskFull { .. }) => {
                    refused += 1;
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            let release = |job: &cauce_flow::job::LeasedJob| Settlement {
                job: job.id,
                outcome: Outcome::Release,
                attempt: None,
            };
            let settled = store
                .settle(leased.iter().map(release).collect(), 1, NOW)
                .await;
            assert!(
                matches!(settled, Ok(()) | Err(Error::DiskFull { .. })),
                "{settled:?}"
            );
        }
        assert!(refused > 0, "the disk was never full");
        assert_eq!((store.audit(), store.vitals().broken), (vec![], None));
        files.set_capacity(u64::MAX);
        assert!(store.cancel(Select::all(Scope::All), NOW).await.unwrap() > 0);
    });
}

#[test]
fn no_call_about_a_group_breaks_the_store_for_lack_of_room() {
    let files = FaultyFiles::new(7);
    runtime().block_on(async {
        let store = open_on(&files);
        let tenant = TenantId::new("acme").unwrap();
        let spring = GroupName::new("spring").unwrap();
        let grouped = || NewJob {
            group: Some(spring.clone()),
            ..new_job("meta", "acme", vec![b'x'; 200])
        };
        for upto in 1..=400 {
            let mark = Mark {
                tenant: tenant.clone(),
                group: spring.clone(),
                upto,
                done: false,
            };
            let batch = Enqueue {
                jobs: (0..20).map(|_| grouped()).collect(),
                dropped: Vec::new(),
                mark: Some(mark),
            };
            store.enqueue(batch, NOW).await.unwrap();
        }
        let used = u64::MAX - files.free_bytes("/jobs".as_ref()).unwrap();
        files.set_capacity(used);
        let mut refused = 0;
        for round in 0..6_000 {
            let gate = match round % 2 {
                0 => GroupGate::Paused,
                _ => GroupGate::Open,
            };
            let set = store.set_group(tenant.clone(), spring.clone(), gate, NOW);
            match set.await {
                Ok(_) => {}
                Err(Error::DiskFull { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(refused > 0, "the disk was never full");
        assert_eq!((store.audit(), store.vitals().broken), (vec![], None));
        files.set_capacity(used + (96 << 10));
        let stop = || store.set_group(tenant.clone(), spring.clone(), GroupGate::Stopped, NOW);
        // A stop is in force as soon as it is not refused, however much of it fits at once.
        let stopped = stop().await;
        assert!(
            matches!(stopped, Ok(_) | Err(Error::DiskFull { .. })),
            "{stopped:?}"
        );
        files.set_capacity(u64::MAX);
        stop().await.unwrap();
        let figures = store.group(&tenant, &spring).unwrap();
        assert_eq!((figures.pending(), figures.accepted), (0, 8_000));
        assert_eq!((store.audit(), store.vitals().broken), (vec![], None));
    });
}

#[test]
fn a_failed_sync_is_told_to_whoever_waits_and_to_all_who_come_later() {
    let files = FaultyFiles::new(8);
    runtime().block_on(async {
        let store = open_on(&files);
        enqueue(&store).await.unwrap();
        let mut broken = store.broken();
        files.fail_after(Op::Sync, 0);
        assert!(matches!(enqueue(&store).await, Err(Error::Broken(_))));
        broken.changed().await.unwrap();
        assert!(broken.borrow().is_some());
        assert!(matches!(enqueue(&store).await, Err(Error::Broken(_))));
        assert!(matches!(serve(&store, 1).await, Err(Error::Broken(_))));
        store.close();
        assert!(matches!(enqueue(&store).await, Err(Error::Closed)));
    });
}
