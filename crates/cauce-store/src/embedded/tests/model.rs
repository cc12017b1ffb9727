//! What the store is meant to do, in the plainest way.

use std::collections::BTreeMap;

use bytes::Bytes;
use cauce_flow::{
    id::JobId,
    job::{LeasedJob, NewJob, State},
    priority::Priority,
};

use crate::jobs::{Gate, GroupFigures, GroupGate, Mark, QueueCounts};

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) queue: String,
    pub(super) tenant: String,
    pub(super) group: Option<String>,
    pub(super) priority: Priority,
    pub(super) state: State,
    pub(super) due: i64,
    pub(super) expires: i64,
    /// What it had to live when it was taken.
    pub(super) span: i64,
    pub(super) attempt: u8,
    pub(super) attempts: usize,
    pub(super) crashes: u8,
    /// Its request may have left.
    pub(super) left: bool,
    pub(super) payload: Bytes,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) ended: BTreeMap<State, u64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) counts: BTreeMap<String, Counts>,
    pub(super) keys: BTreeMap<(String, String), (JobId, i64)>,
    pub(super) paused: BTreeMap<(String, Option<String>), Gate>,
    /// The groups that are kept, by tenant and name. What of them is pending is not in here.
    pub(super) groups: BTreeMap<(String, String), GroupFigures>,
}

/// The queue whose destination does not know our ids.
pub(super) const NEVER_TWICE: &str = "twilio";
const DAY_MS: i64 = 86_400_000;

impl Model {
    /// The first job with the key, if it counts still.
    pub(super) fn known(&self, new: &NewJob) -> Option<JobId> {
        let key = (new.tenant.to_string(), new.idempotency_key.clone()?);
        let (job, at) = self.keys.get(&key)?;
        (self.now - at <= DAY_MS).then_some(*job)
    }

    pub(super) fn take(&mut self, id: JobId, new: &NewJob) {
        if let Some(key) = new.idempotency_key.clone() {
            self.keys
                .insert((new.tenant.to_string(), key), (id, self.now));
        }
        let due = new.due_at.as_millis().max(self.now);
        let state = if due <= self.now {
            State::Waiting
        } else {
            State::Scheduled
        };
        let job = Job {
            queue: new.line.queue.to_string(),
            tenant: new.tenant.to_string(),
            group: new.group.as_ref().map(ToString::to_string),
            priority: new.priority,
            state,
            due,
            expires: new.expires_at.as_millis(),
            span: new.expires_at.as_millis().saturating_sub(self.now),
            attempt: 0,
            attempts: 0,
            crashes: 0,
            left: false,
            payload: new.payload.clone(),
        };
        self.counts.entry(job.queue.clone()).or_default().accepted += 1;
        if let Some(group) = self.group_of(&job) {
            group.accepted += 1;
        }
        assert!(self.jobs.insert(id, job).is_none(), "an id is given once");
    }

    pub(super) fn duplicate(&mut self, new: &NewJob) {
        self.counts
            .entry(new.line.queue.to_string())
            .or_default()
            .duplicates += 1;
    }

    /// Time goes on: what is due waits, what is too old expires.
    pub(super) fn advance(&mut self) {
        let now = self.now;
        for id in self.with(|job| job.state == State::Scheduled && job.due <= now) {
            self.job(id).state = State::Waiting;
        }
        let old = |job: &Job| {
            matches!(job.state, State::Scheduled | State::Waiting) && job.expires <= now
        };
        for id in self.with(old) {
            self.end(id, State::Expired);
        }
    }

    pub(super) fn with(&self, fits: impl Fn(&Job) -> bool) -> Vec<JobId> {
        self.jobs
            .iter()
            .filter(|(_, job)| fits(job))
            .map(|(id, _)| *id)
            .collect()
    }

    pub(super) fn job(&mut self, id: JobId) -> &mut Job {
        self.jobs.get_mut(&id).expect("the job is known")
    }

    pub(super) fn end(&mut self, id: JobId, state: State) {
        let job = self.job(id);
        job.left = false;
        job.state = state;
        let (queue, ended) = (job.queue.clone(), job.clone());
        if let Some(group) = self.group_of(&ended) {
            *group.states.entry(state).or_default() += 1;
        }
        *self
            .counts
            .entry(queue)
            .or_default()
            .ended
            .entry(state)
            .or_default() += 1;
    }

    /// A job leaves its end state.
    pub(super) fn uncount(&mut self, id: JobId) {
        let job = self.job(id).clone();
        let (queue, from) = (job.queue.clone(), job.state);
        if let Some(group) = self.group_of(&job) {
            *group.states.entry(from).or_default() -= 1;
        }
        let ended = &mut self.counts.entry(queue).or_default().ended;
        *ended.entry(from).or_default() -= 1;
    }

    pub(super) fn revive(&mut self, id: JobId) {
        self.uncount(id);
        let now = self.now;
        let job = self.job(id);
        (job.attempt, job.crashes, job.due) = (0, 0, now);
        if job.expires != i64::MAX {
            job.expires = now + job.span;
        }
        job.state = State::Waiting;
    }

    fn group_of(&mut self, job: &Job) -> Option<&mut GroupFigures> {
        let key = (job.tenant.clone(), job.group.clone()?);
        self.groups.get_mut(&key)
    }

    /// What flows through the group of a job.
    pub(super) fn group_gate(&self, job: &Job) -> GroupGate {
        let of = |group: &String| self.groups.get(&(job.tenant.clone(), group.clone()));
        let kept = job.group.as_ref().and_then(of);
        kept.map_or(GroupGate::Open, |group| group.gate)
    }

    /// Why an enqueue with this mark is refused, if it is.
    pub(super) fn refuses(&self, mark: &Mark, bare: bool) -> bool {
        let key = (mark.tenant.to_string(), mark.group.to_string());
        let Some(kept) = self.groups.get(&key) else {
            return false;
        };
        let ends = mark.upto == kept.mark.upto && mark.done && bare;
        kept.gate == GroupGate::Stopped || kept.mark.done || (mark.upto <= kept.mark.upto && !ends)
    }

    /// What a stop takes back at once.
    pub(super) fn stop(&mut self, tenant: &str, group: &str) -> u64 {
        let unsent = self.with(|job| {
            let own = job.tenant == tenant && job.group.as_deref() == Some(group);
            own && matches!(job.state, State::Scheduled | State::Waiting)
        });
        let count = unsent.len() as u64;
        unsent
            .into_iter()
            .for_each(|id| self.end(id, State::Cancelled));
        count
    }

    /// The figures of a group, with what is pending.
    pub(super) fn figures(&self, tenant: &str, group: &str) -> Option<GroupFigures> {
        let kept = self.groups.get(&(tenant.to_owned(), group.to_owned()))?;
        let mut figures = kept.clone();
        for state in State::ALL.into_iter().filter(|state| state.is_pending()) {
            let here = self.with(|job| {
                (job.state, job.tenant.as_str()) == (state, tenant)
                    && job.group.as_deref() == Some(group)
            });
            figures.states.insert(state, here.len() as u64);
        }
        Some(figures)
    }

    /// To its line again, or to the scheduled ones; to its end where its group is stopped.
    pub(super) fn back(&mut self, id: JobId, due: i64) {
        let now = self.now;
        let job = self.job(id);
        job.due = due;
        if self.group_gate(&self.jobs[&id]) == GroupGate::Stopped {
            return self.end(id, State::Cancelled);
        }
        let job = self.job(id);
        job.left = false;
        job.due = due;
        job.state = if due <= now {
            State::Waiting
        } else {
            State::Scheduled
        };
    }

    pub(super) fn rescue(&mut self) -> [u64; 3] {
        let mut rescued = [0; 3];
        for id in self.with(|job| job.state == State::Active) {
            let job = self.job(id);
            let due = job.due;
            if job.queue == NEVER_TWICE && !job.left {
                rescued[0] += 1;
                self.back(id, due);
                continue;
            }
            job.crashes += 1;
            if job.crashes >= 3 {
                rescued[2] += 1;
                self.end(id, State::Dead);
            } else if job.queue == NEVER_TWICE {
                rescued[1] += 1;
                self.end(id, State::Unknown);
            } else {
                rescued[0] += 1;
                self.back(id, due);
            }
        }
        rescued
    }

    pub(super) fn gate(&self, queue: &str, tenant: &str) -> Gate {
        let of = |tenant: Option<String>| {
            self.paused
                .get(&(queue.to_owned(), tenant))
                .copied()
                .unwrap_or(Gate::Open)
        };
        let gates = [of(None), of(Some(tenant.to_owned()))];
        if gates.contains(&Gate::Paused) {
            Gate::Paused
        } else if gates.contains(&Gate::Draining) {
            Gate::Draining
        } else {
            Gate::Open
        }
    }

    pub(super) fn is_draining(&self, queue: &str, tenant: &str) -> bool {
        let of = |tenant: Option<String>| self.paused.get(&(queue.to_owned(), tenant)).copied();
        of(None) == Some(Gate::Draining) || of(Some(tenant.to_owned())) == Some(Gate::Draining)
    }

    /// Takes a claim as the store made it, if it is one that may be made.
    pub(super) fn claimed(
        &mut self,
        queue: &str,
        max_jobs: usize,
        max_bytes: usize,
        got: &[LeasedJob],
    ) {
        let may = |model: &Model, job: &Job| {
            job.state == State::Waiting
                && job.queue == queue
                && model.gate(queue, &job.tenant) != Gate::Paused
                && model.group_gate(job) == GroupGate::Open
        };
        assert!(got.len() <= max_jobs);
        let bytes: usize = got.iter().map(|job| job.payload.len()).sum();
        assert!(
            bytes <= max_bytes || got.len() == 1,
            "{bytes} bytes of {max_bytes}"
        );
        for leased in got {
            let own = self
                .jobs
                .get(&leased.id)
                .expect("only known jobs are leased")
                .clone();
            assert!(may(self, &own), "{} is {own:?}", leased.id);
            assert_eq!(
                (leased.attempt, &leased.payload),
                (own.attempt + 1, &own.payload)
            );
            let rank = (own.due, leased.id.number());
            let before = self.jobs.iter().find(|(id, job)| {
                may(self, job)
                    && (&job.tenant, &job.group, job.priority)
                        == (&own.tenant, &own.group, own.priority)
                    && (job.due, id.number()) < rank
            });
            assert!(
                before.is_none(),
                "{before:?} comes before {} {own:?}",
                leased.id
            );
            self.job(leased.id).state = State::Active;
        }
        let left = self.with(|job| may(self, job));
        if got.len() < max_jobs && !left.is_empty() {
            let largest = left.iter().map(|id| self.jobs[id].payload.len()).max();
            assert!(
                !got.is_empty() && largest.is_some_and(|largest| bytes + largest > max_bytes),
                "{} of {max_jobs} jobs, and {} wait",
                got.len(),
                left.len()
            );
        }
    }

    /// The figures of a queue that a store should tell.
    pub(super) fn agrees(&self, queue: &str, found: &QueueCounts) -> Result<(), String> {
        let own = self.counts.get(queue).cloned().unwrap_or_default();
        let mut wanted = vec![("accepted", own.accepted, found.accepted)];
        wanted.push(("duplicates", own.duplicates, found.duplicates));
        wanted.push(("received", own.accepted + own.duplicates, found.received));
        for state in State::ALL {
            let here = self
                .with(|job| job.queue == queue && job.state == state)
                .len() as u64;
            let count = if state.is_pending() {
                here
            } else {
                own.ended.get(&state).copied().unwrap_or(0)
            };
            wanted.push((state.as_str(), count, found.state(state)));
        }
        let pending = self.with(|job| job.queue == queue && job.state.is_pending());
        let bytes = pending
            .iter()
            .map(|id| self.jobs[id].payload.len() as u64)
            .sum();
        wanted.push(("pending bytes", bytes, found.pending_bytes));
        match wanted.into_iter().find(|(_, own, found)| own != found) {
            Some((what, own, found)) => Err(format!("{queue}: {what} is {found}, should be {own}")),
            None => Ok(()),
        }
    }
}
