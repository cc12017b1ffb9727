//! On which period a report is sent by itself, and when.
//!
//! ```text
//! periods  |--- October ---|--- November ---|--- December --
//! due at                    ^ 1 Nov 08:00    ^ 1 Dec 08:00
//! done             up to ---+                                 what was sent, or left out
//! ```
//!
//! Only how far it has come is remembered. So a report that was due while nobody was there is sent
//! later, on its own period.

use cauce_flow::campaign::window::Clock;
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use super::period::{Period, Stretch};

/// A report that is later than this is left out: nobody waits for it any more.
pub const MAX_LATE_DAYS: i64 = 62;
const DAY_MS: i64 = 24 * 3_600_000;

/// A period of the calendar, again and again.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Which one.
    pub period: Period,
    /// The time of day at which it is sent, on the day after the period.
    pub at: Clock,
    /// The zone of days and times.
    pub zone: TimeZone,
}

/// A report that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// What it is on.
    pub stretch: Stretch,
    /// Since when, or from when on.
    pub at: i64,
}

impl Schedule {
    /// Where one begins that has never been followed: what was due before is not made up for.
    pub fn start(&self, now: i64) -> Option<i64> {
        let last = Stretch::last(self.period, now, &self.zone).ok()?;
        match self.at(&last)? > now {
            true => Some(last.range.from),
            false => Some(last.range.to),
        }
    }

    /// What comes after all that was done.
    pub fn next(&self, done: i64) -> Option<Due> {
        let stretch = Stretch::holding(self.period, done, &self.zone).ok()?;
        let at = self.at(&stretch)?;
        Some(Due { stretch, at })
    }

    fn at(&self, stretch: &Stretch) -> Option<i64> {
        let day = local_date(stretch.range.to, &self.zone)?.at(0, 0, 0, 0);
        let time = Span::new().minutes(i64::from(self.at.minutes()));
        let at = self.zone.to_timestamp(day.checked_add(time).ok()?).ok()?;
        Some(at.as_millisecond())
    }
}

impl Due {
    /// Whether it is to be sent by now.
    pub fn is_due(&self, now: i64) -> bool {
        self.at <= now
    }

    /// Whether nobody waits for it any more.
    pub fn is_too_late(&self, now: i64) -> bool {
        now - self.at > MAX_LATE_DAYS * DAY_MS
    }
}

fn local_date(at: i64, zone: &TimeZone) -> Option<Date> {
    let at = Timestamp::from_millisecond(at).ok()?;
    Some(zone.to_datetime(at).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn monthly() -> Schedule {
        Schedule {
            period: Period::Month,
            at: "08:00".parse().unwrap(),
            zone: TimeZone::get("Europe/Madrid").unwrap(),
        }
    }

    #[test]
    fn a_month_is_sent_on_the_morning_after_it() {
        let schedule = monthly();
        let begun = schedule.start(ms("2026-10-20T12:00:00Z")).unwrap();
        assert_eq!(begun, ms("2026-09-30T22:00:00Z"));
        let due = schedule.next(begun).unwrap();
        assert_eq!(due.at, ms("2026-11-01T07:00:00Z"));
        assert_eq!(due.stretch.range.to, ms("2026-10-31T23:00:00Z"));
        assert!(!due.is_due(due.at - 1) && due.is_due(due.at));
        let next = schedule.next(due.stretch.range.to).unwrap();
        assert_eq!(next.at, ms("2026-12-01T07:00:00Z"));
    }

    #[test]
    fn what_is_due_later_on_the_day_of_the_start_is_sent() {
        let schedule = monthly();
        let begun = schedule.start(ms("2026-11-01T06:59:00Z")).unwrap();
        assert_eq!(schedule.next(begun).unwrap().at, ms("2026-11-01T07:00:00Z"));
        let begun = schedule.start(ms("2026-11-01T07:00:00Z")).unwrap();
        assert_eq!(schedule.next(begun).unwrap().at, ms("2026-12-01T07:00:00Z"));
    }

    #[test]
    fn what_is_very_late_is_left_out() {
        let due = monthly().next(ms("2026-06-15T00:00:00Z")).unwrap();
        let later = |days: i64| due.at + days * DAY_MS;
        assert!(!due.is_too_late(later(MAX_LATE_DAYS)));
        assert!(due.is_too_late(later(MAX_LATE_DAYS) + 1));
    }
}
