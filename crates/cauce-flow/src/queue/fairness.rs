//! Whose turn it is: between the priorities of a line, and between the tenants of a priority.
//!
//! Priorities are served strictly, with one exception: a lower one that waits behind a higher one
//! saves up a small share of every turn, and is served out of turn once it has saved a whole one.
//! Tenants take turns by deficit round robin (Shreedhar and Varghese, "Efficient Fair Queuing Using
//! Deficit Round-Robin", 1995), in the form that lets a tenant overdraw and pay back later, so that
//! the cost of a job need not be known before it is served.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use crate::priority::Priority;

/// What a turn costs, in hundredths of itself.
const WHOLE_TURN: u32 = 100;

/// Serves the most urgent priority and leaves a small share to the others.
#[derive(Clone, Debug)]
pub struct PriorityShares {
    percent: [u32; 4],
    saved: [u32; 4],
}

impl PriorityShares {
    /// `percent` of the turns go to each priority while more urgent ones wait; that of the first is
    /// not used.
    ///
    /// # Panics
    /// When the shares leave nothing to the most urgent one.
    pub fn new(percent: [u32; 4]) -> PriorityShares {
        let lower: u32 = percent[1..].iter().sum();
        assert!(
            lower < WHOLE_TURN,
            "the shares of the lower priorities come to 100 % or more"
        );
        PriorityShares {
            percent,
            saved: [0; 4],
        }
    }

    /// Whose turn it is among the priorities that have something waiting.
    pub fn pick(&mut self, waiting: [bool; 4]) -> Option<Priority> {
        let first = waiting.iter().position(|waits| *waits)?;
        self.save(first, waiting);
        let richest = (first + 1..4).filter(|p| self.saved[*p] >= WHOLE_TURN);
        // With equal savings the more urgent one goes first.
        let due = richest.max_by_key(|p| (self.saved[*p], 4 - p));
        if let Some(place) = due {
            self.saved[place] -= WHOLE_TURN;
        }
        Priority::from_index(due.unwrap_or(first))
    }

    /// Saving is for those that wait behind another: whoever has nothing waiting, or is first in
    /// any case, starts from nothing, so that no burst is saved up.
    fn save(&mut self, first: usize, waiting: [bool; 4]) {
        for (place, waits) in waiting.into_iter().enumerate() {
            if place > first && waits {
                self.saved[place] += self.percent[place];
            } else {
                self.saved[place] = 0;
            }
        }
    }
}

/// Lets keys (tenants, say) take turns that cost the same, whatever their jobs cost.
///
/// Adding, removing, and finding whose turn it is take constant time on average, however many
/// there are.
#[derive(Clone, Debug)]
pub struct TurnTaker<K> {
    quantum: u64,
    /// Whoever is in front has the turn. Holds stale seats of keys that were removed.
    order: VecDeque<(K, u64)>,
    /// The seat of each key that takes part. Looked up, never walked, so its order cannot be seen.
    seats: HashMap<K, Seat>,
    next_seat: u64,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    number: u64,
    /// What is left of the turn; below zero, what was overdrawn.
    credit: i64,
}

impl<K: Clone + Eq + Hash> TurnTaker<K> {
    /// Nobody takes part. A turn lasts until `quantum` (jobs, or bytes) is used up.
    ///
    /// # Panics
    /// When `quantum` is zero.
    pub fn new(quantum: u64) -> TurnTaker<K> {
        assert!(quantum > 0, "a turn lasts for nothing");
        TurnTaker {
            quantum,
            order: VecDeque::new(),
            seats: HashMap::new(),
            next_seat: 0,
        }
    }

    /// A key takes part, behind all others; nothing happens if it does already.
    pub fn add(&mut self, key: K) {
        if self.seats.contains_key(&key) {
            return;
        }
        let number = self.next_seat;
        self.next_seat += 1;
        let credit = self.whole_turn();
        self.seats.insert(key.clone(), Seat { number, credit });
        self.order.push_back((key, number));
    }

    /// A key no longer takes part: it has nothing left.
    pub fn remove(&mut self, key: &K) {
        if self.seats.remove(key).is_none() {
            return;
        }
        // Stale seats are cleared away once they are the greater part, so that coming and going
        // costs no memory.
        if self.order.len() > 2 * self.seats.len() + 8 {
            let seats = &self.seats;
            let taken =
                |(key, number): &(K, u64)| seats.get(key).is_some_and(|s| s.number == *number);
            self.order.retain(taken);
        }
    }

    /// Whose turn it is; the same one until its turn is used up.
    pub fn turn(&mut self) -> Option<&K> {
        loop {
            let (key, number) = self.order.front()?;
            match self.seats.get(key) {
                Some(seat) if seat.number == *number => break,
                _ => self.order.pop_front(),
            };
        }
        self.order.front().map(|(key, _)| key)
    }

    /// Whoever has the turn was served at this cost.
    pub fn charge(&mut self, cost: u64) {
        let Some(key) = self.turn().cloned() else {
            return;
        };
        if let Some(seat) = self.seats.get_mut(&key) {
            seat.credit = seat.credit.saturating_sub_unsigned(cost);
        }
        self.pass_on();
    }

    /// Everybody who takes part, in the order of their turns.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        let seated =
            |(key, number): &&(K, u64)| self.seats.get(key).is_some_and(|s| s.number == *number);
        self.order.iter().filter(seated).map(|(key, _)| key)
    }

    /// How many take part.
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether nobody takes part.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Moves on to the next one that has credit. Each one passed over gets a quantum, so even a
    /// large overdraft is paid back in as many rounds as it has quanta.
    fn pass_on(&mut self) {
        let quantum = self.whole_turn();
        while let Some(key) = self.turn().cloned() {
            let Some(seat) = self.seats.get_mut(&key) else {
                return;
            };
            if seat.credit > 0 {
                return;
            }
            seat.credit += quantum;
            self.order.rotate_left(1);
        }
    }

    fn whole_turn(&self) -> i64 {
        i64::try_from(self.quantum).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests;
