//! What each record changes.

use bytes::Bytes;
use cauce_flow::job::State as JobState;

use super::{
    super::{
        gathering::gather,
        record::{Again, NameId, Owner, Record, Settle, Settled, SettledOutcome},
        table::Entry,
    },
    State,
    ends::{End, ended_code},
    unread::queue_of,
};
use crate::jobs::{DropReason, ends};

/// How a [`Record::Dropped`] names its reason.
pub(super) const DROPPED_DUPLICATE: u8 = 0;
const DROPPED_WITHHELD: u8 = 1;
const DROPPED_REJECTED: u8 = 2;

/// The number of a reason in a record.
pub(super) fn drop_code(why: DropReason) -> u8 {
    match why {
        DropReason::Withheld => DROPPED_WITHHELD,
        DropReason::Rejected => DROPPED_REJECTED,
    }
}

impl State {
    /// Takes in a record that stands at `position` and has `bytes` bytes.
    pub(in super::super) fn fold(&mut self, position: u64, bytes: u32, record: &Record) {
        gather(&mut self.gathered, position, record);
        self.note_news(position, record);
        match record {
            Record::Base(body) | Record::Spare(body) => self.fold_base(body),
            Record::Name { id, text } => {
                self.names.learn(*id, text);
                self.unread.learn(&self.names);
            }
            Record::Job(head) => self.fold_job(position, bytes, head),
            Record::Moved { head, standing } => self.fold_moved(position, bytes, head, standing),
            Record::Lease {
                owner,
                at,
                requests,
                jobs,
            } => {
                self.tick(*at);
                self.fold_starts(owner.queue, owner.account, *at, *requests);
                for number in jobs {
                    if !self.tell_lost(*owner, *number, None) {
                        self.lease(*number);
                    }
                }
            }
            Record::Begin {
                queue,
                account,
                at,
                requests,
                jobs,
            } => {
                self.tick(*at);
                self.fold_starts(*queue, *account, *at, *requests);
                let known = |number: &&u64| self.table.get(**number).is_some();
                self.leaving.extend(jobs.iter().filter(known));
            }
            Record::Settle(settle) => self.fold_settle(position, settle),
            Record::End {
                owner,
                at,
                state,
                jobs,
            } => {
                self.tick(*at);
                let (state, at, code) = (*state, *at, ended_code(*state));
                for number in jobs {
                    if !self.tell_lost(*owner, *number, Some(state)) {
                        self.end(*owner, *number, End { state, at, code });
                    }
                }
            }
            Record::Rescue {
                owner,
                at,
                state,
                jobs,
            } => {
                self.tick(*at);
                jobs.iter()
                    .for_each(|number| self.fold_rescue(*owner, *number, *state, *at));
            }
            Record::Replay { owner, from, jobs } => {
                jobs.iter()
                    .for_each(|again| self.fold_replay(*owner, *from, again));
            }
            Record::Resolve {
                owner,
                at,
                job,
                state,
            } => {
                self.tick(*at);
                let (state, at, code) = (*state, *at, ends::RESOLVED);
                if !self.tell_lost(*owner, *job, Some(state)) {
                    self.revive(*owner, *job, JobState::Unknown);
                    self.end(*owner, *job, End { state, at, code });
                }
            }
            Record::Forget { jobs } => {
                for number in jobs {
                    self.forget_lost(*number);
                    self.drop_job(*number);
                }
            }
            Record::Agree { at } => {
                self.tick(*at);
                self.agree();
            }
            Record::Group(told) => self.fold_group(told),
            Record::Lost { burial, jobs } => {
                self.tick(burial.at);
                jobs.iter()
                    .for_each(|number| self.fold_lost(burial, *number));
            }
            Record::Change {
                job,
                priority,
                due_at,
            } => self.fold_change(*job, *priority, *due_at),
            Record::Gate {
                queue,
                tenant,
                gate,
            } => self.fold_gate(*queue, *tenant, *gate),
            Record::Note {
                queue,
                account,
                note,
            } => {
                let line = self.line_number_or_new(*queue, *account);
                self.lines[line as usize].note = Some(Bytes::copy_from_slice(note));
            }
            Record::Dropped {
                queue,
                tenant,
                at,
                why,
                count,
            } => {
                self.tick(*at);
                self.fold_dropped(*queue, *tenant, *why, *count);
            }
            Record::Superseded {
                owner,
                at,
                by,
                jobs,
            } => {
                self.tick(*at);
                for number in jobs {
                    if !self.tell_lost(*owner, *number, Some(JobState::Cancelled)) {
                        self.fold_superseded(*owner, *at, *by, *number);
                    }
                }
            }
            Record::Keys { keys } => {
                for (hash, number, at) in keys {
                    self.keys.insert(*hash, *number, *at);
                }
            }
        }
    }

    fn note_news(&mut self, position: u64, record: &Record) {
        if self.unread.is_off() {
            return;
        }
        let queue = match record {
            Record::Change { job, .. } => {
                let entry = self.table.get(*job);
                entry.map(|entry| self.lane(entry).owner.queue)
            }
            Record::Moved { head, .. } if self.unread.is_whole() => Some(head.owner.queue),
            other => queue_of(other),
        };
        if queue.is_some_and(|queue| self.unread.follows(queue)) {
            self.unread.note(position);
        }
    }

    /// Time goes on, and never back.
    pub(in super::super) fn tick(&mut self, at: i64) {
        self.clock = self.clock.max(at);
    }

    fn fold_starts(&mut self, queue: NameId, account: NameId, at: i64, requests: u32) {
        let line = self.line_number_or_new(queue, account);
        self.lines[line as usize].starts.add(at, requests);
    }

    fn fold_settle(&mut self, position: u64, settle: &Settle) {
        self.tick(settle.at);
        for job in &settle.jobs {
            self.settle_one(position, settle, job);
        }
    }

    fn settle_one(&mut self, position: u64, settle: &Settle, job: &Settled) {
        let (owner, number) = (settle.owner, job.number);
        if self.tell_lost(owner, number, job.outcome.end()) {
            return;
        }
        if job.attempt_number > 1 {
            self.counters_of(owner.queue, owner.tenant).retried += 1;
        }
        let counts = !matches!(
            job.outcome,
            SettledOutcome::Release | SettledOutcome::Snooze { .. }
        );
        if counts
            && job.attempt_number > 0
            && let Some(state) = self.table.get(number).map(Entry::state)
        {
            self.recount_attempt(number, state, job.attempt_number);
        }
        let told = match job.outcome {
            SettledOutcome::Release => false,
            SettledOutcome::Snooze { .. } => job.attempt.is_some(),
            _ => true,
        };
        if told {
            self.chain(position, job);
        }
        match &job.outcome {
            SettledOutcome::Release => self.return_to_line(number, None),
            SettledOutcome::Retry { due_at } | SettledOutcome::Snooze { due_at } => {
                self.return_to_line(number, Some(*due_at));
            }
            SettledOutcome::Superseded { by } => {
                self.fold_superseded(owner, settle.at, *by, number);
            }
            SettledOutcome::Completed { .. } => {
                self.settle_for_good(settle, number, JobState::Completed, None);
            }
            SettledOutcome::Dead { reason } => {
                self.settle_for_good(settle, number, JobState::Dead, Some(*reason));
            }
            SettledOutcome::Unknown { reason } => {
                self.settle_for_good(settle, number, JobState::Unknown, Some(*reason));
            }
            SettledOutcome::Cancelled { reason } => {
                self.settle_for_good(settle, number, JobState::Cancelled, Some(*reason));
            }
        }
    }

    fn settle_for_good(
        &mut self,
        settle: &Settle,
        number: u64,
        state: JobState,
        reason: Option<u32>,
    ) {
        let reason = reason.and_then(|place| settle.reasons.get(place as usize));
        let code = reason.map_or("", |reason| &reason.code);
        let at = settle.at;
        self.end(settle.owner, number, End { state, at, code });
    }

    /// The record at `position` tells of an attempt of the job.
    fn chain(&mut self, position: u64, job: &Settled) {
        if self.table.get(job.number).is_some() {
            self.chains.insert(job.number, position);
        }
    }

    fn recount_attempt(&mut self, number: u64, state: JobState, attempt: u8) {
        let Some(entry) = self.table.get(number).copied() else {
            return;
        };
        self.count(&entry, state, super::Step::Out);
        let after = self
            .table
            .update(number, state, |entry| entry.set_attempt(attempt));
        self.count(&after.unwrap_or(entry), state, super::Step::In);
    }

    fn return_to_line(&mut self, number: u64, due_at: Option<i64>) {
        let Some(mut entry) = self.table.get(number).copied() else {
            return;
        };
        if let Some(due_at) = due_at {
            entry.set_due_at(due_at);
        }
        self.place(number, entry, self.pending_state(entry.due_at()));
    }

    fn fold_rescue(&mut self, owner: Owner, number: u64, state: JobState, at: i64) {
        let ended = Some(state).filter(|state| !state.is_pending());
        if self.tell_lost(owner, number, ended) {
            return;
        }
        *self.rescues.entry(number).or_default() += 1;
        if state == JobState::Waiting {
            self.return_to_line(number, None);
        } else {
            let code = ends::code_of_rescue(state).unwrap_or(ends::CRASHED);
            self.end(owner, number, End { state, at, code });
        }
        if self.table.get(number).is_none() {
            self.rescues.remove(&number);
        }
    }

    fn fold_replay(&mut self, owner: Owner, from: JobState, again: &Again) {
        let (number, due_at) = (again.number, again.due_at);
        if self.tell_lost(owner, number, None) {
            return;
        }
        self.revive(owner, number, from);
        let Some(mut entry) = self.table.get(number).copied() else {
            return;
        };
        self.finished.remove(&number);
        self.rescues.remove(&number);
        self.renew(number, again.expires_at);
        entry.set_attempt(0);
        entry.set_due_at(due_at);
        self.place(number, entry, self.pending_state(due_at));
    }

    fn fold_change(&mut self, number: u64, priority: u8, due_at: i64) {
        let Some(mut entry) = self.table.get(number).copied() else {
            return;
        };
        entry.set_priority(priority);
        entry.set_due_at(due_at);
        self.place(number, entry, self.pending_state(due_at));
    }

    fn fold_gate(&mut self, queue: NameId, tenant: NameId, gate: u8) {
        self.names.note(queue);
        self.names.note(tenant);
        if gate == 0 {
            self.gates.remove(&(queue, tenant));
        } else {
            self.gates.insert((queue, tenant), gate);
        }
        self.wake_queue(queue);
    }

    fn fold_dropped(&mut self, queue: NameId, tenant: NameId, why: u8, count: u64) {
        self.names.note(queue);
        self.names.note(tenant);
        let counters = self.counters_of(queue, tenant);
        counters.received += count;
        match why {
            DROPPED_DUPLICATE => counters.duplicates += count,
            DROPPED_WITHHELD => counters.withheld += count,
            _ => counters.rejected += count,
        }
    }
}
