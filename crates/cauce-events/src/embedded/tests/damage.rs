//! Flipped bits and cut files cost what stood there, and nothing else.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cauce_log::files::{FaultyFiles, Files as _};

use super::{
    super::{EmbeddedEvents, OpenError},
    NOW, all, event, intake, options, runtime, tick,
};
use crate::store::{EventStore, Page};

fn try_open(files: &FaultyFiles) -> Result<EmbeddedEvents, OpenError> {
    EmbeddedEvents::open_on(options(Path::new("/events")), Arc::new(files.clone()))
}

/// A store with a flushed half and a half that is in the log only; 200 events in all.
fn filled(seed: u64) -> FaultyFiles {
    let files = FaultyFiles::new(seed);
    runtime().block_on(async {
        let store = try_open(&files).unwrap();
        for call in 0..20u128 {
            let events = (call * 10..call * 10 + 10)
                .map(|id| event(id, id % 7, NOW))
                .collect();
            store.take(intake(events), NOW).await.unwrap();
            if call == 10 {
                tick(&store, NOW + Duration::from_secs(3_700)).unwrap();
            }
        }
    });
    files
}

async fn rows(store: &EmbeddedEvents) -> Result<usize, crate::store::Error> {
    let page = Page {
        limit: 10_000,
        after: None,
    };
    store.list(all(), page).await.map(|paged| paged.rows.len())
}

fn flip(files: &FaultyFiles, path: &Path, at: usize) {
    let mut bytes = files.contents(path).unwrap();
    bytes[at] ^= 0x10;
    files.put(path, &bytes);
}

fn log_of(files: &FaultyFiles) -> PathBuf {
    let mut logs = files.paths();
    logs.retain(|path| path.extension().is_some_and(|kind| kind == "log"));
    logs.pop().unwrap()
}

#[test]
fn a_flipped_bit_in_the_log_costs_one_record_or_is_a_refusal_to_open() {
    let whole = filled(1);
    let path = log_of(&whole);
    let used = whole
        .contents(&path)
        .unwrap()
        .iter()
        .rposition(|byte| *byte != 0)
        .unwrap();
    let mut refused = 0;
    for at in (0..used).step_by(53) {
        let files = whole.fork();
        flip(&files, &path, at);
        let store = match try_open(&files) {
            Ok(store) => store,
            Err(OpenError::Log(_) | OpenError::NoBase { .. }) => {
                refused += 1;
                continue;
            }
            Err(error) => panic!("byte {at}: {error}"),
        };
        runtime().block_on(async {
            // A call has ten events, and what says which files count stands there twice or is told
            // by the files set aside.
            let left = rows(&store).await.unwrap();
            let damage = store.health().corrupt + store.recovery().cut_bytes.min(1);
            assert!(
                left >= 190 || damage > 0,
                "byte {at}: {left} rows and no word of damage"
            );
            assert!(left <= 200, "byte {at}: {left} rows");
            store
                .take(intake(vec![event(999, 1, NOW)]), NOW)
                .await
                .unwrap();
            tick(&store, NOW + Duration::from_secs(10)).unwrap();
            assert!(rows(&store).await.unwrap() <= 201);
        });
    }
    assert!(
        refused < 6,
        "{refused} of {} places keep the store from opening",
        used / 53
    );
}

#[test]
fn a_log_that_is_cut_anywhere_still_holds_what_stands_before() {
    let whole = filled(2);
    let path = log_of(&whole);
    let bytes = whole.contents(&path).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let mut before = 0;
    for cut in (8_000..used).step_by(997) {
        let files = whole.fork();
        files.put(&path, &bytes[..cut]);
        let Ok(store) = try_open(&files) else {
            panic!("cut at {cut}: does not open");
        };
        runtime().block_on(async {
            let left = rows(&store).await.unwrap();
            assert!(left >= before && left <= 200, "{left} rows, cut at {cut}");
            before = left;
            assert_eq!(
                store.counters(None).accounted(),
                store.counters(None).received
            );
        });
    }
    assert!(before >= 180, "{before}");
}

#[test]
fn a_file_of_events_that_is_gone_is_counted_as_lost_once() {
    let files = filled(3);
    let mut parts = files.paths();
    parts.retain(|path| path.extension().is_some_and(|kind| kind == "parquet"));
    let part = parts.pop().unwrap();
    files.remove(&part).unwrap();
    files.sync_dir(part.parent().unwrap()).unwrap();
    runtime().block_on(async {
        let store = try_open(&files).unwrap();
        assert_eq!(store.health().corrupt, 1);
        assert_eq!(store.shared.state.lock().shown.left.lost, 110);
        assert_eq!(rows(&store).await.unwrap(), 90);
        assert_eq!(store.audit(), Vec::<String>::new());
        drop(store);
        let store = try_open(&files).unwrap();
        assert_eq!(store.health().corrupt, 0);
        assert_eq!(store.audit(), Vec::<String>::new());
    });
}

#[test]
fn a_run_of_ids_that_is_damaged_costs_the_repeats_that_it_knew_and_is_told() {
    let whole = filled(4);
    let mut runs = whole.paths();
    runs.retain(|path| path.extension().is_some_and(|kind| kind == "ids"));
    let run = runs.pop().unwrap();
    let size = whole.contents(&run).unwrap().len();
    for at in (0..size).step_by(211) {
        let files = whole.fork();
        flip(&files, &run, at);
        runtime().block_on(async {
            let store = try_open(&files).unwrap();
            let repeats = (0..200).map(|id| event(id, id % 7, NOW)).collect();
            let taken = store.take(intake(repeats), NOW).await.unwrap();
            let told = store.health().corrupt > 0 || store.health().last_error.is_some();
            assert!(taken.duplicates == 200 || told, "byte {at}: {taken:?}");
            assert!(taken.duplicates >= 90, "byte {at}: {taken:?}");
            assert_eq!(store.audit(), Vec::<String>::new());
        });
    }
}

#[test]
fn files_without_a_log_are_not_taken_for_leftovers() {
    let files = filled(5);
    for path in files.paths() {
        if path.starts_with("/events/log") {
            files.remove(&path).unwrap();
        }
    }
    let count = files.paths().len();
    let Err(refused) = try_open(&files) else {
        panic!("it opens");
    };
    assert!(matches!(refused, OpenError::NoLog { .. }), "{refused}");
    assert!(files.paths().len() >= count);
}

#[test]
fn leftovers_go_at_the_start() {
    let files = filled(6);
    let month = "/events/tracking_events_2025_10";
    for name in [
        "part-77.tmp",
        "part-77.rollup.tmp",
        "part-78.parquet",
        "part-78.rollup",
    ] {
        files.put(&Path::new(month).join(name), b"left by a crash");
    }
    files.put(Path::new("/events/ids/run-79.ids"), b"left by a crash");
    runtime().block_on(async {
        let store = try_open(&files).unwrap();
        assert_eq!(rows(&store).await.unwrap(), 200);
        assert_eq!(store.audit(), Vec::<String>::new());
        let left = |path: &&PathBuf| path.to_string_lossy().contains("-7");
        assert_eq!(files.paths().iter().find(left), None);
        // Their numbers are not given again, in case one of them is held open.
        store.flush(NOW).await.unwrap();
        assert!(
            files
                .paths()
                .iter()
                .any(|path| path.ends_with("part-80.parquet")),
            "{:?}",
            files.paths()
        );
    });
}
