//! One window: which of its slots are taken, and when each is free again.

use std::time::Duration;

use super::{NextSlot, slots::Slots};
use crate::{dispatch::policy::Window, time::Timestamp};

/// How long a start that was noted may have taken to become a request on the wire: an fsync and a
/// new connection. Only restored slots are counted so.
const NOTE_LAG: Duration = Duration::from_secs(1);
/// What rounding down to milliseconds may hide.
const ROUNDING: Duration = Duration::from_millis(1);
/// No request counts as being on the road for longer, however long its answer took.
const LONGEST_ROAD: Duration = Duration::from_secs(1);

/// The slots of one window.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) window: Window,
    /// What a body handed to the socket may take to arrive.
    guard: Duration,
    /// When requests left whose arrival is not certain yet.
    pub(super) left: Slots,
    /// When, at the latest, the others arrived.
    pub(super) arrived: Slots,
}

impl Lane {
    /// A lane of which nothing is used.
    pub(super) fn new(window: Window) -> Lane {
        Lane {
            window,
            guard: guard(window.per),
            left: Slots::default(),
            arrived: Slots::default(),
        }
    }

    /// Takes noted starts as requests that left at most [`NOTE_LAG`] later, and before `now`.
    pub(super) fn remember(&mut self, starts: &[(Timestamp, u32)], now: Timestamp) {
        for (at, n) in starts {
            self.left.push((*at + NOTE_LAG).min(now), *n);
        }
        self.advance(now);
    }

    /// A lane for `window` that knows what the lanes before it knew.
    pub(super) fn follow(
        window: Window,
        before: &[Lane],
        starts: &[(Timestamp, u32)],
        now: Timestamp,
    ) -> Lane {
        let mut lane = Lane::new(window);
        let wide_enough = before.iter().filter(|old| old.window.per >= window.per);
        let longest = || before.iter().max_by_key(|old| old.window.per);
        match wide_enough
            .min_by_key(|old| old.window.per)
            .or_else(longest)
        {
            Some(old) => {
                let unseen = starts.partition_point(|(at, _)| *at < now - old.window.per);
                lane.remember(&starts[..unseen], now);
                lane.adopt(old);
            }
            None => lane.remember(starts, now),
        }
        lane.advance(now);
        lane
    }

    /// Takes over another lane's slots. Where this guard is the longer one, a slot that the other
    /// had settled may still have been on its way, so it counts as that much later.
    fn adopt(&mut self, old: &Lane) {
        let later = self.guard.saturating_sub(old.guard);
        for (at, n) in old.arrived.runs() {
            self.arrived.push(at + later, n);
        }
        for (at, n) in old.left.runs() {
            self.left.push(at, n);
        }
    }

    /// Lets go of what has left the window.
    pub(super) fn advance(&mut self, now: Timestamp) {
        let (road, per) = (self.longest_road(), self.window.per);
        // Until then the slot is needed in any case, and its answer may still say more.
        while let Some((at, n)) = self.left.pop_if(|at| at + per <= now) {
            self.arrived.push(at + road, n);
        }
        let kept = self.window.per + ROUNDING;
        while self.arrived.pop_if(|at| at + kept <= now).is_some() {}
    }

    /// Settles a request that left at `left` and whose answer took `took`, which is `excess` longer
    /// than the quickest.
    pub(super) fn on_answered(&mut self, left: Timestamp, took: Duration, excess: Duration) {
        if self.left.take(left) {
            let road = took.min(self.guard).max(excess.min(self.longest_road()));
            self.arrived.push(left + road, 1);
        }
    }

    /// The longest that a request counts as being on the road.
    fn longest_road(&self) -> Duration {
        (self.window.per / 4).clamp(self.guard, LONGEST_ROAD.max(self.guard))
    }

    /// Slots that the window still holds, those of requests that have not left aside.
    pub(super) fn held(&self, now: Timestamp) -> u32 {
        let gone = self.releases().take_while(|(at, _)| *at <= now);
        let gone: u32 = gone.map(|(_, n)| n).sum();
        self.left.total() + self.arrived.total() - gone
    }

    /// When the window has `n` free slots of `max`.
    pub(super) fn frees(&self, max: u32, granted: u32, n: u32, now: Timestamp) -> NextSlot {
        let mut used = granted + self.left.total() + self.arrived.total();
        let fits = |used: u32| used.saturating_add(n) <= max;
        if fits(used) {
            return NextSlot::Now;
        }
        for (at, count) in self.releases() {
            used -= count;
            if fits(used) {
                return if at <= now {
                    NextSlot::Now
                } else {
                    NextSlot::At(at)
                };
            }
        }
        NextSlot::WhenLeft
    }

    /// When slots leave the window, in order, as far as the clock alone decides it.
    fn releases(&self) -> impl Iterator<Item = (Timestamp, u32)> {
        let kept = self.window.per + ROUNDING;
        let road = self.longest_road();
        let mut arrived = self
            .arrived
            .runs()
            .map(move |(at, n)| (at + kept, n))
            .peekable();
        let left = self.left.runs();
        let mut left = left.map(move |(at, n)| (at + road + kept, n)).peekable();
        std::iter::from_fn(move || match (arrived.peek(), left.peek()) {
            (Some(a), Some(l)) if l.0 < a.0 => left.next(),
            (Some(_), _) => arrived.next(),
            (None, _) => left.next(),
        })
    }
}

/// What a body handed to the socket may take to arrive, for a window of this length.
fn guard(per: Duration) -> Duration {
    (per / 100).clamp(Duration::from_millis(10), Duration::from_millis(250))
}
