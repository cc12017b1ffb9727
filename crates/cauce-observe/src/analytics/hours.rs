//! Business hours: when answers are due, on the clocks of one place.
//!
//! An hour that clocks skip or show twice is none or two: what counts is how much time passes
//! between the moments at which the clock on the wall shows that a window opens and closes.

use std::{fmt, str::FromStr};

use cauce_flow::campaign::window::zones;
use jiff::{
    Span, Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

const MINUTES_A_DAY: u16 = 24 * 60;
/// Windows of one week, at most.
const MAX_WINDOWS: usize = 50;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// When answers are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    zone_name: String,
    zone: TimeZone,
    windows: Vec<Window>,
}

/// Hours of one or several days of the week: `mon-fri 09:00-18:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From Monday.
    days: [bool; 7],
    /// Minutes from midnight.
    from: u16,
    to: u16,
}

/// Why texts are no business hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// A text is no window.
    #[error("`{0}` are no hours; write days and hours, such as mon-fri 09:00-18:00")]
    NoWindow(String),
    /// Two windows share a moment.
    #[error("`{0}` and `{1}` share a moment; write each hour once")]
    Overlap(Window, Window),
    /// There are too many windows, or none.
    #[error("{0} windows; write from 1 to {MAX_WINDOWS}")]
    Count(usize),
    /// There is no such time zone.
    #[error("`{0}` is no time zone; write a name of the IANA database, such as Europe/Madrid")]
    NoZone(String),
}

impl Hours {
    /// Hours in a time zone.
    pub fn new(zone_name: &str, windows: Vec<Window>) -> Result<Hours, HoursError> {
        if !(1..=MAX_WINDOWS).contains(&windows.len()) {
            return Err(HoursError::Count(windows.len()));
        }
        for (at, one) in windows.iter().enumerate() {
            let shared = windows[at + 1..].iter().find(|other| one.overlaps(other));
            if let Some(other) = shared {
                return Err(HoursError::Overlap(*one, *other));
            }
        }
        Ok(Hours {
            zone: Hours::zone(zone_name)?,
            zone_name: zone_name.to_owned(),
            windows,
        })
    }

    /// The time zone with this name.
    pub fn zone(name: &str) -> Result<TimeZone, HoursError> {
        let zone = zones().get(name);
        zone.map_err(|_| HoursError::NoZone(name.to_owned()))
    }

    /// Milliseconds of business hours between two moments.
    pub fn between(&self, from: i64, to: i64) -> i64 {
        let (Some(first), Some(last)) = (self.date(from), self.date(to)) else {
            return 0;
        };
        let days = first.series(Span::new().days(1));
        let days = days.take_while(|day| *day <= last);
        days.map(|day| self.of_day(day, from, to)).sum()
    }

    /// Milliseconds of a day's windows that lie between two moments.
    fn of_day(&self, day: Date, from: i64, to: i64) -> i64 {
        let weekday = weekday(day);
        let own = self.windows.iter().filter(|window| window.days[weekday]);
        let spans = own.filter_map(|window| {
            let (opens, closes) = (self.at(day, window.from)?, self.at(day, window.to)?);
            Some((closes.min(to) - opens.max(from)).max(0))
        });
        spans.sum()
    }

    /// The moment at which the clock shows so many minutes past midnight: where it skips them, the
    /// one after the gap.
    fn at(&self, day: Date, minutes: u16) -> Option<i64> {
        let (day, minutes) = match minutes {
            MINUTES_A_DAY => (day.tomorrow().ok()?, 0),
            _ => (day, minutes),
        };
        let hour = i8::try_from(minutes / 60).ok()?;
        let minute = i8::try_from(minutes % 60).ok()?;
        let at = self.zone.to_timestamp(day.at(hour, minute, 0, 0));
        Some(at.ok()?.as_millisecond())
    }

    fn date(&self, at: i64) -> Option<Date> {
        let at = Timestamp::from_millisecond(at).ok()?;
        Some(self.zone.to_datetime(at).date())
    }
}

fn weekday(day: Date) -> usize {
    usize::try_from(day.weekday().since(Weekday::Monday)).unwrap_or(0)
}

impl Window {
    fn overlaps(&self, other: &Window) -> bool {
        let share_a_day = self
            .days
            .iter()
            .zip(other.days)
            .any(|(one, two)| *one && two);
        share_a_day && self.from < other.to && other.from < self.to
    }
}

/// Days and hours: `mon-fri 09:00-18:00`, `sat 10:00-14:00`.
impl FromStr for Window {
    type Err = HoursError;
    fn from_str(text: &str) -> Result<Window, HoursError> {
        let fault = || HoursError::NoWindow(text.chars().take(40).collect());
        let (days, hours) = text.trim().split_once(' ').ok_or_else(fault)?;
        let (from, to) = hours.trim().split_once('-').ok_or_else(fault)?;
        let window = Window {
            days: parse_days(days).ok_or_else(fault)?,
            from: minutes(from.trim()).ok_or_else(fault)?,
            to: minutes(to.trim()).ok_or_else(fault)?,
        };
        match window.from < window.to {
            true => Ok(window),
            false => Err(fault()),
        }
    }
}

/// `mon`, or `mon-fri`.
fn parse_days(text: &str) -> Option<[bool; 7]> {
    let place = |name: &str| {
        WEEKDAYS
            .iter()
            .position(|own| name.eq_ignore_ascii_case(own))
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (place(first)?, place(last)?);
    let mut days = [false; 7];
    for step in 0..=(last + 7 - first) % 7 {
        days[(first + step) % 7] = true;
    }
    Some(days)
}

fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let is_number = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(hour) || !is_number(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MINUTES_A_DAY).then_some(minutes)
}

/// Reads as it is parsed.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = (0..7).find(|day| self.days[*day] && !self.days[(day + 6) % 7]);
        let first = first.unwrap_or(0);
        let count = self.days.iter().filter(|day| **day).count();
        let last = (first + count.saturating_sub(1)) % 7;
        f.write_str(WEEKDAYS[first])?;
        if last != first {
            write!(f, "-{}", WEEKDAYS[last])?;
        }
        let (from, to) = (self.from, self.to);
        write!(
            f,
            " {:02}:{:02}-{:02}:{:02}",
            from / 60,
            from % 60,
            to / 60,
            to % 60
        )
    }
}

/// The time zone and the windows: two that read alike are the same.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.zone_name)?;
        self.windows
            .iter()
            .try_for_each(|window| write!(f, ";{window}"))
    }
}

/// Reads what is displayed.
impl FromStr for Hours {
    type Err = HoursError;
    fn from_str(text: &str) -> Result<Hours, HoursError> {
        let mut parts = text.split(';');
        let zone = parts.next().unwrap_or_default();
        let windows = parts.map(str::parse).collect::<Result<_, _>>()?;
        Hours::new(zone, windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Hours {
        text.parse().unwrap()
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn only_business_hours_count() {
        let split = "Europe/Madrid;mon-fri 09:00-14:00;mon-fri 16:00-19:00;sat 10:00-13:00";
        for (of, from, to, minutes) in [
            // Within a window, over the break at noon, and from night to night.
            (split, "2026-06-03T08:00:00Z", "2026-06-03T08:30:00Z", 30),
            (split, "2026-06-03T11:50:00Z", "2026-06-03T14:05:00Z", 15),
            (split, "2026-06-03T20:00:00Z", "2026-06-03T23:00:00Z", 0),
            // From Friday evening to Monday morning only Saturday's hours pass.
            (
                split,
                "2026-06-05T16:50:00Z",
                "2026-06-08T07:20:00Z",
                10 + 180 + 20,
            ),
            // The other way round nothing passes.
            (split, "2026-06-03T09:00:00Z", "2026-06-03T08:00:00Z", 0),
            (
                "UTC;mon-sun 00:00-24:00",
                "2026-06-03T00:00:00Z",
                "2026-06-10T00:00:00Z",
                7 * 1_440,
            ),
            (
                "UTC;fri-mon 09:00-10:00",
                "2026-06-03T00:00:00Z",
                "2026-06-10T00:00:00Z",
                4 * 60,
            ),
        ] {
            let found = hours(of).between(ms(from), ms(to));
            assert_eq!(found, minutes * 60_000, "{of} {from} {to}");
        }
    }

    /// In Madrid clocks skip from 2 to 3 on 29 March 2026, and show 2 to 3 twice on 25 October.
    #[test]
    fn hours_are_those_of_the_clock_on_the_wall_when_it_is_moved() {
        let night = hours("Europe/Madrid;sun 00:00-08:00");
        let spring = night.between(ms("2026-03-28T12:00:00Z"), ms("2026-03-29T12:00:00Z"));
        assert_eq!(spring, 7 * 3_600_000);
        let autumn = night.between(ms("2026-10-24T12:00:00Z"), ms("2026-10-25T12:00:00Z"));
        assert_eq!(autumn, 9 * 3_600_000);
        let skipped = hours("Europe/Madrid;sun 02:00-03:00");
        let none = skipped.between(ms("2026-03-28T12:00:00Z"), ms("2026-03-29T12:00:00Z"));
        assert_eq!(none, 0);
        // Before and after, nine on the wall is another hour of UTC.
        let office = hours("Europe/Madrid;mon-fri 09:00-18:00");
        for (from, to) in [
            ("2026-03-27T07:00:00Z", "2026-03-27T09:00:00Z"),
            ("2026-03-30T06:00:00Z", "2026-03-30T08:00:00Z"),
        ] {
            assert_eq!(office.between(ms(from), ms(to)), 3_600_000, "{from}");
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_faults_are_named() {
        for text in [
            "UTC;mon 09:00-18:00",
            "Asia/Tokyo;sat-sun 00:00-24:00;mon-fri 10:00-11:00",
        ] {
            assert_eq!(hours(text).to_string(), text);
        }
        assert_eq!(
            hours("UTC;FRI-mon 09:00-10:00").to_string(),
            "UTC;fri-mon 09:00-10:00"
        );
        for (text, says) in [
            ("UTC", "0 windows"),
            ("Mars;mon 09:00-10:00", "`Mars` is no time zone"),
            ("UTC;mon", "`mon` are no hours"),
            ("UTC;mon 10:00-09:00", "are no hours"),
            ("UTC;mon 09:00-25:00", "are no hours"),
            ("UTC;xyz 09:00-10:00", "are no hours"),
            ("UTC;mon-fri 09:00-12:00;wed 11:00-13:00", "share a moment"),
        ] {
            let error = text.parse::<Hours>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
