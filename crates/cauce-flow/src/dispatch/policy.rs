//! The policy of one line: how much travels together, how fast, how often again, and for how long.
//!
//! These are the figures of the configuration, complete and checked. [`Policy::faults`] names every
//! field that cannot be meant, all at once, so that whoever wrote the file mends it in one go.

use std::time::Duration;

/// Most windows that one rate may have.
pub const MAX_WINDOWS: usize = 8;

/// Everything that governs one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// When waiting jobs become a request.
    pub batch: BatchPolicy,
    /// Windows of the rate, all of which must admit a request; empty for no limit.
    pub rate: Vec<Window>,
    /// Requests in flight at most.
    pub concurrency: u32,
    /// How often and how soon a job goes again.
    pub retry: RetryPolicy,
    /// When a failing destination is left alone.
    pub breaker: BreakerPolicy,
    /// Age past which a job expires; none for never.
    pub ttl: Option<Duration>,
    /// What becomes of a job whose fate is not known, where the destination does not deduplicate.
    pub on_unknown: OnUnknown,
}

/// When waiting jobs become a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPolicy {
    /// Jobs in one request.
    pub max_items: usize,
    /// Payload bytes in one request.
    pub max_bytes: usize,
    /// How long the oldest job waits for company; zero for not at all.
    pub max_wait: Duration,
    /// The same for `critical` and `high` jobs.
    pub priority_wait: Duration,
}

impl BatchPolicy {
    /// Whether every job travels alone.
    pub const fn is_single(&self) -> bool {
        self.max_items <= 1
    }
}

/// At most `max` requests in any stretch of time as long as `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Requests that it admits.
    pub max: u32,
    /// Its length.
    pub per: Duration,
}

/// How often and how soon a job goes again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one counted.
    pub max_attempts: u8,
    /// The wait after the first attempt.
    pub base: Duration,
    /// What each further wait is multiplied by.
    pub factor: f64,
    /// The longest wait, before jitter.
    pub cap: Duration,
    /// By how much of itself a wait is lengthened at most.
    pub jitter: f64,
}

/// When a failing destination is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Consecutive failures that open the breaker.
    pub failures: u32,
    /// How long it stays open.
    pub open_for: Duration,
    /// Requests that have to succeed, half-open, before it closes.
    pub probes: u32,
}

/// What becomes of a job that may have been accepted by a destination without idempotency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// It is kept as `unknown` until somebody knows.
    Hold,
    /// It goes again, and may arrive twice.
    Retry,
}

/// A figure of a policy that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Outside its limits.
    #[error("{field} is {found}; hint: choose between {least} and {most}")]
    OutOfRange {
        /// The field, as the configuration names it.
        field: &'static str,
        /// What was found.
        found: String,
        /// The least that is allowed.
        least: String,
        /// The most that is allowed.
        most: String,
    },
    /// More windows than are followed.
    #[error("rate has {found} windows, more than {MAX_WINDOWS}; hint: leave out the widest ones")]
    TooManyWindows {
        /// How many there are.
        found: usize,
    },
    /// The cap would shorten the first wait.
    #[error("retry.cap is {cap:?}, less than retry.base ({base:?}); hint: raise retry.cap")]
    CapBelowBase {
        /// The cap.
        cap: Duration,
        /// The base.
        base: Duration,
    },
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Policy {
    /// Every figure that cannot be meant; empty where the policy is sound.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.check_batch(&mut faults);
        self.check_rate(&mut faults);
        within(&mut faults, "concurrency", self.concurrency, 1, 10_000);
        self.check_retry(&mut faults);
        self.check_breaker(&mut faults);
        if let Some(ttl) = self.ttl {
            within(&mut faults, "ttl", ttl, Duration::from_secs(1), 366 * DAY);
        }
        faults
    }

    fn check_batch(&self, faults: &mut Vec<Fault>) {
        let batch = &self.batch;
        within(faults, "batch.max_items", batch.max_items, 1, 10_000);
        within(faults, "batch.max_bytes", batch.max_bytes, 1, 1 << 30);
        within(
            faults,
            "batch.max_wait",
            batch.max_wait,
            Duration::ZERO,
            DAY,
        );
        let wait = batch.priority_wait;
        within(faults, "batch.priority_wait", wait, Duration::ZERO, DAY);
    }

    fn check_rate(&self, faults: &mut Vec<Fault>) {
        if self.rate.len() > MAX_WINDOWS {
            let found = self.rate.len();
            faults.push(Fault::TooManyWindows { found });
        }
        for window in &self.rate {
            let shortest = Duration::from_millis(10);
            within(faults, "rate (requests)", window.max, 1, 10_000_000);
            within(faults, "rate (window)", window.per, shortest, 31 * DAY);
        }
    }

    fn check_retry(&self, faults: &mut Vec<Fault>) {
        let retry = &self.retry;
        within(faults, "retry.max_attempts", retry.max_attempts, 1, 100);
        let shortest = Duration::from_millis(1);
        within(faults, "retry.base", retry.base, shortest, DAY);
        within(faults, "retry.cap", retry.cap, shortest, 7 * DAY);
        within(faults, "retry.factor", retry.factor, 1.0, 100.0);
        within(faults, "retry.jitter", retry.jitter, 0.0, 1.0);
        let (cap, base) = (retry.cap, retry.base);
        if cap < base {
            faults.push(Fault::CapBelowBase { cap, base });
        }
    }

    fn check_breaker(&self, faults: &mut Vec<Fault>) {
        let breaker = &self.breaker;
        within(faults, "breaker.failures", breaker.failures, 1, 10_000);
        let shortest = Duration::from_millis(1);
        within(faults, "breaker.open_for", breaker.open_for, shortest, DAY);
        within(faults, "breaker.probes", breaker.probes, 1, 1_000);
    }
}

/// Notes a fault unless `least <= found <= most`; a NaN is never within.
fn within<T>(faults: &mut Vec<Fault>, field: &'static str, found: T, least: T, most: T)
where
    T: PartialOrd + std::fmt::Debug,
{
    if found >= least && found <= most {
        return;
    }
    faults.push(Fault::OutOfRange {
        field,
        found: format!("{found:?}"),
        least: format!("{least:?}"),
        most: format!("{most:?}"),
    });
}

#[cfg(test)]
mod tests;
