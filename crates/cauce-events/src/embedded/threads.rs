//! The threads of a store beside its writer: one empties the memory, one does everything else.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::Condvar;

use super::{Clock, shared::Shared, upkeep};

/// The threads.
pub(super) struct Threads(Vec<JoinHandle<()>>);

/// Nobody waits longer for the next look.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// So long the merger rests between its rounds.
const MERGE_EVERY: Duration = Duration::from_secs(1);

impl Threads {
    pub(super) fn spawn(shared: &Arc<Shared>, clock: Clock) -> io::Result<Threads> {
        let flusher = {
            let (shared, clock) = (Arc::clone(shared), Arc::clone(&clock));
            let named = thread::Builder::new().name("event-flusher".to_owned());
            named.spawn(move || flush(&shared, &clock))?
        };
        let merger = {
            let shared = Arc::clone(shared);
            let named = thread::Builder::new().name("event-merger".to_owned());
            named.spawn(move || merge(&shared, &clock))?
        };
        Ok(Threads(vec![flusher, merger]))
    }

    /// Ends them when they have done what they are at.
    pub(super) fn stop(self, shared: &Shared) {
        {
            // Under the lock, so that a thread is either waiting or sees it.
            let _guard = shared.nudge_lock.lock();
            shared.leaving.store(true, Ordering::SeqCst);
            shared.flush_nudge.notify_one();
            shared.merge_nudge.notify_one();
        }
        for thread in self.0 {
            // A panic in there has been printed.
            let _ = thread.join();
        }
    }
}

fn flush(shared: &Shared, clock: &Clock) {
    while rest(shared, &shared.flush_nudge, LOOK_EVERY) {
        // What went wrong is noted there, and tried again.
        let _ = upkeep::empty(shared, clock());
    }
}

fn merge(shared: &Shared, clock: &Clock) {
    let mut more = false;
    while more && !shared.leaving.load(Ordering::SeqCst)
        || rest(shared, &shared.merge_nudge, MERGE_EVERY)
    {
        more = upkeep::round(shared, clock()).unwrap_or(false);
    }
}

/// Waits until there may be something to do; answers whether to go on.
fn rest(shared: &Shared, nudge: &Condvar, at_most: Duration) -> bool {
    let mut guard = shared.nudge_lock.lock();
    if !shared.leaving.load(Ordering::SeqCst) {
        nudge.wait_for(&mut guard, at_most);
    }
    !shared.leaving.load(Ordering::SeqCst)
}
