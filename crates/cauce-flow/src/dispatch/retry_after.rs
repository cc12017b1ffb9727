//! Reads `Retry-After`: how long a destination wants to be left alone.
//!
//! RFC 9110, 10.2.3: a number of seconds, or a date in one of the three forms of 5.6.7, of which
//! two are obsolete and still have to be read:
//!
//! ```text
//! Sun, 06 Nov 1994 08:49:37 GMT     IMF-fixdate
//! Sunday, 06-Nov-94 08:49:37 GMT    RFC 850
//! Sun Nov  6 08:49:37 1994          asctime
//! ```
//!
//! The answer is capped at [`MAX_AFTER`]; a date that has passed is no wait at all.

use std::time::Duration;

use jiff::{civil, tz::Offset};

use super::backoff::MAX_AFTER;
use crate::time::Timestamp;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The wait that a `Retry-After` value asks for; none where it is not one.
pub fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = match seconds(value) {
        Some(wait) => wait,
        None => parse_date(value, now)?.until(now),
    };
    Some(wait.min(MAX_AFTER))
}

/// Whole seconds. Some senders write a fraction, which is rounded up; more digits than a number
/// holds are simply long.
fn seconds(value: &str) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let up = u64::from(fraction.bytes().any(|b| b != b'0'));
    let seconds = whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(up);
    Some(Duration::from_secs(seconds))
}

/// A date in any of the three forms, in UTC. The day of the week is not checked.
pub fn parse_date(value: &str, now: Timestamp) -> Option<Timestamp> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let (year, month, day, clock) = match words[..] {
        [_, day, month, year, clock, "GMT" | "UTC"] => (number(year)?, month, day, clock),
        [_, date, clock, "GMT" | "UTC"] => {
            let mut parts = date.splitn(3, '-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            (full_year(number(year)?, now), month, day, clock)
        }
        [_, month, day, clock, year] => (number(year)?, month, day, clock),
        _ => return None,
    };
    let month = MONTHS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(month))?;
    moment(year, i8::try_from(month + 1).ok()?, number(day)?, clock)
}

/// RFC 9110, 5.6.7: two digits that seem more than 50 years ahead are a year of the past.
fn full_year(year: i16, now: Timestamp) -> i16 {
    if year > 99 {
        return year;
    }
    let this_year = jiff::Timestamp::from_millisecond(now.as_millis())
        .map_or(1970, |at| Offset::UTC.to_datetime(at).year());
    let near = this_year - this_year % 100 + year;
    if near > this_year + 50 {
        near - 100
    } else {
        near
    }
}

fn moment(year: i16, month: i8, day: i8, clock: &str) -> Option<Timestamp> {
    let mut parts = clock.splitn(3, ':').map(number::<i8>);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    // A leap second is the last one that a calendar without them has.
    let time = civil::Time::new(hour, minute, second.min(59), 0).ok()?;
    let date = civil::Date::new(year, month, day).ok()?;
    let at = Offset::UTC.to_timestamp(date.to_datetime(time)).ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

/// Digits alone: no sign, no blank.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
