//! Everybody outside the process: callers who hand in jobs, operators, and the moods of the
//! destinations.

use std::time::Duration;

use cauce_flow::{
    id::{GroupName, JobId},
    job::{NewJob, State},
    priority::Priority,
    time::Timestamp,
};
use cauce_store::jobs::{Change, Enqueue, Enqueued, Error, Gate, JobStore, Replay, Scope, Select};

use crate::{
    checks::{Call, Nature, Told, payload},
    destination::Mood,
    scenario::Sabotage,
    world::{Event, World},
};

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
            true => self.now + seconds(chance.within(1, 900)),
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
        let group = chance
            .percent(20)
            .then(|| format!("group-{}", chance.below(3)));
        let plan = &self.scenario.lines[line];
        let n = self.ledger.jobs.len();
        let max_attempts = plan.policy.retry.max_attempts;
        self.ledger.jobs.push(Told {
            line,
            tenant,
            bytes: bytes as usize,
            nature,
            call,
            id: None,
            duplicate: false,
            due_at,
            expires_at,
            max_attempts,
            attempts: (0, 0),
            arrivals: Vec::new(),
            since_replay: 0,
            done: None,
            leased: false,
            held: false,
            crashes: 0,
            replays: 0,
            taken: 0,
            unsure: false,
        });
        NewJob {
            line: plan.line.clone(),
            tenant: self.scenario.tenants[tenant].clone(),
            priority: *chance.pick(&Priority::ALL),
            group: group.map(|name| GroupName::new(&name).expect("a good name")),
            payload: payload(n, bytes as usize),
            due_at,
            expires_at,
            max_attempts,
            idempotency_key: key,
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

    /// An operator does something.
    pub(crate) fn operate(&mut self) {
        if self.well {
            return;
        }
        let wait = self.about(Duration::from_secs(30));
        self.plan_outside(wait, Event::Operator);
        if self.store.is_none() || self.stopping {
            return;
        }
        let at = self.chance.below(self.lines.len() as u64) as usize;
        let tenants = self.scenario.tenants.len() as u64;
        let tenant = self
            .chance
            .percent(40)
            .then(|| self.chance.below(tenants) as usize);
        match self.chance.below(10) {
            0..3 => self.shut(at, tenant, Gate::Paused),
            3 => self.shut(at, tenant, Gate::Draining),
            4 => self.cancel(),
            5 | 6 => self.replay(),
            7 | 8 => self.change(),
            _ => self.stop(),
        }
    }

    fn shut(&mut self, at: usize, tenant: Option<usize>, gate: Gate) {
        self.set_gate(at, tenant, gate);
        if self.is_paused_whole(at) {
            self.pause_line(at);
        } else {
            self.resume_line(at);
        }
        let wait = self.about(Duration::from_secs(40));
        self.plan_outside(wait, Event::Resume(at, tenant));
    }

    pub(crate) fn set_gate(&mut self, at: usize, tenant: Option<usize>, gate: Gate) {
        let (queue, now) = (self.scenario.lines[at].line.queue.clone(), self.now);
        let whose = tenant.map(|tenant| self.scenario.tenants[tenant].clone());
        self.say(|| format!("gate {at} {tenant:?}: {gate:?}"));
        let deaf = self.scenario.sabotage == Sabotage::DeafToPause && gate == Gate::Paused;
        if deaf {
            self.gates.insert((at, tenant), gate);
            return;
        }
        match self.ask(|store| store.set_gate(queue, whose, gate, now)) {
            Some(()) => {
                self.gates.insert((at, tenant), gate);
            }
            None => self.gate_again = Some((at, tenant, gate)),
        }
    }

    pub(crate) fn is_paused_whole(&self, at: usize) -> bool {
        self.gates.get(&(at, None)) == Some(&Gate::Paused)
    }

    pub(crate) fn is_paused(&self, at: usize, tenant: usize) -> bool {
        self.is_paused_whole(at) || self.gates.get(&(at, Some(tenant))) == Some(&Gate::Paused)
    }

    /// The gate that the store remembers is the one that was set.
    pub(crate) fn check_gate(&mut self, at: usize) {
        let Some(store) = &self.store else { return };
        let found = store.gate(&self.scenario.lines[at].line.queue, None);
        let set = self.gates.get(&(at, None)).copied().unwrap_or(Gate::Open);
        if found != set && self.gate_again.is_none() {
            self.ledger
                .blame(format!("queue {at} is {found:?} and was set to {set:?}"));
        }
    }

    pub(crate) fn pause_line(&mut self, at: usize) {
        let Some(line) = self.lines.get_mut(at) else {
            return;
        };
        if self.scenario.sabotage != Sabotage::DeafToPause {
            line.dispatcher.on_pause(self.now);
        }
        line.paused = true;
        self.carry_out(at);
    }

    fn resume_line(&mut self, at: usize) {
        if self.stopping {
            return;
        }
        if let Some(line) = self.lines.get_mut(at).filter(|line| line.paused) {
            line.paused = false;
            line.dispatcher.on_resume(self.now);
            self.look(at);
        }
    }

    pub(crate) fn resume(&mut self, at: usize, tenant: Option<usize>) {
        if self.store.is_none() {
            self.plan_outside(Duration::from_secs(5), Event::Resume(at, tenant));
            return;
        }
        self.set_gate(at, tenant, Gate::Open);
        if !self.is_paused_whole(at) {
            self.resume_line(at);
        }
    }

    /// A stop by request: nothing is repeated, and nothing is left unknown.
    fn stop(&mut self) {
        self.say(|| "stop".to_owned());
        self.stopping = true;
        for at in 0..self.lines.len() {
            self.lines[at].dispatcher.on_pause(self.now);
            self.lines[at].paused = true;
            self.carry_out(at);
        }
    }

    /// Some jobs that the operator has heard of.
    fn some_jobs(&mut self) -> Vec<usize> {
        let known: Vec<usize> = self.ledger.by_id.values().copied().collect();
        if known.is_empty() {
            return known;
        }
        let mut some: Vec<usize> = (0..8).map(|_| *self.chance.pick(&known)).collect();
        some.sort_unstable();
        some.dedup();
        some
    }

    pub(crate) fn state_of(&mut self, n: usize) -> Option<State> {
        let id = self.ledger.jobs[n].id?;
        let seen = self.try_ask(|store| store.job(id, Scope::All))?;
        match seen {
            Ok(detail) => Some(detail.summary.state),
            Err(error) => {
                self.ledger
                    .blame(format!("job {n} cannot be looked at: {error}"));
                None
            }
        }
    }

    fn these(&self, jobs: &[usize]) -> Select {
        let ids = jobs.iter().filter_map(|n| self.ledger.jobs[*n].id);
        Select {
            ids: Some(ids.collect()),
            ..Select::all(Scope::All)
        }
    }

    fn in_state(&mut self, states: &[State]) -> Vec<usize> {
        let some = self.some_jobs();
        some.into_iter()
            .filter(|n| {
                self.state_of(*n)
                    .is_some_and(|state| states.contains(&state))
            })
            .collect()
    }

    fn cancel(&mut self) {
        let jobs = self.in_state(&[State::Waiting, State::Scheduled]);
        let (select, now) = (self.these(&jobs), self.now);
        self.say(|| format!("cancel {jobs:?}"));
        let count = self.ask(|store| store.cancel(select, now));
        self.on_operated(&jobs, count, |world, n| {
            world.ledger.jobs[n].done = Some(State::Cancelled);
        });
    }

    fn replay(&mut self) {
        let jobs = self.in_state(&[State::Dead, State::Unknown]);
        let per_second = self.chance.percent(30).then_some(2);
        let replay = Replay {
            select: self.these(&jobs),
            dry_run: false,
            per_second,
        };
        let now = self.now;
        self.say(|| format!("replay {jobs:?}"));
        let count = self.ask(|store| store.replay(replay, now));
        self.on_operated(&jobs, count, |world, n| world.ledger.on_replayed(n, now));
    }

    /// All of the jobs were changed, or it is not known which.
    fn on_operated(
        &mut self,
        jobs: &[usize],
        count: Option<u64>,
        done: impl Fn(&mut World, usize),
    ) {
        for n in jobs {
            match count {
                Some(_) => done(self, *n),
                None => self.ledger.jobs[*n].unsure = true,
            }
        }
        if let Some(count) = count.filter(|count| *count != jobs.len() as u64) {
            self.ledger
                .blame(format!("{count} of {} jobs were changed", jobs.len()));
        }
    }

    fn change(&mut self) {
        let jobs = self.in_state(&[State::Waiting, State::Scheduled]);
        let Some(n) = jobs.first().copied() else {
            return;
        };
        let Some(id) = self.ledger.jobs[n].id else {
            return;
        };
        let due_at = self.now + Duration::from_secs(self.chance.below(300));
        let change = Change {
            priority: Some(*self.chance.pick(&Priority::ALL)),
            due_at: self.chance.percent(50).then_some(due_at),
        };
        let now = self.now;
        self.say(|| format!("change {n}: {change:?}"));
        let done = self.ask(|store| store.change(id, Scope::All, change, now));
        let told = &mut self.ledger.jobs[n];
        match (done, change.due_at) {
            (_, None) => {}
            (Some(()), Some(due_at)) => told.due_at = due_at,
            (None, Some(due_at)) => told.due_at = told.due_at.min(due_at),
        }
    }

    /// A destination's mood changes.
    pub(crate) fn change_mood(&mut self, at: usize) {
        if self.well {
            return;
        }
        let before = self.receivers[at].mood;
        let chance = &mut self.chance;
        let seconds = |n: u64| Duration::from_secs(n);
        let told = |chance: &mut crate::chance::Chance| {
            let most = if chance.percent(2) { 100_000 } else { 30 };
            chance.percent(60).then(|| seconds(chance.within(1, most)))
        };
        let mood = match chance.below(16) {
            0..6 => Mood::Up,
            6 | 7 => Mood::Slow,
            8 | 9 => Mood::Throttles(told(chance)),
            10 => Mood::Fails(told(chance)),
            11 | 12 => Mood::Hangs,
            13 => Mood::Patchy,
            14 => Mood::Refuses,
            _ => Mood::Gone,
        };
        let wait = seconds(chance.within(2, 90));
        self.receivers[at].mood = mood;
        self.say(|| format!("mood {at}: {mood:?}"));
        self.plan_outside(wait, Event::Mood(at));
        if before == Mood::Refuses {
            // What was refused until this moment is known a second later.
            self.plan_outside(seconds(1), Event::Mended(at));
        }
    }

    /// The account's credentials are found to work again.
    pub(crate) fn on_mended(&mut self, at: usize) {
        if self.store.is_none() || self.receivers[at].mood == Mood::Refuses {
            return;
        }
        let now = self.now;
        if let Some(line) = self.lines.get_mut(at) {
            line.refused = false;
            line.dispatcher.on_credentials_mended(now);
            self.look(at);
        }
    }

    /// All trouble ends: whatever is pending has to be worked off.
    pub(crate) fn get_well(&mut self) {
        self.say(|| "all is well".to_owned());
        self.well = true;
        for at in 0..self.receivers.len() {
            self.receivers[at].mood = Mood::Up;
            self.plan_outside(Duration::from_secs(1), Event::Mended(at));
        }
        let shut: Vec<_> = self.gates.keys().copied().collect();
        for (at, tenant) in shut {
            self.plan_outside(Duration::from_secs(1), Event::Resume(at, tenant));
        }
    }
}
