//! Keeps retries at a fifth of a destination's traffic, so that a destination in trouble is not
//! buried under its own failures.
//!
//! Four fresh requests earn one retry. A refused request spends one, even where nothing is left:
//! the budget then lengthens the wait of its jobs until, at the pace at which retries are earned,
//! the debt is paid. That delays retries behind fresh jobs without sorting them apart in the store,
//! and nothing can lock up: where nothing fresh is sent, one retry a second is earned all the same.
//!
//! It counts requests, not jobs: the jobs of a refused batch come back together and travel
//! together again.

use std::time::Duration;

use crate::time::Timestamp;

/// Retries that a line has before it has earned any.
const RESERVE: f64 = 10.0;
/// Earned by one fresh request: one retry in five requests is 20 %.
const EARNED: f64 = 0.25;
/// Earned by one second in which nothing fresh is sent.
const TRICKLE_PER_SECOND: f64 = 1.0;
/// The line counts as quiet when nothing fresh was sent for so long.
const QUIET_AFTER: Duration = Duration::from_secs(1);
/// How long the pace at which retries are earned is observed.
const PERIOD: Duration = Duration::from_secs(10);
/// The slowest pace that is reckoned with, in retries a second.
const SLOWEST_PACE: f64 = 0.25;
/// The longest that the budget holds a retry back.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The retries that may be sent, in requests.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    /// What is left; below zero, what is owed.
    balance: f64,
    settled_at: Timestamp,
    /// When the line becomes quiet, unless something fresh is sent before.
    quiet_at: Timestamp,
    period_at: Timestamp,
    /// Earned in this period and in the one before it.
    earned: [f64; 2],
}

impl RetryBudget {
    /// A budget with its reserve.
    pub fn new(now: Timestamp) -> RetryBudget {
        RetryBudget {
            balance: RESERVE,
            settled_at: now,
            quiet_at: now + QUIET_AFTER,
            period_at: now,
            earned: [0.0; 2],
        }
    }

    /// A request leaves, of whose `jobs` so many are on their first attempt.
    pub fn on_sent(&mut self, fresh: usize, jobs: usize, now: Timestamp) {
        self.advance(now);
        if fresh > 0 {
            self.quiet_at = now + QUIET_AFTER;
            self.earn(EARNED * fresh as f64 / jobs.max(fresh) as f64);
        }
    }

    /// A request is to be repeated: how long its jobs wait at least.
    pub fn on_retry(&mut self, now: Timestamp) -> Duration {
        self.advance(now);
        self.balance -= 1.0;
        if self.balance >= 0.0 {
            return Duration::ZERO;
        }
        let seconds = -self.balance / self.pace(now);
        Duration::try_from_secs_f64(seconds).map_or(MAX_WAIT, |wait| wait.min(MAX_WAIT))
    }

    /// Retries earned in a second, as far as the last periods tell.
    fn pace(&self, now: Timestamp) -> f64 {
        let seen = (PERIOD + now.since(self.period_at)).as_secs_f64();
        (self.earned.iter().sum::<f64>() / seen).max(SLOWEST_PACE)
    }

    /// Earns the trickle of quiet seconds and turns over the period.
    fn advance(&mut self, now: Timestamp) {
        let quiet = now.since(self.settled_at.max(self.quiet_at));
        self.settled_at = self.settled_at.max(now);
        self.earn(quiet.as_secs_f64() * TRICKLE_PER_SECOND);
        let age = now.since(self.period_at);
        if age >= PERIOD {
            let full = age.as_secs_f64() / PERIOD.as_secs_f64();
            self.earned = [0.0, self.earned[0] / full];
            self.period_at = now;
        }
    }

    /// Saves up no more than the reserve, or what one period of the present traffic earns.
    fn earn(&mut self, retries: f64) {
        self.earned[0] += retries;
        let most = RESERVE.max(self.earned[1]).max(self.balance);
        self.balance = (self.balance + retries).min(most);
    }
}

#[cfg(test)]
mod tests;
