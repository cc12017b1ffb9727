use proptest::prelude::*;

use super::*;

fn ms(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

#[test]
fn the_reserve_is_spent_without_a_wait() {
    let mut budget = RetryBudget::new(ms(0));
    for _ in 0..10 {
        assert_eq!(budget.on_retry(ms(0)), Duration::ZERO);
    }
    assert!(budget.on_retry(ms(0)) > Duration::ZERO);
}

#[test]
fn four_fresh_requests_earn_one_retry() {
    let mut budget = RetryBudget::new(ms(0));
    for _ in 0..10 {
        budget.on_retry(ms(0));
    }
    for _ in 0..4 {
        budget.on_sent(100, 100, ms(0));
    }
    assert_eq!(budget.on_retry(ms(0)), Duration::ZERO);
    assert!(budget.on_retry(ms(0)) > Duration::ZERO);
}

#[test]
fn requests_of_retried_jobs_earn_nothing() {
    let mut budget = RetryBudget::new(ms(0));
    for _ in 0..10 {
        budget.on_retry(ms(0));
    }
    for _ in 0..100 {
        budget.on_sent(0, 100, ms(0));
    }
    assert!(budget.on_retry(ms(0)) > Duration::ZERO);
}

#[test]
fn a_quiet_line_earns_one_retry_a_second() {
    let mut budget = RetryBudget::new(ms(0));
    for _ in 0..10 {
        budget.on_retry(ms(0));
    }
    assert_eq!(budget.on_retry(ms(2_000)), Duration::ZERO);
    assert!(budget.on_retry(ms(2_000)) > Duration::ZERO);
}

#[test]
fn no_retry_waits_for_ever() {
    let mut budget = RetryBudget::new(ms(0));
    for _ in 0..1_000_000 {
        assert!(budget.on_retry(ms(0)) <= MAX_WAIT);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Every request fails with a given chance and is repeated after the wait it was told.
    #[test]
    fn retries_stay_near_a_fifth_of_steady_traffic(
        per_second in 5..200i64,
        fails in 0.05..1.0f64,
        seed in any::<u64>(),
    ) {
        let mut budget = RetryBudget::new(ms(0));
        let mut due = std::collections::BTreeMap::<Timestamp, u64>::new();
        let mut draw = draws(seed);
        let (mut fresh, mut retries) = (0.0, 0.0);
        for tick in 0..120 * per_second {
            let now = ms(tick * 1_000 / per_second);
            budget.on_sent(1, 1, now);
            fresh += 1.0;
            let mut sent = 1;
            while let Some(entry) = due.first_entry().filter(|entry| *entry.key() <= now) {
                let n = entry.remove();
                budget.on_sent(0, 1, now);
                retries += n as f64;
                sent += n;
            }
            for _ in 0..sent {
                if draw() < fails {
                    *due.entry(now + budget.on_retry(now)).or_default() += 1;
                }
            }
        }
        let share = (retries - RESERVE) / (fresh + retries);
        prop_assert!(share <= 0.22, "{share}");
        let wanted = (fails / 4.0).min(0.15);
        prop_assert!(retries / (fresh + retries) >= wanted, "{retries} of {fresh}");
    }
}

/// A small generator of draws, so that a case replays from its seed (Steele, Lea and Flood,
/// "Fast Splittable Pseudorandom Number Generators", 2014).
fn draws(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
