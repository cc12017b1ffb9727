use proptest::prelude::*;

use super::*;

#[test]
fn known_intervals_come_out() {
    // Worked out apart from this code, with decimal arithmetic.
    for (part, whole, low, high) in [
        (0, 10, 0.0, 0.277_53),
        (10, 10, 0.722_47, 1.0),
        (50, 100, 0.403_83, 0.596_17),
        (480, 500, 0.939_03, 0.973_96),
    ] {
        let share = share(part, whole).unwrap();
        assert!((share.low - low).abs() < 1e-4, "{share:?}");
        assert!((share.high - high).abs() < 1e-4, "{share:?}");
    }
}

#[test]
fn nothing_has_no_share() {
    assert_eq!(share(0, 0), None);
}

proptest! {
    #[test]
    fn an_interval_holds_its_share_and_narrows_with_more(part in 0u64..=1_000, rest in 0u64..=1_000) {
        prop_assume!(part + rest > 0);
        let few = share(part, part + rest).unwrap();
        prop_assert!(0.0 <= few.low && few.low <= few.value);
        prop_assert!(few.value <= few.high && few.high <= 1.0);
        let many = share(part * 10, (part + rest) * 10).unwrap();
        prop_assert!(many.high - many.low <= few.high - few.low);
    }
}
