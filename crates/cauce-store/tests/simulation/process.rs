//! The life of the process: how it starts, what it finds, and how it ends.

use std::{path::PathBuf, sync::Arc, time::Duration};

use cauce_flow::{dispatch::disposition::Delivery, time::Timestamp};
use cauce_log::files::Op;
use cauce_store::{
    embedded::{EmbeddedStore, Options},
    jobs::{JobStore, Rescued},
};

use crate::{
    destination::Receiver,
    driver::LineRun,
    scenario::Sabotage,
    world::{Event, LONGEST, World},
};

impl World {
    /// Something is about to go wrong: at once, in the middle of a write, or with an error.
    pub(crate) fn fault(&mut self) {
        if self.well {
            return;
        }
        let wait = self.about(self.scenario.crash_every);
        self.plan_outside(wait, Event::Fault);
        if self.store.is_none() {
            return;
        }
        let soon = Duration::from_millis(self.chance.below(400));
        match self.chance.below(4) {
            0 => {}
            1 | 2 => self.files.die_after(self.chance.below(12) as u32),
            _ => {
                let op = *self.chance.pick(&[Op::Sync, Op::Write, Op::Sync]);
                self.files.fail_after(op, self.chance.below(6) as u32);
            }
        }
        // A process that wrote nothing in the meantime is killed.
        self.plan_own(soon, Event::Crash);
    }

    pub(crate) fn crash(&mut self) {
        if self.store.is_none() {
            return;
        }
        let power = self.end_process();
        self.say(|| format!("crash, power cut: {power}"));
        self.figures.crashes += 1;
        self.crash_due = false;
        self.stopping = false;
        self.life += 1;
        let in_hand = self.ledger.on_crash();
        let unsure = self.ledger.jobs.iter().any(|told| told.unsure);
        let certain = self.claims_lost.is_empty() && !unsure;
        self.in_hand = certain.then_some(in_hand);
        for at in std::mem::take(&mut self.claims_lost) {
            let of_line = self.ledger.jobs.iter_mut().filter(|told| told.line == at);
            of_line.for_each(|told| told.crashes += 1);
        }
        self.receivers.iter_mut().for_each(Receiver::forget_series);
        let down = Duration::from_millis(self.chance.within(20, 3_000));
        self.plan_outside(down, Event::Start);
    }

    fn end_process(&mut self) -> bool {
        let power = self.chance.percent(40);
        match power {
            true => self.files.power_cut(),
            false => self.files.kill(),
        }
        self.store = None;
        power
    }

    pub(crate) fn start(&mut self) {
        for attempt in 0.. {
            let disturbed = attempt < 3 && !self.well && self.chance.percent(20);
            if disturbed {
                self.files.die_after(self.chance.below(16) as u32);
            }
            match self.open() {
                Ok(rescued) => {
                    self.check_rescue(rescued, attempt);
                    break;
                }
                Err(error) if disturbed => {
                    self.say(|| format!("ended while starting: {error}"));
                    self.end_process();
                    // A rescue that was cut short may have counted.
                    self.ledger
                        .jobs
                        .iter_mut()
                        .for_each(|told| told.crashes += 1);
                }
                Err(error) => return self.ledger.blame(format!("it does not start: {error}")),
            }
        }
        self.catch_up();
        self.start_lines();
    }

    fn open(&mut self) -> Result<Rescued, String> {
        let files = Arc::new(self.files.clone());
        let store = EmbeddedStore::open_on(self.options(), files).map_err(|e| e.to_string())?;
        let audit = store.audit();
        if !audit.is_empty() {
            self.ledger
                .blame(format!("the counters are wrong after a start: {audit:?}"));
        }
        if store.recovery().corrupt.iter().len() > 0 {
            self.ledger
                .blame(format!("damaged: {:?}", store.recovery()));
        }
        let deduplicates: Vec<_> = self
            .scenario
            .lines
            .iter()
            .filter(|plan| plan.delivery == Delivery::Deduplicates)
            .map(|plan| plan.line.clone())
            .collect();
        let all = self.scenario.sabotage == Sabotage::RescueAll;
        let never_twice = Box::new(move |line: &_| !all && !deduplicates.contains(line));
        let rescued = self.runtime.block_on(store.rescue(never_twice, self.now));
        let rescued = rescued.map_err(|error| error.to_string())?;
        self.store = Some(store);
        Ok(rescued)
    }

    fn options(&self) -> Options {
        Options {
            dir: PathBuf::from("/jobs"),
            fsync: self.scenario.sabotage != Sabotage::NoFsync,
            segment_bytes: self.scenario.segment_bytes,
            max_jobs: 1_000_000,
            max_bytes: 1 << 40,
            tenant_reserve: 0.0,
            min_free_bytes: 0,
            completed: self.scenario.completed,
            dead_for: 10 * LONGEST,
            ended_for: 10 * LONGEST,
            keys_for: Duration::from_secs(24 * 3600),
            instance: 7,
            rollups_through: None,
            followed: None,
        }
    }

    fn check_rescue(&mut self, rescued: Rescued, attempt: u32) {
        self.say(|| format!("started: {rescued:?}"));
        let found = rescued.released + rescued.unknown + rescued.poison;
        if let Some(in_hand) = self.in_hand.filter(|_| attempt == 0)
            && in_hand != found
        {
            self.ledger
                .blame(format!("{in_hand} jobs were in hand, {found} were rescued"));
        }
    }

    /// Looks at what calls left open, and repeats what an operator was not told of.
    fn catch_up(&mut self) {
        let unsure: Vec<usize> = (0..self.ledger.jobs.len())
            .filter(|n| self.ledger.jobs[*n].unsure)
            .collect();
        for n in unsure {
            if let Some(state) = self.state_of(n) {
                self.ledger.on_seen(n, state);
            }
        }
        if let Some((at, tenant, gate)) = self.gate_again.take() {
            self.set_gate(at, tenant, gate);
        }
        if let Some((group, gate)) = self.group_again.take() {
            self.set_group(group, gate);
        }
    }

    fn start_lines(&mut self) {
        let Some(store) = &self.store else { return };
        let held: Vec<Timestamp> = self.lines.iter().map(|line| line.held_for_good).collect();
        self.lines = (self.scenario.lines.iter().enumerate())
            .map(|(at, plan)| {
                let held = held.get(at).copied().unwrap_or(Timestamp::EPOCH);
                LineRun::start(plan.clone(), store, held, self.now)
            })
            .collect();
        self.check_groups();
        for at in 0..self.lines.len() {
            self.check_gate(at);
            if self.is_paused_whole(at) {
                self.pause_line(at);
            }
            self.look(at);
        }
        self.stage_in(Duration::ZERO);
    }

    pub(crate) fn stage_in(&mut self, wait: Duration) {
        self.stage_at = Some(self.now + wait);
        self.plan_own(wait, Event::Stage);
    }

    /// Lets the store move on, and comes again when it says so.
    pub(crate) fn stage(&mut self) {
        if self.stage_at != Some(self.now) {
            return;
        }
        let now = self.now;
        if let Some(next) = self.ask(|store| store.advance(now)) {
            let most = Duration::from_secs(600);
            let wait = next.map_or(most, |at| at.until(now).min(most));
            self.stage_in(wait);
        }
    }
}
