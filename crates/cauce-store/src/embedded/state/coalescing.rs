//! Jobs that replace each other: what the rules of [`Coalescer`] mean for the table, the lines and
//! the log.
//!
//! A job that waits for another one of its key is due and `scheduled`: it stands in no line, so
//! that nobody claims it and no batch counts on it, until the one in flight has ended.
//!
//! Which job supersedes which is decided by the journal and said in a record; what follows from it
//! is folded. Memory holds something of a key only while a job of it is pending, or failed and in
//! the lists.

use std::collections::BTreeMap;

use cauce_flow::{
    job::State as JobState,
    queue::coalescer::{Coalescer, Place},
};

use super::{
    super::{
        record::{Owner, Record},
        table::Entry,
    },
    State,
    ends::{End, SUPERSEDED},
    journal::Journal,
};

/// A key in a line.
pub(super) type KeyOfLine = (u32, u128);

/// The jobs with keys.
#[derive(Default)]
pub(super) struct Coalescing {
    keys: BTreeMap<u64, KeyOfLine>,
    jobs: BTreeMap<KeyOfLine, Coalescer>,
    /// Jobs that have come due, and may supersede others.
    came_due: Vec<u64>,
}

impl Coalescing {
    fn of(&self, number: u64) -> Option<&Coalescer> {
        self.jobs.get(self.keys.get(&number)?)
    }

    fn put(&mut self, number: u64, place: Place) {
        if let Some(key) = self.keys.get(&number) {
            self.jobs.entry(*key).or_default().put(number, place);
        }
    }

    fn remove(&mut self, number: u64) -> Option<KeyOfLine> {
        let key = self.keys.remove(&number)?;
        let jobs = self.jobs.get_mut(&key)?;
        jobs.remove(number);
        if jobs.is_empty() {
            self.jobs.remove(&key);
        }
        Some(key)
    }

    /// Bytes of memory: a node of a B-tree is half full at worst.
    pub(super) fn bytes(&self) -> usize {
        const KEY: usize = 2 * size_of::<(u64, KeyOfLine)>();
        const JOBS: usize = 2 * size_of::<(KeyOfLine, Coalescer)>() + 64;
        self.keys.len() * KEY + self.jobs.len() * JOBS
    }
}

impl State {
    /// A job has a key; 0 for none. `outdated` tells that a newer one came after it.
    pub(super) fn learn_key(&mut self, number: u64, lane: u32, coalesce: u128, outdated: bool) {
        if coalesce == 0 {
            return;
        }
        let key = (self.lanes[lane as usize].line, coalesce);
        self.coalescing.keys.insert(number, key);
        if outdated {
            self.coalescing.jobs.entry(key).or_default().outdate(number);
        }
    }

    /// The hash of a job's key; 0 for none.
    pub(in super::super) fn coalesce_of(&self, number: u64) -> u128 {
        self.coalescing
            .keys
            .get(&number)
            .map_or(0, |(_, hash)| *hash)
    }

    /// Jobs with keys.
    pub(in super::super) fn keyed_jobs(&self) -> u64 {
        self.coalescing.keys.len() as u64
    }

    /// Whether a job must wait for another one of its key.
    pub(super) fn is_blocked(&self, number: u64) -> bool {
        let jobs = self.coalescing.of(number);
        jobs.is_some_and(|jobs| jobs.is_blocked(number))
    }

    /// The job of its key in flight that a job waits for, which is due.
    pub(in super::super) fn waits_for(&self, number: u64) -> Option<u64> {
        self.coalescing.of(number)?.waits_for(number)
    }

    /// Whether a failed job must not be put back, because a newer one came after it.
    pub(in super::super) fn is_outdated(&self, number: u64) -> bool {
        let jobs = self.coalescing.of(number);
        jobs.is_some_and(|jobs| jobs.is_outdated(number))
    }

    /// What supersedes a leased job, should it come back.
    pub(super) fn successor_of(&self, number: u64) -> Option<u64> {
        self.coalescing.of(number)?.successor_of(number)
    }

    /// A job with a key stands in `state` now. `blocked` tells whether it only waits for another.
    pub(super) fn follow_key(&mut self, number: u64, state: JobState, blocked: bool) {
        let Some(key) = self.coalescing.keys.get(&number).copied() else {
            return;
        };
        let place = match state {
            JobState::Scheduled if blocked => Place::Ready,
            JobState::Scheduled => Place::Later,
            JobState::Waiting => Place::Ready,
            JobState::Active => Place::InFlight,
            JobState::Dead | JobState::Unknown => Place::Failed,
            JobState::Completed | JobState::Expired | JobState::Cancelled => {
                self.coalescing.remove(number);
                return self.line_up_again(key);
            }
        };
        self.coalescing.put(number, place);
        self.line_up_again(key);
    }

    /// Nothing is known of a job any more.
    pub(super) fn forget_key(&mut self, number: u64) {
        if let Some(key) = self.coalescing.remove(number) {
            self.line_up_again(key);
        }
    }

    /// Puts the jobs of a key that are due into their line, or out of it while one is in flight.
    fn line_up_again(&mut self, key: KeyOfLine) {
        let Some(jobs) = self.coalescing.jobs.get(&key) else {
            return;
        };
        for number in jobs.ready() {
            let Some(entry) = self.table.get(number).copied() else {
                continue;
            };
            let wanted = match self.is_blocked(number) {
                true => JobState::Scheduled,
                false => JobState::Waiting,
            };
            if entry.state() != wanted {
                self.place(number, entry, JobState::Waiting);
            }
        }
    }

    /// A job has come due by the clock.
    pub(super) fn note_due(&mut self, number: u64) {
        if self.coalescing.keys.contains_key(&number) {
            self.coalescing.came_due.push(number);
        }
    }

    /// A record says that a newer job replaces another, whose place it takes over.
    pub(super) fn fold_superseded(&mut self, owner: Owner, at: i64, by: u64, number: u64) {
        self.counters_of(owner.queue, owner.tenant).superseded += 1;
        let known = self.table.get(number).copied();
        let end = End {
            state: JobState::Cancelled,
            at,
            code: SUPERSEDED,
        };
        self.end(owner, number, end);
        if let Some(older) = known {
            self.inherit(by, &older, at);
        }
    }

    fn inherit(&mut self, by: u64, older: &Entry, at: i64) {
        let Some(entry) = self.table.get(by).copied() else {
            return;
        };
        if !older.state().is_pending() || !entry.state().is_pending() {
            return;
        }
        let mut heir = entry;
        heir.set_priority(entry.priority().min(older.priority()) as u8);
        if older.due_at() <= at {
            heir.set_due_at(entry.due_at().min(older.due_at()));
        }
        if heir != entry {
            let due = match entry.state() {
                JobState::Active => JobState::Active,
                _ => self.pending_state(heir.due_at()),
            };
            self.place(by, heir, due);
        }
    }

    /// Of the superseded jobs, the newest of each queue stay in the lists: as many as of the
    /// completed ones. There may be thousands a minute.
    pub(super) fn keep_superseded(&mut self, queue: u32, number: u64, at: i64) {
        let kept = self.superseded.entry(queue).or_default();
        kept.insert((at, number));
        if kept.len() > self.keeping.completed
            && let Some((_, oldest)) = kept.pop_first()
        {
            self.drop_job(oldest);
        }
    }
}

impl Journal<'_> {
    /// Says which older jobs a job replaces that is due.
    pub(super) fn supersede_older(&mut self, by: u64, at: i64) -> Result<(), cauce_log::Error> {
        let Some(jobs) = self.state.coalescing.of(by) else {
            return Ok(());
        };
        let older = jobs.superseded_by(by);
        self.supersede(by, older, at)
    }

    /// Says which older jobs a job replaces that is due later: those that are due no sooner.
    pub(super) fn supersede_later(
        &mut self,
        by: u64,
        due_at: i64,
        at: i64,
    ) -> Result<(), cauce_log::Error> {
        let jobs = self.state.coalescing.of(by);
        let mut older = jobs.map_or_else(Vec::new, |jobs| jobs.later_before(by));
        let table = &self.state.table;
        older.retain(|number| table.get(*number).is_some_and(|job| job.due_at() >= due_at));
        self.supersede(by, older, at)
    }

    /// The same for all jobs that have come due by the clock.
    pub(super) fn supersede_due(&mut self, at: i64) -> Result<(), cauce_log::Error> {
        let due = std::mem::take(&mut self.state.coalescing.came_due);
        due.into_iter()
            .try_for_each(|number| self.supersede_older(number, at))
    }

    /// Says that a job replaces these.
    pub(super) fn supersede(
        &mut self,
        by: u64,
        jobs: Vec<u64>,
        at: i64,
    ) -> Result<(), cauce_log::Error> {
        for (owner, jobs) in self.state.by_owner(jobs) {
            self.say(&Record::Superseded {
                owner,
                at,
                by,
                jobs,
            })?;
        }
        Ok(())
    }

    /// Takes out of `numbers` those that a newer job replaces, and says so.
    pub(super) fn supersede_returning(
        &mut self,
        numbers: &mut Vec<u64>,
        at: i64,
    ) -> Result<(), cauce_log::Error> {
        let mut replaced = Vec::new();
        numbers.retain(|number| {
            let by = self.state.successor_of(*number);
            replaced.extend(by.map(|by| (*number, by)));
            by.is_none()
        });
        for (number, by) in replaced {
            self.supersede(by, vec![number], at)?;
        }
        Ok(())
    }
}
