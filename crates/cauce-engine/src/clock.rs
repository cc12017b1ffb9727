//! The wall clock of the engine: it never goes back, and it never jumps.
//!
//! Deadlines and quotas are kept in wall time so that they survive a restart. If they followed a
//! system clock that is set while the process runs, a step forward would open every window and fire
//! every timer at once, and a step back would stop the flow. So time goes on by the monotonic clock
//! from where the wall clock stood at the start, and drifts towards the system's time by two
//! milliseconds a second at most, too little for any window to be passed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use cauce_flow::time::Timestamp;

/// By so much of the time that has passed the clock follows the system's.
const FOLLOW_PERMILLE: i64 = 2;
/// A smaller difference is left alone, so that time is even where nothing is wrong.
const NEGLIGIBLE_MS: i64 = 50;
/// A difference beyond this is a clock that was set, and is said once.
const JUMP_MS: i64 = 5_000;

/// A clock. Clones share it.
#[derive(Clone)]
pub(crate) struct Clock {
    shared: Arc<Shared>,
}

struct Shared {
    start: Instant,
    start_ms: i64,
    /// What is added to the monotonic time.
    correction_ms: AtomicI64,
    corrected_at_ms: AtomicI64,
}

fn system_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Clock {
    /// A clock that starts at the system's time, but not before `latest`, the latest time that the
    /// store has seen.
    pub(crate) fn start(latest: Timestamp) -> Clock {
        let start_ms = system_ms().max(latest.as_millis());
        Clock {
            shared: Arc::new(Shared {
                start: Instant::now(),
                start_ms,
                correction_ms: AtomicI64::new(0),
                corrected_at_ms: AtomicI64::new(0),
            }),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        let shared = &*self.shared;
        let ms = shared.start_ms + self.elapsed_ms() + shared.correction_ms.load(Ordering::Relaxed);
        Timestamp::from_millis(ms)
    }

    /// The moment of the monotonic clock at which [`Clock::now`] will show `at`.
    pub(crate) fn instant(&self, at: Timestamp) -> tokio::time::Instant {
        tokio::time::Instant::now() + at.until(self.now()).min(FAR)
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.shared.start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Drifts towards the system's time. Called about once a second, from one place.
    pub(crate) fn follow(&self) {
        let elapsed = self.elapsed_ms();
        let since = elapsed - self.shared.corrected_at_ms.load(Ordering::Relaxed);
        let allowed = since * FOLLOW_PERMILLE / 1_000;
        if allowed == 0 {
            return;
        }
        self.shared
            .corrected_at_ms
            .store(elapsed, Ordering::Relaxed);
        let off = system_ms() - self.now().as_millis();
        if off.abs() < NEGLIGIBLE_MS {
            return;
        }
        // Slower than time itself passes, so that `now` still never goes back.
        let step = off.clamp(-allowed, allowed);
        let before = self.shared.correction_ms.fetch_add(step, Ordering::Relaxed);
        if off.abs() > JUMP_MS && before == 0 {
            tracing::warn!(
                off_ms = off,
                "the system clock was set; times follow it slowly, a restart follows it at once"
            );
        }
    }
}

/// Nobody sleeps for longer without looking again.
const FAR: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_starts_no_earlier_than_what_the_store_has_seen() {
        let ahead = Timestamp::from_millis(system_ms() + 3_600_000);
        let clock = Clock::start(ahead);
        assert!(clock.now() >= ahead);
        let first = clock.now();
        clock.follow();
        assert!(clock.now() >= first);
    }
}
