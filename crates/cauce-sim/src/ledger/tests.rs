use std::time::Duration;

use super::{Decision, EventKey, Ledger, Outcome, rate};
use crate::Random;

fn taken(ids: &[&str]) -> Decision {
    Decision {
        accepted: ids.iter().map(|id| EventKey::of(id)).collect(),
        events: ids.len() as u32,
        is_accepted: true,
        ..Decision::default()
    }
}

fn brute_force(arrivals: &[u64], window_ns: u64) -> u32 {
    let within = |begin: u64| {
        arrivals
            .iter()
            .filter(move |at| (begin..begin + window_ns).contains(at))
    };
    arrivals
        .iter()
        .map(|begin| within(*begin).count() as u32)
        .max()
        .unwrap_or(0)
}

#[test]
fn rate_meter_agrees_with_brute_force() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let spread = 1 + random.below(50);
        let count = random.below(120);
        let mut now = 0;
        let arrivals: Vec<u64> = (0..count)
            .map(|_| {
                now += random.below(spread);
                now
            })
            .collect();
        for window_ns in [1, 2, 7, 100, 1000, 1_000_000] {
            let got = rate::highest_in(arrivals.iter().copied(), Duration::from_nanos(window_ns));
            assert_eq!(
                got,
                brute_force(&arrivals, window_ns),
                "seed {seed}, {window_ns} ns"
            );
        }
    }
}

#[test]
fn rate_window_excludes_its_end() {
    let at =
        |arrivals: &[u64]| rate::highest_in(arrivals.iter().copied(), Duration::from_nanos(10));
    assert_eq!(at(&[0, 10]), 1);
    assert_eq!(at(&[0, 9]), 2);
    assert_eq!(at(&[]), 0);
}

#[test]
fn repeat_is_excused_only_after_a_lost_answer() {
    let ledger = Ledger::new(10);
    let mut lost = ledger.on_arrival();
    lost.decide(5, taken(&["a", "b"]));
    drop(lost);
    let mut again = ledger.on_arrival();
    again.decide(5, taken(&["a"]));
    again.answered();
    assert_eq!((ledger.repeats(), ledger.unexcused_repeats()), (1, 0));

    let mut third = ledger.on_arrival();
    third.decide(5, taken(&["a"]));
    third.answered();
    assert_eq!((ledger.repeats(), ledger.unexcused_repeats()), (2, 1));
    assert_eq!(
        (ledger.count("a"), ledger.count("b"), ledger.count("c")),
        (3, 1, 0)
    );
    assert_eq!(ledger.duplicates(), [EventKey::of("a")]);
    assert_eq!(ledger.unexcused(), [EventKey::of("a")]);
    assert_eq!(ledger.batch_sizes(), [(1, 2), (2, 1)].into());
    assert_eq!(ledger.bytes(), 15);
}

#[test]
fn requests_past_the_limit_are_counted_and_not_kept() {
    let ledger = Ledger::new(2);
    for _ in 0..3 {
        let mut flight = ledger.on_arrival();
        flight.decide(1, taken(&[]));
        flight.answered();
    }
    assert_eq!(
        (ledger.request_count(), ledger.forgotten_requests()),
        (3, 1)
    );
    assert!(
        ledger
            .requests()
            .iter()
            .all(|seen| seen.outcome == Outcome::Accepted)
    );
}

#[test]
fn highest_number_in_flight_is_kept() {
    let ledger = Ledger::new(10);
    let flights = [
        ledger.on_arrival(),
        ledger.on_arrival(),
        ledger.on_arrival(),
    ];
    assert_eq!(ledger.in_flight(), 3);
    drop(flights);
    drop(ledger.on_arrival());
    assert_eq!((ledger.in_flight(), ledger.max_in_flight()), (0, 3));
}

#[test]
fn event_key_of_a_uuid_is_the_uuid() {
    let text = "0190b4a6-3c1e-7d2a-9b1f-0123456789ab";
    assert_eq!(EventKey::of(text).to_string(), text);
    assert_ne!(EventKey::of("order-1"), EventKey::of("order-2"));
}
