//! What each call turns into: a check, and the records that say what happens.

use std::collections::{BTreeMap, HashMap, HashSet};

use cauce_flow::{
    id::{GroupName, JobId, QueueName, TenantId},
    job::{Line, State as JobState},
    time::Timestamp,
};

use super::{
    super::{
        record::{Again, Owner, Record, Standing},
        table::Entry,
    },
    MAX_EXPIRED_A_CALL, State,
    journal::Journal,
};
use crate::jobs::{Change, Claim, Enqueued, Error, Gate, Rescued, Start};
use crate::rollups::{Place, Rollup};

/// A leased job, before its payload is read.
#[derive(Clone, Debug)]
pub(in super::super) struct Ticket {
    pub(in super::super) number: u64,
    pub(in super::super) tenant: TenantId,
    pub(in super::super) group: Option<GroupName>,
    pub(in super::super) position: u64,
    pub(in super::super) attempt: u8,
    pub(in super::super) priority: u8,
    /// When it expires, where that is not what its record says.
    pub(in super::super) expires_at: Option<i64>,
}

/// The answer to a call, given once its records are durable.
#[derive(Debug)]
pub(in super::super) enum Reply {
    Done,
    Enqueued(Vec<Enqueued>),
    Leased(Vec<Ticket>),
    Rescued(Rescued),
    Count(u64),
    Next(Option<Timestamp>),
    /// Jobs that could not be moved, because something happened to them meanwhile.
    Left(Vec<u64>),
    /// Sums, and up to where in the log they hold.
    Gathered(u64, BTreeMap<Place, Rollup>),
}

/// A refusal, or a log that cannot be written.
#[derive(Debug)]
pub(in super::super) enum Fault {
    Refused(Error),
    Log(cauce_log::Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Refused(error)
    }
}

impl From<cauce_log::Error> for Fault {
    fn from(error: cauce_log::Error) -> Fault {
        Fault::Log(error)
    }
}

pub(super) type Planned = Result<Reply, Fault>;

impl Journal<'_> {
    pub(in super::super) fn claim(&mut self, claim: &Claim, now: Timestamp) -> Planned {
        // What is too old is not handed out. Where more of it came at once, the rest is told by its
        // record when it is read.
        if self.state.next_timer().is_some_and(|next| next <= now) {
            let moved = self.state.advance(now, MAX_EXPIRED_A_CALL);
            self.end_jobs(moved.expired, JobState::Expired, false, now)?;
        }
        self.supersede_due(now.as_millis())?;
        let Some(line) = self.state.line_number(&claim.line) else {
            return Ok(Reply::Leased(Vec::new()));
        };
        let chosen = self.state.select(line, claim.max_jobs, claim.max_bytes);
        let tickets: Vec<Ticket> = chosen
            .iter()
            .filter_map(|number| self.state.ticket(*number))
            .collect();
        let mut requests = claim.requests.min(chosen.len() as u32);
        let at = now.as_millis();
        for (owner, jobs) in self.state.by_owner(chosen) {
            self.say(&Record::Lease {
                owner,
                at,
                requests,
                jobs,
            })?;
            requests = 0;
        }
        Ok(Reply::Leased(tickets))
    }

    pub(in super::super) fn begin(&mut self, start: &Start, at: Timestamp) -> Planned {
        let queue = self.name(start.line.queue.as_str())?;
        let account = self.name(start.line.account.as_str())?;
        self.say(&Record::Begin {
            queue,
            account,
            at: at.as_millis(),
            requests: start.requests,
            jobs: start.jobs.iter().map(|job| job.number()).collect(),
        })?;
        Ok(Reply::Done)
    }

    /// Ends unfinished jobs: those that wait, and with `leased` those that are leased too.
    pub(in super::super) fn end_jobs(
        &mut self,
        numbers: Vec<u64>,
        end: JobState,
        leased: bool,
        now: Timestamp,
    ) -> Planned {
        let fits = |entry: &Entry| match entry.state() {
            JobState::Scheduled | JobState::Waiting => true,
            JobState::Active => leased,
            _ => false,
        };
        let numbers = self.state.once_each(numbers, fits);
        let count = numbers.len() as u64;
        for (owner, jobs) in self.state.by_owner(numbers) {
            self.say(&Record::End {
                owner,
                at: now.as_millis(),
                state: end,
                jobs,
            })?;
        }
        Ok(Reply::Count(count))
    }

    pub(in super::super) fn replay(
        &mut self,
        spans: Vec<(u64, i64)>,
        due: impl Fn(usize) -> Timestamp,
    ) -> Planned {
        let mut back: BTreeMap<(Owner, JobState), Vec<Again>> = BTreeMap::new();
        let mut outdated = Vec::new();
        let mut count = 0;
        let replayable =
            |entry: &Entry| matches!(entry.state(), JobState::Dead | JobState::Unknown);
        let replayable = |entry: &Entry| replayable(entry) && !self.state.is_stopped(entry);
        let numbers = spans.iter().map(|(number, _)| *number).collect();
        let spans: HashMap<u64, i64> = spans.into_iter().collect();
        let numbers = self.state.once_each(numbers, replayable);
        for (place, number) in numbers.into_iter().enumerate() {
            let Some(entry) = self.state.table.get(number) else {
                continue;
            };
            match self.state.is_outdated(number) {
                true => outdated.push(number),
                false => count += 1,
            }
            let owner = self.state.lane(entry).owner;
            let due_at = due(place).as_millis();
            back.entry((owner, entry.state())).or_default().push(Again {
                number,
                due_at,
                expires_at: due_at.saturating_add(spans[&number]),
            });
        }
        for ((owner, from), jobs) in back {
            self.say(&Record::Replay { owner, from, jobs })?;
        }
        // After they have gone back: only that record tells as what an outdated one was counted,
        // which nothing else does where the job itself stands behind both.
        let at = self.state.clock;
        self.supersede(0, outdated, at)?;
        Ok(Reply::Count(count))
    }

    pub(in super::super) fn resolve(
        &mut self,
        job: JobId,
        delivered: bool,
        now: Timestamp,
    ) -> Planned {
        let entry = self.state.expect_state(job, &[JobState::Unknown])?;
        let owner = self.state.lane(&entry).owner;
        let state = if delivered {
            JobState::Completed
        } else {
            JobState::Dead
        };
        let at = now.as_millis();
        self.say(&Record::Resolve {
            owner,
            at,
            job: job.number(),
            state,
        })?;
        Ok(Reply::Done)
    }

    /// Takes finished jobs off the lists.
    pub(in super::super) fn forget(&mut self, numbers: Vec<u64>) -> Planned {
        let ended =
            |entry: &Entry| !entry.state().is_pending() && entry.state() != JobState::Unknown;
        let jobs = self.state.once_each(numbers, ended);
        let count = jobs.len() as u64;
        if count > 0 {
            self.say(&Record::Forget { jobs })?;
        }
        Ok(Reply::Count(count))
    }

    pub(in super::super) fn change(&mut self, job: JobId, change: Change) -> Planned {
        let entry = self
            .state
            .expect_state(job, &[JobState::Scheduled, JobState::Waiting])?;
        let priority = change.priority.map_or(entry.priority(), |p| p.index()) as u8;
        let due_at = change.due_at.map_or(entry.due_at(), Timestamp::as_millis);
        self.say(&Record::Change {
            job: job.number(),
            priority,
            due_at,
        })?;
        let at = self.state.clock;
        if due_at <= at {
            self.supersede_older(job.number(), at)?;
        }
        Ok(Reply::Done)
    }

    pub(in super::super) fn set_gate(
        &mut self,
        queue: &QueueName,
        tenant: Option<&TenantId>,
        gate: Gate,
    ) -> Planned {
        let queue = self.name(queue.as_str())?;
        let tenant = match tenant {
            Some(tenant) => self.name(tenant.as_str())?,
            None => 0,
        };
        let gate = match gate {
            Gate::Open => 0,
            Gate::Draining => 1,
            Gate::Paused => 2,
        };
        self.say(&Record::Gate {
            queue,
            tenant,
            gate,
        })?;
        Ok(Reply::Done)
    }

    pub(in super::super) fn keep_note(&mut self, line: &Line, note: &[u8]) -> Planned {
        let queue = self.name(line.queue.as_str())?;
        let account = self.name(line.account.as_str())?;
        self.say(&Record::Note {
            queue,
            account,
            note: note.to_vec(),
        })?;
        Ok(Reply::Done)
    }

    pub(in super::super) fn advance(&mut self, now: Timestamp) -> Planned {
        let moved = self.state.advance(now, MAX_EXPIRED_A_CALL);
        self.end_jobs(moved.expired, JobState::Expired, false, now)?;
        self.supersede_due(now.as_millis())?;
        // What a stop had not cancelled yet when the process ended.
        self.sweep(now)?;
        Ok(Reply::Next(if moved.more || self.state.sweeps() {
            Some(now)
        } else {
            self.state.next_timer()
        }))
    }
}

impl State {
    fn ticket(&self, number: u64) -> Option<Ticket> {
        let entry = self.table.get(number)?;
        let lane = self.lane(entry);
        Some(Ticket {
            number,
            tenant: lane.tenant.clone(),
            group: lane.group_name.clone(),
            position: entry.position,
            attempt: entry.attempt().saturating_add(1),
            priority: entry.priority() as u8,
            expires_at: self.renewed.get(&number).copied(),
        })
    }

    /// Those of the jobs that are here and fit, each once.
    pub(super) fn once_each(&self, numbers: Vec<u64>, fits: impl Fn(&Entry) -> bool) -> Vec<u64> {
        let mut seen = HashSet::with_capacity(numbers.len());
        let mut numbers = numbers;
        numbers.retain(|number| self.table.get(*number).is_some_and(&fits) && seen.insert(*number));
        numbers
    }

    /// Jobs by owner, in the order they were given.
    pub(super) fn by_owner(&self, numbers: Vec<u64>) -> BTreeMap<Owner, Vec<u64>> {
        let mut owners: BTreeMap<Owner, Vec<u64>> = BTreeMap::new();
        for number in numbers {
            if let Some(entry) = self.table.get(number) {
                owners
                    .entry(self.lane(entry).owner)
                    .or_default()
                    .push(number);
            }
        }
        owners
    }

    /// Puts what the state knows better than the log into what is copied forward.
    pub(in super::super) fn bring_up_to_date(
        &self,
        number: u64,
        entry: &Entry,
        standing: &mut Standing,
    ) {
        standing.state = entry.state();
        standing.priority = entry.priority() as u8;
        standing.attempt = entry.attempt();
        standing.due_at = entry.due_at();
        standing.rescues = self.rescues.get(&number).copied().unwrap_or(0);
        standing.leaving = self.leaving.contains(&number);
        standing.outdated = self.is_outdated(number);
        standing.expires_at = self.renewed.get(&number).copied().unwrap_or(0);
        standing.finished_at = self.finished.get(&number).map_or(0, |end| end.at);
    }

    fn expect_state(&self, job: JobId, allowed: &[JobState]) -> Result<Entry, Error> {
        let entry = self
            .table
            .get(job.number())
            .ok_or(Error::NotFound { job })?;
        if allowed.contains(&entry.state()) {
            Ok(*entry)
        } else {
            Err(Error::State {
                job,
                found: entry.state(),
            })
        }
    }
}
