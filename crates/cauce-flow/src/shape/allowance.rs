//! What a tenant may send: events and bytes, a second and a minute.
//!
//! It protects this machine from its callers, in memory, and has nothing to do with the quota that
//! [`crate::dispatch`] keeps towards a destination. A call is admitted whole or refused whole, with
//! the time after which the same call would be admitted.
//!
//! Long before anything is refused, the [`Level`] rises, and the sampler keeps less of what need not
//! be kept:
//!
//! ```text
//! used    below 80 %   80 %   90 %   95 % and more
//! level        0         1      2      3
//! ```

mod lane;
mod tenants;

use std::{fmt, time::Duration};

use self::lane::Lane;
pub use self::tenants::Allowances;
use crate::time::Timestamp;

/// What is counted in, and for how long.
const LANES: [(Unit, Duration); 4] = [
    (Unit::Events, Duration::from_secs(1)),
    (Unit::Events, Duration::from_secs(60)),
    (Unit::Bytes, Duration::from_secs(1)),
    (Unit::Bytes, Duration::from_secs(60)),
];

/// From which share of the allowance on, in percent, each level holds.
const LEVELS: [(u64, Level); 3] = [(95, Level(3)), (90, Level(2)), (80, Level(1))];

/// How near a tenant is to its allowance: 0 is far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u8);

/// What may be sent. None: as much as one likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Most events in any second.
    pub max_events_per_second: Option<u64>,
    /// Most events in any minute.
    pub max_events_per_minute: Option<u64>,
    /// Most bytes in any second.
    pub max_bytes_per_second: Option<u64>,
    /// Most bytes in any minute.
    pub max_bytes_per_minute: Option<u64>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Events of calls.
    Events,
    /// Bytes of the bodies of calls, unpacked.
    Bytes,
}

/// Why a call was refused, by the limit that makes it wait longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too much was sent before it.
    #[error("no more than {max} {unit} may be sent in {} s (setting max_{unit}_per_{}); hint: send again after {} s", .per.as_secs(), name(*.per), seconds_up(*.wait))]
    Spent {
        /// What there is too much of.
        unit: Unit,
        /// How much may be sent.
        max: u64,
        /// In what time.
        per: Duration,
        /// After what time the same call would be admitted, if nothing else is sent.
        wait: Duration,
    },
    /// It is more by itself than may be sent in all.
    #[error("{sent} {unit} in one call are more than the {max} that may be sent in {} s (setting max_{unit}_per_{}); hint: send them in smaller calls", .per.as_secs(), name(*.per))]
    TooMuchAtOnce {
        /// What there is too much of.
        unit: Unit,
        /// How much the call brought.
        sent: u64,
        /// How much may be sent.
        max: u64,
        /// In what time.
        per: Duration,
    },
}

/// What one tenant has sent.
#[derive(Clone, Debug, Default)]
pub struct Allowance {
    lanes: [Lane; LANES.len()],
}

impl Level {
    /// Far from the allowance.
    pub const NONE: Level = Level(0);
    /// The highest there is.
    pub const MAX: Level = Level(3);

    /// The level of that number, [`Level::MAX`] at most.
    pub fn new(number: u8) -> Level {
        Level(number).min(Level::MAX)
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// By what the share of a kind is divided: two to the power of its number.
    pub fn factor(self) -> f64 {
        f64::from(1_u32 << self.0)
    }
}

impl Limits {
    fn of(&self, lane: usize) -> Option<u64> {
        match lane {
            0 => self.max_events_per_second,
            1 => self.max_events_per_minute,
            2 => self.max_bytes_per_second,
            _ => self.max_bytes_per_minute,
        }
    }
}

impl Allowance {
    /// Admits a call and counts it, or refuses it and counts nothing. Answers the level that the
    /// call itself brings the tenant to.
    pub fn try_take(
        &mut self,
        events: u64,
        bytes: u64,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Level, Refusal> {
        let sent = |unit| match unit {
            Unit::Events => events,
            Unit::Bytes => bytes,
        };
        self.advance(now);
        let limited = || (0..LANES.len()).filter_map(|lane| Some((lane, limits.of(lane)?)));
        let refusals =
            limited().filter_map(|(lane, max)| self.refusal(lane, sent(LANES[lane].0), max, now));
        if let Some(refusal) = refusals.max_by_key(Refusal::wait) {
            return Err(refusal);
        }
        for (lane, (unit, _)) in LANES.iter().enumerate() {
            self.lanes[lane].add(sent(*unit));
        }
        let levels = limited().map(|(lane, max)| level(self.lanes[lane].used(), max));
        Ok(levels.max().unwrap_or_default())
    }

    /// Whether nothing is counted any more.
    pub fn is_idle(&mut self, now: Timestamp) -> bool {
        self.advance(now);
        self.lanes.iter().all(|lane| lane.used() == 0)
    }

    fn advance(&mut self, now: Timestamp) {
        for (lane, (_, per)) in self.lanes.iter_mut().zip(LANES) {
            lane.advance(per, now);
        }
    }

    fn refusal(&self, lane: usize, sent: u64, max: u64, now: Timestamp) -> Option<Refusal> {
        let (unit, per) = LANES[lane];
        if sent > max {
            let refusal = Refusal::TooMuchAtOnce {
                unit,
                sent,
                max,
                per,
            };
            return Some(refusal);
        }
        let wait = self.lanes[lane].wait(max - sent, per, now)?;
        Some(Refusal::Spent {
            unit,
            max,
            per,
            wait,
        })
    }
}

impl Refusal {
    /// After what time the same call would be admitted; none where it never is.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Refusal::Spent { wait, .. } => Some(*wait),
            Refusal::TooMuchAtOnce { .. } => None,
        }
    }

    fn wait(&self) -> Duration {
        self.retry_after().unwrap_or(Duration::MAX)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Events => "events",
            Unit::Bytes => "bytes",
        })
    }
}

fn level(used: u64, max: u64) -> Level {
    let percent = u128::from(used) * 100 / u128::from(max.max(1));
    let reached = LEVELS.iter().find(|(from, _)| percent >= u128::from(*from));
    reached.map_or(Level::NONE, |(_, level)| *level)
}

fn name(per: Duration) -> &'static str {
    match per.as_secs() {
        1 => "second",
        _ => "minute",
    }
}

/// Whole seconds, rounded up, as `Retry-After` wants them.
fn seconds_up(wait: Duration) -> u64 {
    wait.as_millis()
        .div_ceil(1_000)
        .try_into()
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
