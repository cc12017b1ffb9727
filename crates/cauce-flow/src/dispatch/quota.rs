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

mod slots;

use std::time::Duration;

use self::slots::Slots;
use super::policy::Window;
use crate::time::Timestamp;

/// How long a start that was noted may have taken to become a request on the wire: an fsync and a
/// new connection. Only restored slots are counted so.
const NOTE_LAG: Duration = Duration::from_secs(1);
/// What rounding down to milliseconds may hide.
const ROUNDING: Duration = Duration::from_millis(1);

/// Any number of windows, all of which must admit. None at all admit everything.
#[derive(Clone, Debug)]
pub struct Quota {
    lanes: Vec<Lane>,
    /// Slots taken whose request has not left.
    granted: u32,
    shrunk: Option<Shrunk>,
    answers: Answers,
}

/// The slots of one window.
#[derive(Clone, Debug)]
struct Lane {
    window: Window,
    guard: Duration,
    /// When requests left whose arrival is not certain yet.
    left: Slots,
    /// When, at the latest, the others arrived.
    arrived: Slots,
}

#[derive(Clone, Copy, Debug)]
struct Shrunk {
    percent: u32,
    until: Timestamp,
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
            if lane.left.take(left) {
                let road = took.min(lane.guard).max(excess.min(lane.longest_road()));
                lane.arrived.push(left + road, 1);
            }
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

impl Shrunk {
    fn of(self, max: u32) -> u32 {
        let share = u64::from(max) * u64::from(self.percent) / 100;
        u32::try_from(share).unwrap_or(max).clamp(1, max)
    }
}

impl Lane {
    fn new(window: Window) -> Lane {
        Lane {
            window,
            guard: guard(window.per),
            left: Slots::default(),
            arrived: Slots::default(),
        }
    }

    /// Takes noted starts as requests that left at most [`NOTE_LAG`] later, and before `now`.
    fn remember(&mut self, starts: &[(Timestamp, u32)], now: Timestamp) {
        for (at, n) in starts {
            self.left.push((*at + NOTE_LAG).min(now), *n);
        }
        self.advance(now);
    }

    /// A lane for `window` that knows what the lanes before it knew.
    fn follow(
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

    fn advance(&mut self, now: Timestamp) {
        let (road, per) = (self.longest_road(), self.window.per);
        // Until then the slot is needed in any case, and its answer may still say more.
        while let Some((at, n)) = self.left.pop_if(|at| at + per <= now) {
            self.arrived.push(at + road, n);
        }
        let kept = self.window.per + ROUNDING;
        while self.arrived.pop_if(|at| at + kept <= now).is_some() {}
    }

    /// The longest that a request counts as being on the road.
    fn longest_road(&self) -> Duration {
        (self.window.per / 4).clamp(self.guard, LONGEST_ROAD.max(self.guard))
    }

    /// Slots that the window still holds, those of requests that have not left aside.
    fn held(&self, now: Timestamp) -> u32 {
        let gone = self.releases().take_while(|(at, _)| *at <= now);
        let gone: u32 = gone.map(|(_, n)| n).sum();
        self.left.total() + self.arrived.total() - gone
    }

    /// When the window has `n` free slots of `max`.
    fn frees(&self, max: u32, granted: u32, n: u32, now: Timestamp) -> NextSlot {
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

/// How quick answers can be: what the destination and the way back take at least.
///
/// The floor falls at once and rises slowly: where a busy machine makes every answer late for a
/// while, the requests were late as well, and counting them as early would pass the limit.
#[derive(Clone, Debug)]
struct Answers {
    seen: u32,
    floor: Duration,
}

/// Before so many answers nothing is concluded from them.
const ANSWERS_TO_LEARN: u32 = 16;
/// After so many answers the floor rises by [`RISE`].
const ANSWERS_TO_RISE: u32 = 256;
const RISE: Duration = Duration::from_millis(1);
/// What rounding and the clock of a busy machine may hide of the quickest answer.
const DOUBT: Duration = Duration::from_millis(2);

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
    fn excess(&mut self, took: Duration) -> Duration {
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

/// No request counts as being on the road for longer, however long its answer took.
const LONGEST_ROAD: Duration = Duration::from_secs(1);

/// What a body handed to the socket may take to arrive, for a window of this length.
fn guard(per: Duration) -> Duration {
    (per / 100).clamp(Duration::from_millis(10), Duration::from_millis(250))
}

#[cfg(test)]
mod tests;
