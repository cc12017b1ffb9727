//! Who is served next.

use cauce_flow::job::State as JobState;

use super::{super::table::Entry, State};

/// Whether a tenant had a job for the claim.
enum Next {
    Taken(u64, usize),
    /// Its next job does not fit into what is left of the claim.
    TooLarge,
    Nothing,
}

impl State {
    /// Takes the jobs that are served next, in order. They are `active` from here on; the record
    /// that the caller makes of it says so to whoever folds the log again.
    pub(super) fn select(&mut self, line: u32, max_jobs: usize, max_bytes: usize) -> Vec<u64> {
        let mut chosen = Vec::with_capacity(max_jobs.min(1_024));
        let mut left = max_bytes;
        let queue = self.lines[line as usize].queue;
        while chosen.len() < max_jobs {
            let Some(turn) = self.lines[line as usize].ring.turn().copied() else {
                break;
            };
            let tenant = self.lines[line as usize].turns[turn as usize].tenant;
            let next = if self.is_paused(queue, tenant) {
                Next::Nothing
            } else {
                // One job is served however large it is.
                let room = if chosen.is_empty() { usize::MAX } else { left };
                self.take_next(line, turn, room)
            };
            let ring = &mut self.lines[line as usize].ring;
            match next {
                Next::Taken(number, size) => {
                    // Alone, a tenant need not pay for its turn.
                    if ring.len() > 1 {
                        ring.charge(1);
                    }
                    left = left.saturating_sub(size);
                    chosen.push(number);
                }
                Next::TooLarge => break,
                Next::Nothing => ring.remove(&turn),
            }
        }
        chosen
    }

    /// Takes a tenant's next job off its lane, if it is no larger than `room`.
    fn take_next(&mut self, line: u32, turn: u32, room: usize) -> Next {
        loop {
            let turn = &mut self.lines[line as usize].turns[turn as usize];
            let before = turn.shares.clone();
            let Some(priority) = turn.shares.pick(turn.waiting.map(|count| count > 0)) else {
                return Next::Nothing;
            };
            let at = priority.index();
            let Some(lane) = turn.groups[at].turn().copied() else {
                return Next::Nothing;
            };
            let Some((_, number)) = self.lanes[lane as usize].first(at, &self.table) else {
                turn.shares = before;
                turn.groups[at].remove(&lane);
                continue;
            };
            let size = self
                .table
                .get(number)
                .map_or(0, |entry| entry.bytes as usize);
            if size > room {
                turn.shares = before;
                return Next::TooLarge;
            }
            if turn.groups[at].len() > 1 {
                turn.groups[at].charge(1);
            }
            self.make_active(number);
            return Next::Taken(number, size);
        }
    }

    fn make_active(&mut self, number: u64) {
        if let Some(entry) = self.table.get(number).copied() {
            self.place(number, entry, JobState::Active);
        }
    }

    /// How many jobs of the same tenant are served before this waiting one: all that are more
    /// urgent, and those of its lane that stand before it. Nobody can tell while its group is shut.
    pub(in super::super) fn place_of(&self, number: u64) -> Option<u64> {
        let waits = |entry: &&Entry| entry.state() == JobState::Waiting;
        let entry = self.table.get(number).filter(waits)?;
        let lane = Some(self.lane(entry)).filter(|lane| !lane.shut)?;
        let turn = &self.lines[lane.line as usize].turns[lane.turn as usize];
        let before: u64 = turn.waiting[..entry.priority()].iter().sum();
        let fifo = &lane.fifos[entry.priority()];
        let due_of = |other| self.table.get(other).map_or(0, Entry::due_at);
        Some(before + fifo.ahead_of((entry.due_at(), number), due_of))
    }

    /// A lease that the log tells of, or that was made by [`State::select`] just now.
    pub(super) fn lease(&mut self, number: u64) {
        let waits =
            |entry: &&Entry| entry.state().is_pending() && entry.state() != JobState::Active;
        if self.table.get(number).is_some_and(|entry| waits(&entry)) {
            self.make_active(number);
        }
    }
}
