//! How long an answer took beyond what the destination needs: time that its request may have spent
//! on the road.

use std::time::Duration;

/// Before so many answers nothing is concluded from them.
const ANSWERS_TO_LEARN: u32 = 16;
/// After so many answers the floor rises by [`RISE`].
const ANSWERS_TO_RISE: u32 = 256;
const RISE: Duration = Duration::from_millis(1);
/// So much of the quickest answer may have been the way there, on a machine that is never idle.
const DOUBT: Duration = Duration::from_millis(10);

/// How quick answers can be: what the destination and the way back take at least.
///
/// The floor falls at once and rises slowly: where a busy machine makes every answer late for a
/// while, the requests were late as well, and counting them as early would pass the limit.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    seen: u32,
    floor: Duration,
}

impl Default for Answers {
    fn default() -> Answers {
        Answers {
            seen: 0,
            floor: Duration::MAX,
        }
    }
}

impl Answers {
    /// By how much an answer took longer than the quickest.
    pub(super) fn excess(&mut self, took: Duration) -> Duration {
        let floor = match self.seen {
            0..ANSWERS_TO_LEARN => Duration::ZERO,
            _ => self.floor.saturating_sub(DOUBT),
        };
        self.floor = self.floor.min(took);
        self.seen += 1;
        if self.seen >= ANSWERS_TO_LEARN + ANSWERS_TO_RISE {
            self.seen = ANSWERS_TO_LEARN;
            self.floor += RISE;
        }
        took.saturating_sub(floor)
    }
}
