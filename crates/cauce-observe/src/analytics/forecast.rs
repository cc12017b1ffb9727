//! What to expect of the next days, and which hours were unlike the others.
//!
//! The expectation for an hour is the median of the same hour of the week in the weeks before: a
//! week is the rhythm of business, and a median is not moved by one odd week. How far it may be
//! off is measured on the past, by telling each of the last weeks from those before it.
//!
//! An hour is unusual when it is further from its median than [`DEVIATIONS`] times the usual
//! distance, as alerts measure it ([`alert::unusual`]), and by at least [`MIN_VOLUME`] messages:
//! where little happens, everything is far from the median.

use super::calendar::HourOfWeek;
use crate::alert::{self, MIN_WEEKS, median};

/// Weeks that an expectation looks back.
pub const MAX_WEEKS: usize = 8;
/// Weeks of the past that the error is measured on, at most.
const BACK_TESTS: usize = 4;
/// So many usual deviations make an hour unusual (Iglewicz and Hoaglin 1993).
pub const DEVIATIONS: f64 = 3.5;
/// So many messages at least.
pub const MIN_VOLUME: u64 = 20;
const HOURS: usize = 7 * 24;

/// One hour of the past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hour {
    /// Its start.
    pub at: i64,
    /// Its place in the week.
    pub of_week: HourOfWeek,
    /// What was counted in it.
    pub count: u64,
}

/// An hour that was unlike the same hour of other weeks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unusual {
    /// The hour.
    pub hour: Hour,
    /// What was to be expected.
    pub expected: f64,
}

/// How far expectations were off on the past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PastError {
    /// The sum of all misses, by day, over the sum of what came.
    pub share: f64,
    /// Weeks that it was measured on.
    pub weeks: usize,
}

/// The past of one figure, by hour.
#[derive(Clone, Debug)]
pub struct Past {
    /// By hour of the week, oldest first.
    slots: Vec<Vec<Hour>>,
}

impl Past {
    /// The hours in order; all of them whole.
    pub fn new(hours: impl IntoIterator<Item = Hour>) -> Past {
        let mut slots = vec![Vec::new(); HOURS];
        for hour in hours {
            slots[place(hour.of_week)].push(hour);
        }
        Past { slots }
    }

    /// Weeks that there are of every hour.
    pub fn weeks(&self) -> usize {
        self.slots.iter().map(Vec::len).min().unwrap_or(0)
    }

    /// What to expect of an hour of the week; none where there is too little past.
    pub fn expected(&self, hour: HourOfWeek) -> Option<f64> {
        let own = &self.slots[place(hour)];
        expected(own)
    }

    /// How far it was off: each of the last weeks is told from those before it.
    pub fn error(&self) -> Option<PastError> {
        let tests = self.weeks().saturating_sub(MIN_WEEKS).min(BACK_TESTS);
        let (mut missed, mut came) = (0.0, 0.0);
        for back in 1..=tests {
            for day in self.slots.chunks(24) {
                let (mut told, mut count) = (0.0, 0.0);
                for slot in day {
                    let at = slot.len() - back;
                    told += expected(&slot[..at])?;
                    count += slot[at].count as f64;
                }
                missed += f64::abs(told - count);
                came += count;
            }
        }
        (came > 0.0).then(|| PastError {
            share: missed / came,
            weeks: tests,
        })
    }

    /// The hours from then on that are unlike the same hours of the weeks before them.
    pub fn unusual(&self, from: i64) -> Vec<Unusual> {
        let mut found = Vec::new();
        for slot in &self.slots {
            let recent = slot.iter().enumerate().filter(|(_, hour)| hour.at >= from);
            for (at, hour) in recent {
                found.extend(judge(&slot[..at], *hour));
            }
        }
        found.sort_by_key(|unusual| unusual.hour.at);
        found
    }
}

fn place(hour: HourOfWeek) -> usize {
    (usize::from(hour.weekday) * 24 + usize::from(hour.hour)).min(HOURS - 1)
}

fn last_weeks(slot: &[Hour]) -> Vec<u64> {
    let recent = &slot[slot.len().saturating_sub(MAX_WEEKS)..];
    recent.iter().map(|hour| hour.count).collect()
}

fn expected(slot: &[Hour]) -> Option<f64> {
    let counts = last_weeks(slot);
    let figures = counts.iter().map(|count| *count as f64);
    (counts.len() >= MIN_WEEKS).then(|| median(figures.collect()))
}

fn judge(before: &[Hour], hour: Hour) -> Option<Unusual> {
    let found = alert::unusual(hour.count, &last_weeks(before))?;
    let off = f64::abs(hour.count as f64 - found.expected);
    let is_far = found.deviations > DEVIATIONS && off >= MIN_VOLUME as f64;
    let expected = found.expected;
    is_far.then_some(Unusual { hour, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    /// Weeks with 10 messages in each hour of the night and 100 in each of the day, and what else
    /// is wanted.
    fn past(weeks: usize, change: impl Fn(usize, u64) -> u64) -> Past {
        let hours = (0..weeks * HOURS).map(|number| {
            let usual = if number % 24 < 8 { 10 } else { 100 };
            Hour {
                at: number as i64 * HOUR_MS,
                of_week: HourOfWeek {
                    weekday: (number % HOURS / 24) as u8,
                    hour: (number % 24) as u8,
                },
                count: change(number, usual),
            }
        });
        Past::new(hours)
    }

    #[test]
    fn a_steady_rhythm_is_told_without_error() {
        let past = past(6, |_, usual| usual);
        let noon = HourOfWeek {
            weekday: 2,
            hour: 12,
        };
        assert_eq!(past.expected(noon), Some(100.0));
        let error = past.error().unwrap();
        assert_eq!((error.share, error.weeks), (0.0, 3));
        assert_eq!(past.unusual(0), []);
    }

    #[test]
    fn too_little_past_tells_nothing() {
        let past = past(2, |_, usual| usual);
        let noon = HourOfWeek {
            weekday: 0,
            hour: 12,
        };
        assert_eq!(past.expected(noon), None);
        assert_eq!(past.error(), None);
    }

    #[test]
    fn an_odd_hour_is_found_and_moves_no_median() {
        let odd = 5 * HOURS + 36;
        let past = past(6, |number, usual| if number == odd { 400 } else { usual });
        let found = past.unusual(5 * HOURS as i64 * HOUR_MS);
        let hours: Vec<i64> = found.iter().map(|one| one.hour.at / HOUR_MS).collect();
        assert_eq!(hours, [odd as i64]);
        assert_eq!(found[0].expected, 100.0);
        assert!(past.error().unwrap().share > 0.0);
    }

    #[test]
    fn little_is_never_unusual() {
        let odd = 5 * HOURS + 2;
        let past = past(
            6,
            |number, usual| if number == odd { usual + 19 } else { usual },
        );
        assert_eq!(past.unusual(0), []);
    }
}
