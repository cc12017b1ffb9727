//! The circuit breaker: leaves a destination alone that keeps failing.
//!
//! ```text
//!                 `failures` in a row
//!      +--------+ ------------------> +------+
//!      | Closed |                     | Open | <---+
//!      +--------+                     +------+     |
//!          ^                             |         | a probe fails
//!          | `probes` succeed            | open_for|
//!          |         +----------+        |         |
//!          +-------- | HalfOpen | <------+---------+
//!                    +----------+ --------
//! ```
//!
//! Only failures of the destination count: what it says of one job (a bad number, a missing field)
//! shows that it works. Answers to requests that left before the breaker opened say nothing about
//! how the destination does afterwards, so only the probes decide while it is half-open.
//!
//! ```
//! use std::time::Duration;
//! use cauce_flow::{dispatch::{breaker::{Breaker, Change}, policy::BreakerPolicy}, time::Timestamp};
//!
//! let policy = BreakerPolicy { failures: 2, open_for: Duration::from_secs(60), probes: 1 };
//! let mut breaker = Breaker::new(policy);
//! let now = Timestamp::from_millis(0);
//! let (first, second) = (breaker.on_start(now), breaker.on_start(now));
//! assert_eq!(breaker.on_failure(first, now), None);
//! let until = now + policy.open_for;
//! assert_eq!(breaker.on_failure(second, now), Some(Change::Opened { until }));
//! let probe = breaker.on_start(until);
//! assert_eq!(breaker.on_success(probe), Some(Change::Closed));
//! ```

use serde::{Deserialize, Serialize};

use super::policy::BreakerPolicy;
use crate::time::Timestamp;

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Timestamp },
    HalfOpen { running: u32, passed: u32 },
}

/// How many requests the breaker lets start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admits {
    /// It is closed: any number.
    All,
    /// It is half-open: so many more probes.
    Probes(u32),
    /// It is open: none before then.
    NoneUntil(Timestamp),
}

/// What a request is to the breaker; handed back with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pass {
    /// One of many.
    Usual,
    /// One that decides whether the breaker closes.
    Probe,
}

/// A change that others may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is open until then.
    Opened {
        /// When the first probe may leave.
        until: Timestamp,
    },
    /// It is closed again.
    Closed,
}

/// What of a breaker survives a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Consecutive failures so far.
    pub failures: u32,
    /// Open until then, if it is not closed.
    pub open_until: Option<Timestamp>,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(policy: BreakerPolicy) -> Breaker {
        Breaker::restore(policy, Snapshot::default())
    }

    /// The breaker as it was. One that was half-open probes again.
    pub fn restore(policy: BreakerPolicy, kept: Snapshot) -> Breaker {
        let state = match kept.open_until {
            Some(until) => State::Open { until },
            None => State::Closed {
                failures: kept.failures.min(policy.failures.saturating_sub(1)),
            },
        };
        Breaker { policy, state }
    }

    /// What has to survive a restart.
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        match self.state {
            State::Closed { failures } => Snapshot {
                failures,
                open_until: None,
            },
            State::Open { until } => Snapshot {
                failures: 0,
                open_until: Some(until),
            },
            State::HalfOpen { .. } => Snapshot {
                failures: 0,
                open_until: Some(now),
            },
        }
    }

    /// How many requests may start.
    pub fn admits(&self, now: Timestamp) -> Admits {
        match self.state {
            State::Closed { .. } => Admits::All,
            State::Open { until } if now < until => Admits::NoneUntil(until),
            State::Open { .. } => Admits::Probes(self.policy.probes),
            State::HalfOpen { running, passed } => {
                Admits::Probes(self.policy.probes.saturating_sub(running + passed))
            }
        }
    }

    /// The state in one word, as the API has it.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.admits(now) {
            Admits::All => "closed",
            Admits::Probes(_) => "half-open",
            Admits::NoneUntil(_) => "open",
        }
    }

    /// A request starts. The caller has asked [`Breaker::admits`].
    pub fn on_start(&mut self, now: Timestamp) -> Pass {
        let (running, passed) = match self.state {
            State::Closed { .. } => return Pass::Usual,
            State::Open { until } => {
                assert!(until <= now, "a request started while the breaker was open");
                (0, 0)
            }
            State::HalfOpen { running, passed } => (running, passed),
        };
        self.state = State::HalfOpen {
            running: running + 1,
            passed,
        };
        Pass::Probe
    }

    /// The destination did its work.
    pub fn on_success(&mut self, pass: Pass) -> Option<Change> {
        match (&mut self.state, pass) {
            (State::Closed { failures }, _) => {
                *failures = 0;
                None
            }
            (State::HalfOpen { running, passed }, Pass::Probe) => {
                *running -= 1;
                *passed += 1;
                let closes = *passed >= self.policy.probes;
                closes.then(|| self.close())
            }
            (State::HalfOpen { .. }, Pass::Usual) | (State::Open { .. }, _) => None,
        }
    }

    /// The destination failed.
    pub fn on_failure(&mut self, pass: Pass, now: Timestamp) -> Option<Change> {
        match (&mut self.state, pass) {
            (State::Closed { failures }, _) => {
                *failures += 1;
                let opens = *failures >= self.policy.failures;
                opens.then(|| self.open(now))
            }
            (State::HalfOpen { .. }, Pass::Probe) => Some(self.open(now)),
            (State::HalfOpen { .. }, Pass::Usual) | (State::Open { .. }, _) => None,
        }
    }

    /// A request ended without saying anything about the destination, or never left.
    pub fn on_void(&mut self, pass: Pass) {
        if let (State::HalfOpen { running, .. }, Pass::Probe) = (&mut self.state, pass) {
            *running -= 1;
        }
    }

    /// Takes other figures; what is open stays open until its time.
    pub fn set_policy(&mut self, policy: BreakerPolicy) {
        self.policy = policy;
    }

    fn open(&mut self, now: Timestamp) -> Change {
        let until = now + self.policy.open_for;
        self.state = State::Open { until };
        Change::Opened { until }
    }

    fn close(&mut self) -> Change {
        self.state = State::Closed { failures: 0 };
        Change::Closed
    }
}

#[cfg(test)]
mod tests;
