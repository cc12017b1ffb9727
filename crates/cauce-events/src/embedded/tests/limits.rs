//! A full buffer, a full disk, a failed sync: refused in time, told to whoever waits, and over by
//! itself.

use std::{path::Path, sync::Arc, time::Duration};

use cauce_log::files::{FaultyFiles, Files as _, Op};

use super::{
    super::{EmbeddedEvents, Options},
    NOW, event, intake, options, runtime, tick,
};
use crate::store::{Error, EventStore, Taken};

fn open_with(files: &FaultyFiles, change: impl FnOnce(&mut Options)) -> EmbeddedEvents {
    let mut options = options(Path::new("/events"));
    change(&mut options);
    EmbeddedEvents::open_on(options, Arc::new(files.clone())).unwrap()
}

async fn take(store: &EmbeddedEvents, from: u128, count: u128) -> Result<Taken, Error> {
    let events = (from..from + count).map(|id| event(id, id, NOW)).collect();
    store.take(intake(events), NOW).await
}

#[test]
fn a_full_buffer_refuses_and_keeps_nothing_of_what_it_refused() {
    let files = FaultyFiles::new(1);
    runtime().block_on(async {
        let store = open_with(&files, |options| options.max_waiting = 100);
        take(&store, 0, 60).await.unwrap();
        take(&store, 60, 40).await.unwrap();
        let refused = take(&store, 100, 1).await.unwrap_err();
        assert!(
            matches!(refused, Error::BufferFull { events: 100 }),
            "{refused}"
        );
        assert_eq!(store.counters(None).received, 100);
        store.flush(NOW).await.unwrap();
        assert_eq!(take(&store, 100, 1).await.unwrap().stored, 1);
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}

#[test]
fn a_buffer_whose_files_cannot_be_written_stays_within_its_limit_and_loses_nothing() {
    let files = FaultyFiles::new(2);
    runtime().block_on(async {
        let store = open_with(&files, |options| options.max_waiting = 300);
        let (mut taken, mut refused) = (0, 0);
        for call in 0..40u128 {
            files.fail_after(Op::Create, 0);
            assert!(store.flush(NOW).await.is_err() || call == 0);
            files.heal();
            match take(&store, call * 10, 10).await {
                Ok(_) => taken += 10,
                Err(Error::BufferFull { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
            assert!(store.health().buffer.current_size <= 300);
        }
        assert_eq!((taken, refused), (300, 10));
        assert!(store.health().last_error.is_none());
        tick(&store, NOW + Duration::from_secs(10)).unwrap();
        assert_eq!(store.health().partitions[0].rows, 300);
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}

#[test]
fn upkeep_that_fails_is_told_until_it_succeeds() {
    let files = FaultyFiles::new(2);
    runtime().block_on(async {
        let store = open_with(&files, |_| {});
        take(&store, 0, 10).await.unwrap();
        files.fail_after(Op::Create, 0);
        let later = NOW + Duration::from_secs(6);
        assert!(tick(&store, later).is_err());
        let (at, why) = store.health().last_error.unwrap();
        assert!(at == later && why.contains("planned"), "{why}");
        tick(&store, later).unwrap();
        assert_eq!(store.health().last_error, None);
    });
}

#[test]
fn a_full_disk_refuses_events_while_files_are_still_written_and_is_over_by_itself() {
    let files = FaultyFiles::new(3);
    runtime().block_on(async {
        let store = open_with(&files, |_| {});
        for call in 0..20u128 {
            take(&store, call * 10, 10).await.unwrap();
        }
        let used = u64::MAX - files.free_bytes("/events".as_ref()).unwrap();
        files.set_capacity(used + (60 << 10));
        let mut taken = 200;
        let refused = loop {
            match take(&store, taken + 10_000, 10).await {
                Ok(_) => taken += 10,
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, Error::DiskFull { .. }), "{refused}");
        assert_eq!(store.counters(None).received, taken as u64);
        // Files go on, within what is kept free for them.
        store.flush(NOW).await.unwrap();
        assert_eq!(store.health().buffer.current_size, 0);
        // Somebody else takes the rest: nothing can be written, and nothing breaks.
        let used = used + (60 << 10) - files.free_bytes("/events".as_ref()).unwrap();
        files.set_capacity(used);
        let _ = tick(&store, NOW + Duration::from_secs(3_700));
        assert!(take(&store, 1_000, 10).await.is_err());
        assert_eq!(*store.broken().borrow(), None);
        assert_eq!(store.audit(), Vec::<String>::new());
        files.set_capacity(u64::MAX);
        assert_eq!(take(&store, 1_000, 10).await.unwrap().stored, 10);
        tick(&store, NOW + Duration::from_secs(3_700)).unwrap();
        assert_eq!(store.audit(), Vec::<String>::new());
        drop(store);
        let store = open_with(&files, |_| {});
        assert_eq!(store.counters(None).received, taken as u64 + 10);
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}

#[test]
fn no_amount_of_work_on_a_full_disk_breaks_the_store() {
    let files = FaultyFiles::new(4);
    runtime().block_on(async {
        let store = open_with(&files, |_| {});
        take(&store, 0, 50).await.unwrap();
        let used = u64::MAX - files.free_bytes("/events".as_ref()).unwrap();
        for room in (0..200 << 10).step_by(3_001) {
            files.set_capacity(used + room);
            let now = NOW + Duration::from_secs(room);
            let _ = take(&store, u128::from(room) + 100, 20).await;
            let _ = tick(&store, now);
            let _ = store
                .set_rule(super::tenant(), "CLICK".parse().unwrap(), None, now)
                .await;
            let visitor = cauce_flow::event::VisitorId::from_u128(u128::from(room / 3_001));
            let _ = store.erase(super::tenant(), visitor, 9, now).await;
            assert_eq!(*store.broken().borrow(), None, "with {room} bytes free");
        }
        files.set_capacity(u64::MAX);
        tick(&store, NOW + Duration::from_secs(1 << 20)).unwrap();
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}

#[test]
fn a_failed_sync_is_told_to_whoever_waits_and_to_all_who_come_later() {
    let files = FaultyFiles::new(5);
    runtime().block_on(async {
        let store = open_with(&files, |_| {});
        take(&store, 0, 5).await.unwrap();
        let mut broken = store.broken();
        files.fail_after(Op::Sync, 0);
        assert!(matches!(take(&store, 5, 5).await, Err(Error::Broken(_))));
        broken.changed().await.unwrap();
        assert!(broken.borrow().is_some());
        assert!(matches!(take(&store, 10, 5).await, Err(Error::Broken(_))));
        assert!(matches!(store.flush(NOW).await, Err(Error::Broken(_))));
        store.close();
        assert!(matches!(take(&store, 10, 5).await, Err(Error::Closed)));
    });
}

#[test]
fn an_empty_store_takes_less_than_forty_megabytes_of_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::at(dir.path());
    let store = EmbeddedEvents::open(options, Arc::new(|| NOW)).unwrap();
    runtime().block_on(async { take(&store, 0, 1).await.unwrap() });
    drop(store);
    let bytes = |path: &Path| {
        let entries = std::fs::read_dir(path).unwrap();
        entries
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum::<u64>()
    };
    assert!(bytes(&dir.path().join("log")) < 40_000_000);
}

#[test]
fn a_store_that_closes_leaves_a_merge_undone() {
    let files = FaultyFiles::new(6);
    runtime().block_on(async {
        let store = open_with(&files, |_| {});
        for call in 0..8 {
            take(&store, call * 10, 10).await.unwrap();
            store.flush(NOW).await.unwrap();
        }
        store
            .shared
            .leaving
            .store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(matches!(tick(&store, NOW), Err(Error::Closed)));
        assert_eq!(store.health().partitions[0].files, 8);
        drop(store);
        let store = open_with(&files, |_| {});
        tick(&store, NOW).unwrap();
        assert_eq!(
            (
                store.health().partitions[0].files,
                store.health().partitions[0].rows
            ),
            (1, 80)
        );
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}

#[test]
fn events_that_are_forgotten_early_are_counted() {
    let files = FaultyFiles::new(7);
    runtime().block_on(async {
        let store = open_with(&files, |options| options.max_firsts = 6);
        take(&store, 0, 10).await.unwrap();
        assert_eq!(store.health().crowded_out, 4);
    });
}
