//! The partition that an event belongs to: the month, in UTC, in which it happened.
//!
//! Months reach from the year 0 to 9999, since a name has four digits; a time outside belongs to the
//! nearest of them.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{civil, tz::Offset};

use crate::time::Timestamp;

/// What the name of each partition begins with.
pub const PREFIX: &str = "tracking_events_";

const MONTHS_A_YEAR: i32 = 12;
const LAST: i32 = 9_999 * MONTHS_A_YEAR + 11;

/// One month in UTC. Written as the name of its partition: `tracking_events_2026_01`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

/// Why a text is not the name of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a partition; one looks like tracking_events_2026_01")]
pub struct ParseMonthError;

impl Month {
    /// The month of that number of that year; none where there is none such.
    pub fn new(year: u16, month: u8) -> Option<Month> {
        let known = year <= 9_999 && (1..=12).contains(&month);
        known.then(|| Month(i32::from(year) * MONTHS_A_YEAR + i32::from(month) - 1))
    }

    /// The month that a moment lies in.
    pub fn of(at: Timestamp) -> Month {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.as_millis()) else {
            return Month(if at < Timestamp::EPOCH { 0 } else { LAST });
        };
        let date = Offset::UTC.to_datetime(at).date();
        let months = i32::from(date.year()) * MONTHS_A_YEAR + i32::from(date.month()) - 1;
        Month(months.clamp(0, LAST))
    }

    /// The year, 0 to 9999.
    pub fn year(self) -> u16 {
        u16::try_from(self.0 / MONTHS_A_YEAR).expect("at most 9999")
    }

    /// Its number in the year, 1 to 12.
    pub fn month(self) -> u8 {
        u8::try_from(self.0 % MONTHS_A_YEAR + 1).expect("at most 12")
    }

    /// Its first moment.
    pub fn first(self) -> Timestamp {
        let midnight = self.date().to_datetime(civil::Time::midnight());
        let at = Offset::UTC.to_timestamp(midnight);
        Timestamp::from_millis(at.expect("years up to 9999 are known").as_millisecond())
    }

    /// Its last moment: the millisecond before the next month.
    pub fn last(self) -> Timestamp {
        let days = u64::from(self.date().days_in_month().unsigned_abs());
        self.first() + Duration::from_millis(days * 86_400_000 - 1)
    }

    /// Whether the moment lies in it.
    pub fn holds(self, at: Timestamp) -> bool {
        Month::of(at) == self
    }

    /// The month after it. The last one that is known is its own.
    pub fn next(self) -> Month {
        Month((self.0 + 1).min(LAST))
    }

    /// The month before it. The first one that is known is its own.
    pub fn previous(self) -> Month {
        self.back(1)
    }

    /// The month that many months before it, or the first one that is known.
    pub fn back(self, months: u32) -> Month {
        let back = i32::try_from(months).unwrap_or(i32::MAX);
        Month(self.0.saturating_sub(back).max(0))
    }

    fn date(self) -> civil::Date {
        let year = i16::try_from(self.year()).expect("at most 9999");
        civil::date(year, self.month().cast_signed(), 1)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:04}_{:02}", self.year(), self.month())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

/// Reads the name of a partition.
impl FromStr for Month {
    type Err = ParseMonthError;
    fn from_str(text: &str) -> Result<Month, ParseMonthError> {
        let rest = text.strip_prefix(PREFIX).ok_or(ParseMonthError)?;
        let (year, month) = rest.split_once('_').ok_or(ParseMonthError)?;
        let digits = |part: &str, n| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(ParseMonthError);
        }
        let year = year.parse().map_err(|_| ParseMonthError)?;
        let month = month.parse().map_err(|_| ParseMonthError)?;
        Month::new(year, month).ok_or(ParseMonthError)
    }
}

#[cfg(test)]
mod tests;
