//! The hours that expectations come from, and the days that they are for.

use jiff::tz::TimeZone;

use super::{
    calendar::{Interval, hour_of_week},
    forecast::{Hour, MAX_WEEKS, Past},
};
use crate::alert::MIN_WEEKS;

const WEEK_MS: i64 = 7 * 24 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// Weeks of the past that are looked at: enough to tell some of them from those before.
const WEEKS: i64 = MAX_WEEKS as i64 + 4;

/// The starts of the whole hours of the last weeks, and the end of the last.
pub fn hours_before(now: i64, zone: &TimeZone) -> Vec<i64> {
    let mut starts = hours(now - WEEKS * WEEK_MS, now, zone);
    // The hour that is running is not over.
    starts.pop();
    starts
}

/// The past of which so much was counted in each of those hours, from the first in which anything
/// was.
pub fn past(starts: &[i64], counts: &[i64], zone: &TimeZone) -> Past {
    let hours = starts.iter().zip(counts).filter_map(|(at, count)| {
        Some(Hour {
            at: *at,
            of_week: hour_of_week(*at, zone)?,
            count: u64::try_from(*count).unwrap_or(0),
        })
    });
    Past::new(hours.skip_while(|hour| hour.count == 0))
}

/// From when on enough weeks lie before an hour to judge it; none where nothing was counted.
pub fn judged_from(starts: &[i64], counts: &[i64]) -> Option<i64> {
    let mut hours = starts.iter().zip(counts);
    let (first, _) = hours.find(|(_, count)| **count > 0)?;
    Some(first + MIN_WEEKS as i64 * WEEK_MS)
}

/// The next days from tomorrow on, each with what to expect; none where there is too little past.
pub fn days_after(now: i64, count: usize, past: &Past, zone: &TimeZone) -> Vec<(i64, Option<f64>)> {
    // A day more than is told: one of them may be longer than others.
    let end = now + (count as i64 + 1) * DAY_MS;
    let starts = Interval::Day.steps(now, end, zone).unwrap_or_default();
    let days = starts.windows(2).skip(1).take(count);
    days.map(|day| (day[0], expected(past, (day[0], day[1]), zone)))
        .collect()
}

fn expected(past: &Past, (from, to): (i64, i64), zone: &TimeZone) -> Option<f64> {
    let starts = hours(from, to, zone);
    let hours = starts.iter().filter(|at| **at < to);
    let each = hours.map(|at| past.expected(hour_of_week(*at, zone)?));
    each.sum()
}

/// The starts of the hours that hold a moment of a range, and the end of the last.
fn hours(from: i64, to: i64, zone: &TimeZone) -> Vec<i64> {
    Interval::Hour.steps(from, to, zone).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const MONDAY: i64 = 1_760_313_600_000;

    #[test]
    fn days_to_come_begin_tomorrow_and_follow_the_week() {
        let now = MONDAY + 10 * HOUR_MS;
        let numbers = 0..4 * 168;
        let starts: Vec<i64> = numbers
            .clone()
            .map(|number| MONDAY - (4 * 168 - number) * HOUR_MS)
            .collect();
        let counts: Vec<i64> = numbers
            .map(|number| if number % 168 < 24 { 0 } else { 2 })
            .collect();
        let found = days_after(
            now,
            7,
            &past(&starts, &counts, &TimeZone::UTC),
            &TimeZone::UTC,
        );
        let expected: Vec<Option<f64>> = found.iter().map(|(_, expected)| *expected).collect();
        let mut wanted = vec![Some(48.0); 7];
        wanted[6] = Some(0.0);
        assert_eq!(expected, wanted);
        assert_eq!(found[0].0, MONDAY + DAY_MS);
    }

    #[test]
    fn days_to_come_are_as_many_where_clocks_are_put_back_among_them() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let half_past_midnight = "2026-10-19T22:30:00Z".parse::<jiff::Timestamp>().unwrap();
        let nothing = past(&[], &[], &madrid);
        for now in [half_past_midnight.as_millisecond(), MONDAY] {
            assert_eq!(days_after(now, 7, &nothing, &madrid).len(), 7);
        }
    }

    #[test]
    fn hours_are_judged_when_enough_weeks_lie_before_them() {
        let starts = hours_before(MONDAY + 10, &TimeZone::UTC);
        assert_eq!(starts.len() as i64, WEEKS * 168 + 1);
        assert_eq!(starts.last(), Some(&MONDAY));
        let mut counts = vec![0; starts.len() - 1];
        assert_eq!(judged_from(&starts, &counts), None);
        counts[5] = 1;
        assert_eq!(judged_from(&starts, &counts), Some(starts[5] + 3 * WEEK_MS));
    }
}
