//! The quota: how many requests may start, exact in every sliding window as the receiver sees them.
//!
//! When a request arrives is never known, only between what it lies. A slot therefore lives in
//! three phases:
//!
//! ```text
//!          try_take              on_left                  on_answered (at a)
//!   free ------------> granted ------------> left (at w) ------------------> arrived
//!                      in every window                    at the latest   leaves a window of
//!                      without end                        it can have been  length W after W
//! ```
//!
//! The guard is what a body handed to the socket may take to arrive: 1 % of the window, at least
//! 10 ms and at most 250 ms. An answer proves the arrival sooner. An answer that takes longer than
//! the quickest ones may have spent all of the difference on the road, so the request counts
//! as arrived that much after it left, by a quarter of the window at most. A steady destination costs
//! 1 % of a short window's rate, however slow it is; one whose answers vary by tens of milliseconds
//! costs more, because nobody can tell from here where the time went.
//!
//! Promise: in no half-open stretch `[t, t + W)` do more than `max` requests arrive. Times are
//! whole milliseconds rounded down, so what is read as `b` happened before `b + 1`; a slot is
//! therefore kept one millisecond longer. The caller reads its clock after it has seen the event
//! that it reports.
//!
//! A bucket or a GCRA that admits a burst lets nearly twice its limit through in some windows; a
//! log of the slots does not. Slots of the same millisecond share an entry, so a window costs at
//! most as many entries as it has slots or milliseconds, whichever is less.

mod answers;
mod lane;
mod shrunk;
mod slots;

use std::time::Duration;

use self::{answers::Answers, lane::Lane, shrunk::Shrunk};
use super::policy::Window;
use crate::time::Timestamp;

/// Any number of windows, all of which must admit. None at all admit everything.
#[derive(Clone, Debug)]
pub struct Quota {
    lanes: Vec<Lane>,
    /// Slots taken whose request has not left.
    granted: u32,
    shrunk: Option<Shrunk>,
    answers: Answers,
}

/// Why no slot is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When there will be one.
    pub next: NextSlot,
    /// The window that is full.
    pub window: Window,
}

/// When the next slot is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NextSlot {
    /// There is one.
    Now,
    /// Then, or sooner if an answer comes before.
    At(Timestamp),
    /// All slots are held by requests that have not left: it takes one of them to go on.
    WhenLeft,
}

/// How much of one window is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowUse {
    /// Slots that are taken.
    pub used: u32,
    /// Slots there are.
    pub max: u32,
    /// The length of the window.
    pub per: Duration,
    /// When it admits the next request.
    pub next: NextSlot,
}

impl Quota {
    /// A quota of which nothing is used.
    pub fn new(windows: &[Window]) -> Quota {
        Quota {
            lanes: windows.iter().map(|window| Lane::new(*window)).collect(),
            granted: 0,
            shrunk: None,
            answers: Answers::default(),
        }
    }

    /// A quota that remembers the request starts noted before a restart, oldest first.
    pub fn restore(windows: &[Window], starts: &[(Timestamp, u32)], now: Timestamp) -> Quota {
        let mut quota = Quota::new(windows);
        for lane in &mut quota.lanes {
            lane.remember(starts, now);
        }
        quota
    }

    /// Takes `n` slots, or none.
    pub fn try_take(&mut self, n: u32, now: Timestamp) -> Result<(), Refusal> {
        self.advance(now);
        match self.refusal(n, now) {
            Some(refusal) => Err(refusal),
            None => {
                self.granted += n;
                Ok(())
            }
        }
    }

    /// How many slots are free.
    pub fn available(&self, now: Timestamp) -> u32 {
        let free = |lane: &Lane| self.max_of(lane, now).saturating_sub(self.used(lane, now));
        self.lanes.iter().map(free).min().unwrap_or(u32::MAX)
    }

    /// When one slot is free.
    pub fn next_slot(&self, now: Timestamp) -> NextSlot {
        self.refusal(1, now)
            .map_or(NextSlot::Now, |refusal| refusal.next)
    }

    /// Why `n` slots are not free, judged by the window that keeps them longest.
    pub fn refusal(&self, n: u32, now: Timestamp) -> Option<Refusal> {
        let refusals = self.lanes.iter().map(|lane| Refusal {
            next: self.next_in(lane, n, now),
            window: lane.window,
        });
        refusals
            .filter(|refusal| refusal.next != NextSlot::Now)
            .max_by_key(|refusal| refusal.next)
    }

    /// A request of a slot has been handed to the socket.
    pub fn on_left(&mut self, now: Timestamp) {
        assert!(self.granted > 0, "a request left without a slot");
        self.advance(now);
        self.granted -= 1;
        for lane in &mut self.lanes {
            lane.left.push(now, 1);
        }
    }

    /// A request has been answered, or has failed; `left` is what [`Quota::on_left`] was told, if
    /// it was.
    pub fn on_answered(&mut self, left: Option<Timestamp>, now: Timestamp) {
        self.advance(now);
        if left.is_none() {
            assert!(self.granted > 0, "an answer came without a slot");
            self.granted -= 1;
        }
        let Some(left) = left else {
            self.lanes
                .iter_mut()
                .for_each(|lane| lane.arrived.push(now, 1));
            return;
        };
        let took = now.since(left);
        let excess = self.answers.excess(took);
        for lane in &mut self.lanes {
            lane.on_answered(left, took, excess);
        }
    }

    /// Gives back slots whose requests never left and never will.
    pub fn refund(&mut self, n: u32) {
        assert!(self.granted >= n, "more slots came back than were taken");
        self.granted -= n;
    }

    /// Lets every window admit only `percent` of its maximum (one at least) until then. Where two
    /// shrinkings overlap, the stricter and the later hold.
    pub fn shrink(&mut self, percent: u32, until: Timestamp, now: Timestamp) {
        let before = self.shrunk.filter(|shrunk| shrunk.until > now);
        self.shrunk = Some(Shrunk {
            percent: before.map_or(percent, |shrunk| shrunk.percent.min(percent)),
            until: before.map_or(until, |shrunk| shrunk.until.max(until)),
        });
    }

    /// Lets go of what has left each window. Nothing depends on it but the cost of the next call.
    pub fn advance(&mut self, now: Timestamp) {
        for lane in &mut self.lanes {
            lane.advance(now);
        }
    }

    /// Follows other windows from here on. What is known of the past counts in them too; a window
    /// longer than any before learns the rest from `starts`, the noted ones, oldest first.
    pub fn set_windows(&mut self, windows: &[Window], starts: &[(Timestamp, u32)], now: Timestamp) {
        self.advance(now);
        let before = std::mem::take(&mut self.lanes);
        let follow = |window: &Window| Lane::follow(*window, &before, starts, now);
        self.lanes = windows.iter().map(follow).collect();
    }

    /// How much of each window is used.
    pub fn usage(&self, now: Timestamp) -> Vec<WindowUse> {
        let usage = |lane: &Lane| WindowUse {
            used: self.used(lane, now),
            max: self.max_of(lane, now),
            per: lane.window.per,
            next: self.next_in(lane, 1, now),
        };
        self.lanes.iter().map(usage).collect()
    }

    /// The slots of the longest window as starts that [`Quota::restore`] takes.
    pub fn snapshot(&self, now: Timestamp) -> Vec<(Timestamp, u32)> {
        let Some(lane) = self.lanes.iter().max_by_key(|lane| lane.window.per) else {
            return Vec::new();
        };
        let known = lane.arrived.runs().chain(lane.left.runs());
        let granted = (self.granted > 0).then_some((now, self.granted));
        known.filter(|run| run.1 > 0).chain(granted).collect()
    }

    fn used(&self, lane: &Lane, now: Timestamp) -> u32 {
        self.granted + lane.held(now)
    }

    fn max_of(&self, lane: &Lane, now: Timestamp) -> u32 {
        match self.shrunk {
            Some(shrunk) if shrunk.until > now => shrunk.of(lane.window.max),
            _ => lane.window.max,
        }
    }

    /// When a window has `n` free slots: by its own slots, or sooner because a shrinking ends.
    fn next_in(&self, lane: &Lane, n: u32, now: Timestamp) -> NextSlot {
        let by_slots = |max| lane.frees(max, self.granted, n, now);
        match self.shrunk {
            Some(shrunk) if shrunk.until > now => {
                let wide = by_slots(lane.window.max).max(NextSlot::At(shrunk.until));
                by_slots(shrunk.of(lane.window.max)).min(wide)
            }
            _ => by_slots(lane.window.max),
        }
    }
}

#[cfg(test)]
mod tests;
