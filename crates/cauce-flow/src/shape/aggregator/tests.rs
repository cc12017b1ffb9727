use proptest::prelude::*;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// An event of that key at that time; its id and token say which one it is.
fn event(key: u128, occurred_ms: i64, number: u64) -> Candidate {
    Candidate {
        key,
        id: EventId::from_u128(u128::from(number)),
        occurred_at: at(occurred_ms),
        visitor_print: (key % 3) as u64,
        token: number,
    }
}

fn into(first: Candidate) -> Verdict {
    Verdict::MergeInto {
        id: first.id,
        occurred_at: first.occurred_at,
        token: first.token,
    }
}

fn aggregator(max_firsts: usize) -> Aggregator {
    Aggregator::new(Config {
        max_firsts,
        ..Config::default()
    })
}

#[test]
fn the_minute_is_counted_from_the_first_event_to_either_side() {
    for (second, merged) in [
        (0, true),
        (59_999, true),
        (-59_999, true),
        (60_000, false),
        (-60_000, false),
    ] {
        let mut aggregator = aggregator(10);
        let first = event(1, 100_000, 1);
        assert_eq!(aggregator.on_event(first, at(0)), Verdict::First);
        let verdict = aggregator.on_event(event(1, 100_000 + second, 2), at(0));
        assert_eq!(verdict == into(first), merged, "{second} ms");
    }
}

#[test]
fn a_first_is_remembered_for_the_horizon_and_not_longer() {
    for (later_ms, verdict) in [(119_999, into(event(1, 0, 1))), (120_000, Verdict::First)] {
        let mut aggregator = aggregator(10);
        aggregator.on_event(event(1, 0, 1), at(0));
        assert_eq!(aggregator.on_event(event(1, 0, 2), at(later_ms)), verdict);
    }
}

#[test]
fn an_event_that_goes_on_makes_one_row_a_minute() {
    let mut aggregator = aggregator(10);
    let rows = (0..600).filter(|second| {
        let now = at(second * 1_000);
        aggregator.on_event(event(1, second * 1_000, 1), now) == Verdict::First
    });
    assert_eq!(rows.count(), 10);
}

#[test]
fn keys_that_agree_in_the_half_that_is_looked_up_are_not_taken_for_equal() {
    let mut aggregator = aggregator(10);
    let (one, other) = (event(1, 0, 1), event(1 | 1 << 64, 0, 2));
    assert_eq!(aggregator.on_event(one, at(0)), Verdict::First);
    assert_eq!(aggregator.on_event(other, at(0)), Verdict::First);
}

#[test]
fn what_is_switched_off_remembers_nothing() {
    let mut aggregator = Aggregator::new(Config {
        enabled: false,
        ..Config::default()
    });
    for number in 0..3 {
        let verdict = aggregator.on_event(event(1, 0, number), at(0));
        assert_eq!((verdict, aggregator.len()), (Verdict::First, 0));
    }
}

#[test]
fn a_forgotten_visitor_leaves_nothing_behind() {
    let mut aggregator = aggregator(10_000);
    for key in 0..9_000 {
        aggregator.on_event(event(key, 0, 7), at(0));
    }
    assert_eq!(aggregator.forget(2), 3_000);
    assert_eq!(aggregator.forget(2), 0);
    let left = format!("{:?}", aggregator.ring);
    assert_eq!(left.matches("visitor_print: 2").count(), 0);
    assert_eq!(aggregator.newest.len(), 6_000);
}

#[test]
fn numbers_may_wrap() {
    let mut aggregator = aggregator(5_000);
    aggregator.ring.start_at(u32::MAX - 5_000);
    for number in 0..20_000 {
        let first = event(u128::from(number), 0, number);
        assert_eq!(aggregator.on_event(first, at(0)), Verdict::First);
        assert_eq!(
            aggregator.on_event(event(u128::from(number), 1, 0), at(0)),
            into(first)
        );
    }
    assert_eq!(aggregator.len(), 5_000);
    assert_eq!(aggregator.newest.len(), 5_000);
    assert_eq!(aggregator.crowded_out(), 15_000);
}

/// The same rules over a plain list.
struct Naive {
    firsts: Vec<(Candidate, i64)>,
    max: usize,
}

impl Naive {
    fn on_event(&mut self, event: Candidate, now: i64) -> Verdict {
        self.firsts.retain(|(_, received)| now < received + 120_000);
        let newest = self
            .firsts
            .iter()
            .rev()
            .find(|(first, _)| first.key == event.key);
        if let Some((first, _)) = newest {
            let apart = event.occurred_at.as_millis() - first.occurred_at.as_millis();
            if apart.abs() < 60_000 {
                return into(*first);
            }
        }
        self.firsts.push((event, now));
        if self.firsts.len() > self.max {
            self.firsts.remove(0);
        }
        Verdict::First
    }

    /// Keeps the places of what is forgotten, as they count for the maximum.
    fn forget(&mut self, visitor_print: u64) {
        for (first, _) in &mut self.firsts {
            if first.visitor_print == visitor_print {
                first.key = u128::MAX;
                first.visitor_print = u64::MAX;
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Event { key: u128, ago_ms: i64 },
    Forget(u64),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..12_u128, 0..150_000_i64).prop_map(|(key, ago_ms)| Step::Event { key, ago_ms }),
        1 => (0..3_u64).prop_map(Step::Forget),
        4 => (0..50_000_i64).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn it_decides_as_a_plain_list_does(
        steps in prop::collection::vec(step(), 0..300),
        max in 1_usize..30,
    ) {
        let mut aggregator = aggregator(max);
        let mut naive = Naive { firsts: Vec::new(), max };
        let mut now = 1_000_000;
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Wait(ms) => now += ms,
                Step::Forget(visitor_print) => {
                    aggregator.forget(visitor_print);
                    naive.forget(visitor_print);
                }
                Step::Event { key, ago_ms } => {
                    let event = event(key, now - ago_ms, number as u64);
                    let verdict = aggregator.on_event(event, at(now));
                    prop_assert_eq!(verdict, naive.on_event(event, now));
                    prop_assert_eq!(aggregator.len(), naive.firsts.len());
                    prop_assert!(aggregator.len() <= max);
                }
            }
        }
    }
}
