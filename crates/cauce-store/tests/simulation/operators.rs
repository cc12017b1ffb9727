//! Operators: they pause, drain, cancel, replay, change, and stop the process.

use std::time::Duration;

use cauce_flow::{job::State, priority::Priority};
use cauce_store::jobs::{Change, Error, Gate, JobStore, Replay, Scope, Select};

use crate::{
    scenario::Sabotage,
    world::{Event, World},
};

impl World {
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
        match self.chance.below(15) {
            13 | 14 => self.shut_group(),
            0..3 => self.shut(at, tenant, Gate::Paused),
            3 => self.shut(at, tenant, Gate::Draining),
            4 => self.cancel(),
            5 | 6 => self.replay(),
            7 | 8 => self.change(),
            9 => self.stop(),
            _ => self.compact(),
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

    /// Finished jobs are cleared away at once, which copies those that are not.
    fn compact(&mut self) {
        let Some(store) = self.store.as_ref().filter(|_| !self.crash_due) else {
            return;
        };
        if store.compact().is_err() {
            self.crash_due = true;
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
            // The history of completed jobs is short.
            Err(Error::NotFound { .. }) if self.may_be_forgotten() => Some(State::Completed),
            Err(error) => {
                self.ledger
                    .blame(format!("job {n} cannot be looked at: {error}"));
                None
            }
        }
    }

    pub(crate) fn may_be_forgotten(&self) -> bool {
        self.scenario.completed < self.ledger.jobs.len()
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
        let parted = count.and_then(|count| Some((count, self.part_outdated(&jobs)?)));
        let Some((count, (outdated, back))) = parted else {
            return self.on_operated(&jobs, None, |_, _| {});
        };
        for n in outdated {
            self.ledger.jobs[n].done = Some(State::Cancelled);
        }
        self.on_operated(&back, Some(count), |world, n| {
            world.ledger.on_replayed(n, now);
        });
    }

    /// Parts from jobs that were put back those that a newer state of their key has replaced. None
    /// where the process ends before they can be looked at.
    fn part_outdated(&mut self, jobs: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
        let (mut outdated, mut back) = (Vec::new(), Vec::new());
        for n in jobs.iter().copied() {
            // What is not found is shown as completed, and was replaced: it did not go meanwhile.
            let state = self.state_of(n)?;
            let replaced = matches!(state, State::Cancelled | State::Completed);
            let must = self.ledger.is_followed(n, true);
            let may = self.ledger.is_followed(n, false);
            if replaced != must && replaced != may {
                self.ledger.blame(format!(
                    "job {n} was put back, or not, against the order of its key: {state}"
                ));
            }
            match replaced {
                true => outdated.push(n),
                false => back.push(n),
            }
        }
        Some((outdated, back))
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
}
