//! Manners of work that nobody waits for.

/// Lets others have this core. To count goes on for milliseconds: whoever waits for the disk meanwhile
/// is told only when the kernel gets its turn, perhaps on the same core.
pub(super) fn step_aside() {
    std::thread::yield_now();
}
