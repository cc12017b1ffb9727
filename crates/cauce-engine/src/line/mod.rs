//! The dispatch loop of one line: waits for work, answers and orders, hands them to the pure
//! [`Dispatcher`], and does what it says.
//!
//! ```text
//! wakeup (jobs came) --+
//! inputs (answers)   --+--> Dispatcher --> Claim, Send, Settle, Persist
//! timeout            --+
//! ```
//!
//! `orders` does what the dispatcher says, `packing` turns claimed jobs into requests, `show` tells
//! what happened, `keeper` starts the loop again where something has panicked.

mod handle;
mod heard;
mod keeper;
mod orders;
mod packing;
mod show;

pub(crate) use handle::LineHandle;
pub(crate) use packing::never_twice;

use std::{sync::Arc, time::Duration};

use cauce_flow::{
    dispatch::{
        dispatcher::{AccountState, Claimed, Dispatcher, Setup},
        policy::BatchPolicy,
    },
    id::{AccountName, GroupName, TenantId},
    job::Line,
    queue::settlement::Settlement,
    reason::Reason,
    time::Timestamp,
};
use cauce_store::jobs::{self, JobStore};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep_until},
};
use tokio_util::task::TaskTracker;

use self::{
    heard::{End, Input, Order, Task},
    keeper::Suspects,
};
use crate::{
    clock::Clock,
    screen::Screen,
    settings::Account,
    status::{GateStatus, LineStatus},
    transport::Transport,
};

/// Inputs that are taken in before the dispatcher's commands are carried out: under load many
/// answers become one settlement.
const MAX_INPUTS_A_TURN: usize = 256;

/// What a line works with.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) transport: Transport,
    pub(crate) clock: Clock,
    /// Told when an account's credentials are refused.
    pub(crate) refused: mpsc::UnboundedSender<(Line, Reason)>,
    /// Told when an account is found not to be connected.
    pub(crate) disconnected: mpsc::UnboundedSender<AccountName>,
    /// Looks at each job before it leaves, besides its destination.
    pub(crate) screen: Option<Arc<dyn Screen>>,
}

/// What the loop shows of itself.
struct Shown {
    status: LineStatus,
}

/// How long a line does not look again at what has come, where it lets jobs wait for company anyway:
/// so little of that wait that nobody can tell, and enough that not every job wakes the line.
fn rest(batch: &BatchPolicy) -> Option<Duration> {
    const SHARE: u32 = 50;
    const LEAST: Duration = Duration::from_millis(1);
    const MOST: Duration = Duration::from_millis(10);
    let rest = batch.max_wait.min(batch.priority_wait) / SHARE;
    (rest >= LEAST).then_some(rest.min(MOST))
}

fn read_note(note: &[u8]) -> Option<AccountState> {
    serde_json::from_slice(note).ok()
}

struct Runner {
    account: Account,
    line: Line,
    dispatcher: Dispatcher,
    around: Surroundings,
    inputs: mpsc::UnboundedSender<Input>,
    received: mpsc::UnboundedReceiver<Input>,
    wakeup: Arc<Notify>,
    shown: Arc<Mutex<Shown>>,
    suspects: Suspects,
    tasks: TaskTracker,
    /// One settlement is on its way to the store; others gather meanwhile.
    settling: bool,
    to_settle: Vec<Settlement>,
    /// Requests answered since the last settlement.
    requests: u32,
    stopping: bool,
    /// Something panicked: what is in flight is finished, and no more.
    failing: bool,
}

impl Runner {
    fn new(
        account: Account,
        around: Surroundings,
        shown: &Arc<Mutex<Shown>>,
        suspects: &Suspects,
    ) -> Runner {
        let (inputs, received) = mpsc::unbounded_channel();
        let line = account.line();
        let recall = around.store.recall(&line, Timestamp::EPOCH);
        let setup = Setup {
            policy: account.policy.clone(),
            delivery: account.destination.delivery(),
            state: recall.note.as_deref().and_then(read_note),
            starts: recall.starts,
        };
        Runner {
            dispatcher: Dispatcher::new(setup, around.clock.now()),
            wakeup: around.store.wakeup(&line),
            account,
            line,
            around,
            inputs,
            received,
            shown: Arc::clone(shown),
            suspects: suspects.clone(),
            tasks: TaskTracker::new(),
            settling: false,
            to_settle: Vec::new(),
            requests: 0,
            stopping: false,
            failing: false,
        }
    }

    async fn run(&mut self, orders: &mut mpsc::UnboundedReceiver<Order>) -> End {
        let now = self.around.clock.now();
        self.look_at_gate(now);
        self.look(now);
        self.carry_out(now);
        let mut batch = Vec::with_capacity(MAX_INPUTS_A_TURN);
        let mut rests_until = None;
        loop {
            let timeout = self.dispatcher.poll_timeout();
            let timeout = timeout.map(|at| self.around.clock.instant(at));
            let wake_at = timeout.into_iter().chain(rests_until).min();
            tokio::select! {
                biased;
                order = orders.recv(), if !self.stopping => {
                    let now = self.around.clock.now();
                    self.obey(order.unwrap_or(Order::Stop), now);
                }
                _ = self.received.recv_many(&mut batch, MAX_INPUTS_A_TURN) => {
                    let now = self.around.clock.now();
                    for input in batch.drain(..) {
                        self.take(input, now);
                    }
                }
                () = self.wakeup.notified(), if rests_until.is_none() => {
                    self.look(self.around.clock.now());
                    rests_until = rest(&self.account.policy.batch).map(|rest| Instant::now() + rest);
                }
                () = sleep_until(wake_at.unwrap_or_else(Instant::now)), if wake_at.is_some() => {
                    if rests_until == wake_at {
                        rests_until = None;
                    }
                    if timeout == wake_at {
                        let now = self.around.clock.now();
                        self.look(now);
                        self.dispatcher.handle_timeout(now);
                    }
                }
            }
            let now = self.around.clock.now();
            self.carry_out(now);
            if (self.stopping || self.failing) && self.is_done() {
                self.tasks.close();
                self.tasks.wait().await;
                return if self.failing {
                    End::Failed
                } else {
                    End::Stopped
                };
            }
        }
    }

    fn is_done(&self) -> bool {
        self.dispatcher.is_idle() && !self.settling && self.to_settle.is_empty()
    }

    /// Looks at what waits.
    fn look(&mut self, now: Timestamp) {
        let backlog = self.around.store.backlog(&self.line);
        self.dispatcher.on_backlog(backlog, now);
    }

    /// Does as the store's gate says now, not as somebody said who has moved it: of two who move it
    /// at the same moment, the one that the store heard last is right, and may be the first here.
    fn look_at_gate(&mut self, now: Timestamp) {
        if self.stopping || self.failing {
            return;
        }
        let (store, tenant) = (&self.around.store, &self.account.tenant);
        match store.gate(&self.line.queue, Some(tenant)) {
            jobs::Gate::Paused => self.dispatcher.on_pause(now),
            jobs::Gate::Open | jobs::Gate::Draining => {
                self.dispatcher.on_resume(now);
                self.look(now);
            }
        }
    }

    /// The same for a group.
    fn look_at_group(&mut self, tenant: TenantId, group: GroupName, now: Timestamp) {
        match self.around.store.group_gate(&tenant, &group).is_shut() {
            true => self.dispatcher.on_group_shut(tenant, group, now),
            false => self.dispatcher.on_group_open(tenant, group, now),
        }
        self.look(now);
    }

    fn obey(&mut self, order: Order, now: Timestamp) {
        match order {
            Order::Gate(done) => {
                self.look_at_gate(now);
                let _ = done.send(());
            }
            Order::Group(tenant, group, done) => {
                self.look_at_group(tenant, group, now);
                let _ = done.send(());
            }
            Order::Mended => {
                self.dispatcher.on_credentials_mended(now);
                self.look(now);
            }
            Order::Connection(Some(reason)) => self.dispatcher.on_disconnected(reason, now),
            Order::Connection(None) => {
                self.dispatcher.on_connected(now);
                self.look(now);
            }
            Order::Follow(account) => self.follow(*account, now),
            Order::Why(answer) => {
                let _ = answer.send(self.gates(now));
            }
            Order::Stop => {
                self.stopping = true;
                self.dispatcher.on_pause(now);
            }
        }
    }

    fn take(&mut self, input: Input, now: Timestamp) {
        match input {
            Input::Claimed(Ok(claimed)) => self.dispatcher.on_claimed(claimed, now),
            Input::Claimed(Err(error)) => {
                tracing::warn!(line = %self.line, %error, "nothing could be claimed");
                self.dispatcher.on_claimed(Claimed::default(), now);
            }
            Input::Left(request) => self.dispatcher.on_left(request, now),
            Input::Answered(request, answered) => {
                self.requests += 1;
                self.dispatcher
                    .on_answered(request, answered, rand::random(), now);
            }
            Input::Unsent(request) => self.dispatcher.on_unsent(request, now),
            Input::Settled => self.settling = false,
            Input::Look => self.look(now),
            Input::Panicked(task) => self.fail(task, now),
        }
    }

    /// Nothing new starts. What is in flight comes to its end, and the leases that are left then
    /// are those that the panic was about.
    fn fail(&mut self, task: Task, now: Timestamp) {
        self.failing = true;
        match task {
            Task::Claim => self.dispatcher.on_claimed(Claimed::default(), now),
            Task::Screen => {}
            Task::Send(request) => {
                let lost = self.dispatcher.on_lost(request, now);
                self.suspects.add(lost.iter().map(|job| job.id));
            }
            Task::Settle => self.settling = false,
        }
        self.dispatcher.on_pause(now);
    }

    fn follow(&mut self, account: Account, now: Timestamp) {
        let starts = self
            .around
            .store
            .recall(&self.line, Timestamp::EPOCH)
            .starts;
        self.dispatcher
            .on_policy(account.policy.clone(), &starts, now);
        // New credentials may be what was missing.
        self.dispatcher.on_credentials_mended(now);
        self.account = account;
        self.look_at_gate(now);
    }

    fn gates(&self, now: Timestamp) -> Vec<GateStatus> {
        let gates = self.dispatcher.why(now).into_iter();
        gates
            .map(|gate| GateStatus {
                name: gate.name.as_str(),
                opens_at: gate.opens_at,
                detail: gate.detail,
            })
            .collect()
    }
}
