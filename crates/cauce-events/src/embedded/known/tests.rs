use std::{path::Path, sync::Arc};

use cauce_flow::{shape::deduplicator::Entry, time::Timestamp};
use cauce_log::files::FaultyFiles;

use super::{Run, merged, write};

fn id(number: u64, at: i64) -> Entry {
    Entry {
        // Spread as digests are.
        digest: u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        visitor_print: number % 10,
        received_at: Timestamp::from_millis(at),
    }
}

fn sorted(mut ids: Vec<Entry>) -> Vec<Entry> {
    ids.sort();
    ids
}

fn run(files: &FaultyFiles, number: u64, ids: &[Entry], room: usize) -> Arc<Run> {
    let path = format!("/ids/run-{number}.ids");
    let written = write(files, Path::new(&path), &mut ids.iter().copied().map(Ok)).unwrap();
    assert!(written.is_some());
    Arc::new(Run::open(files, Path::new(&path), (number, room)).unwrap())
}

#[test]
fn a_run_knows_its_ids_and_no_others_with_its_filter_in_memory_or_on_disk() {
    let files = FaultyFiles::new(1);
    for (count, room) in [
        (1, 1 << 20),
        (136, 1 << 20),
        (137, 1 << 20),
        (3_000, 1 << 20),
        (3_000, 0),
    ] {
        let ids = sorted((0..count).map(|number| id(number, number as i64)).collect());
        let run = run(&files, count, &ids, room);
        assert_eq!(run.ids(), count);
        for number in 0..count {
            let entry = id(number, number as i64);
            assert!(run.may_hold(entry.digest));
            assert_eq!(run.find(entry.digest).unwrap(), Some(entry.received_at));
        }
        let strangers = (count..count + 2_000).map(|number| id(number, 0).digest);
        let let_through = strangers
            .filter(|digest| {
                assert_eq!(run.find(*digest).unwrap(), None);
                run.may_hold(*digest)
            })
            .count();
        match room {
            0 => assert_eq!(let_through, 2_000),
            _ => assert!(let_through < 60, "{let_through} of 2,000 pass the filter"),
        }
        assert!(room > 0 || run.memory_bytes() < 1_000);
    }
}

#[test]
fn ids_that_share_the_upper_half_of_their_digests_are_told_apart() {
    let files = FaultyFiles::new(2);
    let ids: Vec<Entry> = (0..1_000u64)
        .map(|number| Entry {
            digest: 5 << 64 | u128::from(number),
            visitor_print: 0,
            received_at: Timestamp::from_millis(number as i64),
        })
        .collect();
    let run = run(&files, 1, &ids, 1 << 20);
    for entry in &ids {
        assert_eq!(run.find(entry.digest).unwrap(), Some(entry.received_at));
    }
    assert_eq!(run.find(5 << 64 | 1_000).unwrap(), None);
    assert_eq!(run.find(4 << 64).unwrap(), None);
}

#[test]
fn a_merge_has_each_id_once_as_it_was_last_received_and_leaves_out_what_is_refused() {
    let files = FaultyFiles::new(3);
    let of =
        |from: u64, to: u64, at: i64| sorted((from..to).map(|number| id(number, at)).collect());
    let runs = [
        run(&files, 1, &of(0, 500, 10), 1 << 20),
        run(&files, 2, &of(300, 900, 20), 0),
        run(&files, 3, &of(899, 901, 5), 1 << 20),
    ];
    let keep = |id: &Entry| id.visitor_print != 4;
    let all: Vec<Entry> = merged(&runs, &keep).map(Result::unwrap).collect();
    assert!(all.is_sorted_by_key(|id| id.digest));
    let path = Path::new("/ids/run-4.ids");
    write(&files, path, &mut all.into_iter().map(Ok)).unwrap();
    let run = Run::open(&files, path, (4, 1 << 20)).unwrap();
    assert_eq!(run.ids(), 901 - 90);
    for number in 0..901 {
        let at = match number {
            number if number % 10 == 4 => None,
            0..300 => Some(10),
            300..900 => Some(20),
            _ => Some(5),
        };
        let found = run.find(id(number, 0).digest).unwrap();
        assert_eq!(found, at.map(Timestamp::from_millis), "{number}");
    }
}

#[test]
fn a_run_of_nothing_is_no_file() {
    let files = FaultyFiles::new(4);
    let path = Path::new("/ids/run-1.ids");
    assert_eq!(write(&files, path, &mut std::iter::empty()).unwrap(), None);
    assert_eq!(files.paths(), Vec::<std::path::PathBuf>::new());
}
