//! What was counted in one window, by slots of time.
//!
//! A window is a ring of 32 slots. What was counted stays until its slot has wholly left the window,
//! so that never more than the limit is admitted in any stretch of a window's length, however the
//! stretch lies; it stays up to one slot longer than that needs.

use std::time::Duration;

use crate::time::Timestamp;

const SLOTS: usize = 32;

/// The counts of one window.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    slots: [u64; SLOTS],
    /// The number of the slot that is counted in, from the epoch on.
    current: i64,
    used: u64,
}

impl Lane {
    /// Lets go of what has left the window. Time that goes back stands still.
    pub(super) fn advance(&mut self, per: Duration, now: Timestamp) {
        let slot = now.as_millis().div_euclid(slot_ms(per));
        let passed = slot.saturating_sub(self.current);
        if passed <= 0 {
            return;
        }
        let passed = usize::try_from(passed).unwrap_or(SLOTS).min(SLOTS);
        for step in 0..passed as i64 {
            let left = &mut self.slots[place(slot - step)];
            self.used -= *left;
            *left = 0;
        }
        self.current = slot;
    }

    /// Counts.
    pub(super) fn add(&mut self, n: u64) {
        let slot = &mut self.slots[place(self.current)];
        let n = n.min(u64::MAX - self.used);
        *slot += n;
        self.used += n;
    }

    /// What is counted.
    pub(super) fn used(&self) -> u64 {
        self.used
    }

    /// How long until no more than `max` is counted; none where that is so already.
    pub(super) fn wait(&self, max: u64, per: Duration, now: Timestamp) -> Option<Duration> {
        if self.used <= max {
            return None;
        }
        let mut used = self.used;
        let oldest = self.current - SLOTS as i64 + 1;
        let frees = (oldest..=self.current).find(|slot| {
            used -= self.slots[place(*slot)];
            used <= max
        });
        let slot = frees.expect("all slots together are all that is counted");
        let at = Timestamp::from_millis((slot + SLOTS as i64) * slot_ms(per));
        Some(at.until(now))
    }
}

/// One slot more than fits into the window, so that what is counted stays for all of it.
fn slot_ms(per: Duration) -> i64 {
    let slots = SLOTS as u128 - 1;
    i64::try_from(per.as_millis().div_ceil(slots)).expect("a window is a minute at most")
}

fn place(slot: i64) -> usize {
    slot.rem_euclid(SLOTS as i64) as usize
}
