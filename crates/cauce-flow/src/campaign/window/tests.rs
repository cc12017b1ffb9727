use proptest::prelude::*;

use super::*;

fn window(from: &str, to: &str) -> Window {
    Window::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    zones().get(name).unwrap()
}

#[track_caller]
fn check(hours: (&str, &str), place: &str, now: &str, opens: &str) {
    let opened = window(hours.0, hours.1).next_open(&zone(place), at(now));
    assert_eq!(
        opened.to_string(),
        at(opens).to_string(),
        "{hours:?} {place} {now}"
    );
}

#[test]
fn a_window_opens_on_the_clock_of_its_zone() {
    let day = ("09:00", "20:00");
    let (madrid, lima) = ("Europe/Madrid", "America/Lima");
    check(day, madrid, "2026-01-15T07:59:59Z", "2026-01-15T08:00:00Z");
    check(
        day,
        madrid,
        "2026-01-15T12:00:00.5Z",
        "2026-01-15T12:00:00.5Z",
    );
    check(day, madrid, "2026-01-15T19:00:00Z", "2026-01-16T08:00:00Z");
    check(day, lima, "2026-01-15T08:00:00Z", "2026-01-15T14:00:00Z");
    let night = ("22:00", "06:00");
    check(
        night,
        madrid,
        "2026-01-15T04:59:00Z",
        "2026-01-15T04:59:00Z",
    );
    check(
        night,
        madrid,
        "2026-01-15T05:00:00Z",
        "2026-01-15T21:00:00Z",
    );
    check(
        ("00:00", "24:00"),
        madrid,
        "2026-01-15T05:00:00Z",
        "2026-01-15T05:00:00Z",
    );
}

#[test]
fn a_window_that_the_clocks_skip_opens_the_day_after() {
    // Madrid, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
    let madrid = "Europe/Madrid";
    check(
        ("02:15", "02:45"),
        madrid,
        "2026-03-29T00:00:00Z",
        "2026-03-30T00:15:00Z",
    );
    check(
        ("02:15", "05:00"),
        madrid,
        "2026-03-29T00:00:00Z",
        "2026-03-29T01:00:00Z",
    );
    check(
        ("09:00", "20:00"),
        madrid,
        "2026-03-28T20:00:00Z",
        "2026-03-29T07:00:00Z",
    );
}

#[test]
fn a_window_that_the_clocks_show_twice_opens_twice() {
    // Madrid, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
    let (twice, madrid) = (("02:15", "02:45"), "Europe/Madrid");
    check(
        twice,
        madrid,
        "2026-10-24T22:00:00Z",
        "2026-10-25T00:15:00Z",
    );
    check(
        twice,
        madrid,
        "2026-10-25T00:45:00Z",
        "2026-10-25T01:15:00Z",
    );
    check(
        twice,
        madrid,
        "2026-10-25T01:45:00Z",
        "2026-10-26T01:15:00Z",
    );
    // The jump itself leads into the window.
    check(
        ("01:30", "02:30"),
        madrid,
        "2026-10-25T00:50:00Z",
        "2026-10-25T01:00:00Z",
    );
}

#[test]
fn a_day_that_the_calendar_leaves_out_is_left_out() {
    // Apia went from 29 to 31 December 2011 at 10:00 UTC.
    let day = ("09:00", "20:00");
    check(
        day,
        "Pacific/Apia",
        "2011-12-30T06:30:00Z",
        "2011-12-30T19:00:00Z",
    );
}

#[test]
fn a_window_without_hours_is_refused() {
    for same in ["09:00", "00:00", "24:00"] {
        let clock: Clock = same.parse().unwrap();
        assert_eq!(Window::new(clock, clock), Err(NeverOpens(clock)));
    }
    let (midnight, end) = ("00:00".parse().unwrap(), "24:00".parse().unwrap());
    assert!(Window::new(end, midnight).is_err());
}

#[test]
fn a_time_of_day_has_hours_and_minutes() {
    for (text, told) in [("9:05", "09:05"), ("00:00", "00:00"), ("24:00", "24:00")] {
        assert_eq!(text.parse::<Clock>().unwrap().to_string(), told);
    }
    for bad in [
        "", "9", "24:01", "12:60", "+9:00", "09:0x", "009:00", "09:000", "9am",
    ] {
        assert!(bad.parse::<Clock>().is_err(), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_opening_is_the_first_minute_that_a_clock_shows(
        from in 0u16..=1440, to in 0u16..=1440,
        place in prop::sample::select(vec![
            "Europe/Madrid", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca", "UTC",
        ]),
        // The days around the jumps of 2026.
        day in prop::sample::select(vec![44i64, 79, 86, 93, 247, 275, 296, 304]),
        minute in 0i64..1440,
    ) {
        let Ok(window) = Window::new(Clock(from), Clock(to)) else { return Ok(()) };
        let zone = zone(place);
        let start = at("2026-01-01T00:00:00Z").as_millis() + (day * 1_440 + minute) * 60_000;
        let minutes = (0..4 * 1_440).map(|n| Timestamp::from_millis(start + n * 60_000));
        let first = minutes.into_iter().find(|at| window.is_open(&zone, *at));
        prop_assert_eq!(Some(window.next_open(&zone, Timestamp::from_millis(start))), first);
    }
}
