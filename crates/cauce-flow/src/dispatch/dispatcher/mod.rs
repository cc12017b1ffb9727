//! The dispatcher of one line: decides when to claim, when to send, and what each answer means.
//!
//! A request leaves only when every gate is open, in this order:
//!
//! ```text
//!  backlog --> paused --> credentials, --> held --> breaker --> rate --> in flight --> batch --> Send
//!              a person   disconnected     Retry-   failures    quota    slow start    size,
//!                         401, 403         After                                       bytes, age
//! ```
//!
//! Contract: call one input, then drain [`Dispatcher::poll_command`] and
//! [`Dispatcher::poll_observation`], then wait for the next input or for
//! [`Dispatcher::poll_timeout`], at which [`Dispatcher::handle_timeout`] is called.
//!
//! - `Claim` is answered by [`Dispatcher::on_claimed`]; only one is outstanding at a time.
//! - `Send` is answered by [`Dispatcher::on_left`] when the body has been handed to the socket, and
//!   in any case by [`Dispatcher::on_answered`], or by [`Dispatcher::on_unsent`] if it is certain
//!   that it never left.
//! - Every claimed job comes back in exactly one `Settle`, but those that [`Dispatcher::on_lost`]
//!   took away.
//! - Once [`Dispatcher::on_pause`] has returned, no `Send` comes out until
//!   [`Dispatcher::on_resume`]; a `Send` that was not drained before is taken back. The same holds
//!   for the jobs of one group once [`Dispatcher::on_group_shut`] has returned, provided that the
//!   store gives no more of them.
//! - A job whose time ran out while it waited here is given back; the store expires it.
//!
//! While a gate is shut nothing is claimed, no attempt is used, and `poll_timeout` names the very
//! moment at which it opens, so a line that waits costs nothing.
//!
//! What counts as a failure for the breaker: a request none of whose jobs got a definite answer
//! (all to be retried, or unknown), and a throttled one. Where the destination told how long to
//! wait, the throttled requests of one burst count as one failure: those that left before the first
//! refusal was known say nothing new, and the hold already keeps the destination in peace.
//!
//! ```
//! use std::time::Duration;
//! use cauce_flow::{
//!     dispatch::{
//!         disposition::{Delivery, Disposition, Verdict},
//!         dispatcher::{Answered, Claimed, Command, Dispatcher, Setup},
//!         policy::{BatchPolicy, BreakerPolicy, OnUnknown, Policy, RetryPolicy, Window},
//!     },
//!     id::{JobId, TenantId},
//!     job::LeasedJob,
//!     priority::Priority,
//!     queue::backlog::Backlog,
//!     time::Timestamp,
//! };
//!
//! let second = Duration::from_secs(1);
//! let policy = Policy {
//!     batch: BatchPolicy {
//!         max_items: 1,
//!         max_bytes: 1 << 20,
//!         max_wait: Duration::ZERO,
//!         priority_wait: Duration::ZERO,
//!     },
//!     rate: vec![Window { max: 10, per: second }],
//!     concurrency: 50,
//!     retry: RetryPolicy {
//!         max_attempts: 6, base: second, factor: 2.0, cap: 300 * second, jitter: 0.2,
//!     },
//!     breaker: BreakerPolicy { failures: 10, open_for: 60 * second, probes: 1 },
//!     ttl: None,
//!     on_unknown: OnUnknown::Hold,
//! };
//! let now = Timestamp::from_millis(1_760_000_000_000);
//! let setup = Setup {
//!     policy,
//!     delivery: Delivery::NeverTwice,
//!     state: None,
//!     starts: Vec::new(),
//! };
//! let mut line = Dispatcher::new(setup, now);
//!
//! // Three jobs wait: the line claims as many as may leave at once.
//! let backlog = Backlog { waiting: 3, bytes: 900, oldest_at: Some(now), oldest_urgent_at: None };
//! line.on_backlog(backlog, now);
//! let Some(Command::Claim(claim)) = line.poll_command() else { panic!() };
//! assert_eq!((claim.max_jobs, claim.max_requests), (10, 10));
//!
//! // The store had one.
//! let job = LeasedJob {
//!     id: JobId::new(1, 1, now),
//!     tenant: TenantId::new("acme")?,
//!     group: None,
//!     priority: Priority::Normal,
//!     attempt: 1,
//!     max_attempts: 6,
//!     enqueued_at: now,
//!     expires_at: Timestamp::NEVER,
//!     payload: Default::default(),
//! };
//! let claimed = Claimed {
//!     requests: vec![vec![job]],
//!     ..Claimed::default()
//! };
//! line.on_claimed(claimed, now);
//! let Some(Command::Send(send)) = line.poll_command() else { panic!() };
//! line.on_left(send.request, now);
//! let delivered = Disposition::Delivered { provider_id: None };
//! let answered = Answered { verdict: Verdict::All(delivered), hold: None, status: 200 };
//! line.on_answered(send.request, answered, 0.5, now);
//! let Some(Command::Settle(settlements)) = line.poll_command() else { panic!() };
//! assert_eq!(settlements.len(), 1);
//! assert!(line.is_idle());
//! # Ok::<(), cauce_flow::id::NameError>(())
//! ```

mod command;

mod answer;
mod flow;
mod gates;
mod settle;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use self::{
    command::{AccountState, Answered, Claim, Claimed, Command, RequestId, Send, Setup},
    gates::{Gate, GateName},
};
use super::{
    bisect::{Bisection, Side},
    breaker::{Breaker, Pass},
    disposition::Delivery,
    in_flight::{InFlight, Place},
    policy::Policy,
    quota::{Quota, WindowUse},
    retry_budget::RetryBudget,
};
use crate::{
    id::{GroupName, TenantId},
    job::LeasedJob,
    observation::Observation,
    queue::backlog::Backlog,
    reason::Reason,
    time::Timestamp,
};

/// The dispatcher of one line.
#[derive(Debug)]
pub struct Dispatcher {
    policy: Policy,
    delivery: Delivery,

    switch: Switch,
    refused: Option<Reason>,
    /// Why the account is not connected, if so.
    away: Option<Reason>,
    held_until: Option<Timestamp>,
    throttles: u32,
    /// When the last burst of throttled requests was first heard of.
    throttled_at: Option<Timestamp>,
    breaker: Breaker,
    quota: Quota,
    in_flight: InFlight,
    budget: RetryBudget,
    /// Whether it was told that the rate is used up.
    exhaustion_told: bool,

    backlog: Backlog,
    claiming: bool,
    /// Groups that were shut while something was on its way: a claim may bring jobs of them, a refused
    /// batch is not sent again with them.
    shut: BTreeSet<(TenantId, GroupName)>,
    /// Claimed requests that may not leave yet, the next one first.
    ready: VecDeque<Parcel>,
    sent: BTreeMap<RequestId, InHand>,
    next_request: u64,

    commands: VecDeque<Command>,
    observations: VecDeque<Observation>,
    timeout: Option<Timestamp>,
}

/// What a person has told the line to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Switch {
    On,
    /// Finish what is claimed, claim no more.
    Draining,
    /// Start nothing.
    Paused,
}

/// Jobs that travel in one request, before it starts.
#[derive(Debug)]
struct Parcel {
    jobs: Vec<LeasedJob>,
    /// The refused batch that they are a part of.
    series: Option<Series>,
    /// When the start was noted with the claim, if it was.
    noted_at: Option<Timestamp>,
}

/// A refused batch that is being sorted out.
#[derive(Debug)]
struct Series {
    rest: Bisection<LeasedJob>,
    side: Side,
}

/// A request on its way.
#[derive(Debug)]
struct InHand {
    parcel: Parcel,
    started_at: Timestamp,
    left_at: Option<Timestamp>,
    place: Place,
    pass: Pass,
}

impl Dispatcher {
    /// The dispatcher of a line, as it was before a restart.
    pub fn new(setup: Setup, now: Timestamp) -> Dispatcher {
        let Setup {
            policy,
            delivery,
            state,
            starts,
        } = setup;
        let kept = state.unwrap_or_default();
        let mut in_flight = InFlight::new(policy.concurrency);
        if kept.held_until.is_some() || kept.breaker.open_until.is_some() {
            in_flight.restart();
        }
        Dispatcher {
            breaker: Breaker::restore(policy.breaker, kept.breaker),
            quota: Quota::restore(&policy.rate, &starts, now),
            in_flight,
            budget: RetryBudget::new(now),
            policy,
            delivery,
            switch: Switch::On,
            refused: None,
            away: None,
            held_until: kept.held_until,
            throttles: kept.throttles,
            throttled_at: None,
            exhaustion_told: false,
            backlog: Backlog::default(),
            claiming: false,
            shut: BTreeSet::new(),
            ready: VecDeque::new(),
            sent: BTreeMap::new(),
            next_request: 0,
            commands: VecDeque::new(),
            observations: VecDeque::new(),
            timeout: None,
        }
    }

    /// What waits in the line has changed.
    pub fn on_backlog(&mut self, backlog: Backlog, now: Timestamp) {
        self.backlog = backlog;
        self.go_on(now);
    }

    /// Nothing new starts; what has not left goes back to its place.
    pub fn on_pause(&mut self, now: Timestamp) {
        self.switch = Switch::Paused;
        self.take_back_sends();
        self.go_on(now);
    }

    /// What is claimed is finished, nothing more is claimed. [`Dispatcher::is_idle`] tells when all
    /// is done; [`Dispatcher::on_pause`] gives back what is left at the deadline.
    pub fn on_drain(&mut self, now: Timestamp) {
        self.switch = Switch::Draining;
        self.go_on(now);
    }

    /// Takes up work again after a pause or a drain.
    pub fn on_resume(&mut self, now: Timestamp) {
        self.switch = Switch::On;
        self.go_on(now);
    }

    /// The store gives no jobs of a group any more: what is here of it and has not left goes back.
    pub fn on_group_shut(&mut self, tenant: TenantId, group: GroupName, now: Timestamp) {
        self.shut.insert((tenant, group));
        self.take_back_sends();
        self.withdraw_shut();
        self.go_on(now);
    }

    /// The store gives jobs of a group again.
    pub fn on_group_open(&mut self, tenant: TenantId, group: GroupName, now: Timestamp) {
        self.shut.remove(&(tenant, group));
        self.go_on(now);
    }

    /// The account's credentials work again.
    pub fn on_credentials_mended(&mut self, now: Timestamp) {
        if self.refused.take().is_some() {
            self.observations.push_back(Observation::AccountMended);
            self.in_flight.restart();
        }
        self.go_on(now);
    }

    /// The account is not connected to its platform: nothing new starts, what has not left goes
    /// back to its place.
    pub fn on_disconnected(&mut self, reason: Reason, now: Timestamp) {
        self.note_away(reason);
        self.take_back_sends();
        self.go_on(now);
    }

    /// The account is connected.
    pub fn on_connected(&mut self, now: Timestamp) {
        if self.away.take().is_some() {
            self.observations.push_back(Observation::AccountConnected);
            self.in_flight.restart();
        }
        self.go_on(now);
    }

    /// Follows another policy from here on. `starts` are the request starts that the store has
    /// noted, for windows longer than any before.
    pub fn on_policy(&mut self, policy: Policy, starts: &[(Timestamp, u32)], now: Timestamp) {
        if policy.rate != self.policy.rate {
            self.quota.set_windows(&policy.rate, starts, now);
        }
        self.breaker.set_policy(policy.breaker);
        self.in_flight.set_max(policy.concurrency);
        self.policy = policy;
        self.go_on(now);
    }

    /// The moment of [`Dispatcher::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.go_on(now);
    }

    /// What the edge has to do next; none when it has done everything.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// What happened; none when everything has been told.
    pub fn poll_observation(&mut self) -> Option<Observation> {
        self.observations.pop_front()
    }

    /// When to call [`Dispatcher::handle_timeout`]; none where only another input can change
    /// anything.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timeout
    }

    /// Whether nothing is on its way: no claim, no request, no job in hand, no command.
    pub fn is_idle(&self) -> bool {
        let nothing_sent = self.sent.is_empty() && self.ready.is_empty();
        nothing_sent && !self.claiming && self.commands.is_empty()
    }

    /// Requests on their way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.running()
    }

    /// `closed`, `open` or `half-open`.
    pub fn breaker_state(&self, now: Timestamp) -> &'static str {
        self.breaker.state(now)
    }

    /// How much of each window of the quota is used.
    pub fn usage(&self, now: Timestamp) -> Vec<WindowUse> {
        self.quota.usage(now)
    }

    fn persist(&mut self, now: Timestamp) {
        self.commands.push_back(Command::Persist(AccountState {
            breaker: self.breaker.snapshot(now),
            held_until: self.held_until.filter(|until| *until > now),
            throttles: self.throttles,
        }));
    }
}

#[cfg(test)]
mod tests;
