//! The world of one run: virtual time, the queue of what happens next, the process that starts and
//! ends, and the trace of it all.
//!
//! Time moves on only when nothing is left to do at this instant. Events of the process carry the
//! number of its life and are dropped with it; what is on the wire arrives all the same.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use cauce_flow::{
    dispatch::dispatcher::{Answered, Claimed, RequestId},
    queue::settlement::Settlement,
    time::Timestamp,
};
use cauce_log::files::{FaultyFiles, Op};
use cauce_store::{
    embedded::{EmbeddedStore, Options},
    jobs::{Call, Error, Gate, JobStore, Rescued, Scope},
};
use tokio::{runtime::Runtime, sync::Notify};

use crate::{
    chance::Chance,
    checks::{Fate, Ledger, Nature, bisection_limit, overrun},
    destination::Receiver,
    driver::LineRun,
    scenario::{START, Sabotage, Scenario},
};

/// After this the world is well and all work has to be done.
const LONGEST: Duration = Duration::from_secs(14 * 24 * 3600);
/// More events than this at one instant are a loop without end.
const MAX_AT_ONCE: u32 = 20_000;
const TRACE_LINES: usize = 60;

/// Something that happens.
#[derive(Debug)]
pub(crate) enum Event {
    // Outside of the process.
    Start,
    Crash,
    Fault,
    Traffic,
    Operator,
    Mood(usize),
    Arrive(usize, RequestId, Vec<usize>, u32),
    Well,
    // Inside of it.
    Look(usize),
    Timeout(usize),
    Claimed(usize, Claimed),
    Depart(usize, RequestId),
    Answer(usize, RequestId, Answered),
    Settle(usize),
    Settled(usize),
    Stage,
    Mended(usize),
    Resume(usize, Option<usize>),
}

struct Planned {
    /// The life that it belongs to; none where it happens in any case.
    life: Option<u32>,
    event: Event,
}

/// A run.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) chance: Chance,
    pub(crate) now: Timestamp,
    pub(crate) life: u32,
    pub(crate) store: Option<EmbeddedStore>,
    pub(crate) lines: Vec<LineRun>,
    pub(crate) receivers: Vec<Receiver>,
    pub(crate) ledger: Ledger,
    pub(crate) gates: BTreeMap<(usize, Option<usize>), Gate>,
    /// A gate whose setting was not confirmed: the operator sets it again.
    pub(crate) gate_again: Option<(usize, Option<usize>, Gate)>,
    /// Lines whose claim was not answered before the process ended.
    pub(crate) claims_lost: Vec<usize>,
    /// The process finishes what is in flight and leaves.
    pub(crate) stopping: bool,
    pub(crate) well: bool,
    pub(crate) settled_before: Vec<Settlement>,
    pub(crate) figures: Figures,
    files: FaultyFiles,
    runtime: Runtime,
    events: BTreeMap<(Timestamp, u64, u64), Planned>,
    serial: u64,
    stage_at: Option<Timestamp>,
    /// What the process had in hand when it ended, where that is certain.
    in_hand: Option<u64>,
    crash_due: bool,
    trace: VecDeque<String>,
    story: DefaultHasher,
}

/// What a run amounted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) virtual_ms: u64,
    pub(crate) jobs: u64,
    pub(crate) requests: u64,
    pub(crate) crashes: u64,
    pub(crate) calls: u64,
    pub(crate) repeats: u64,
    pub(crate) series: u64,
    /// The same story has the same number.
    pub(crate) story: u64,
}

/// Runs a scenario to its end. Fails with what was broken and the tail of the trace.
pub(crate) fn run(scenario: Scenario) -> Result<Figures, String> {
    let mut world = World::new(scenario);
    let went = catch_unwind(AssertUnwindSafe(|| world.go()));
    if let Err(panic) = went {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        world
            .ledger
            .blame(format!("a panic: {}", text.unwrap_or_default()));
    }
    match world.ledger.broken.take() {
        None => Ok(world.figures()),
        Some(broken) => {
            let tail: Vec<String> = world.trace.into();
            Err(format!(
                "{broken}\nthe end of the trace:\n  {}",
                tail.join("\n  ")
            ))
        }
    }
}

impl World {
    fn new(scenario: Scenario) -> World {
        let mut chance = Chance::new(scenario.seed ^ 0xc0ffee);
        let receivers = scenario
            .lines
            .iter()
            .map(|line| Receiver::new(line.refusal));
        let mut world = World {
            receivers: receivers.collect(),
            files: FaultyFiles::new(chance.draw()),
            scenario,
            chance,
            now: START,
            life: 0,
            store: None,
            lines: Vec::new(),
            ledger: Ledger::default(),
            gates: BTreeMap::new(),
            gate_again: None,
            claims_lost: Vec::new(),
            stopping: false,
            well: false,
            settled_before: Vec::new(),
            figures: Figures::default(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime without drivers"),
            events: BTreeMap::new(),
            serial: 0,
            stage_at: None,
            in_hand: Some(0),
            crash_due: false,
            trace: VecDeque::new(),
            story: DefaultHasher::new(),
        };
        world.plan_outside(Duration::ZERO, Event::Start);
        world.plan_outside(Duration::from_secs(1), Event::Traffic);
        world.plan_outside(Duration::from_secs(20), Event::Operator);
        (0..world.receivers.len())
            .for_each(|at| world.plan_outside(Duration::ZERO, Event::Mood(at)));
        let first = world.about(world.scenario.crash_every);
        world.plan_outside(first, Event::Fault);
        let end = world.scenario.ends_at.since(START);
        world.plan_outside(end, Event::Well);
        world
    }

    fn go(&mut self) {
        let mut at_once = 0;
        while let Some((key, planned)) = self.events.pop_first() {
            at_once = if key.0 == self.now { at_once + 1 } else { 0 };
            self.now = key.0;
            let stale = planned.life.is_some_and(|life| life != self.life);
            if !stale {
                self.happen(planned.event);
                self.hear();
                self.after();
            }
            if at_once > MAX_AT_ONCE {
                self.ledger
                    .blame("the line spins without time going on".to_owned());
            }
            if self.ledger.broken.is_some() || self.is_over() {
                break;
            }
        }
        if self.ledger.broken.is_none() {
            self.check_all();
        }
        self.store = None;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Start => self.start(),
            Event::Crash => self.crash(),
            Event::Fault => self.fault(),
            Event::Traffic => self.traffic(),
            Event::Operator => self.operate(),
            Event::Mood(at) => self.change_mood(at),
            Event::Arrive(at, request, jobs, life) => self.arrive(at, request, &jobs, life),
            Event::Well => self.get_well(),
            Event::Look(at) => self.look(at),
            Event::Timeout(at) => self.on_timeout(at),
            Event::Claimed(at, claimed) => self.on_claimed(at, claimed),
            Event::Depart(at, request) => self.on_depart(at, request),
            Event::Answer(at, request, answered) => self.on_answer(at, request, answered),
            Event::Settle(at) => self.settle(at),
            Event::Settled(at) => self.on_settlement_done(at),
            Event::Stage => self.stage(),
            Event::Mended(at) => self.on_mended(at),
            Event::Resume(at, tenant) => self.resume(at, tenant),
        }
    }

    /// Plans an event of the process: it is dropped if the process ends before.
    pub(crate) fn plan_own(&mut self, wait: Duration, event: Event) {
        self.plan(wait, Some(self.life), event);
    }

    /// Plans an event that the process has no part in.
    pub(crate) fn plan_outside(&mut self, wait: Duration, event: Event) {
        self.plan(wait, None, event);
    }

    fn plan(&mut self, wait: Duration, life: Option<u32>, event: Event) {
        // Events of one instant come in any order.
        let order = self.chance.below(1 << 32);
        self.serial += 1;
        self.events.insert(
            (self.now + wait, order, self.serial),
            Planned { life, event },
        );
    }

    /// What a call of the store, or a task, takes.
    pub(crate) fn a_moment(&mut self) -> Duration {
        let most = if self.chance.percent(10) { 50 } else { 4 };
        Duration::from_millis(self.chance.below(most))
    }

    /// A time around `mean`.
    pub(crate) fn about(&mut self, mean: Duration) -> Duration {
        Duration::from_millis(self.chance.within(1, 2 * mean.as_millis() as u64))
    }

    pub(crate) fn say(&mut self, what: impl FnOnce() -> String) {
        let line = format!("{:>9} {}", self.now.since(START).as_millis(), what());
        line.hash(&mut self.story);
        if self.trace.len() == TRACE_LINES {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }

    /// Asks the store. None where there is none, or where it cannot write any more: then the
    /// process ends.
    pub(crate) fn ask<T>(&mut self, call: impl FnOnce(&EmbeddedStore) -> Call<'_, T>) -> Option<T> {
        match self.try_ask(call)? {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.ledger.blame(format!("the store refused: {error}"));
                None
            }
        }
    }

    /// The same where the store may refuse.
    pub(crate) fn try_ask<T>(
        &mut self,
        call: impl FnOnce(&EmbeddedStore) -> Call<'_, T>,
    ) -> Option<Result<T, Error>> {
        let store = self.store.as_ref().filter(|_| !self.crash_due)?;
        self.figures.calls += 1;
        match self.runtime.block_on(call(store)) {
            Err(error @ (Error::Broken(_) | Error::Closed)) => {
                self.crash_due = true;
                self.say(|| format!("the store is broken: {error}"));
                None
            }
            answer => Some(answer),
        }
    }

    /// Hears who was woken.
    fn hear(&mut self) {
        let Some(store) = &self.store else { return };
        let nudged = is_notified(&store.nudge());
        let woken: Vec<usize> = (0..self.lines.len())
            .filter(|at| is_notified(&self.lines[*at].wakeup))
            .collect();
        for at in woken {
            self.plan_own(Duration::ZERO, Event::Look(at));
        }
        if nudged {
            self.stage_in(Duration::ZERO);
        }
    }

    fn after(&mut self) {
        if self.crash_due {
            self.crash();
        }
        if self.stopping && self.lines.iter().all(LineRun::is_done) {
            self.say(|| "stopped".to_owned());
            self.stopping = false;
            self.store = None;
            self.receivers.iter_mut().for_each(Receiver::forget_series);
            self.files.kill();
            self.life += 1;
            let in_hand = self.ledger.on_crash();
            if in_hand > 0 {
                self.ledger
                    .blame(format!("a stop left {in_hand} jobs in hand"));
            }
            self.in_hand = Some(0);
            self.plan_outside(Duration::from_millis(500), Event::Start);
        }
    }

    /// Something is about to go wrong: at once, in the middle of a write, or with an error.
    fn fault(&mut self) {
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

    fn crash(&mut self) {
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

    fn start(&mut self) {
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
            .filter(|plan| {
                plan.delivery == cauce_flow::dispatch::disposition::Delivery::Deduplicates
            })
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
            min_free_bytes: 0,
            completed: 1_000_000,
            dead_for: 10 * LONGEST,
            ended_for: 10 * LONGEST,
            keys_for: Duration::from_secs(24 * 3600),
            instance: 7,
            rollups_through: None,
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
        for at in 0..self.lines.len() {
            self.check_gate(at);
            if self.is_paused_whole(at) {
                self.pause_line(at);
            }
            self.look(at);
        }
        self.stage_in(Duration::ZERO);
    }

    fn stage_in(&mut self, wait: Duration) {
        self.stage_at = Some(self.now + wait);
        self.plan_own(wait, Event::Stage);
    }

    /// Lets the store move on, and comes again when it says so.
    fn stage(&mut self) {
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

    fn arrive(&mut self, at: usize, request: RequestId, jobs: &[usize], life: u32) {
        let with_nature: Vec<(usize, bool)> = jobs
            .iter()
            .map(|n| (*n, self.ledger.jobs[*n].nature == Nature::Poison))
            .collect();
        let (never_twice, retries) = match self.lines.get(at) {
            Some(line) => (line.never_twice(), line.retries_unknown()),
            None => return,
        };
        let reaction = self.receivers[at].on_request(&with_nature, &mut self.chance, self.now);
        self.figures.requests += 1;
        self.say(|| format!("arrive {at}: {request:?} {jobs:?} {reaction:?}"));
        for (n, taken) in jobs.iter().zip(&reaction.accepted) {
            self.ledger.on_arrival(*n, never_twice, retries, life);
            let told = &mut self.ledger.jobs[*n];
            self.figures.repeats += u64::from(*taken && told.taken > 0);
            told.taken += u32::from(*taken);
            if life != self.life {
                self.ledger.on_fate(*n, Fate::Lost);
            }
        }
        if let Some((size, cost)) = self.receivers[at].series_cost() {
            self.figures.series += 1;
            if cost > bisection_limit(size) {
                self.ledger
                    .blame(format!("a poison job among {size} cost {cost} requests"));
            }
        }
        if let Some(answer) = reaction.answer.filter(|_| life == self.life) {
            self.plan_own(reaction.after, Event::Answer(at, request, answer));
        }
    }

    fn is_over(&mut self) -> bool {
        if !self.well || self.store.is_none() || self.crash_due {
            return false;
        }
        if self.now > self.scenario.ends_at + LONGEST {
            self.ledger
                .blame("the work is not done two weeks later".to_owned());
            return true;
        }
        self.lines.iter().all(LineRun::is_done) && self.pending() == 0
    }

    fn pending(&self) -> u64 {
        let Some(store) = &self.store else { return 0 };
        store
            .counts(&Scope::All)
            .values()
            .map(|counts| counts.pending())
            .sum()
    }

    fn figures(&self) -> Figures {
        Figures {
            virtual_ms: self.now.since(START).as_millis() as u64,
            jobs: self.ledger.jobs.len() as u64,
            story: self.story.finish(),
            ..self.figures
        }
    }

    /// At no receiver was any sliding window overrun.
    pub(crate) fn check_rates(&mut self) {
        for (at, receiver) in self.receivers.iter().enumerate() {
            let windows = &self.scenario.lines[at].policy.rate;
            if let Some(overrun) = overrun(&receiver.arrivals, windows) {
                self.ledger.blame(format!("line {at}: {overrun}"));
            }
        }
    }
}

/// Whether somebody who waits would have been woken.
fn is_notified(notify: &Notify) -> bool {
    let notified = pin!(notify.notified());
    notified
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_ready()
}
