//! Callers who hand in jobs, and what they may rely on.

use std::time::Duration;

use cauce_flow::{id::JobId, job::NewJob, priority::Priority, time::Timestamp};
use cauce_store::jobs::{Enqueue, Enqueued, Error, Gate, JobStore};

use crate::{
    checks::{Call, Nature, Told, payload},
    groups::{GROUPS, group_name},
    scenario::Sabotage,
    world::{Event, World},
};

/// Keys of states in each line and tenant: few, so that they meet.
const STATES: u64 = 3;

impl World {
    /// A caller hands in one job, some, or a burst.
    pub(crate) fn traffic(&mut self) {
        if self.well {
            return;
        }
        let wait = self.about(self.scenario.traffic_every);
        self.plan_outside(wait, Event::Traffic);
        if self.store.is_none() {
            return;
        }
        let count = match self.chance.below(10) {
            0..6 => self.chance.within(1, 4),
            6..9 => self.chance.within(5, 20),
            _ => self.chance.within(20, 60),
        };
        let (first, call) = (self.ledger.jobs.len(), self.ledger.calls.len());
        self.ledger.calls.push(Call::Maybe);
        let at = self.chance.below(self.lines.len() as u64) as usize;
        let mixed = self.chance.percent(30);
        let jobs: Vec<NewJob> = (0..count).map(|_| self.new_job(at, mixed, call)).collect();
        let (batch, now) = (
            Enqueue {
                jobs,
                dropped: Vec::new(),
                mark: None,
            },
            self.now,
        );
        let keys: Vec<Option<String>> = batch
            .jobs
            .iter()
            .map(|job| job.idempotency_key.clone())
            .collect();
        let answer = self.try_ask(|store| store.enqueue(batch, now));
        self.say(|| format!("enqueue {first}..: {count}, {answer:?}"));
        self.on_enqueued(first, call, &keys, answer);
    }

    fn new_job(&mut self, at: usize, mixed: bool, call: usize) -> NewJob {
        let chance = &mut self.chance;
        let line = if mixed {
            chance.below(self.lines.len() as u64) as usize
        } else {
            at
        };
        let tenant = chance.below(self.scenario.tenants.len() as u64) as usize;
        let seconds = |n: u64| Duration::from_secs(n);
        let due_at = match chance.percent(20) {
            true => self.now + seconds(chance.within(1, 600)),
            false => Timestamp::EPOCH,
        };
        let expires_at = match chance.percent(15) {
            true if chance.percent(50) => self.now + seconds(chance.within(1, 900)),
            true => self.now + Duration::from_millis(chance.within(20, 5_000)),
            false => Timestamp::NEVER,
        };
        let nature = match chance.below(50) {
            0 => Nature::Poison,
            1 => Nature::Unfit,
            _ => Nature::Plain,
        };
        let bytes = if chance.percent(10) {
            chance.below(1_200)
        } else {
            chance.below(60)
        };
        let key = chance
            .percent(20)
            .then(|| format!("key-{}", chance.below(30)));
        let group = chance.percent(20).then(|| chance.below(GROUPS));
        let plan = &self.scenario.lines[line];
        let state = chance
            .percent(plan.states_percent)
            .then(|| chance.below(STATES));
        let n = self.ledger.jobs.len();
        if let Some(state) = state {
            let of_key = self.ledger.states.entry((line, tenant, state));
            of_key.or_default().push(n);
        }
        let keyed = state.filter(|_| self.scenario.sabotage != Sabotage::ForgetKeys);
        let max_attempts = plan.policy.retry.max_attempts;
        self.ledger.jobs.push(Told {
            line,
            tenant,
            group,
            state,
            bytes: bytes as usize,
            nature,
            call,
            id: None,
            duplicate: false,
            due_at,
            span: (expires_at < Timestamp::NEVER).then(|| expires_at.since(self.now)),
            expires_at: (expires_at, expires_at),
            max_attempts,
            attempts: (0, 0),
            arrivals: Vec::new(),
            since_replay: 0,
            done: None,
            leased: false,
            held: false,
            sent: false,
            crashes: 0,
            replays: 0,
            taken: 0,
            unsure: false,
        });
        NewJob {
            line: plan.line.clone(),
            tenant: self.scenario.tenants[tenant].clone(),
            priority: *chance.pick(&Priority::ALL),
            group: group.map(group_name),
            payload: payload(n, bytes as usize),
            due_at,
            expires_at,
            max_attempts,
            idempotency_key: key,
            coalesce: keyed.map(|state| format!("state-{state}")),
        }
    }

    fn on_enqueued(
        &mut self,
        first: usize,
        call: usize,
        keys: &[Option<String>],
        answer: Option<Result<Vec<Enqueued>, Error>>,
    ) {
        let jobs = first..first + keys.len();
        let drains = jobs.clone().any(|n| {
            let told = &self.ledger.jobs[n];
            let gate = |tenant| self.gates.get(&(told.line, tenant)) == Some(&Gate::Draining);
            gate(None) || gate(Some(told.tenant))
        });
        match answer {
            None => {}
            Some(Err(error)) => {
                self.ledger.calls[call] = Call::Refused;
                if !(drains && matches!(error, Error::Draining { .. })) {
                    self.ledger
                        .blame(format!("a call was refused for no reason: {error}"));
                }
                return;
            }
            Some(Ok(_)) if drains => {
                self.ledger
                    .blame("a queue that drains took a job".to_owned());
            }
            Some(Ok(answers)) => {
                self.ledger.calls[call] = Call::Taken;
                for (n, answer) in jobs.clone().zip(answers) {
                    self.on_taken(n, keys[n - first].as_deref(), answer);
                }
                if self.scenario.sabotage == Sabotage::AckTooSoon {
                    let id = JobId::new(999_999, 7, self.now);
                    self.ledger.strangers.insert(id);
                }
            }
        }
        for n in jobs {
            if let Some(key) = &keys[n - first] {
                let tenant = self.ledger.jobs[n].tenant;
                self.ledger
                    .keys
                    .entry((tenant, key.clone()))
                    .or_default()
                    .push(n);
            }
        }
    }

    /// One job of a call was taken, or is the same as one before.
    fn on_taken(&mut self, n: usize, key: Option<&str>, answer: Enqueued) {
        let tenant = self.ledger.jobs[n].tenant;
        let same_key = key.and_then(|key| self.ledger.keys.get(&(tenant, key.to_owned())));
        let earlier: Vec<usize> = same_key.cloned().unwrap_or_default();
        let call = self.ledger.jobs[n].call;
        let in_call = (0..n)
            .rev()
            .take_while(|other| self.ledger.jobs[*other].call == call);
        let known = earlier
            .iter()
            .copied()
            .chain(in_call)
            .find(|m| self.ledger.jobs[*m].id == Some(answer.id));
        let certain = earlier.iter().find(|m| {
            let told = &self.ledger.jobs[**m];
            !told.duplicate && self.ledger.calls[told.call] == Call::Taken
        });
        let open = earlier
            .iter()
            .any(|m| self.ledger.calls[self.ledger.jobs[*m].call] == Call::Maybe);
        let told = &mut self.ledger.jobs[n];
        told.duplicate = answer.duplicate;
        if !answer.duplicate {
            told.id = Some(answer.id);
            let fresh = self.ledger.by_id.insert(answer.id, n).is_none();
            if !fresh {
                self.ledger.blame(format!("job {n} got the id of another"));
            }
            if let Some(first) = certain {
                self.ledger
                    .blame(format!("job {n} was taken twice, first as {first}"));
            }
        } else if known.is_none() {
            self.ledger.strangers.insert(answer.id);
            if !open {
                self.ledger
                    .blame(format!("job {n} is called a duplicate of nothing"));
            }
        }
    }
}
