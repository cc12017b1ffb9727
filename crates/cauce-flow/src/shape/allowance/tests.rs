use proptest::prelude::*;

use super::*;
use crate::id::TenantId;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn events(max: u64, per: u64) -> Limits {
    let max = Some(max);
    match per {
        1 => Limits {
            max_events_per_second: max,
            ..Limits::default()
        },
        _ => Limits {
            max_events_per_minute: max,
            ..Limits::default()
        },
    }
}

#[test]
fn without_limits_everything_is_admitted() {
    let mut allowance = Allowance::default();
    for _ in 0..3 {
        let admitted = allowance.try_take(u64::MAX, u64::MAX, &Limits::default(), at(0));
        assert_eq!(admitted, Ok(Level::NONE));
    }
}

#[test]
fn the_level_rises_before_anything_is_refused() {
    let mut allowance = Allowance::default();
    let limits = events(100, 1);
    for (sent, level) in [(79, 0), (1, 1), (9, 1), (1, 2), (4, 2), (1, 3), (5, 3)] {
        let admitted = allowance.try_take(sent, 0, &limits, at(1_000));
        assert_eq!(admitted, Ok(Level::new(level)));
    }
    assert!(allowance.try_take(1, 0, &limits, at(1_000)).is_err());
}

#[test]
fn a_refused_call_counts_for_nothing() {
    let mut allowance = Allowance::default();
    let limits = Limits {
        max_events_per_second: Some(10),
        max_bytes_per_minute: Some(100),
        ..Limits::default()
    };
    assert!(allowance.try_take(1, 101, &limits, at(0)).is_err());
    assert!(allowance.try_take(11, 1, &limits, at(0)).is_err());
    assert!(allowance.try_take(10, 100, &limits, at(0)).is_ok());
}

#[test]
fn the_limit_that_makes_a_call_wait_longest_is_named() {
    let mut allowance = Allowance::default();
    let limits = Limits {
        max_events_per_second: Some(10),
        max_bytes_per_minute: Some(100),
        ..Limits::default()
    };
    allowance.try_take(10, 100, &limits, at(0)).unwrap();
    let refusal = allowance.try_take(1, 1, &limits, at(0)).unwrap_err();
    let text = refusal.to_string();
    assert!(
        text.contains("100 bytes") && text.contains("max_bytes_per_minute"),
        "{text}"
    );
    let wait = refusal.retry_after().unwrap();
    assert!((60..63).contains(&wait.as_secs()), "{wait:?}");
    assert!(
        text.contains(&format!("after {} s", wait.as_millis().div_ceil(1_000))),
        "{text}"
    );
}

#[test]
fn a_call_that_can_never_be_admitted_is_told_so() {
    let refusal = Allowance::default()
        .try_take(11, 0, &events(10, 1), at(0))
        .unwrap_err();
    assert_eq!(refusal.retry_after(), None);
    assert!(refusal.to_string().contains("smaller calls"), "{refusal}");
}

#[test]
fn tenants_do_not_take_from_each_other_and_are_forgotten_when_idle() {
    let [one, other] = ["one", "other"].map(|name| TenantId::new(name).unwrap());
    let mut allowances = Allowances::new(events(10, 60), [(other.clone(), events(20, 60))]);
    assert!(allowances.try_take(&one, 10, 0, at(0)).is_ok());
    assert!(allowances.try_take(&one, 1, 0, at(0)).is_err());
    assert!(allowances.try_take(&other, 20, 0, at(0)).is_ok());
    allowances.handle_timeout(at(59_000));
    assert!(allowances.try_take(&one, 1, 0, at(59_000)).is_err());
    allowances.handle_timeout(at(70_000));
    assert_eq!(format!("{allowances:?}").matches("Lane").count(), 0);
    allowances.set(events(5, 60), []);
    assert!(allowances.try_take(&other, 6, 0, at(70_000)).is_err());
}

proptest! {
    /// Against a list of what was admitted: never more than the limit in any stretch of a window's
    /// length, nothing is refused for longer than a window and a slot, and waiting as told is enough.
    #[test]
    fn no_stretch_of_a_window_gets_more_than_its_limit(
        calls in prop::collection::vec((0_i64..400, 1_u64..40), 1..200),
        max in 40_u64..200,
    ) {
        let limits = events(max, 1);
        let mut allowance = Allowance::default();
        let mut admitted: Vec<(i64, u64)> = Vec::new();
        let mut now = 7_777;
        for (later, sent) in calls {
            now += later;
            let within = |ms: i64| -> u64 {
                admitted.iter().filter(|(at, _)| now - at < ms).map(|(_, n)| n).sum()
            };
            match allowance.try_take(sent, 0, &limits, at(now)) {
                Ok(level) => {
                    prop_assert!(within(1_000) + sent <= max);
                    let least = (within(1_000) + sent) * 100 / max;
                    prop_assert!(level >= super::level(least, 100));
                    admitted.push((now, sent));
                }
                Err(refusal) => {
                    prop_assert!(within(1_056) + sent > max, "refused without need");
                    let wait = refusal.retry_after().unwrap();
                    let then = at(now) + wait;
                    prop_assert!(wait > Duration::ZERO);
                    prop_assert!(allowance.clone().try_take(sent, 0, &limits, then).is_ok());
                    let before = then - Duration::from_millis(1);
                    prop_assert!(allowance.clone().try_take(sent, 0, &limits, before).is_err());
                }
            }
        }
    }
}
