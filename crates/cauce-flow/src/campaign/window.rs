//! The hours in which people may be written to, on their own clocks.
//!
//! What counts is what a clock on the wall shows: a window is open where the clock reads `from` or
//! later, and not yet `to`. A window over midnight (`22:00` to `06:00`) goes on into the next day.
//! When clocks are put forward, what they skip never shows, so that a window within the gap is not
//! open on that day. When they are put back, they may show the window twice.

use std::{fmt, str::FromStr};

pub use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{civil, tz::AmbiguousOffset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::Timestamp;

const MINUTES_AN_HOUR: u16 = 60;
const MINUTES_A_DAY: u16 = 24 * MINUTES_AN_HOUR;
/// Days to look for an opening: one may fall into a gap, and one may be left out of the calendar
/// (30 December 2011 in Samoa).
const MAX_DAYS: i64 = 4;

/// The zones that this program was built with, so that the answer does not depend on the machine.
pub fn zones() -> TimeZoneDatabase {
    TimeZoneDatabase::bundled()
}

/// The hours of a day in which messages may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    from: Clock,
    to: Clock,
}

/// A time of day in whole minutes: `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock(u16);

/// Why a text is no time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time of day; write 09:00, 00:00 to 24:00")]
pub struct ParseClockError(String);

/// Why two times make no window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the window from {0} to {0} never opens; hint: leave it out to send at any time, \
     or set 00:00 to 24:00"
)]
pub struct NeverOpens(Clock);

impl Window {
    /// From a time to before another.
    pub fn new(from: Clock, to: Clock) -> Result<Window, NeverOpens> {
        let empty = from == to || (from.0 == MINUTES_A_DAY && to.0 == 0);
        match empty {
            true => Err(NeverOpens(from)),
            false => Ok(Window { from, to }),
        }
    }

    /// When it opens.
    pub fn from(self) -> Clock {
        self.from
    }

    /// When it closes.
    pub fn to(self) -> Clock {
        self.to
    }

    /// Whether it is open in a zone.
    pub fn is_open(self, zone: &TimeZone, now: Timestamp) -> bool {
        match instant(now) {
            Some(at) => self.shows(zone.to_datetime(at).time()),
            None => true,
        }
    }

    /// The first moment from `now` on at which it is open in a zone.
    pub fn next_open(self, zone: &TimeZone, now: Timestamp) -> Timestamp {
        let Some(at) = instant(now) else { return now };
        if self.shows(zone.to_datetime(at).time()) {
            return now;
        }
        let next = self.openings(zone, at).filter(|open| *open >= at).min();
        next.map_or(Timestamp::NEVER, |open| {
            Timestamp::from_millis(open.as_millisecond())
        })
    }

    fn shows(self, time: civil::Time) -> bool {
        let minute = time.hour().unsigned_abs() as u16 * MINUTES_AN_HOUR
            + time.minute().unsigned_abs() as u16;
        let (from, to) = (self.from.0, self.to.0);
        match from < to {
            true => from <= minute && minute < to,
            false => from <= minute || minute < to,
        }
    }

    /// The moments of the coming days at which it may open: where a clock reads `from`, or jumps.
    fn openings<'a>(
        self,
        zone: &'a TimeZone,
        at: jiff::Timestamp,
    ) -> impl Iterator<Item = jiff::Timestamp> + 'a {
        let today = zone.to_datetime(at).date();
        let last = today.saturating_add(jiff::Span::new().days(MAX_DAYS + 1));
        let end = zone.to_timestamp(last.at(0, 0, 0, 0)).unwrap_or(at);
        let jumps = zone.following(at).map(|jump| jump.timestamp());
        let jumps = jumps.take_while(move |jump| *jump <= end);
        let days = (0..=MAX_DAYS).map(move |n| today.saturating_add(jiff::Span::new().days(n)));
        let readings = days.flat_map(move |day| self.from.readings(zone, day));
        let opens = move |open: &jiff::Timestamp| self.shows(zone.to_datetime(*open).time());
        readings.chain(jumps).filter(opens)
    }
}

impl Clock {
    /// The minutes since midnight.
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// The moments at which a clock of the zone reads this on a day: none, one, or two.
    fn readings(self, zone: &TimeZone, day: civil::Date) -> Vec<jiff::Timestamp> {
        let (hour, minute) = (self.0 / MINUTES_AN_HOUR, self.0 % MINUTES_AN_HOUR);
        let Some(at) = i8::try_from(hour)
            .ok()
            .zip(i8::try_from(minute).ok())
            .and_then(|(hour, minute)| civil::Time::new(hour, minute, 0, 0).ok())
            .map(|time| day.to_datetime(time))
        else {
            return Vec::new();
        };
        let offsets = match zone.to_ambiguous_timestamp(at).offset() {
            AmbiguousOffset::Unambiguous { offset } => vec![offset],
            AmbiguousOffset::Fold { before, after } => vec![before, after],
            AmbiguousOffset::Gap { .. } => Vec::new(),
        };
        let moments = offsets.into_iter().map(|offset| offset.to_timestamp(at));
        moments.filter_map(Result::ok).collect()
    }
}

fn instant(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(at.as_millis()).ok()
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute) = (self.0 / MINUTES_AN_HOUR, self.0 % MINUTES_AN_HOUR);
        write!(f, "{hour:02}:{minute:02}")
    }
}

impl FromStr for Clock {
    type Err = ParseClockError;
    fn from_str(text: &str) -> Result<Clock, ParseClockError> {
        let fault = || ParseClockError(text.chars().take(20).collect());
        let (hour, minute) = text.split_once(':').ok_or_else(fault)?;
        let digits = |part: &str, most| {
            let fits = (1..=most).contains(&part.len());
            (fits && part.bytes().all(|b| b.is_ascii_digit())).then_some(())
        };
        digits(hour, 2).and(digits(minute, 2)).ok_or_else(fault)?;
        let hour: u16 = hour.parse().map_err(|_| fault())?;
        let minute: u16 = minute.parse().map_err(|_| fault())?;
        let minutes = hour * MINUTES_AN_HOUR + minute;
        match minute < MINUTES_AN_HOUR && minutes <= MINUTES_A_DAY {
            true => Ok(Clock(minutes)),
            false => Err(fault()),
        }
    }
}

impl Serialize for Clock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Clock, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
