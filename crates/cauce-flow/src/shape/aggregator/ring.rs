//! First events in the order in which they came, by a running number.
//!
//! They lie in pieces of bounded size, so that a growing or shrinking number of them never moves
//! them all at once.

use std::collections::VecDeque;

use super::Candidate;
use crate::{event::EventId, time::Timestamp};

/// First events in one piece.
const PIECE: usize = 4_096;

/// What stands where a first event was forgotten before its turn.
const BLANK: Candidate = Candidate {
    key: 0,
    id: EventId::from_u128(0),
    occurred_at: Timestamp::NEVER,
    visitor_print: 0,
    token: 0,
};

/// A first event and when it came.
#[derive(Clone, Copy, Debug)]
struct Place {
    received: Timestamp,
    first: Candidate,
}

/// First events by number, oldest first. Numbers wrap, so that at most 2^32 may be there.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring {
    pieces: VecDeque<Vec<Place>>,
    /// The number of the first place of the first piece.
    base: u32,
    /// Places of the first piece that have been popped.
    popped: usize,
    len: usize,
}

impl Ring {
    /// Places from the oldest to the newest, blank ones among them.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a first event; answers its number.
    pub(super) fn push(&mut self, first: Candidate, received: Timestamp) -> u32 {
        let number = self.number(self.popped + self.len);
        if self.pieces.back().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push_back(Vec::with_capacity(PIECE));
        }
        let piece = self
            .pieces
            .back_mut()
            .expect("one was added if there was none");
        piece.push(Place { received, first });
        self.len += 1;
        number
    }

    /// The first event of that number, which must be there.
    pub(super) fn get(&self, number: u32) -> &Candidate {
        let offset = number.wrapping_sub(self.base) as usize;
        &self.pieces[offset / PIECE][offset % PIECE].first
    }

    /// When the oldest came.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let place = self.pieces.front()?.get(self.popped)?;
        Some(place.received)
    }

    /// Takes the oldest out, with its number.
    pub(super) fn pop(&mut self) -> Option<(u32, Candidate)> {
        let number = self.number(self.popped);
        let first = self.pieces.front()?.get(self.popped)?.first;
        self.popped += 1;
        self.len -= 1;
        if self.popped == PIECE {
            self.pieces.pop_front();
            self.base = self.number(PIECE);
            self.popped = 0;
        }
        Some((number, first))
    }

    /// Blanks the first events that satisfy `gone`, and shows each with its number.
    pub(super) fn blank(
        &mut self,
        gone: impl Fn(&Candidate) -> bool,
        mut show: impl FnMut(u32, Candidate),
    ) {
        let (base, popped) = (self.base, self.popped);
        let places = self.pieces.iter_mut().flatten().enumerate().skip(popped);
        for (offset, place) in places.filter(|(_, place)| place.first != BLANK) {
            if gone(&place.first) {
                show(base.wrapping_add(offset as u32), place.first);
                place.first = BLANK;
            }
        }
    }

    fn number(&self, offset: usize) -> u32 {
        self.base.wrapping_add(offset as u32)
    }
}

#[cfg(test)]
impl Ring {
    /// Lets an empty ring number from here on.
    pub(super) fn start_at(&mut self, number: u32) {
        assert_eq!(self.len, 0);
        self.base = number;
    }
}
