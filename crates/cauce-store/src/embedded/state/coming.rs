//! How a job comes to be known: it was taken, or copied forward.

use cauce_flow::job::State as JobState;

use super::{
    super::{
        record::{JobHead, Standing},
        table::Entry,
    },
    State,
};

impl State {
    pub(super) fn fold_job(&mut self, position: u64, bytes: u32, head: &JobHead) {
        self.tick(head.enqueued_at);
        self.numbers_given(head.number);
        self.next_number = self.next_number.max(head.number + 1);
        let counters = self.counters_of(head.owner.queue, head.owner.tenant);
        counters.accepted += 1;
        counters.received += 1;
        if head.key != 0 {
            self.keys.insert(head.key, head.number, head.enqueued_at);
        }
        let lane = self.lane_number(head.owner, head.group);
        self.groups.accept(self.lanes[lane as usize].kept);
        let mut entry = Entry::new(position, lane, head.payload_len, bytes);
        entry.set_priority(head.priority);
        entry.set_due_at(head.due_at);
        self.watch_expiry(head.number, head.expires_at);
        self.learn_key(head.number, lane, head.coalesce, false);
        self.place(head.number, entry, self.pending_state(head.due_at));
    }

    fn watch_expiry(&mut self, number: u64, expires_at: i64) {
        if expires_at != i64::MAX {
            self.expiry.set(expires_at, number);
        }
    }

    /// A job lives until another time than its record says; 0 changes nothing.
    pub(super) fn renew(&mut self, number: u64, expires_at: i64) {
        if expires_at == 0 {
            return;
        }
        self.renewed.insert(number, expires_at);
        self.watch_expiry(number, expires_at);
    }

    pub(super) fn fold_moved(
        &mut self,
        position: u64,
        bytes: u32,
        head: &JobHead,
        standing: &Standing,
    ) {
        self.numbers_given(head.number + 1);
        self.find_lost(head.number, head.owner, standing.state);
        let known = self.table.get(head.number).is_some();
        let lane = self.lane_number(head.owner, head.group);
        let mut entry = Entry::new(position, lane, head.payload_len, bytes);
        entry.set_priority(standing.priority);
        entry.set_attempt(standing.attempt);
        entry.set_due_at(standing.due_at);
        self.chains.remove(&head.number);
        if standing.leaving {
            self.leaving.insert(head.number);
        }
        if standing.rescues > 0 {
            self.rescues.insert(head.number, standing.rescues);
        }
        if known {
            // Copied forward in life: it stays where it is in its line.
            self.take_position(head.number, position, bytes);
            return;
        }
        self.learn_key(head.number, lane, head.coalesce, standing.outdated);
        match standing.expires_at {
            0 => self.watch_expiry(head.number, head.expires_at),
            renewed => self.renew(head.number, renewed),
        }
        match standing.state {
            JobState::Scheduled | JobState::Waiting => {
                self.place(head.number, entry, self.pending_state(standing.due_at));
            }
            JobState::Active => self.place(head.number, entry, standing.state),
            JobState::Completed
            | JobState::Dead
            | JobState::Unknown
            | JobState::Expired
            | JobState::Cancelled => {
                self.place(head.number, entry, standing.state);
                self.note_end(head.number, standing);
                self.keep_finished(
                    head.owner.queue,
                    head.number,
                    standing.state,
                    standing.finished_at,
                );
            }
        }
    }

    fn take_position(&mut self, number: u64, position: u64, bytes: u32) {
        let Some(entry) = self.table.get(number).copied() else {
            return;
        };
        let update = |entry: &mut Entry| entry.stand_at(position, bytes);
        self.table.update(number, entry.state(), update);
    }
}
