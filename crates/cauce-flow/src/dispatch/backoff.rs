//! The wait before a job's next attempt.
//!
//! `base * factor^(n-1)` after attempt `n`, no longer than `cap`, then lengthened by up to `jitter`
//! of itself so that jobs which failed together do not come back together. What the destination
//! asked for is never shortened, except to [`MAX_AFTER`].

use std::time::Duration;

use super::policy::RetryPolicy;

/// The longest wait a destination may ask for. A typing error at its end should not hold jobs for
/// longer than somebody looks after them.
pub const MAX_AFTER: Duration = Duration::from_secs(24 * 3600);

impl RetryPolicy {
    /// The wait after attempt `attempt` (the first is 1), at least `after`, what the destination
    /// asked for. `draw` is a number in `0.0..1.0`.
    pub fn delay(&self, attempt: u8, after: Option<Duration>, draw: f64) -> Duration {
        let after = after.unwrap_or_default().min(MAX_AFTER);
        let steps = i32::from(attempt.saturating_sub(1));
        let cap = self.cap.as_secs_f64();
        let wait = (self.base.as_secs_f64() * self.factor.powi(steps)).min(cap);
        let wait = wait * (1.0 + self.jitter * draw.clamp(0.0, 1.0));
        Duration::try_from_secs_f64(wait)
            .unwrap_or(self.cap)
            .max(after)
    }
}

#[cfg(test)]
mod tests;
