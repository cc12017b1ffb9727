//! Events in, events out, also after a restart.

use std::{path::Path, sync::Arc, time::Duration};

use cauce_log::files::{FaultyFiles, Files, RealFiles};

use super::{super::EmbeddedEvents, NOW, all, event, intake, options, runtime, tick};
use crate::store::{EventStore, Page};

#[test]
fn what_was_taken_is_there_before_and_after_a_flush_and_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    come_and_go(dir.path(), &(Arc::new(RealFiles) as Arc<dyn Files>));
    come_and_go(
        Path::new("/events"),
        &(Arc::new(FaultyFiles::new(1)) as Arc<dyn Files>),
    );
}

async fn ids(store: &EmbeddedEvents) -> Vec<(u128, u32)> {
    let page = Page {
        limit: 10_000,
        after: None,
    };
    let paged = store.list(all(), page).await.unwrap();
    paged
        .rows
        .iter()
        .map(|row| (row.id.as_u128(), row.count))
        .collect()
}

fn come_and_go(dir: &Path, files: &Arc<dyn Files>) {
    let open = |dir: &Path| EmbeddedEvents::open_on(options(dir), Arc::clone(files)).unwrap();
    runtime().block_on(async {
        let store = open(dir);
        let taken = store
            .take(intake(vec![event(1, 9, NOW), event(2, 9, NOW)]), NOW)
            .await
            .unwrap();
        assert_eq!((taken.stored, taken.buffered), (2, 2));
        assert_eq!(ids(&store).await, [(1, 1), (2, 1)]);
        drop(store);
        let store = open(dir);
        assert_eq!(ids(&store).await, [(1, 1), (2, 1)]);
        store.flush(NOW).await.unwrap();
        store
            .take(intake(vec![event(2, 9, NOW), event(3, 9, NOW)]), NOW)
            .await
            .unwrap();
        assert_eq!(ids(&store).await, [(1, 1), (2, 1), (3, 1)]);
        drop(store);
        let store = open(dir);
        assert_eq!(ids(&store).await, [(1, 1), (2, 1), (3, 1)]);
        let counters = store.counters(None);
        assert_eq!(
            (counters.received, counters.stored, counters.duplicates),
            (4, 3, 1)
        );
        assert_eq!(store.audit(), Vec::<String>::new());
        let later = NOW + Duration::from_secs(10);
        tick(&store, later).unwrap();
        assert_eq!(store.health().buffer.current_size, 0);
        assert_eq!(store.health().partitions[0].rows, 3);
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}
