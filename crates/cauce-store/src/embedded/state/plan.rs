//! What each call turns into: a check, and the records that say what happens.

use std::collections::BTreeMap;

use cauce_flow::{
    id::{JobId, QueueName, TenantId},
    job::{Line, NewJob, State as JobState},
    queue::settlement::{Attempt, Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};

use super::{
    super::{
        journal::Journal,
        keys,
        record::{JobHead, NameId, Owner, Record, Settle, Settled, SettledOutcome, Standing},
        table::Entry,
    },
    POISON_AFTER, State,
    fold::{DROPPED_DUPLICATE, drop_code},
};
use crate::rollups::{Place, Rollup};
use crate::jobs::{Change, Claim, Enqueue, Enqueued, Error, Gate, NeverTwice, Rescued};

/// A leased job, before its payload is read.
#[derive(Clone, Debug)]
pub(in super::super) struct Ticket {
    pub(in super::super) number: u64,
    pub(in super::super) tenant: TenantId,
    pub(in super::super) position: u64,
    pub(in super::super) attempt: u8,
    pub(in super::super) priority: u8,
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

type Planned = Result<Reply, Fault>;

impl Journal<'_> {
    pub(in super::super) fn enqueue(&mut self, batch: Enqueue, now: Timestamp) -> Planned {
        self.state.tick(now.as_millis());
        self.state.admit(&batch.jobs)?;
        let mut duplicates: BTreeMap<(NameId, NameId), u64> = BTreeMap::new();
        let mut answers = Vec::with_capacity(batch.jobs.len());
        for job in &batch.jobs {
            let key = match &job.idempotency_key {
                Some(key) => keys::hash(job.tenant.as_str(), key),
                None => 0,
            };
            let known = if key == 0 {
                None
            } else {
                self.state.keys.find(key, now.as_millis())
            };
            if let Some(first) = known {
                let queue = self.name(job.line.queue.as_str())?;
                let tenant = self.name(job.tenant.as_str())?;
                *duplicates.entry((queue, tenant)).or_default() += 1;
                let id = self.state.id(first.number, first.enqueued_at);
                answers.push(Enqueued {
                    id,
                    duplicate: true,
                });
                continue;
            }
            answers.push(Enqueued {
                id: self.take(job, key, now)?,
                duplicate: false,
            });
        }
        for ((queue, tenant), count) in duplicates {
            let (at, why) = (now.as_millis(), DROPPED_DUPLICATE);
            self.say(&Record::Dropped {
                queue,
                tenant,
                at,
                why,
                count,
            })?;
        }
        for dropped in batch.dropped {
            let queue = self.name(dropped.queue.as_str())?;
            let tenant = self.name(dropped.tenant.as_str())?;
            let why = drop_code(dropped.why);
            let (at, count) = (now.as_millis(), dropped.count);
            self.say(&Record::Dropped {
                queue,
                tenant,
                at,
                why,
                count,
            })?;
        }
        Ok(Reply::Enqueued(answers))
    }

    fn take(&mut self, job: &NewJob, key: u128, now: Timestamp) -> Result<JobId, Fault> {
        let owner = Owner {
            queue: self.name(job.line.queue.as_str())?,
            account: self.name(job.line.account.as_str())?,
            tenant: self.name(job.tenant.as_str())?,
        };
        let group = match &job.group {
            Some(group) => self.name(group.as_str())?,
            None => 0,
        };
        let number = self.state.next_number;
        let head = JobHead {
            number,
            owner,
            group,
            priority: job.priority.index() as u8,
            max_attempts: job.max_attempts.max(1),
            enqueued_at: now.as_millis(),
            due_at: job.due_at.max(now).as_millis(),
            expires_at: job.expires_at.as_millis(),
            key,
            payload_len: u32::try_from(job.payload.len()).unwrap_or(u32::MAX),
        };
        self.say_with(&Record::Job(head), &job.payload)?;
        Ok(self.state.id(number, head.enqueued_at))
    }

    pub(in super::super) fn claim(&mut self, claim: &Claim, now: Timestamp) -> Planned {
        self.state.advance_due(now);
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

    pub(in super::super) fn begin(&mut self, line: &Line, requests: u32, at: Timestamp) -> Planned {
        let queue = self.name(line.queue.as_str())?;
        let account = self.name(line.account.as_str())?;
        self.say(&Record::Begin {
            queue,
            account,
            at: at.as_millis(),
            requests,
        })?;
        Ok(Reply::Done)
    }

    pub(in super::super) fn settle(
        &mut self,
        settlements: Vec<Settlement>,
        mut requests: u32,
        now: Timestamp,
    ) -> Planned {
        let mut by_owner: BTreeMap<Owner, Settle> = BTreeMap::new();
        for settlement in settlements {
            let number = settlement.job.number();
            let Some(entry) = self.state.table.get(number).copied() else {
                continue;
            };
            if entry.state() != JobState::Active {
                tracing::warn!(job = %settlement.job, state = %entry.state(), "settled without a lease");
                continue;
            }
            let owner = self.state.lane(&entry).owner;
            let previous = self.state.chains.get(&number).copied().unwrap_or(0);
            let settle = by_owner.entry(owner).or_insert_with(|| Settle {
                owner,
                at: now.as_millis(),
                requests: std::mem::take(&mut requests),
                attempts: Vec::new(),
                reasons: Vec::new(),
                jobs: Vec::new(),
            });
            settle.add(settlement, &entry, previous);
        }
        for settle in by_owner.into_values() {
            self.say(&Record::Settle(settle))?;
        }
        Ok(Reply::Done)
    }

    pub(in super::super) fn rescue(&mut self, never_twice: &NeverTwice, now: Timestamp) -> Planned {
        let mut ends: BTreeMap<(Owner, JobState), Vec<u64>> = BTreeMap::new();
        let mut rescued = Rescued::default();
        let state = &*self.state;
        state
            .table
            .visit_down(u64::MAX, 1 << JobState::Active as u8, |number, entry| {
                let lane = state.lane(entry);
                let crashes = state.rescues.get(&number).copied().unwrap_or(0) + 1;
                let end = if crashes >= POISON_AFTER {
                    rescued.poison += 1;
                    JobState::Dead
                } else if never_twice(&state.line_state(lane.line).line) {
                    rescued.unknown += 1;
                    JobState::Unknown
                } else {
                    rescued.released += 1;
                    JobState::Waiting
                };
                ends.entry((lane.owner, end)).or_default().push(number);
                true
            });
        for ((owner, state), jobs) in ends {
            self.say(&Record::Rescue {
                owner,
                at: now.as_millis(),
                state,
                jobs,
            })?;
        }
        Ok(Reply::Rescued(rescued))
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
        let numbers: Vec<u64> = numbers
            .into_iter()
            .filter(|n| self.state.table.get(*n).is_some_and(fits))
            .collect();
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
        numbers: Vec<u64>,
        due: impl Fn(usize) -> Timestamp,
    ) -> Planned {
        let mut back: BTreeMap<(Owner, JobState), Vec<(u64, i64)>> = BTreeMap::new();
        let mut count = 0;
        for (place, number) in numbers.into_iter().enumerate() {
            let Some(entry) = self.state.table.get(number) else {
                continue;
            };
            if !matches!(entry.state(), JobState::Dead | JobState::Unknown) {
                continue;
            }
            let owner = self.state.lane(entry).owner;
            let due_at = due(place).as_millis();
            back.entry((owner, entry.state()))
                .or_default()
                .push((number, due_at));
            count += 1;
        }
        for ((owner, from), jobs) in back {
            self.say(&Record::Replay { owner, from, jobs })?;
        }
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
        let jobs: Vec<u64> = numbers
            .into_iter()
            .filter(|n| self.state.table.get(*n).is_some_and(ended))
            .collect();
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
        /// So many jobs expire in one step, so that a mass of them does not hold up others.
        const MAX_EXPIRED: usize = 10_000;
        let expired = self.state.advance(now, MAX_EXPIRED);
        let more = expired.len() == MAX_EXPIRED;
        self.end_jobs(expired, JobState::Expired, false, now)?;
        Ok(Reply::Next(if more {
            Some(now)
        } else {
            self.state.next_timer()
        }))
    }
}

impl State {
    /// Refuses a batch that a queue cannot take.
    fn admit(&self, jobs: &[NewJob]) -> Result<(), Error> {
        let mut queues: Vec<(&QueueName, u64, u64)> = Vec::new();
        for job in jobs {
            let bytes = job.payload.len() as u64;
            match queues
                .iter_mut()
                .find(|(queue, ..)| **queue == job.line.queue)
            {
                Some((_, count, sum)) => {
                    *count += 1;
                    *sum += bytes;
                }
                None => queues.push((&job.line.queue, 1, bytes)),
            }
            self.refuse_draining(job)?;
        }
        queues
            .into_iter()
            .try_for_each(|(queue, count, bytes)| self.has_room(queue, count, bytes))
    }

    fn refuse_draining(&self, job: &NewJob) -> Result<(), Error> {
        if self.gates.is_empty() {
            return Ok(());
        }
        let queue = self.names.number(job.line.queue.as_str()).unwrap_or(0);
        let tenant = self.names.number(job.tenant.as_str()).unwrap_or(0);
        match self.gate(queue, tenant) {
            Gate::Draining => Err(Error::Draining {
                queue: job.line.queue.clone(),
            }),
            Gate::Open | Gate::Paused => Ok(()),
        }
    }

    fn has_room(&self, queue: &QueueName, count: u64, bytes: u64) -> Result<(), Error> {
        let Some(number) = self.names.number(queue.as_str()) else {
            return Ok(());
        };
        let (jobs, held) = self.pending.get(&number).copied().unwrap_or_default();
        let full = |limit, setting| Error::Full {
            queue: queue.clone(),
            limit,
            setting,
        };
        if jobs + count > self.keeping.max_jobs {
            return Err(full(format!("{} jobs", self.keeping.max_jobs), "max_jobs"));
        }
        if held + bytes > self.keeping.max_bytes {
            return Err(full(
                format!("{} bytes", self.keeping.max_bytes),
                "max_bytes",
            ));
        }
        Ok(())
    }

    /// Makes what has come due claimable.
    fn advance_due(&mut self, now: Timestamp) {
        if self
            .due
            .next_ms()
            .is_some_and(|next| next <= now.as_millis())
        {
            self.advance(now, 0);
        }
    }

    fn ticket(&self, number: u64) -> Option<Ticket> {
        let entry = self.table.get(number)?;
        Some(Ticket {
            number,
            tenant: self.lane(entry).tenant.clone(),
            position: entry.position,
            attempt: entry.attempt().saturating_add(1),
            priority: entry.priority() as u8,
        })
    }

    /// Jobs by owner, in the order they were given.
    fn by_owner(&self, numbers: Vec<u64>) -> BTreeMap<Owner, Vec<u64>> {
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

impl Settle {
    fn add(&mut self, settlement: Settlement, entry: &Entry, previous: u64) {
        let attempt = settlement
            .attempt
            .map(|attempt| self.attempt_place(attempt));
        let outcome = match settlement.outcome {
            Outcome::Completed { provider_id } => SettledOutcome::Completed {
                provider_id: provider_id.unwrap_or_default(),
                latency_ms: latency_ms(settlement.job, self.at),
            },
            Outcome::Retry { due_at } => SettledOutcome::Retry {
                due_at: due_at.as_millis(),
            },
            Outcome::Release => SettledOutcome::Release,
            Outcome::Snooze { due_at } => SettledOutcome::Snooze {
                due_at: due_at.as_millis(),
            },
            Outcome::Dead { reason } => SettledOutcome::Dead {
                reason: self.reason_place(reason),
            },
            Outcome::Unknown { reason } => SettledOutcome::Unknown {
                reason: self.reason_place(reason),
            },
        };
        self.jobs.push(Settled {
            number: settlement.job.number(),
            outcome,
            attempt,
            attempt_number: if attempt.is_some() {
                entry.attempt().saturating_add(1)
            } else {
                0
            },
            previous,
        });
    }

    /// The place of an attempt in the table; jobs of one request share it.
    fn attempt_place(&mut self, attempt: Attempt) -> u32 {
        if self.attempts.last() != Some(&attempt) {
            self.attempts.push(attempt);
        }
        (self.attempts.len() - 1) as u32
    }

    fn reason_place(&mut self, reason: Reason) -> u32 {
        if self.reasons.last() != Some(&reason) {
            self.reasons.push(reason);
        }
        (self.reasons.len() - 1) as u32
    }
}

/// The time from when a job was taken, which its id tells, until `at`.
fn latency_ms(job: JobId, at: i64) -> u64 {
    u64::try_from(at.saturating_sub(job.taken_at().as_millis())).unwrap_or(0)
}
