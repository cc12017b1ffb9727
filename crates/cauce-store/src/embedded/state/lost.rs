//! Jobs whose own record is damaged, so that the fold never came to know them.
//!
//! Job numbers are given in order, so a number that is passed over is such a job; and a base, or a
//! later record that names one, tells of those at the end. What later records say of it is noted,
//! without touching a counter. When the whole log is read, one record says what became of them:
//! it counts them as taken, and as dead where no record says that they had ended.

use std::collections::BTreeMap;

use cauce_flow::job::State as JobState;

use super::{
    super::record::{Burial, NameId, Owner},
    State,
    ends::End,
};

/// What is known of a job whose record is damaged.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Lost {
    /// Whose it is, where a later record tells.
    pub(in super::super) owner: Option<Owner>,
    /// The end that a later record tells of.
    pub(in super::super) ended: Option<JobState>,
    /// It was taken off the lists.
    pub(in super::super) forgotten: bool,
}

impl State {
    /// The jobs that no record has told of, with what is known of them.
    pub(in super::super) fn lost(&self) -> BTreeMap<u64, Lost> {
        self.lost.clone()
    }

    /// All numbers below `next` were given.
    pub(super) fn numbers_given(&mut self, next: u64) {
        if self.based {
            let missed = (self.next_number..next).map(|number| (number, Lost::default()));
            self.lost.extend(missed);
        }
        self.next_number = self.next_number.max(next);
    }

    /// A record tells of a job. Answers whether the job is lost: then this is noted, and all.
    pub(super) fn tell_lost(&mut self, owner: Owner, number: u64, ended: Option<JobState>) -> bool {
        if number >= self.next_number {
            self.numbers_given(number + 1);
        }
        let Some(lost) = self.lost.get_mut(&number) else {
            return false;
        };
        (lost.owner, lost.ended) = (Some(owner), ended);
        true
    }

    pub(super) fn forget_lost(&mut self, number: u64) {
        if let Some(lost) = self.lost.get_mut(&number) {
            lost.forgotten = true;
        }
    }

    /// A job that seemed lost is told of as a whole after all.
    pub(super) fn find_lost(&mut self, number: u64, owner: Owner, state: JobState) {
        if self.lost.remove(&number).is_some() {
            self.count_taken(owner.queue, owner.tenant);
            self.counters_of(owner.queue, owner.tenant).end(state);
        }
    }

    fn count_taken(&mut self, queue: NameId, tenant: NameId) {
        let counters = self.counters_of(queue, tenant);
        counters.accepted += 1;
        counters.received += 1;
    }

    /// Says what became of a lost job. Where the log begins behind the place of its record, the
    /// base has counted it, and it did not seem lost.
    pub(super) fn fold_lost(&mut self, burial: &Burial, number: u64) {
        let Burial {
            owner, at, state, ..
        } = *burial;
        let seemed_lost = self.lost.contains_key(&number);
        self.find_lost(number, owner, state);
        if !seemed_lost && burial.buried {
            let code = "damaged";
            self.end(owner, number, End { state, at, code });
        }
    }
}
