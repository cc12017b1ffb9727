use proptest::prelude::*;

use super::*;

/// Sun, 06 Nov 1994 08:49:37 GMT.
const EXAMPLE: i64 = 784_111_777_000;

fn check(value: &str, before_ms: i64, expected: Option<Duration>) {
    let now = Timestamp::from_millis(EXAMPLE - before_ms);
    assert_eq!(parse(value, now), expected, "{value:?}");
}

#[test]
fn reads_seconds() {
    check("120", 0, Some(Duration::from_secs(120)));
    check(" 0 ", 0, Some(Duration::ZERO));
    check("1.2", 0, Some(Duration::from_secs(2)));
}

#[test]
fn reads_the_three_forms_of_a_date() {
    for value in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        check(value, 90_000, Some(Duration::from_secs(90)));
        check(value, 90_500, Some(Duration::from_millis(90_500)));
    }
}

#[test]
fn a_date_that_has_passed_is_no_wait() {
    check(
        "Sun, 06 Nov 1994 08:49:37 GMT",
        -1_000,
        Some(Duration::ZERO),
    );
}

#[test]
fn no_wait_is_longer_than_a_day() {
    check("86401", 0, Some(MAX_AFTER));
    check("99999999999999999999999999", 0, Some(MAX_AFTER));
    check("Fri, 31 Dec 2999 23:59:59 GMT", 0, Some(MAX_AFTER));
}

#[test]
fn a_year_of_two_digits_is_never_more_than_fifty_years_ahead() {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let year = |value| {
        let at = parse_date(value, now).unwrap();
        at.to_string()[..4].to_owned()
    };
    assert_eq!(year("Sunday, 06-Nov-94 08:49:37 GMT"), "1994");
    assert_eq!(year("Friday, 06-Nov-76 08:49:37 GMT"), "2076");
    assert_eq!(year("Sunday, 06-Nov-77 08:49:37 GMT"), "1977");
}

#[test]
fn what_is_neither_is_nothing() {
    for value in [
        "",
        "soon",
        "-5",
        "1e3",
        "0x10",
        "12 s",
        ".5",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:37 PST",
        "Sun, +6 Nov 1994 08:49:37 GMT",
    ] {
        check(value, 0, None);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(value in ".{0,60}") {
        let _ = parse(&value, Timestamp::from_millis(EXAMPLE));
    }

    #[test]
    fn whatever_looks_like_a_date_is_read_or_refused(
        value in "[A-Z][a-z]{2}, [0-9]{1,4} (Jan|Feb|Dec) [0-9]{1,5} [0-9]{1,3}:[0-9]{2}:[0-9]{2} GMT",
    ) {
        if let Some(wait) = parse(&value, Timestamp::from_millis(EXAMPLE)) {
            prop_assert!(wait <= MAX_AFTER);
        }
    }
}
