//! The index of jobs: 24 bytes for each job that is still known, found by its number.
//!
//! Numbers are given in order, so a run of 512 of them shares a block, and a number is a place in
//! it. When most of an old block is gone, what is left of it moves into a short sorted list.

use std::collections::BTreeMap;

use cauce_flow::job::State;

/// What memory holds of a job; all else is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where its `Job` or `Moved` record stands.
    pub(super) position: u64,
    /// From the top: due time (42 bits), overhead (9), attempts (8), priority (2), state (3).
    packed: u64,
    /// Its lane: owner and group.
    pub(super) lane: u32,
    /// Bytes of its payload.
    pub(super) bytes: u32,
}

const EMPTY: u64 = u64::MAX;
const DUE_SHIFT: u32 = 22;
/// In the year 2109. A job that is due later is due then.
const MAX_DUE: i64 = (1 << 42) - 1;
const OVERHEAD_SHIFT: u32 = 13;
const MAX_OVERHEAD: u32 = (1 << 9) - 1;
/// The overhead is kept in steps of so many bytes, rounded up.
const OVERHEAD_STEP: u32 = 64;
const ATTEMPT_SHIFT: u32 = 5;
const PRIORITY_SHIFT: u32 = 3;

impl Entry {
    /// A job whose record at `position` has `record_bytes` bytes, `bytes` of them payload.
    pub(super) fn new(position: u64, lane: u32, bytes: u32, record_bytes: u32) -> Entry {
        let overhead = record_bytes.saturating_sub(bytes).div_ceil(OVERHEAD_STEP);
        Entry {
            position,
            packed: u64::from(overhead.min(MAX_OVERHEAD)) << OVERHEAD_SHIFT,
            lane,
            bytes,
        }
    }

    /// About how many bytes its record has; never less, but where the overhead is above 32 KiB.
    fn record_bytes(&self) -> u64 {
        let overhead = (self.packed >> OVERHEAD_SHIFT) & u64::from(MAX_OVERHEAD);
        u64::from(self.bytes) + overhead * u64::from(OVERHEAD_STEP)
    }

    /// Takes another record for the same job.
    pub(super) fn stand_at(&mut self, position: u64, record_bytes: u32) {
        let elsewhere = Entry::new(position, self.lane, self.bytes, record_bytes);
        let mask = u64::from(MAX_OVERHEAD) << OVERHEAD_SHIFT;
        self.position = position;
        self.packed = (self.packed & !mask) | elsewhere.packed;
    }

    pub(super) fn due_at(&self) -> i64 {
        (self.packed >> DUE_SHIFT) as i64
    }

    pub(super) fn set_due_at(&mut self, due_at: i64) {
        let due_at = due_at.clamp(0, MAX_DUE) as u64;
        let below = (1 << DUE_SHIFT) - 1;
        self.packed = (self.packed & below) | (due_at << DUE_SHIFT);
    }

    pub(super) fn attempt(&self) -> u8 {
        (self.packed >> ATTEMPT_SHIFT) as u8
    }

    pub(super) fn set_attempt(&mut self, attempt: u8) {
        let mask = 0xff << ATTEMPT_SHIFT;
        self.packed = (self.packed & !mask) | (u64::from(attempt) << ATTEMPT_SHIFT);
    }

    pub(super) fn priority(&self) -> usize {
        ((self.packed >> PRIORITY_SHIFT) & 3) as usize
    }

    pub(super) fn set_priority(&mut self, priority: u8) {
        let mask = 3 << PRIORITY_SHIFT;
        self.packed = (self.packed & !mask) | (u64::from(priority & 3) << PRIORITY_SHIFT);
    }

    pub(super) fn state(&self) -> State {
        State::ALL[(self.packed & 7) as usize]
    }

    fn set_state(&mut self, state: State) {
        self.packed = (self.packed & !7) | state as u64;
    }
}

const BLOCK: u64 = 512;
/// A full block with so few jobs left becomes a list.
const SPARSE: u32 = 64;

enum Slots {
    Dense(Box<[Entry]>),
    Sparse(Vec<(u16, Entry)>),
}

struct Block {
    slots: Slots,
    live: u32,
    in_state: [u16; 8],
}

impl Block {
    fn new() -> Block {
        let empty = Entry::new(EMPTY, 0, 0, 0);
        Block {
            slots: Slots::Dense(vec![empty; BLOCK as usize].into_boxed_slice()),
            live: 0,
            in_state: [0; 8],
        }
    }

    fn slot(&self, place: u16) -> Option<&Entry> {
        match &self.slots {
            Slots::Dense(all) => all.get(usize::from(place)).filter(|e| e.position != EMPTY),
            Slots::Sparse(some) => some
                .binary_search_by_key(&place, |(at, _)| *at)
                .ok()
                .map(|at| &some[at].1),
        }
    }

    fn slot_mut(&mut self, place: u16) -> Option<&mut Entry> {
        match &mut self.slots {
            Slots::Dense(all) => all
                .get_mut(usize::from(place))
                .filter(|e| e.position != EMPTY),
            Slots::Sparse(some) => match some.binary_search_by_key(&place, |(at, _)| *at) {
                Ok(at) => Some(&mut some[at].1),
                Err(_) => None,
            },
        }
    }

    fn insert(&mut self, place: u16, entry: Entry) {
        match &mut self.slots {
            Slots::Dense(all) => all[usize::from(place)] = entry,
            Slots::Sparse(some) => {
                let at = some.partition_point(|(at, _)| *at < place);
                some.insert(at, (place, entry));
            }
        }
        self.live += 1;
        self.in_state[entry.state() as usize] += 1;
    }

    fn remove(&mut self, place: u16) -> Option<Entry> {
        let removed = *self.slot(place)?;
        match &mut self.slots {
            Slots::Dense(all) => all[usize::from(place)].position = EMPTY,
            Slots::Sparse(some) => {
                some.remove(some.partition_point(|(at, _)| *at < place));
            }
        }
        self.live -= 1;
        self.in_state[removed.state() as usize] -= 1;
        Some(removed)
    }

    fn thin_out(&mut self) {
        if let Slots::Dense(all) = &self.slots {
            let kept = (0u16..)
                .zip(all.iter())
                .filter(|(_, entry)| entry.position != EMPTY);
            self.slots = Slots::Sparse(kept.map(|(at, entry)| (at, *entry)).collect());
        }
    }

    fn bytes(&self) -> usize {
        let slots = match &self.slots {
            Slots::Dense(all) => all.len() * size_of::<Entry>(),
            Slots::Sparse(some) => some.capacity() * size_of::<(u16, Entry)>(),
        };
        slots + size_of::<Block>()
    }
}

/// All jobs that are still known, by number.
#[derive(Default)]
pub(super) struct Table {
    blocks: BTreeMap<u64, Block>,
    live: u64,
    /// Bytes of the records of all entries.
    record_bytes: u64,
    /// One above the largest number seen.
    next: u64,
}

fn split(number: u64) -> (u64, u16) {
    (number / BLOCK, (number % BLOCK) as u16)
}

impl Table {
    pub(super) fn len(&self) -> u64 {
        self.live
    }

    pub(super) fn record_bytes(&self) -> u64 {
        self.record_bytes
    }

    pub(super) fn get(&self, number: u64) -> Option<&Entry> {
        let (block, place) = split(number);
        self.blocks.get(&block)?.slot(place)
    }

    /// Takes a job in `state`, in the place of what had its number before.
    pub(super) fn insert(&mut self, number: u64, mut entry: Entry, state: State) {
        if self.update(number, state, |known| *known = entry).is_some() {
            return;
        }
        entry.set_state(state);
        let (block, place) = split(number);
        self.blocks
            .entry(block)
            .or_insert_with(Block::new)
            .insert(place, entry);
        self.live += 1;
        self.record_bytes += entry.record_bytes();
        self.next = self.next.max(number + 1);
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Entry> {
        let (key, place) = split(number);
        let block = self.blocks.get_mut(&key)?;
        let removed = block.remove(place)?;
        self.live -= 1;
        self.record_bytes -= removed.record_bytes();
        let full = self.next > (key + 1) * BLOCK;
        if block.live == 0 && full {
            self.blocks.remove(&key);
        } else if block.live <= SPARSE && full {
            block.thin_out();
        }
        Some(removed)
    }

    /// Changes a job, and its state with it.
    pub(super) fn update(
        &mut self,
        number: u64,
        state: State,
        change: impl FnOnce(&mut Entry),
    ) -> Option<Entry> {
        let (key, place) = split(number);
        let block = self.blocks.get_mut(&key)?;
        let entry = block.slot_mut(place)?;
        let (before, bytes_before) = (entry.state(), entry.record_bytes());
        change(entry);
        entry.set_state(state);
        let after = *entry;
        block.in_state[before as usize] -= 1;
        block.in_state[state as usize] += 1;
        self.record_bytes = self.record_bytes - bytes_before + after.record_bytes();
        Some(after)
    }

    /// Jobs in one of `states` (a bit each) with numbers below `below`, newest first, until `visit`
    /// says stop. Blocks without such a job cost nothing.
    pub(super) fn visit_down(
        &self,
        below: u64,
        states: u8,
        mut visit: impl FnMut(u64, &Entry) -> bool,
    ) {
        for (key, block) in self.blocks.range(..=below / BLOCK).rev() {
            let wanted = |state: usize| states & (1 << state) != 0;
            if !(0..8).any(|state| wanted(state) && block.in_state[state] > 0) {
                continue;
            }
            let base = key * BLOCK;
            let mut take = |place: u16, entry: &Entry| {
                let number = base + u64::from(place);
                let fits =
                    entry.position != EMPTY && number < below && wanted(entry.state() as usize);
                !fits || visit(number, entry)
            };
            let go_on = match &block.slots {
                Slots::Dense(all) => (0..BLOCK as u16)
                    .rev()
                    .all(|at| take(at, &all[usize::from(at)])),
                Slots::Sparse(some) => some.iter().rev().all(|(at, entry)| take(*at, entry)),
            };
            if !go_on {
                return;
            }
        }
    }

    /// Bytes of memory that the index takes.
    pub(super) fn bytes(&self) -> usize {
        // A B-tree node holds up to 11 entries and is at least half full.
        self.blocks
            .values()
            .map(|block| block.bytes() + 2 * size_of::<u64>())
            .sum()
    }
}

#[cfg(test)]
mod tests;
