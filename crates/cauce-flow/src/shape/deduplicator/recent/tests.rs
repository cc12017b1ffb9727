use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn recent(max_table: usize) -> Recent {
    Recent::new(Config {
        max_table,
        max_ids: 4 * max_table,
        ..Config::default()
    })
}

#[test]
fn an_id_is_known_for_the_window_and_not_longer() {
    let mut recent = recent(10);
    assert_eq!(recent.insert(7, 1, at(0)), Seen::New);
    assert_eq!(recent.insert(7, 1, at(24 * HOUR_MS - 1)), Seen::Known);
    assert_eq!(recent.insert(7, 1, at(24 * HOUR_MS)), Seen::New);
    assert_eq!(recent.insert(7, 1, at(24 * HOUR_MS)), Seen::Known);
}

#[test]
fn a_repeat_does_not_lengthen_the_window() {
    let mut recent = recent(10);
    recent.insert(7, 1, at(0));
    recent.insert(7, 1, at(23 * HOUR_MS));
    assert!(!recent.knows(7, at(24 * HOUR_MS)));
}

#[test]
fn a_full_table_is_handed_out_sorted_and_answers_until_it_is_released() {
    let mut recent = recent(3);
    for digest in [5, 3, 9, 1] {
        recent.insert(digest, 100 + digest as u64, at(digest as i64));
    }
    let sealed = recent.poll_sealed().unwrap();
    assert!(recent.poll_sealed().is_none());
    let digests: Vec<u128> = sealed.entries().iter().map(|entry| entry.digest).collect();
    assert_eq!(digests, [3, 5, 9]);
    let first = Entry {
        digest: 3,
        visitor_print: 103,
        received_at: at(3),
    };
    assert_eq!(sealed.entries()[0], first);
    assert!(recent.knows(5, at(10)));
    assert_eq!(recent.room(), 12 - 4);
    recent.release(sealed);
    assert!(!recent.knows(5, at(10)) && recent.knows(1, at(10)));
    assert_eq!(recent.room(), 12 - 1);
}

#[test]
fn a_table_is_sealed_by_its_age() {
    let mut recent = recent(10);
    assert_eq!(recent.poll_timeout(), None);
    recent.insert(7, 1, at(5));
    assert_eq!(recent.poll_timeout(), Some(at(HOUR_MS + 5)));
    recent.handle_timeout(at(HOUR_MS + 4));
    assert!(recent.poll_sealed().is_none());
    recent.handle_timeout(at(HOUR_MS + 5));
    assert_eq!(recent.poll_sealed().unwrap().number(), 0);
    assert_eq!(recent.poll_timeout(), None);
}

#[test]
fn tables_may_be_released_in_any_order() {
    let mut recent = recent(1);
    (0..4).for_each(|digest| {
        recent.insert(digest, 1, at(0));
    });
    let [first, second] = [0, 1].map(|_| recent.poll_sealed().unwrap());
    recent.release(second);
    assert_eq!(recent.poll_sealed().unwrap().number(), 2);
    recent.release(first);
    let known: Vec<u128> = (0..4)
        .filter(|digest| recent.knows(*digest, at(0)))
        .collect();
    assert_eq!(known, [2, 3]);
}

#[test]
fn a_table_that_is_used_again_is_empty() {
    let mut recent = recent(2);
    for digest in 0..20 {
        recent.insert(digest, 1, at(0));
        while let Some(sealed) = recent.poll_sealed() {
            recent.release(sealed);
        }
        assert!(recent.len() <= 2);
    }
    assert!(!recent.knows(0, at(0)));
}

#[test]
fn a_full_table_takes_at_most_forty_bytes_an_id() {
    let max_table = Config::default().max_table;
    let mut table = Table::default();
    let mark = Mark {
        visitor_print: 0,
        received_at: at(0),
    };
    table.extend((0..max_table as u128).map(|digest| (digest, mark)));
    // The table of the standard library keeps one of eight places free and a byte beside each.
    let places = (table.capacity() / 7 * 8).next_power_of_two();
    let bytes = places * (size_of::<(u128, Mark)>() + 1);
    assert!(bytes <= 40 * max_table, "{bytes}");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u128, u64),
    Wait(i64),
    Seal,
    Release,
    Forget(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..60_u128, 0..4_u64).prop_map(|(digest, print)| Step::Insert(digest, print)),
        4 => (0..3 * HOUR_MS).prop_map(Step::Wait),
        1 => Just(Step::Seal),
        3 => Just(Step::Release),
        1 => (0..4_u64).prop_map(Step::Forget),
    ]
}

proptest! {
    /// Recent ids and the runs made of them together know what a plain map knows.
    #[test]
    fn with_its_runs_it_knows_what_a_plain_map_knows(
        steps in prop::collection::vec(step(), 0..300),
        max_table in 1_usize..20,
    ) {
        let mut recent = recent(max_table);
        let mut runs: Vec<Entry> = Vec::new();
        let mut naive: BTreeMap<u128, (u64, i64)> = BTreeMap::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Wait(ms) => now += ms,
                Step::Seal => recent.seal(),
                Step::Release => {
                    if let Some(sealed) = recent.poll_sealed() {
                        prop_assert!(sealed.entries().is_sorted_by_key(|entry| entry.digest));
                        prop_assert!(sealed.entries().len() <= max_table);
                        runs.extend(sealed.entries());
                        recent.release(sealed);
                    }
                }
                Step::Forget(print) => {
                    recent.forget(print);
                    runs.retain(|entry| entry.visitor_print != print);
                    naive.retain(|_, (kept, _)| *kept != print);
                }
                Step::Insert(digest, print) => {
                    let fresh = |since: i64| now < since + 24 * HOUR_MS;
                    let known = naive.get(&digest).is_some_and(|(_, since)| fresh(*since));
                    let in_runs = runs.iter().any(|entry| {
                        entry.digest == digest && fresh(entry.received_at.as_millis())
                    });
                    let seen = if in_runs { Seen::Known } else { recent.insert(digest, print, at(now)) };
                    prop_assert_eq!(seen == Seen::Known, known);
                    if !known {
                        naive.insert(digest, (print, now));
                    }
                }
            }
        }
    }
}
