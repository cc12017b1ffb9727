//! What the log still has to keep, and until when.

use std::{path::Path, sync::Arc, time::Duration};

use cauce_flow::{event::VisitorId, time::Timestamp};
use cauce_log::files::FaultyFiles;

use super::{
    super::{EmbeddedEvents, Options, ask::Ask, record::Erasing, upkeep},
    NOW, event, intake, options, runtime, tenant, tick,
};
use crate::store::{EventStore, Removed, Taken};

fn open(files: &FaultyFiles, max_known_in_memory: usize) -> EmbeddedEvents {
    let options = Options {
        segment_bytes: 4 << 10,
        max_known_in_memory,
        ..options(Path::new("/events"))
    };
    EmbeddedEvents::open_on(options, Arc::new(files.clone())).unwrap()
}

async fn take(store: &EmbeddedEvents, ids: std::ops::Range<u128>, now: Timestamp) -> Taken {
    let events = ids.map(|id| event(id, id, NOW)).collect();
    store.take(intake(events), now).await.unwrap()
}

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

/// One round of upkeep that flushes nothing.
fn round(store: &EmbeddedEvents, now: Timestamp) {
    let round = || upkeep::round(&store.shared, now).unwrap();
    std::thread::scope(|threads| threads.spawn(round).join().unwrap());
}

#[test]
fn a_segment_whose_ids_are_only_in_memory_stays() {
    let files = FaultyFiles::new(1);
    runtime().block_on(async {
        let store = open(&files, 1_000);
        for call in 0..20 {
            take(&store, call * 10..call * 10 + 10, NOW).await;
        }
        store.flush(NOW).await.unwrap();
        round(&store, after(600));
        assert!(store.shared.reader.segments().len() > 2);
        drop(store);
        let store = open(&files, 1_000);
        assert_eq!(take(&store, 0..200, after(600)).await.duplicates, 200);
        // Once a run has them, the segments go, and the ids are known all the same.
        tick(&store, after(4_000)).unwrap();
        take(&store, 200..201, after(4_000)).await;
        assert_eq!(store.shared.reader.segments().len(), 1);
        drop(store);
        let store = open(&files, 1_000);
        assert_eq!(take(&store, 0..200, after(4_000)).await.duplicates, 200);
    });
}

#[test]
fn a_segment_whose_rows_are_only_in_the_buffer_stays() {
    let files = FaultyFiles::new(2);
    runtime().block_on(async {
        let store = open(&files, 8);
        for call in 0..20 {
            take(&store, call * 5..call * 5 + 5, NOW).await;
            store.shared.state.lock().seal_ids(NOW, true);
            let write = || upkeep::empty(&store.shared, NOW).unwrap();
            std::thread::scope(|threads| threads.spawn(write).join().unwrap());
        }
        round(&store, after(600));
        drop(store);
        let store = open(&files, 8);
        assert_eq!(store.health().buffer.current_size, 100);
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}

#[test]
fn a_segment_stays_for_as_long_as_an_event_may_be_equal_to_one_of_it() {
    for (wait, merged) in [(100, 1), (200, 0)] {
        let files = FaultyFiles::new(3);
        runtime().block_on(async {
            let store = open(&files, 1_000);
            take(&store, 0..1, NOW).await;
            for call in 1..20 {
                take(&store, call * 10..call * 10 + 10, NOW).await;
            }
            store.flush(NOW).await.unwrap();
            store.shared.state.lock().seal_ids(NOW, true);
            tick(&store, after(wait)).unwrap();
            drop(store);
            let store = open(&files, 1_000);
            let mut equal = event(0, 0, NOW);
            equal.event.id = cauce_flow::event::EventId::from_u128(9_999);
            let taken = store.take(intake(vec![equal]), after(wait)).await.unwrap();
            assert_eq!(taken.merged, merged, "after {wait} s");
            assert_eq!(store.audit(), Vec::<String>::new());
        });
    }
}

#[test]
fn ids_of_a_call_that_a_table_was_sealed_in_are_all_known_after_a_crash() {
    let files = FaultyFiles::new(4);
    runtime().block_on(async {
        let store = open(&files, 5);
        let without_ids = || {
            let mut call = intake(Vec::new());
            call.sampled_out = 1;
            call
        };
        // So that the call with ids is the last one of its segment.
        let bytes = || store.shared.reader.segments().iter().map(|s| s.bytes).max();
        while bytes().is_none_or(|bytes| bytes < 3_800) {
            store.take(without_ids(), NOW).await.unwrap();
        }
        assert_eq!(take(&store, 0..8, NOW).await.stored, 8);
        tick(&store, after(6)).unwrap();
        assert_eq!(store.shared.state.lock().manifest.runs.len(), 1);
        store.take(without_ids(), after(6)).await.unwrap();
        assert_eq!(store.shared.reader.segments().len(), 2);
        tick(&store, after(600)).unwrap();
        files.kill();
        drop(store);
        let store = open(&files, 5);
        assert_eq!(take(&store, 0..8, after(600)).await.duplicates, 8);
    });
}

#[test]
fn what_came_after_a_tombstone_stays_though_the_erasure_goes_on_after_a_crash() {
    let files = FaultyFiles::new(5);
    runtime().block_on(async {
        let store = open(&files, 1_000);
        let theirs = |id: u128, at: Timestamp| intake(vec![event(id, 7, at)]);
        store.take(theirs(1, NOW), NOW).await.unwrap();
        store.flush(NOW).await.unwrap();
        // Numbers that files took which came to nothing.
        for _ in 0..9 {
            store.shared.take_file_number();
        }
        let visitor = VisitorId::from_u128(7);
        let visitor = store
            .shared
            .secret()
            .visitor(tenant().as_str(), visitor, &mut Vec::new());
        let erasing = Erasing {
            visitor,
            at: after(10),
            before_file: store.shared.take_file_number(),
            id: 9,
            earlier: Removed::default(),
            removed: Removed::default(),
        };
        store
            .shared
            .ask(Ask::Erase(Box::new(erasing)))
            .await
            .unwrap();
        files.kill();
        drop(store);
        let store = open(&files, 1_000);
        store.take(theirs(2, after(10)), after(10)).await.unwrap();
        store.flush(after(10)).await.unwrap();
        tick(&store, after(11)).unwrap();
        assert_eq!(store.health().partitions[0].rows, 1);
        assert_eq!(store.shared.state.lock().shown.left.erased, 1);
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}
