//! The rate meter: what a limit sees, exactly.

use std::time::Duration;

/// The most arrivals in any window of this length, its end excluded. Arrivals come in order.
///
/// The fullest window may be taken to begin at an arrival, so two marks walk over them once.
pub(super) fn highest_in(arrivals: impl Iterator<Item = u64> + Clone, window: Duration) -> u32 {
    let window_ns = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
    let mut first = arrivals.clone();
    let mut begin = first.next();
    let (mut inside, mut highest) = (0_u32, 0_u32);
    for at in arrivals {
        inside += 1;
        while begin.is_some_and(|begin| at - begin >= window_ns) && inside > 0 {
            inside -= 1;
            begin = first.next();
        }
        highest = highest.max(inside);
    }
    highest
}
