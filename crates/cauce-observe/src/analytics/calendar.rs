//! Time as people cut it: minutes, hours, days and weeks of a time zone.

use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};

use super::QUARTER_MS;

/// The most steps of one series.
pub const MAX_STEPS: usize = 3_000;

/// The length of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interval {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
}

/// The range makes more than [`MAX_STEPS`] steps, or holds a time that no calendar has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the range has more than {MAX_STEPS} steps (interval {})", .0.as_str())]
pub struct TooManySteps(pub Interval);

impl Interval {
    /// All of them.
    pub const ALL: [Interval; 4] = [
        Interval::Minute,
        Interval::Hour,
        Interval::Day,
        Interval::Week,
    ];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Interval::Minute => "minute",
            Interval::Hour => "hour",
            Interval::Day => "day",
            Interval::Week => "week",
        }
    }

    /// The interval with this name.
    pub fn of_name(name: &str) -> Option<Interval> {
        Interval::ALL.into_iter().find(|own| own.as_str() == name)
    }

    /// The starts of all steps that hold a moment from `from` to before `to`, and the end of the
    /// last one. Where clocks are put back, the hour that comes twice makes two steps.
    pub fn steps(self, from: i64, to: i64, zone: &TimeZone) -> Result<Vec<i64>, TooManySteps> {
        let fault = TooManySteps(self);
        let mut starts = vec![self.start(from, zone).ok_or(fault)?];
        while let Some(start) = starts.last().copied().filter(|start| *start < to) {
            if starts.len() > MAX_STEPS {
                return Err(fault);
            }
            starts.push(self.next(start, zone).ok_or(fault)?);
        }
        Ok(starts)
    }

    /// The start of the step that holds a moment.
    pub fn start(self, at: i64, zone: &TimeZone) -> Option<i64> {
        let local = local(at, zone)?;
        match self {
            Interval::Minute => Some(at.div_euclid(60_000) * 60_000),
            // Offsets are whole quarter-hours, so an hour begins so long before as its minutes say.
            Interval::Hour => {
                let past = i64::from(local.minute()) * 60_000 + i64::from(local.second()) * 1_000;
                Some(at.div_euclid(1_000) * 1_000 - past)
            }
            Interval::Day => midnight(local.date(), zone),
            Interval::Week => {
                let since_monday = i64::from(local.date().weekday().since(Weekday::Monday));
                let monday = local.date().checked_sub(Span::new().days(since_monday));
                midnight(monday.ok()?, zone)
            }
        }
    }

    fn next(self, start: i64, zone: &TimeZone) -> Option<i64> {
        let days = match self {
            Interval::Minute => return Some(start + 60_000),
            // Where clocks move by half an hour, one step is as short.
            Interval::Hour => {
                let hour_later = start + 3_600_000;
                let aligned = self.start(hour_later, zone).filter(|at| *at > start);
                return Some(aligned.unwrap_or(hour_later));
            }
            Interval::Day => 1,
            Interval::Week => 7,
        };
        let date = local(start, zone)?
            .date()
            .checked_add(Span::new().days(days));
        midnight(date.ok()?, zone)
    }
}

/// An hour of the day and a day of the week, Monday first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourOfWeek {
    /// From 0 for Monday.
    pub weekday: u8,
    /// From 0.
    pub hour: u8,
}

/// The hour and weekday of a moment.
pub fn hour_of_week(at: i64, zone: &TimeZone) -> Option<HourOfWeek> {
    let local = local(at, zone)?;
    Some(HourOfWeek {
        weekday: local.date().weekday().since(Weekday::Monday) as u8,
        hour: local.hour() as u8,
    })
}

fn local(at: i64, zone: &TimeZone) -> Option<DateTime> {
    let at = Timestamp::from_millisecond(at).ok()?;
    Some(zone.to_datetime(at))
}

/// The first moment of a day: where clocks skip midnight, the one after it.
fn midnight(date: Date, zone: &TimeZone) -> Option<i64> {
    let start = zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(start.as_millisecond())
}

/// A range of whole quarter-hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its start, in epoch milliseconds.
    pub from: i64,
    /// Its end, which does not belong to it.
    pub to: i64,
}

impl Range {
    /// The quarter-hours that hold a moment from `from` to before `to`.
    pub fn around(from: i64, to: i64) -> Range {
        Range {
            from: from.div_euclid(QUARTER_MS) * QUARTER_MS,
            to: super::quarter_after(to),
        }
    }

    /// Its part that has begun: some of what is counted is known before it happens, such as when a
    /// conversation will have been silent for too long.
    pub fn until(self, now: i64) -> Range {
        let to = self.to.min(super::quarter_after(now + 1));
        Range {
            to: to.max(self.from),
            ..self
        }
    }

    /// The range that ends where this one begins and is as long.
    pub fn before(self) -> Range {
        Range {
            from: self.from - (self.to - self.from),
            to: self.from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn steps(interval: Interval, from: &str, to: &str, zone_name: &str) -> Vec<String> {
        let found = interval.steps(ms(from), ms(to), &zone(zone_name)).unwrap();
        let text = |at: i64| Timestamp::from_millisecond(at).unwrap().to_string();
        found.into_iter().map(text).collect()
    }

    #[test]
    fn days_and_weeks_are_those_of_the_zone() {
        let days = steps(
            Interval::Day,
            "2026-03-28T12:00:00Z",
            "2026-03-30T12:00:00Z",
            "Europe/Madrid",
        );
        // The day on which clocks are put forward has 23 hours.
        let expected = [
            "2026-03-27T23:00:00Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
            "2026-03-30T22:00:00Z",
        ];
        assert_eq!(days, expected);
        let weeks = steps(
            Interval::Week,
            "2026-03-29T23:30:00Z",
            "2026-03-31T00:00:00Z",
            "Asia/Kathmandu",
        );
        assert_eq!(weeks, ["2026-03-29T18:15:00Z", "2026-04-05T18:15:00Z"]);
    }

    #[test]
    fn the_hour_that_comes_twice_makes_two_steps() {
        let hours = steps(
            Interval::Hour,
            "2026-10-25T00:30:00Z",
            "2026-10-25T02:30:00Z",
            "Europe/Madrid",
        );
        let expected = [
            "2026-10-25T00:00:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T02:00:00Z",
            "2026-10-25T03:00:00Z",
        ];
        assert_eq!(hours, expected);
        let half = steps(
            Interval::Hour,
            "2026-01-01T00:10:00Z",
            "2026-01-01T00:40:00Z",
            "Asia/Kolkata",
        );
        let expected = [
            "2025-12-31T23:30:00Z",
            "2026-01-01T00:30:00Z",
            "2026-01-01T01:30:00Z",
        ];
        assert_eq!(half, expected);
    }

    #[test]
    fn too_many_steps_are_refused() {
        let all = Interval::Minute.steps(0, 10_000 * 60_000, &TimeZone::UTC);
        assert_eq!(all, Err(TooManySteps(Interval::Minute)));
        let most = Interval::Minute.steps(0, MAX_STEPS as i64 * 60_000, &TimeZone::UTC);
        assert_eq!(most.unwrap().len(), MAX_STEPS + 1);
    }

    #[test]
    fn ranges_are_whole_quarter_hours() {
        let range = Range::around(1, QUARTER_MS + 1);
        assert_eq!((range.from, range.to), (0, 2 * QUARTER_MS));
        let before = range.before();
        assert_eq!((before.from, before.to), (-2 * QUARTER_MS, 0));
        for (now, to) in [
            (0, 1),
            (QUARTER_MS - 1, 1),
            (QUARTER_MS, 2),
            (9 * QUARTER_MS, 2),
        ] {
            assert_eq!(range.until(now).to, to * QUARTER_MS, "at {now}");
        }
    }

    #[test]
    fn hours_of_the_week_are_local() {
        let at = ms("2026-03-29T22:30:00Z");
        let found = hour_of_week(at, &zone("Europe/Madrid")).unwrap();
        assert_eq!((found.weekday, found.hour), (0, 0));
    }
}
