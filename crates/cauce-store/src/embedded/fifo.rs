//! A line of job numbers in order of due time, then arrival.
//!
//! Jobs nearly always come in that order, so they stand in blocks of at most 512 numbers: 8 bytes a
//! job. The few that come out of order (a retry whose due time lies before that of the last
//! arrival) stand in a small tree beside it.
//!
//! A number that leaves in some other way than being served (cancelled, expired, another priority)
//! is taken out at once, so that a job that comes back with another due time stands in one place
//! only.

use std::collections::{BTreeSet, VecDeque};

const BLOCK: usize = 512;
/// What stands in the place of a number that has left; numbers begin at 1.
const GONE: u64 = 0;

/// Due time, then number: the order of service.
pub(super) type Rank = (i64, u64);

#[derive(Default)]
pub(super) struct Fifo {
    blocks: VecDeque<Block>,
    /// Rank of the number that was pushed last.
    last: Option<Rank>,
    /// Rank of the first number in the blocks, where it is known.
    front: Option<Rank>,
    beside: BTreeSet<Rank>,
}

/// Numbers in order. At least one of them is still here.
struct Block {
    /// Rank of the number that was pushed into it first.
    first: Rank,
    /// Places before this one are gone.
    head: usize,
    live: usize,
    numbers: Vec<u64>,
}

impl Block {
    fn new(first: Rank) -> Block {
        Block {
            first,
            head: 0,
            live: 0,
            numbers: Vec::new(),
        }
    }

    fn push(&mut self, number: u64) {
        self.numbers.push(number);
        self.live += 1;
    }

    fn front(&mut self) -> Option<u64> {
        while *self.numbers.get(self.head)? == GONE {
            self.head += 1;
        }
        self.numbers.get(self.head).copied()
    }

    fn remove(&mut self, number: u64) -> bool {
        let behind = &mut self.numbers[self.head..];
        let Some(place) = behind.iter().position(|other| *other == number) else {
            return false;
        };
        behind[place] = GONE;
        self.live -= 1;
        true
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        let behind = self.numbers[self.head..].iter().copied();
        behind.filter(|number| *number != GONE)
    }
}

impl Fifo {
    /// Takes a number that is due at `due_at`.
    pub(super) fn push(&mut self, due_at: i64, number: u64) {
        let rank = (due_at, number);
        let in_order = self.blocks.is_empty() || self.last.is_none_or(|last| last <= rank);
        if !in_order {
            self.beside.insert(rank);
            return;
        }
        self.last = Some(rank);
        if self.blocks.is_empty() {
            self.front = Some(rank);
        }
        match self.blocks.back_mut() {
            Some(block) if block.numbers.len() < BLOCK => block.push(number),
            Some(_) | None => {
                let mut block = Block::new(rank);
                block.push(number);
                self.blocks.push_back(block);
            }
        }
    }

    /// Takes a number out, wherever it stands. Answers whether it was here.
    pub(super) fn remove(&mut self, due_at: i64, number: u64) -> bool {
        let rank = (due_at, number);
        if !self.beside.is_empty() && self.beside.remove(&rank) {
            return true;
        }
        let place = self.blocks.partition_point(|block| block.first <= rank);
        let Some(place) = place.checked_sub(1) else {
            return false;
        };
        if !self.blocks[place].remove(number) {
            return false;
        }
        if self.front == Some(rank) {
            self.front = None;
        }
        if self.blocks[place].live == 0 {
            self.blocks.remove(place);
        }
        true
    }

    /// The number to be served next, with its due time. `due_of` gives the due time of a number
    /// that stands here.
    pub(super) fn peek(&mut self, due_of: impl FnOnce(u64) -> i64) -> Option<Rank> {
        if self.front.is_none() {
            let first = self.blocks.front_mut().and_then(Block::front);
            self.front = first.map(|number| (due_of(number), number));
        }
        match (self.front, self.beside.first().copied()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// How many numbers stand before this rank.
    pub(super) fn ahead_of(&self, rank: Rank, due_of: impl Fn(u64) -> i64) -> u64 {
        let until = self.blocks.partition_point(|block| block.first <= rank);
        let before = until.saturating_sub(1);
        let whole: usize = self.blocks.range(..before).map(|block| block.live).sum();
        let part = self.blocks.range(before..until).flat_map(Block::numbers);
        let part = part.filter(|number| (due_of(*number), *number) < rank);
        (whole + part.count() + self.beside.range(..rank).count()) as u64
    }

    /// How many numbers stand here.
    pub(super) fn len(&self) -> u64 {
        let in_order: usize = self.blocks.iter().map(|block| block.live).sum();
        (in_order + self.beside.len()) as u64
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        /// A rank in a tree, with its share of nodes that are half full.
        const BESIDE: usize = 32;
        let blocks = self.blocks.iter().map(|block| block.numbers.capacity() * 8);
        blocks.sum::<usize>()
            + self.blocks.capacity() * size_of::<Block>()
            + self.beside.len() * BESIDE
    }
}

#[cfg(test)]
mod tests;
