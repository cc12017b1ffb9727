use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn month(year: u16, month: u8) -> Month {
    Month::new(year, month).unwrap()
}

#[test]
fn the_last_moment_of_a_month_is_not_yet_the_next() {
    for (moment, year, number) in [
        ("2026-12-31T23:59:59.999Z", 2026, 12),
        ("2027-01-01T00:00:00Z", 2027, 1),
        ("2024-02-29T23:59:59.999Z", 2024, 2),
        ("2024-03-01T00:00:00Z", 2024, 3),
        ("2023-02-28T23:59:59.999Z", 2023, 2),
        ("2023-03-01T00:00:00Z", 2023, 3),
        ("1900-02-28T23:59:59.999Z", 1900, 2),
        ("1900-03-01T00:00:00Z", 1900, 3),
        ("1969-12-31T23:59:59.999Z", 1969, 12),
        ("1970-01-01T00:00:00Z", 1970, 1),
        ("2026-01-01T01:00:00+02:00", 2025, 12),
    ] {
        assert_eq!(Month::of(at(moment)), month(year, number), "{moment}");
    }
}

#[test]
fn first_and_last_moments_are_those_of_the_calendar() {
    for (found, first, last) in [
        (
            month(2024, 2),
            "2024-02-01T00:00:00Z",
            "2024-02-29T23:59:59.999Z",
        ),
        (
            month(2026, 12),
            "2026-12-01T00:00:00Z",
            "2026-12-31T23:59:59.999Z",
        ),
        (
            month(1969, 12),
            "1969-12-01T00:00:00Z",
            "1969-12-31T23:59:59.999Z",
        ),
    ] {
        assert_eq!((found.first(), found.last()), (at(first), at(last)));
    }
}

#[test]
fn a_year_ends_and_begins() {
    assert_eq!(month(2026, 12).next(), month(2027, 1));
    assert_eq!(month(2027, 1).previous(), month(2026, 12));
    assert_eq!(month(2027, 1).back(13), month(2025, 12));
}

#[test]
fn times_outside_the_calendar_belong_to_its_ends() {
    assert_eq!(Month::of(Timestamp::NEVER), month(9999, 12));
    assert_eq!(Month::of(Timestamp::from_millis(i64::MIN)), month(0, 1));
    assert_eq!(Month::of(at("-000001-06-01T00:00:00Z")), month(0, 1));
    assert_eq!(month(9999, 12).next(), month(9999, 12));
    assert_eq!(month(0, 1).back(u32::MAX), month(0, 1));
    assert!(month(9999, 12).last() > month(9999, 12).first());
}

#[test]
fn only_the_name_of_a_partition_is_read_as_one() {
    assert_eq!("tracking_events_2025_01".parse(), Ok(month(2025, 1)));
    for text in [
        "",
        "tracking_events_",
        "tracking_events_2025",
        "tracking_events_2025_1",
        "tracking_events_2025_00",
        "tracking_events_2025_13",
        "tracking_events_+025_01",
        "tracking_events_2025_01_02",
        "tracking_events_20250_01",
        "Tracking_events_2025_01",
        "2025_01",
    ] {
        assert_eq!(text.parse::<Month>(), Err(ParseMonthError), "{text}");
    }
}

proptest! {
    #[test]
    fn a_month_reaches_from_its_first_moment_to_the_next_month(ms in -62_000_000_000_000_i64..250_000_000_000_000) {
        let at = Timestamp::from_millis(ms);
        let month = Month::of(at);
        prop_assert!(month.first() <= at && at <= month.last());
        prop_assert!(month.holds(month.first()) && month.holds(month.last()));
        prop_assert_eq!(month.last() + Duration::from_millis(1), month.next().first());
        prop_assert_eq!(month.next().previous(), month);
        prop_assert_eq!(month.to_string().parse(), Ok(month));
    }

    #[test]
    fn months_are_in_the_order_of_time_and_so_are_their_names(a in -62_000_000_000_000_i64..250_000_000_000_000, b in -62_000_000_000_000_i64..250_000_000_000_000) {
        let (a, b) = (Timestamp::from_millis(a.min(b)), Timestamp::from_millis(a.max(b)));
        prop_assert!(Month::of(a) <= Month::of(b));
        prop_assert_eq!(
            Month::of(a).cmp(&Month::of(b)),
            Month::of(a).to_string().cmp(&Month::of(b).to_string())
        );
    }
}
