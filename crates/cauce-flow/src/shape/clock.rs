//! When an event happened, by a clock that may be wrong, and whether that can be.
//!
//! A call says when it was sent, by the client's clock. What that differs from the time of receipt
//! is how wrong the clock is, but for the time the call took. Differences that a call can take are
//! left alone; greater ones are taken off every event of the call.

use std::time::Duration;

use crate::time::Timestamp;

/// A difference up to here is taken for the way of the call, not for a wrong clock.
pub const MAX_TRAVEL: Duration = Duration::from_secs(2);

/// A difference beyond this, a hundred years, is no clock: `sentAt` is then not heeded. A clock that
/// has started anew in 1970 is within it.
pub const MAX_OFFSET: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How far ahead of the time of receipt an event may be.
pub const MAX_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Which times of one call are believed, and what is taken off them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    offset_ms: i64,
    received_at: Timestamp,
    keep_from: Timestamp,
}

/// Why an event cannot be taken for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untimely {
    /// It would be dropped by its age at once.
    #[error(
        "happened at {at}, before {keep_from}, from where on events are kept (setting tracking.retention_months)"
    )]
    TooOld {
        /// When it happened, corrected.
        at: Timestamp,
        /// The oldest that is kept.
        keep_from: Timestamp,
    },
    /// It has yet to happen.
    #[error(
        "happened at {at}, more than 24 h ahead of {now}; hint: correct the clock that made it, or say `sentAt` by the same clock"
    )]
    TooFarAhead {
        /// When it happened, corrected.
        at: Timestamp,
        /// When it was received.
        now: Timestamp,
    },
}

impl Clock {
    /// The clock of a call that was sent at `sent_at` by itself. Events before `keep_from` are not
    /// kept any more.
    pub fn new(sent_at: Option<Timestamp>, keep_from: Timestamp, now: Timestamp) -> Clock {
        Clock {
            offset_ms: sent_at.map_or(0, |sent_at| offset(sent_at, now)),
            received_at: now,
            keep_from,
        }
    }

    /// What is added to the times of the call, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms
    }

    /// When an event happened that the client says happened at `told`. One that says nothing
    /// happened when it was received.
    pub fn judge(&self, told: Option<Timestamp>) -> Result<Timestamp, Untimely> {
        let Some(told) = told else {
            return Ok(self.received_at);
        };
        let at = Timestamp::from_millis(told.as_millis().saturating_add(self.offset_ms));
        let now = self.received_at;
        if at < self.keep_from {
            let keep_from = self.keep_from;
            return Err(Untimely::TooOld { at, keep_from });
        }
        if at.since(now) > MAX_AHEAD {
            return Err(Untimely::TooFarAhead { at, now });
        }
        Ok(at)
    }
}

fn offset(sent_at: Timestamp, now: Timestamp) -> i64 {
    let apart = now.since(sent_at).max(sent_at.since(now));
    match apart > MAX_TRAVEL && apart <= MAX_OFFSET {
        true => now.as_millis() - sent_at.as_millis(),
        false => 0,
    }
}

#[cfg(test)]
mod tests;
