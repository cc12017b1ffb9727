//! The edge of one line, without threads: carries out what the dispatcher says, the way the loop of
//! the engine does, with every wait an event of its own.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use cauce_flow::{
    dispatch::{
        batcher::{self, Room},
        dispatcher::{
            AccountState, Answered, Claim, Claimed, Command, Dispatcher, RequestId, Send, Setup,
        },
        disposition::{Delivery, Disposition, Verdict},
        policy::OnUnknown,
    },
    job::LeasedJob,
    queue::settlement::{Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::jobs::{self, JobStore, Start};

use crate::{
    checks::{Fate, Nature, number_in},
    destination::Mood,
    scenario::{LinePlan, Sabotage},
    world::{Event, World},
};

/// How long the transport waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The edge of one line.
pub(crate) struct LineRun {
    pub(crate) plan: LinePlan,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) wakeup: std::sync::Arc<tokio::sync::Notify>,
    sent: BTreeMap<RequestId, Vec<LeasedJob>>,
    settling: bool,
    to_settle: Vec<Settlement>,
    requests: u32,
    armed: Option<Timestamp>,
    /// No request may start.
    pub(crate) paused: bool,
    pub(crate) refused: bool,
    /// No request may start before this: as this process knows, and as the store was told.
    pub(crate) held_until: Timestamp,
    pub(crate) held_for_good: Timestamp,
}

impl LineRun {
    pub(crate) fn start(
        plan: LinePlan,
        store: &dyn JobStore,
        held_for_good: Timestamp,
        now: Timestamp,
    ) -> LineRun {
        let recall = store.recall(&plan.line, Timestamp::EPOCH);
        let state: Option<AccountState> = recall
            .note
            .as_deref()
            .and_then(|note| serde_json::from_slice(note).ok());
        let setup = Setup {
            policy: plan.policy.clone(),
            delivery: plan.delivery,
            state,
            starts: recall.starts,
        };
        LineRun {
            dispatcher: Dispatcher::new(setup, now),
            wakeup: store.wakeup(&plan.line),
            plan,
            sent: BTreeMap::new(),
            settling: false,
            to_settle: Vec::new(),
            requests: 0,
            armed: None,
            paused: false,
            refused: false,
            held_until: held_for_good,
            held_for_good,
        }
    }

    pub(crate) fn never_twice(&self) -> bool {
        self.plan.delivery == Delivery::NeverTwice
    }

    pub(crate) fn retries_unknown(&self) -> bool {
        self.plan.policy.on_unknown == OnUnknown::Retry
    }

    pub(crate) fn is_done(&self) -> bool {
        self.dispatcher.is_idle() && !self.settling && self.to_settle.is_empty()
    }
}

impl World {
    pub(crate) fn look(&mut self, at: usize) {
        let Some(store) = &self.store else { return };
        let backlog = store.backlog(&self.lines[at].plan.line);
        let now = self.now;
        self.lines[at].dispatcher.on_backlog(backlog, now);
        self.carry_out(at);
    }

    pub(crate) fn on_timeout(&mut self, at: usize) {
        let line = &mut self.lines[at];
        line.armed = None;
        if line
            .dispatcher
            .poll_timeout()
            .is_some_and(|due| due <= self.now)
        {
            self.look(at);
            self.lines[at].dispatcher.handle_timeout(self.now);
        }
        self.carry_out(at);
    }

    /// Does what the dispatcher says.
    pub(crate) fn carry_out(&mut self, at: usize) {
        while let Some(command) = self.lines[at].dispatcher.poll_command() {
            if self.store.is_none() {
                return;
            }
            match command {
                Command::Claim(claim) => self.claim(at, claim),
                Command::Send(send) => self.send(at, send),
                Command::Settle(settlements) => self.lines[at].to_settle.extend(settlements),
                Command::Persist(state) => self.persist(at, &state),
            }
        }
        while self.lines[at].dispatcher.poll_observation().is_some() {}
        let line = &mut self.lines[at];
        if !line.settling && !line.to_settle.is_empty() {
            line.settling = true;
            let wait = self.a_moment();
            self.plan_own(wait, Event::Settle(at));
        }
        self.arm(at);
    }

    fn arm(&mut self, at: usize) {
        let timeout = self.lines[at].dispatcher.poll_timeout();
        if timeout != self.lines[at].armed {
            self.lines[at].armed = timeout;
            if let Some(due) = timeout {
                self.plan_own(due.until(self.now), Event::Timeout(at));
            }
        }
    }

    /// Leases at once; the answer takes a moment, in which the process may end.
    fn claim(&mut self, at: usize, claim: Claim) {
        let now = self.now;
        let noted = match self.scenario.sabotage {
            Sabotage::NoteNoStart => 0,
            _ => claim.max_requests,
        };
        let wish = jobs::Claim {
            line: self.lines[at].plan.line.clone(),
            max_jobs: claim.max_jobs,
            max_bytes: claim.max_bytes,
            requests: noted,
        };
        let Some(leased) = self.ask(|store| store.claim(wish, now)) else {
            self.claims_lost.push(at);
            return;
        };
        for job in leased.iter() {
            let Some(n) = self.ledger.on_leased(job, now) else {
                continue;
            };
            let told = &self.ledger.jobs[n];
            if self.is_paused(at, told.tenant) || self.is_group_shut(n) {
                self.ledger
                    .blame(format!("job {n} was leased while it was paused"));
            } else if told.line != at || self.scenario.tenants[told.tenant] != job.tenant {
                self.ledger
                    .blame(format!("job {n} came to another line or tenant"));
            }
        }
        let claimed = self.pack(at, leased);
        self.say(|| format!("claim {at}: {} requests", claimed.requests.len()));
        let wait = self.a_moment();
        self.plan_own(wait, Event::Claimed(at, claimed));
    }

    fn pack(&self, at: usize, leased: Vec<LeasedJob>) -> Claimed {
        let batch = &self.lines[at].plan.policy.batch;
        let unfit = |job: &LeasedJob| {
            let n = number_in(&job.payload);
            n.is_some_and(|n| self.ledger.jobs[n].nature == Nature::Unfit)
        };
        let (unfit, fit): (Vec<_>, Vec<_>) = leased.into_iter().partition(unfit);
        let reason = || Reason::new("unfit", "the destination does not take this");
        let room = Room {
            max_items: batch.max_items,
            max_bytes: batch.max_bytes,
        };
        Claimed {
            requests: batcher::pack(fit, |_| (), room),
            refused: unfit.into_iter().map(|job| (job.id, reason())).collect(),
            ..Claimed::default()
        }
    }

    pub(crate) fn on_claimed(&mut self, at: usize, mut claimed: Claimed) {
        if let Some(store) = &self.store {
            claimed.backlog = store.backlog(&self.lines[at].plan.line);
        }
        self.lines[at].dispatcher.on_claimed(claimed, self.now);
        self.carry_out(at);
    }

    fn send(&mut self, at: usize, send: Send) {
        let (now, line) = (self.now, &self.lines[at]);
        let shut = line.paused || line.refused || now < line.held_until;
        let (never_twice, rated) = (line.never_twice(), !line.plan.policy.rate.is_empty());
        if shut {
            let (paused, refused, held) = (line.paused, line.refused, line.held_until);
            self.ledger.blame(format!(
                "a request of line {at} starts: paused {paused}, refused {refused}, held {held}"
            ));
        }
        let silent = self.scenario.sabotage == Sabotage::NoteNoStart;
        let counted = !send.noted && rated && !silent;
        if counted || never_twice {
            let start = Start {
                line: self.lines[at].plan.line.clone(),
                requests: u32::from(counted),
                jobs: match never_twice {
                    true => send.jobs.iter().map(|job| job.id).collect(),
                    false => Vec::new(),
                },
            };
            if self.ask(|store| store.begin(start, now)).is_none() {
                return;
            }
        }
        for job in &send.jobs {
            if let Some(n) = number_in(&job.payload) {
                if self.is_group_shut(n) {
                    self.ledger
                        .blame(format!("job {n} starts while its group is paused"));
                }
                self.ledger.on_send(n, never_twice, now);
            }
        }
        self.say(|| {
            format!(
                "send {at}: {:?} with {} jobs",
                send.request,
                send.jobs.len()
            )
        });
        self.lines[at].sent.insert(send.request, send.jobs);
        let connecting = if self.chance.percent(5) { 300 } else { 30 };
        let wait = Duration::from_millis(self.chance.below(connecting));
        self.plan_own(wait, Event::Depart(at, send.request));
    }

    /// The body is handed to the socket, if there is one.
    pub(crate) fn on_depart(&mut self, at: usize, request: RequestId) {
        let Some(jobs) = self.lines[at].sent.get(&request) else {
            return;
        };
        let numbers: Vec<usize> = jobs
            .iter()
            .filter_map(|job| number_in(&job.payload))
            .collect();
        if self.receivers[at].mood == Mood::Gone {
            return self.not_sent(at, request);
        }
        self.lines[at].dispatcher.on_left(request, self.now);
        let road = Duration::from_millis(self.chance.below(10));
        let lost = self.receivers[at].mood == Mood::Hangs && self.chance.percent(20);
        if !lost {
            self.plan_outside(road, Event::Arrive(at, request, numbers.clone(), self.life));
        }
        if self.scenario.sabotage == Sabotage::SendTwice && self.chance.percent(10) {
            self.plan_outside(road, Event::Arrive(at, request, numbers, self.life));
        }
        let reason = Reason::new("timeout", "no answer in time");
        let verdict = Verdict::All(Disposition::Unknown { reason });
        let silence = Answered {
            verdict,
            hold: None,
            status: 0,
        };
        self.plan_own(PATIENCE, Event::Answer(at, request, silence));
        self.carry_out(at);
    }

    fn not_sent(&mut self, at: usize, request: RequestId) {
        if self.chance.percent(10) {
            self.lines[at].sent.remove(&request);
            self.lines[at].dispatcher.on_unsent(request, self.now);
            return self.carry_out(at);
        }
        let reason = Reason::new("connect", "nobody listens");
        let verdict = Verdict::All(Disposition::Retry {
            reason,
            after: None,
        });
        let answered = Answered {
            verdict,
            hold: None,
            status: 0,
        };
        let wait = self.a_moment();
        self.plan_own(wait, Event::Answer(at, request, answered));
    }

    pub(crate) fn on_answer(&mut self, at: usize, request: RequestId, mut answered: Answered) {
        let Some(jobs) = self.lines[at].sent.remove(&request) else {
            return;
        };
        self.tell_fates(at, &jobs, &answered.verdict);
        let hold = hold_of(&answered);
        self.sabotage_answer(&mut answered);
        let line = &mut self.lines[at];
        line.requests += 1;
        if let Some(hold) = hold {
            line.held_until = line.held_until.max(self.now + hold.min(DAY));
        }
        line.refused |= matches!(
            answered.verdict,
            Verdict::All(Disposition::Unauthorised { .. })
        );
        let (draw, now) = (self.chance.unit(), self.now);
        self.lines[at]
            .dispatcher
            .on_answered(request, answered, draw, now);
        self.carry_out(at);
    }

    /// Notes what the process is told of each job.
    fn tell_fates(&mut self, at: usize, jobs: &[LeasedJob], verdict: &Verdict) {
        let holds = self.lines[at].never_twice() && !self.lines[at].retries_unknown();
        for (place, job) in jobs.iter().enumerate() {
            let Some(n) = number_in(&job.payload) else {
                continue;
            };
            let fate = match verdict {
                Verdict::All(one) => fate_of(one),
                Verdict::Each(each) => each.get(place).map_or(Fate::Ambiguous, fate_of),
                Verdict::Without(_) | Verdict::Bisect(_) => Fate::Refused,
            };
            self.ledger.on_fate(n, fate);
            if fate == Fate::Ambiguous && holds {
                self.ledger.jobs[n].held = true;
            }
        }
    }

    /// Hands what has gathered to the store.
    pub(crate) fn settle(&mut self, at: usize) {
        let now = self.now;
        let mut settlements = std::mem::take(&mut self.lines[at].to_settle);
        let requests = std::mem::take(&mut self.lines[at].requests);
        let named: Vec<(usize, Outcome)> = settlements
            .iter()
            .filter_map(|one| Some((*self.ledger.by_id.get(&one.job)?, one.outcome.clone())))
            .collect();
        self.sabotage_settlements(&mut settlements);
        let done = self.ask(|store| store.settle(settlements, requests, now));
        for (n, outcome) in &named {
            if matches!(outcome, Outcome::Release | Outcome::Retry { .. }) {
                self.receivers[at].on_back(*n);
            }
            match done {
                Some(()) => self.ledger.on_settled(*n, outcome),
                None => self.ledger.on_settlement_lost(*n, outcome),
            }
        }
        self.say(|| format!("settle {at}: {named:?}"));
        if done.is_some() {
            let wait = self.a_moment();
            self.plan_own(wait, Event::Settled(at));
        }
    }

    pub(crate) fn on_settlement_done(&mut self, at: usize) {
        self.lines[at].settling = false;
        self.carry_out(at);
    }

    fn persist(&mut self, at: usize, state: &AccountState) {
        let line = self.lines[at].plan.line.clone();
        let note = serde_json::to_vec(state)
            .map(Bytes::from)
            .unwrap_or_default();
        if self.ask(|store| store.keep_note(line, note)).is_some() {
            let line = &mut self.lines[at];
            line.held_for_good = line.held_until;
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

fn fate_of(disposition: &Disposition) -> Fate {
    match disposition {
        Disposition::Delivered { .. } => Fate::Delivered,
        Disposition::Unknown { .. } => Fate::Ambiguous,
        Disposition::Retry { .. }
        | Disposition::Rejected { .. }
        | Disposition::Unauthorised { .. }
        | Disposition::Snoozed { .. }
        | Disposition::Disconnected { .. }
        | Disposition::Throttled { .. } => Fate::Refused,
    }
}

/// For how long the destination wants to be left alone.
fn hold_of(answered: &Answered) -> Option<Duration> {
    let of_jobs = match &answered.verdict {
        Verdict::All(Disposition::Throttled { after, .. }) => *after,
        _ => None,
    };
    answered.hold.max(of_jobs)
}
