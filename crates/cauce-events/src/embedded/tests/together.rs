//! What happens at the same time: readers while files are replaced, a call while ids go to disk.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cauce_log::files::FaultyFiles;

use super::{
    super::{
        EmbeddedEvents, Options,
        ask::{Ask, Reply},
        state::Prepared,
    },
    NOW, all, event, intake, options, runtime, tenant, tick,
};
use crate::store::{EventStore, Page, StatsQuery};

fn open(max_known_in_memory: usize) -> EmbeddedEvents {
    let options = Options {
        max_events: 10,
        max_known_in_memory,
        ..options(Path::new("/events"))
    };
    EmbeddedEvents::open_on(options, Arc::new(FaultyFiles::new(1))).unwrap()
}

#[test]
fn readers_see_every_event_once_while_files_are_written_and_merged() {
    let store = open(100);
    let (taken, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for call in 0..150u128 {
                let events = (call * 10..call * 10 + 10)
                    .map(|id| event(id, id % 7, NOW))
                    .collect();
                runtime().block_on(store.take(intake(events), NOW)).unwrap();
                taken.fetch_add(10, Ordering::SeqCst);
                store.tick(NOW + Duration::from_secs(10)).unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut looks = 0;
        while !done.load(Ordering::SeqCst) {
            runtime().block_on(async {
                let page = Page {
                    limit: 100_000,
                    after: None,
                };
                let query = StatsQuery {
                    tenant: tenant(),
                    site: None,
                    from: NOW,
                    to: NOW + Duration::from_millis(1),
                    interval: None,
                    max_top: 1,
                };
                let before = taken.load(Ordering::SeqCst);
                let listed = store.list(all(), page).await.unwrap().rows.len() as u64;
                let counted = store.stats(query).await.unwrap().total_events;
                let after = taken.load(Ordering::SeqCst) + 10;
                assert!(
                    (before..=after).contains(&listed),
                    "{before} {listed} {after}"
                );
                assert!(
                    (before..=after).contains(&counted),
                    "{before} {counted} {after}"
                );
            });
            looks += 1;
        }
        assert!(looks > 5, "only {looks} looks");
    });
    assert_eq!(store.audit(), Vec::<String>::new());
}

#[test]
fn a_repeat_whose_id_goes_to_disk_between_the_look_there_and_the_commit_is_recognised() {
    let store = open(8);
    runtime().block_on(async {
        let events = || (0..20).map(|id| event(id, 1, NOW)).collect::<Vec<_>>();
        // Looked into the runs when there were none.
        let early = Prepared::new(intake(events()), &store.shared.secret());
        for five in events().chunks(5) {
            store.take(intake(five.to_vec()), NOW).await.unwrap();
            tick(&store, NOW).unwrap();
        }
        assert!(store.shared.state.lock().shown.runs_version > 0);
        let asked = store
            .shared
            .ask(Ask::Take(Box::new(early), NOW))
            .await
            .unwrap();
        let Reply::Taken(taken) = asked else {
            panic!("{asked:?}");
        };
        assert_eq!((taken.duplicates, taken.stored), (20, 0));
    });
}
