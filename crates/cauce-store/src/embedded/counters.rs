//! The durable counters of each tenant and queue.
//!
//! They are folded from the same records as the jobs, so a commit changes both or neither. What
//! has ended is counted for ever; what is pending is counted from the jobs themselves, and the law
//! `accepted = completed + dead + expired + cancelled + unknown + pending` ties the two together.

use std::collections::BTreeMap;

use cauce_flow::job::State;

use super::record::NameId;
use cauce_log::codec::{Decoder, Encode, Malformed};

/// The counters of all tenants and queues. Each has a place, by which jobs find it at once.
#[derive(Default)]
pub(super) struct Ledger {
    places: BTreeMap<(NameId, NameId), u32>,
    all: Vec<Counters>,
}

impl Ledger {
    /// The place of a tenant's counters in a queue; made when it is new.
    pub(super) fn place(&mut self, queue: NameId, tenant: NameId) -> u32 {
        let next = u32::try_from(self.all.len()).expect("fewer than four billion tenants");
        let place = *self.places.entry((queue, tenant)).or_insert(next);
        if place == next {
            self.all.push(Counters::default());
        }
        place
    }

    /// The counters of a tenant in a queue, if there are any.
    pub(super) fn get(&self, queue: NameId, tenant: NameId) -> Option<&Counters> {
        let place = *self.places.get(&(queue, tenant))?;
        self.all.get(place as usize)
    }

    /// The counters at a place that was given.
    pub(super) fn at(&mut self, place: u32) -> &mut Counters {
        &mut self.all[place as usize]
    }

    /// The counters of a tenant in a queue.
    pub(super) fn of(&mut self, queue: NameId, tenant: NameId) -> &mut Counters {
        let place = self.place(queue, tenant);
        self.at(place)
    }

    /// The store is open: what is told since then begins.
    pub(super) fn opened(&mut self) {
        for counters in &mut self.all {
            counters.reached = [0; 8];
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them, by queue, then tenant, with their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NameId, NameId, u32, &Counters)> {
        let of = |((queue, tenant), place): (&(NameId, NameId), &u32)| {
            (*queue, *tenant, *place, &self.all[*place as usize])
        };
        self.places.iter().map(of)
    }
}

/// The figures of one tenant in one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) accepted: u64,
    pub(super) completed: u64,
    pub(super) dead: u64,
    pub(super) unknown: u64,
    pub(super) expired: u64,
    pub(super) cancelled: u64,
    /// Of the cancelled ones, those that a newer job replaced.
    pub(super) superseded: u64,
    pub(super) retried: u64,
    pub(super) received: u64,
    pub(super) duplicates: u64,
    pub(super) withheld: u64,
    pub(super) rejected: u64,
    /// Jobs that reached each end state since the store was opened, those that have left it again
    /// with them.
    pub(super) reached: [u64; 8],
    /// Jobs in the table by state: what is there now, not what was ever.
    pub(super) present: [u64; 8],
    pub(super) waiting_by_priority: [u64; 4],
    pub(super) delayed: u64,
    pub(super) pending_bytes: u64,
}

impl Counters {
    /// The counter of an end state; none for a state that is not an end.
    pub(super) fn ended(&mut self, state: State) -> Option<&mut u64> {
        match state {
            State::Completed => Some(&mut self.completed),
            State::Dead => Some(&mut self.dead),
            State::Unknown => Some(&mut self.unknown),
            State::Expired => Some(&mut self.expired),
            State::Cancelled => Some(&mut self.cancelled),
            State::Scheduled | State::Waiting | State::Active => None,
        }
    }

    /// A job reached an end state.
    pub(super) fn end(&mut self, state: State) {
        if let Some(counter) = self.ended(state) {
            *counter += 1;
            self.reached[state as usize] += 1;
        }
    }

    /// A job left an end state again.
    pub(super) fn revive(&mut self, state: State) {
        if let Some(counter) = self.ended(state) {
            *counter = counter.saturating_sub(1);
        }
    }

    /// Jobs that are accepted and have not ended, by the durable counters.
    pub(super) fn pending(&self) -> u64 {
        let ended = self.completed + self.dead + self.unknown + self.expired + self.cancelled;
        self.accepted.saturating_sub(ended)
    }

    /// Takes what is found in each state for true.
    pub(super) fn agree(&mut self, found: &[u64; 8]) {
        let unknown = found[State::Unknown as usize];
        let pending: u64 = found[..3].iter().sum();
        self.dead += self.unknown.saturating_sub(unknown);
        self.unknown = unknown;
        self.dead += self.pending().saturating_sub(pending);
        let ended = self.completed + self.dead + self.unknown + self.expired + self.cancelled;
        let untold = (ended + pending).saturating_sub(self.accepted);
        self.accepted += untold;
        self.received += untold;
    }

    fn durable(&self) -> [u64; 11] {
        [
            self.accepted,
            self.completed,
            self.dead,
            self.unknown,
            self.expired,
            self.cancelled,
            self.retried,
            self.received,
            self.duplicates,
            self.withheld,
            self.rejected,
        ]
    }

    /// Appends the figures that cannot be counted again from the jobs.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        for figure in self.durable() {
            out.put_u64(figure);
        }
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Counters, Malformed> {
        Ok(Counters {
            accepted: from.u64()?,
            completed: from.u64()?,
            dead: from.u64()?,
            unknown: from.u64()?,
            expired: from.u64()?,
            cancelled: from.u64()?,
            retried: from.u64()?,
            received: from.u64()?,
            duplicates: from.u64()?,
            withheld: from.u64()?,
            rejected: from.u64()?,
            ..Counters::default()
        })
    }
}
