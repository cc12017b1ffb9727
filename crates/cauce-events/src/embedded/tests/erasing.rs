//! An erased visitor is nowhere, and stays so.

use std::{fs, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_flow::{event::VisitorId, time::Timestamp};
use cauce_log::files::{FaultyFiles, Op, RealFiles};

use super::{super::EmbeddedEvents, NOW, all, event, intake, options, runtime, tenant, tick};
use crate::store::{EventStore, Page, Shaped};

const THEIRS: u128 = 0x8f3a_61d2_7c5b_4e90_a1b2_c3d4_e5f6_0718;
const OTHER: u128 = 0x1111_2222_3333_4444_5555_6666_7777_8888;

fn visitor() -> VisitorId {
    VisitorId::from_u128(THEIRS)
}

/// All ways in which the id may be written.
fn forms() -> Vec<Vec<u8>> {
    let text = visitor().to_string();
    let plain = text.replace('-', "");
    let mut forms = vec![THEIRS.to_be_bytes().to_vec(), THEIRS.to_le_bytes().to_vec()];
    for text in [text, plain] {
        forms.push(text.to_uppercase().into_bytes());
        forms.push(text.into_bytes());
    }
    forms
}

fn files_of(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_of(&path, found),
            false => found.push((path.display().to_string(), fs::read(&path).unwrap())),
        }
    }
}

/// The files in which the visitor is named.
fn traces(dir: &Path) -> Vec<String> {
    let mut files = Vec::new();
    files_of(dir, &mut files);
    let names = |bytes: &[u8]| {
        let holds = |form: &Vec<u8>| bytes.windows(form.len()).any(|part| part == *form);
        forms().iter().any(holds)
    };
    files.retain(|(_, bytes)| names(bytes));
    files.into_iter().map(|(path, _)| path).collect()
}

fn with_follow_up(mut event: Shaped, text: &str) -> Shaped {
    event.follow_up = Some(Bytes::from(text.to_owned()));
    event
}

async fn fill(store: &EmbeddedEvents, from: u128) {
    for call in 0..20u32 {
        let id = from + u128::from(call) * 10;
        let at = NOW + Duration::from_secs(u64::from(call) * 86_400 * 2);
        let theirs = with_follow_up(event(id, THEIRS, at), &visitor().to_string());
        let events = vec![
            theirs,
            event(id + 1, OTHER, at),
            with_follow_up(event(id + 2, OTHER, at), "mine"),
        ];
        store.take(intake(events), NOW).await.unwrap();
        if call % 3 == 0 {
            store.flush(NOW).await.unwrap();
        }
    }
}

#[test]
fn an_erased_visitor_is_nowhere_in_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let open = || EmbeddedEvents::open_on(options(dir.path()), Arc::new(RealFiles)).unwrap();
        let store = open();
        fill(&store, 1_000).await;
        // One that is only in a run of ids and in a merged file, and one that is only in memory.
        tick(&store, NOW + Duration::from_secs(7_200)).unwrap();
        fill(&store, 5_000).await;
        assert!(!traces(dir.path()).is_empty());
        let receipt = store.erase(tenant(), visitor(), 9, NOW).await.unwrap();
        assert_eq!(traces(dir.path()), Vec::<String>::new());
        let removed = receipt.removed;
        assert_eq!((removed.rows, removed.ids), (40, 40));
        assert!(removed.files > 0 && removed.segments > 0, "{receipt:?}");
        assert_eq!(store.audit(), Vec::<String>::new());
        let page = Page {
            limit: 1_000,
            after: None,
        };
        let rows = store.list(all(), page.clone()).await.unwrap().rows;
        assert_eq!(rows.len(), 80);
        assert!(rows.iter().all(|row| row.visitor != visitor()));
        // What follows from others is still to follow.
        let follows = store.follow_ups(1_000).await.unwrap();
        assert_eq!(follows.len(), 40);
        assert!(follows.iter().all(|follow| &follow.bytes[..] == b"mine"));
        drop(store);
        let store = open();
        assert_eq!(traces(dir.path()), Vec::<String>::new());
        assert_eq!(store.list(all(), page).await.unwrap().rows.len(), 80);
        assert_eq!(store.follow_ups(1_000).await.unwrap().len(), 40);
    });
}

#[test]
fn what_an_erased_visitor_did_before_is_refused_and_what_is_done_later_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let open = || EmbeddedEvents::open_on(options(dir.path()), Arc::new(RealFiles)).unwrap();
        let store = open();
        let at = |seconds: u64| NOW + Duration::from_secs(seconds);
        store
            .take(intake(vec![event(1, THEIRS, NOW)]), NOW)
            .await
            .unwrap();
        store.erase(tenant(), visitor(), 9, at(10)).await.unwrap();
        let mut store = store;
        for id in [100, 200] {
            let events = vec![
                event(1, THEIRS, NOW),
                event(id, THEIRS, at(9)),
                event(id + 1, THEIRS, at(10)),
            ];
            let taken = store.take(intake(events), at(11)).await.unwrap();
            assert_eq!((taken.erased, taken.stored), (2, 1));
            drop(store);
            store = open();
        }
    });
}

#[test]
fn an_erasure_that_failed_anywhere_is_completed_by_upkeep() {
    for op in [
        Op::Create,
        Op::Write,
        Op::Sync,
        Op::SyncDir,
        Op::Rename,
        Op::Remove,
    ] {
        for calls in 0..12 {
            let files = FaultyFiles::new(u64::from(calls));
            runtime().block_on(async {
                let open = || {
                    let files = Arc::new(files.clone());
                    EmbeddedEvents::open_on(options(Path::new("/events")), files).unwrap()
                };
                let mut store = open();
                fill(&store, 1_000).await;
                files.fail_after(op, calls);
                let _ = store.erase(tenant(), visitor(), 9, NOW).await;
                files.heal();
                if store.broken().borrow().is_some() {
                    drop(store);
                    store = open();
                }
                let tombstones = store.shared.state.lock().erased.len();
                if tombstones > 0 {
                    let page = Page {
                        limit: 1_000,
                        after: None,
                    };
                    let rows = store.list(all(), page).await.unwrap().rows;
                    let theirs = rows.iter().filter(|row| row.visitor == visitor()).count();
                    assert_eq!((theirs, rows.len()), (0, 40), "{op:?} after {calls}");
                }
                tick(&store, NOW).unwrap();
                let receipt = store.erased(&tenant(), visitor());
                assert_eq!(receipt.is_some(), tombstones > 0);
                if let Some(receipt) = receipt {
                    let told = (receipt.done, receipt.id, receipt.removed.rows);
                    assert_eq!(told, (true, 9, 20), "{op:?} after {calls}");
                }
                assert_eq!(store.audit(), Vec::<String>::new(), "{op:?} after {calls}");
                if tombstones > 0 {
                    let named = |path: &std::path::PathBuf| {
                        let bytes = files.contents(path).unwrap();
                        let holds =
                            |form: &Vec<u8>| bytes.windows(form.len()).any(|part| part == *form);
                        forms().iter().any(holds)
                    };
                    let traces: Vec<_> = files.paths().into_iter().filter(named).collect();
                    assert_eq!(
                        traces,
                        Vec::<std::path::PathBuf>::new(),
                        "{op:?} after {calls}"
                    );
                }
            });
        }
    }
}

#[test]
fn a_tombstone_lasts_as_long_as_events_of_its_time_may_come() {
    let files = FaultyFiles::new(1);
    runtime().block_on(async {
        let store =
            EmbeddedEvents::open_on(options(Path::new("/events")), Arc::new(files)).unwrap();
        store.erase(tenant(), visitor(), 9, NOW).await.unwrap();
        let month = Duration::from_secs(31 * 86_400);
        store.maintain(NOW - month, NOW).await.unwrap();
        assert_eq!(store.shared.state.lock().erased.len(), 1);
        let later: Timestamp = NOW + month;
        store.maintain(later, later + month).await.unwrap();
        assert_eq!(store.shared.state.lock().erased.len(), 0);
    });
}
