use std::{cmp::Reverse, collections::BinaryHeap};

use proptest::prelude::*;

use super::*;

fn ms(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn window(max: u32, per_ms: u64) -> Window {
    Window {
        max,
        per: Duration::from_millis(per_ms),
    }
}

/// Sends one request that leaves at once and is answered at once.
fn one(quota: &mut Quota, now: Timestamp) {
    quota.try_take(1, now).unwrap();
    quota.on_left(now);
    quota.on_answered(Some(now), now);
}

#[test]
fn a_slot_is_free_again_one_window_after_its_answer() {
    let mut quota = Quota::new(&[window(1, 1_000)]);
    one(&mut quota, ms(0));
    assert_eq!(
        quota.available(ms(1_000)),
        0,
        "rounding may hide a millisecond"
    );
    assert_eq!(quota.next_slot(ms(5)), NextSlot::At(ms(1_001)));
    assert_eq!(quota.available(ms(1_001)), 1);
}

#[test]
fn a_slow_answer_counts_no_later_than_the_guard_after_leaving() {
    let mut quota = Quota::new(&[window(1, 1_000)]);
    quota.try_take(1, ms(0)).unwrap();
    quota.on_left(ms(3));
    let latest = 3 + 250 + 1_000 + 1;
    assert_eq!(quota.next_slot(ms(3)), NextSlot::At(ms(latest)));
    quota.on_answered(Some(ms(3)), ms(400));
    assert_eq!(quota.next_slot(ms(400)), NextSlot::At(ms(latest)));
}

#[test]
fn an_answer_as_quick_as_the_others_counts_no_later_than_the_guard() {
    let mut quota = Quota::new(&[window(100, 1_000)]);
    for n in 0..20 {
        quota.try_take(1, ms(n)).unwrap();
        quota.on_left(ms(n));
        quota.on_answered(Some(ms(n)), ms(n + 300));
    }
    quota.set_windows(&[window(1, 1_000)], &[], ms(2_000));
    quota.try_take(1, ms(2_000)).unwrap();
    quota.on_left(ms(2_000));
    quota.on_answered(Some(ms(2_000)), ms(2_300));
    assert_eq!(
        quota.next_slot(ms(2_300)),
        NextSlot::At(ms(2_000 + 10 + 1_000 + 1))
    );
}

#[test]
fn a_request_that_has_not_left_keeps_its_slot_without_end() {
    let mut quota = Quota::new(&[window(1, 1_000)]);
    quota.try_take(1, ms(0)).unwrap();
    assert_eq!(quota.next_slot(ms(60_000)), NextSlot::WhenLeft);
    quota.on_answered(None, ms(60_000));
    assert_eq!(quota.next_slot(ms(60_000)), NextSlot::At(ms(61_001)));
}

#[test]
fn a_refund_frees_the_slot_at_once() {
    let mut quota = Quota::new(&[window(2, 1_000)]);
    quota.try_take(2, ms(0)).unwrap();
    quota.refund(2);
    assert_eq!(quota.available(ms(0)), 2);
}

#[test]
fn several_slots_are_taken_all_or_none() {
    let mut quota = Quota::new(&[window(3, 1_000)]);
    one(&mut quota, ms(0));
    let refusal = quota.try_take(3, ms(0)).unwrap_err();
    assert_eq!(refusal.next, NextSlot::At(ms(1_001)));
    assert_eq!(quota.available(ms(0)), 2);
}

#[test]
fn the_window_that_keeps_longest_is_named() {
    let mut quota = Quota::new(&[window(1, 1_000), window(2, 60_000)]);
    one(&mut quota, ms(0));
    assert_eq!(quota.refusal(1, ms(1)).unwrap().window, window(1, 1_000));
    one(&mut quota, ms(1_001));
    let refusal = quota.refusal(1, ms(1_001)).unwrap();
    assert_eq!(refusal.window, window(2, 60_000));
    assert_eq!(refusal.next, NextSlot::At(ms(60_001)));
}

#[test]
fn without_windows_everything_is_admitted() {
    let mut quota = Quota::new(&[]);
    quota.try_take(1_000_000, ms(0)).unwrap();
    assert_eq!(quota.next_slot(ms(0)), NextSlot::Now);
}

#[test]
fn a_shrunk_window_admits_its_share_until_the_given_time() {
    let mut quota = Quota::new(&[window(10, 1_000)]);
    quota.shrink(50, ms(5_000), ms(0));
    assert_eq!(quota.available(ms(0)), 5);
    quota.try_take(5, ms(0)).unwrap();
    assert_eq!(quota.next_slot(ms(0)), NextSlot::At(ms(5_000)));
    assert_eq!(quota.available(ms(5_000)), 5);
}

#[test]
fn usage_says_what_is_taken_and_when_it_goes_on() {
    let mut quota = Quota::new(&[window(2, 1_000), window(600, 60_000)]);
    one(&mut quota, ms(0));
    one(&mut quota, ms(100));
    let usage = quota.usage(ms(200));
    assert_eq!((usage[0].used, usage[0].max), (2, 2));
    assert_eq!(usage[0].next, NextSlot::At(ms(1_001)));
    assert_eq!((usage[1].used, usage[1].next), (2, NextSlot::Now));
}

#[test]
fn restored_starts_count_as_requests_that_left_late() {
    let windows = [window(3, 60_000)];
    let starts = [(ms(0), 1), (ms(30_000), 1), (ms(39_990), 1)];
    let quota = Quota::restore(&windows, &starts, ms(40_000));
    // A second for fsync and connecting, the road, the window, the rounding.
    let first = 1_000 + 1_000 + 60_000 + 1;
    assert_eq!(quota.next_slot(ms(40_000)), NextSlot::At(ms(first)));
    assert_eq!(quota.available(ms(first)), 1);
    // The last start cannot have left after the restart.
    assert_eq!(quota.available(ms(40_000 + 1_000 + 60_000)), 2);
    assert_eq!(quota.available(ms(40_000 + 1_000 + 60_001)), 3);
}

#[test]
fn restored_starts_leave_by_their_own_time_behind_younger_answers() {
    let windows = [window(3, 10_000)];
    let starts = [(ms(0), 1), (ms(3_000), 1)];
    let mut quota = Quota::restore(&windows, &starts, ms(9_000));
    one(&mut quota, ms(9_500));
    let second = 3_000 + 1_000 + 1_000 + 10_000 + 1;
    quota.advance(ms(second - 1));
    assert_eq!(quota.available(ms(second - 1)), 1);
    assert_eq!(quota.available(ms(second)), 2);
}

#[test]
fn a_snapshot_restores_to_at_least_the_same_use() {
    let windows = [window(5, 1_000), window(100, 60_000)];
    let mut quota = Quota::new(&windows);
    for at in [0, 10, 500] {
        one(&mut quota, ms(at));
    }
    quota.try_take(1, ms(600)).unwrap();
    let kept = quota.snapshot(ms(700));
    let again = Quota::restore(&windows, &kept, ms(700));
    assert_eq!(again.available(ms(700)), quota.available(ms(700)));
    assert_eq!(again.usage(ms(700))[1].used, 4);
}

#[test]
fn a_reload_keeps_what_is_known_of_the_past() {
    let mut quota = Quota::new(&[window(10, 60_000)]);
    for at in 0..5 {
        one(&mut quota, ms(at * 100));
    }
    quota.set_windows(&[window(6, 60_000), window(5, 1_000)], &[], ms(500));
    assert_eq!(quota.available(ms(500)), 0);
    assert_eq!(quota.available(ms(2_000)), 1);
}

#[test]
fn a_longer_window_learns_the_past_from_the_noted_starts() {
    let mut quota = Quota::new(&[window(10, 1_000)]);
    one(&mut quota, ms(9_500));
    let starts = [(ms(0), 3), (ms(9_500), 1)];
    quota.set_windows(&[window(5, 60_000)], &starts, ms(10_000));
    assert_eq!(
        quota.usage(ms(10_000))[0].used,
        4,
        "the last start is not counted twice"
    );
}

#[test]
fn a_reload_keeps_requests_on_their_way() {
    let mut quota = Quota::new(&[window(3, 1_000)]);
    quota.try_take(2, ms(0)).unwrap();
    quota.on_left(ms(0));
    quota.set_windows(&[window(3, 2_000)], &[], ms(1));
    assert_eq!(quota.available(ms(1)), 1);
    quota.on_answered(Some(ms(0)), ms(2));
    quota.on_answered(None, ms(2));
    assert_eq!(quota.usage(ms(2))[0].used, 2);
}

#[test]
fn a_wide_window_costs_no_more_entries_than_slots() {
    let mut quota = Quota::new(&[window(36_000, 3_600_000)]);
    let mut at = 0;
    while quota.next_slot(ms(at)) == NextSlot::Now {
        one(&mut quota, ms(at));
        at += i64::from(at % 3 == 0);
        at += 1;
    }
    assert_eq!(quota.usage(ms(at))[0].used, 36_000);
    assert!(quota.lanes[0].arrived.runs().count() <= 36_000);
    let later = ms(3_600_000 * 3);
    one(&mut quota, later);
    assert_eq!(quota.lanes[0].arrived.runs().count(), 1);
}

/// What happens to one request, in microseconds after the event before it.
#[derive(Clone, Copy, Debug)]
struct Fate {
    leaves: u64,
    arrives: u64,
    answers: u64,
    /// Whether the sender hears when the body left.
    told: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wake,
    Left(usize),
    Answered(usize),
}

/// Sends as fast as the quota admits for `length` microseconds, with a clock that rounds down to
/// milliseconds, and answers when the requests arrived, in microseconds.
fn arrivals(windows: &[Window], fates: &[Fate], length: u64) -> Vec<u64> {
    let clock = |us: u64| ms(i64::try_from(us / 1_000).unwrap());
    let mut quota = Quota::new(windows);
    let mut events = BinaryHeap::from([Reverse((0, Event::Wake))]);
    let (mut arrivals, mut left) = (Vec::new(), Vec::new());
    let mut wake_at = 0;
    while let Some(Reverse((at, event))) = events.pop().filter(|event| event.0.0 < length) {
        let now = clock(at);
        match event {
            Event::Wake if at != wake_at => continue,
            Event::Wake => {}
            Event::Left(n) => {
                left[n] = Some(now);
                quota.on_left(now);
            }
            Event::Answered(n) => quota.on_answered(left[n], now),
        }
        while quota.try_take(1, now).is_ok() {
            let fate = fates[left.len() % fates.len()];
            let leaves = at + fate.leaves;
            if fate.told {
                events.push(Reverse((leaves, Event::Left(left.len()))));
            }
            arrivals.push(leaves + fate.arrives);
            let answers = leaves + fate.arrives.max(fate.answers);
            events.push(Reverse((answers, Event::Answered(left.len()))));
            left.push(None);
        }
        if let NextSlot::At(wake) = quota.next_slot(now) {
            assert!(wake > now, "a line out of rate must not spin");
            wake_at = u64::try_from(wake.as_millis()).unwrap() * 1_000;
            events.push(Reverse((wake_at, Event::Wake)));
        }
    }
    arrivals.sort_unstable();
    arrivals
}

/// The most arrivals in any half-open window: none may hold more than `max`.
fn check(arrivals: &[u64], window: Window) {
    let per = u64::try_from(window.per.as_micros()).unwrap();
    let max = window.max as usize;
    for pair in arrivals.windows(max + 1) {
        assert!(
            pair[max] - pair[0] >= per,
            "{} requests within {} us of {per}",
            max + 1,
            pair[max] - pair[0],
        );
    }
}

/// Bodies arrive within the shortest guard; answers take up to 200 ms.
fn fates(told: impl Strategy<Value = bool>) -> impl Strategy<Value = Vec<Fate>> {
    // The extremes come often: the next request on the heels of the last moment of the one before.
    let leaves = prop_oneof![Just(0), 0..5_000u64];
    let arrives = prop_oneof![Just(0), Just(10_000), 0..10_000u64];
    let answers = prop_oneof![Just(0), 0..10_000u64, 1_000..200_000u64];
    let fate = (leaves, arrives, answers, told).prop_map(|(leaves, arrives, answers, told)| Fate {
        leaves,
        arrives,
        answers,
        told,
    });
    prop::collection::vec(fate, 1..50)
}

/// What the quickest answer of a destination takes, in microseconds.
fn steady_answers() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1_000), Just(50_000), 1_000..200_000u64]
}

/// Bodies leave within a millisecond or two of their grant and arrive within some; answers vary by
/// as much.
fn steady(fates: Vec<Fate>, base: u64) -> Vec<Fate> {
    let steady = |fate: Fate| Fate {
        leaves: fate.leaves / 4,
        arrives: fate.arrives / 2,
        answers: base + fate.answers % 8_000,
        ..fate
    };
    fates.into_iter().map(steady).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sliding_window_is_ever_exceeded(
        windows in prop::collection::vec((1..20u32, 20..2_000u64), 1..4),
        fates in fates(prop::bool::ANY),
    ) {
        let windows: Vec<_> = windows.into_iter().map(|(max, per)| window(max, per)).collect();
        let seen = arrivals(&windows, &fates, 10_000_000);
        for window in windows {
            check(&seen, window);
        }
    }

    #[test]
    fn ten_a_second_is_used_to_98_percent(fates in fates(Just(true)), base in steady_answers()) {
        let fates = steady(fates, base);
        let seen = arrivals(&[window(10, 1_000)], &fates, 60_000_000);
        check(&seen, window(10, 1_000));
        prop_assert!(seen.len() >= 588, "{} of 600", seen.len());
    }

    #[test]
    fn the_tightest_of_several_windows_is_used_to_98_percent(
        fates in fates(Just(true)),
        base in steady_answers(),
    ) {
        let fates = steady(fates, base);
        let windows = [window(10, 1_000), window(100, 20_000), window(3_600, 3_600_000)];
        let seen = arrivals(&windows, &fates, 100_000_000);
        for window in windows {
            check(&seen, window);
        }
        prop_assert!(seen.len() >= 490, "{} of 500", seen.len());
    }
}
