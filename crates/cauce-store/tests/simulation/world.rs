//! The world of one run: virtual time, the queue of what happens next, the process that starts and
//! ends, and the trace of it all.
//!
//! Time moves on only when nothing is left to do at this instant. Events of the process carry the
//! number of its life and are dropped with it; what is on the wire arrives all the same.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use cauce_flow::{
    dispatch::dispatcher::{Answered, Claimed, RequestId},
    queue::settlement::Settlement,
    time::Timestamp,
};
use cauce_log::files::FaultyFiles;
use cauce_store::{
    embedded::EmbeddedStore,
    jobs::{Call, Error, Gate, GroupGate, JobStore, Scope},
};
use tokio::{runtime::Runtime, sync::Notify};

use crate::{
    chance::Chance,
    checks::{Ledger, overrun},
    destination::Receiver,
    driver::LineRun,
    groups::Group,
    scenario::{START, Scenario},
};

/// After this the world is well and all work has to be done.
pub(crate) const LONGEST: Duration = Duration::from_secs(14 * 24 * 3600);
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
    OpenGroup(Group),
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
    /// The gates of groups, and one whose setting was not confirmed.
    pub(crate) groups: BTreeMap<Group, GroupGate>,
    pub(crate) group_again: Option<(Group, GroupGate)>,
    /// Lines whose claim was not answered before the process ended.
    pub(crate) claims_lost: Vec<usize>,
    /// The process finishes what is in flight and leaves.
    pub(crate) stopping: bool,
    pub(crate) well: bool,
    pub(crate) settled_before: Vec<Settlement>,
    pub(crate) figures: Figures,
    pub(crate) files: FaultyFiles,
    pub(crate) runtime: Runtime,
    events: BTreeMap<(Timestamp, u64, u64), Planned>,
    serial: u64,
    pub(crate) stage_at: Option<Timestamp>,
    /// What the process had in hand when it ended, where that is certain.
    pub(crate) in_hand: Option<u64>,
    pub(crate) crash_due: bool,
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
            groups: BTreeMap::new(),
            group_again: None,
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
            // Whatever can be seen is on the disk, too.
            self.crash();
            self.start();
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
            Event::OpenGroup(group) => self.open_group(group),
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
            Err(error @ (Error::Broken(_) | Error::Closed | Error::Unread(_))) => {
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
