//! Which time a report is about, and which it compares that with.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use crate::analytics::calendar::{Interval, Range};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The longest range of a report, in days: sums are kept for 25 months.
pub const MAX_DAYS: i64 = 800;
/// Up to so many days, a report shows hours.
const HOURS_UP_TO: i64 = 3;
/// Up to so many days, a report shows days; beyond, weeks.
const DAYS_UP_TO: i64 = 93;

/// A day, week or month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

impl Period {
    /// All of them.
    pub const ALL: [Period; 3] = [Period::Day, Period::Week, Period::Month];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        }
    }

    /// The period with this name.
    pub fn of_name(name: &str) -> Option<Period> {
        Period::ALL.into_iter().find(|own| own.as_str() == name)
    }

    /// The first day of the period that holds a day.
    fn first(self, date: Date) -> Option<Date> {
        match self {
            Period::Day => Some(date),
            Period::Week => {
                let since_monday = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_sub(Span::new().days(since_monday)).ok()
            }
            Period::Month => Some(date.first_of_month()),
        }
    }

    fn length(self) -> Span {
        match self {
            Period::Day => Span::new().days(1),
            Period::Week => Span::new().days(7),
            Period::Month => Span::new().months(1),
        }
    }
}

/// The time of a report and the time before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// What the report is about.
    pub range: Range,
    /// What it is compared with: the period before, or as long a time before.
    pub before: Range,
    /// The period, where it is one of the calendar.
    pub period: Option<Period>,
}

/// Why there is no report of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StretchError {
    /// It ends where it begins, or before.
    #[error("the range ends before it begins; hint: `to` has to be later than `from`")]
    Inverted,
    /// It is longer than sums are kept.
    #[error("the range is longer than {MAX_DAYS} days; hint: ask for shorter ones")]
    TooLong,
    /// No calendar has it.
    #[error("the time is outside of the calendar; hint: use a time from 1970 on")]
    OutOfCalendar,
}

impl Stretch {
    /// The period that holds a moment.
    pub fn holding(period: Period, at: i64, zone: &TimeZone) -> Result<Stretch, StretchError> {
        let make = || {
            let date = zone
                .to_datetime(Timestamp::from_millisecond(at).ok()?)
                .date();
            let first = period.first(date)?;
            let next = first.checked_add(period.length()).ok()?;
            let before = first.checked_sub(period.length()).ok()?;
            let [before, from, to] = [before, first, next].map(|date| midnight(date, zone));
            let (before, from, to) = (before?, from?, to?);
            (before >= 0).then_some(Stretch {
                range: Range { from, to },
                before: Range {
                    from: before,
                    to: from,
                },
                period: Some(period),
            })
        };
        make().ok_or(StretchError::OutOfCalendar)
    }

    /// The last period that is over.
    pub fn last(period: Period, now: i64, zone: &TimeZone) -> Result<Stretch, StretchError> {
        let current = Stretch::holding(period, now, zone)?;
        Stretch::holding(period, current.before.from, zone)
    }

    /// Any range, in whole quarter-hours.
    pub fn between(from: i64, to: i64) -> Result<Stretch, StretchError> {
        if to <= from {
            return Err(StretchError::Inverted);
        }
        if to.saturating_sub(from) > MAX_DAYS * DAY_MS {
            return Err(StretchError::TooLong);
        }
        let range = Range::around(from, to);
        let before = range.before();
        if before.from < 0 {
            return Err(StretchError::OutOfCalendar);
        }
        Ok(Stretch {
            range,
            before,
            period: None,
        })
    }

    /// Hours, days or weeks: what shows the range in a number of steps that an eye can take in.
    pub fn interval(&self) -> Interval {
        let length = self.range.to - self.range.from;
        match () {
            () if length <= HOURS_UP_TO * DAY_MS => Interval::Hour,
            () if length <= DAYS_UP_TO * DAY_MS => Interval::Day,
            () => Interval::Week,
        }
    }

    /// The starts of the steps, and the end of the last. The first and the last are cut where the
    /// range begins and ends, so that steps add up to the whole.
    pub fn steps(&self, zone: &TimeZone) -> Vec<i64> {
        let Range { from, to } = self.range;
        let steps = self.interval().steps(from, to, zone);
        let mut steps = steps.expect("a stretch has fewer steps than a series can have");
        steps.iter_mut().for_each(|at| *at = (*at).clamp(from, to));
        steps
    }
}

fn midnight(date: Date, zone: &TimeZone) -> Option<i64> {
    let start = zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(start.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn said(range: Range) -> [String; 2] {
        [range.from, range.to].map(|at| Timestamp::from_millisecond(at).unwrap().to_string())
    }

    #[test]
    fn periods_are_those_of_the_calendar_of_the_zone() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let now = ms("2026-04-02T10:00:00Z");
        let month = Stretch::last(Period::Month, now, &madrid).unwrap();
        let march = ["2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"];
        assert_eq!(said(month.range), march);
        assert_eq!(
            said(month.before),
            ["2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z"]
        );
        let week = Stretch::last(Period::Week, now, &madrid).unwrap();
        assert_eq!(
            said(week.range),
            ["2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"]
        );
        let day = Stretch::holding(Period::Day, now, &madrid).unwrap();
        assert_eq!(
            said(day.range),
            ["2026-04-01T22:00:00Z", "2026-04-02T22:00:00Z"]
        );
    }

    #[test]
    fn ranges_that_make_no_report_are_refused() {
        let now = ms("2026-04-02T10:00:00Z");
        assert_eq!(Stretch::between(now, now), Err(StretchError::Inverted));
        let long = Stretch::between(0, now);
        assert_eq!(long, Err(StretchError::TooLong));
        let old = Stretch::between(0, DAY_MS);
        assert_eq!(old, Err(StretchError::OutOfCalendar));
        let never = Stretch::holding(Period::Day, i64::MAX, &TimeZone::UTC);
        assert_eq!(never, Err(StretchError::OutOfCalendar));
    }

    #[test]
    fn steps_cover_the_range_and_no_more() {
        for days in [1, 3, 30, 400] {
            let from = ms("2026-01-01T10:00:00Z");
            let stretch = Stretch::between(from, from + days * DAY_MS).unwrap();
            let steps = stretch.steps(&TimeZone::UTC);
            let ends = (steps.first().copied(), steps.last().copied());
            assert_eq!(ends, (Some(from), Some(from + days * DAY_MS)));
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{days}");
            assert!(steps.len() < 100, "{}", steps.len());
        }
    }
}
