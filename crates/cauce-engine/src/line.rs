//! The dispatch loop of one line: waits for work, answers and orders, hands them to the pure
//! [`Dispatcher`], and does what it says.
//!
//! ```text
//! wakeup (jobs came) --+
//! inputs (answers)   --+--> Dispatcher --> Claim, Send, Settle, Persist
//! timeout            --+
//! ```

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_destinations::destination::{Answer, BatchKey, Destination, Judgement};
use cauce_flow::{
    dispatch::{
        batcher,
        dispatcher::{
            AccountState, Answered, Claimed, Command, Dispatcher, RequestId, Send, Setup,
        },
        disposition::Delivery,
        policy::Policy,
    },
    id::JobId,
    job::{LeasedJob, Line},
    observation::Observation,
    queue::settlement::Settlement,
    reason::Reason,
    time::Timestamp,
};
use cauce_store::jobs::{self, JobStore};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::sleep_until,
};
use tokio_util::task::TaskTracker;

use crate::{
    clock::Clock,
    settings::Account,
    status::{GateStatus, LineStatus, WindowUse},
    transport::Transport,
};

/// Inputs that are taken in before the dispatcher's commands are carried out: under load many
/// answers become one settlement.
const MAX_INPUTS_A_TURN: usize = 256;

/// A full disk is asked again after this.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a line works with.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) transport: Transport,
    pub(crate) clock: Clock,
    /// Told when an account's credentials are refused.
    pub(crate) refused: mpsc::UnboundedSender<(Line, Reason)>,
}

/// A handle to the loop of one line.
pub(crate) struct LineHandle {
    pub(crate) account: Account,
    inputs: mpsc::UnboundedSender<Input>,
    task: JoinHandle<()>,
    shown: Arc<Mutex<Shown>>,
}

/// What the loop shows of itself.
struct Shown {
    status: LineStatus,
}

enum Input {
    Claimed(Result<Claimed, jobs::Error>),
    Left(RequestId),
    Answered(RequestId, Answered),
    Unsent(RequestId),
    Settled,
    Pause(oneshot::Sender<()>),
    Resume,
    Mended,
    Follow(Box<Account>),
    Why(oneshot::Sender<Vec<GateStatus>>),
    Stop,
}

impl LineHandle {
    /// Starts the loop of an account's line.
    pub(crate) fn start(account: Account, around: Surroundings, paused: bool) -> LineHandle {
        let (inputs, received) = mpsc::unbounded_channel();
        let line = account.line();
        let now = around.clock.now();
        let shown = Arc::new(Mutex::new(Shown {
            status: initial_status(&account),
        }));
        let recall = around.store.recall(&line, Timestamp::EPOCH);
        let state = recall.note.as_deref().and_then(read_note);
        let mut dispatcher = Dispatcher::new(
            Setup {
                policy: account.policy.clone(),
                delivery: account.destination.delivery(),
                state,
                starts: recall.starts,
            },
            now,
        );
        if paused {
            dispatcher.on_pause(now);
        }
        let wakeup = around.store.wakeup(&line);
        let runner = Runner {
            line,
            destination: Arc::clone(&account.destination),
            policy: account.policy.clone(),
            dispatcher,
            around,
            inputs: inputs.clone(),
            received,
            wakeup,
            shown: Arc::clone(&shown),
            tasks: TaskTracker::new(),
            settling: false,
            to_settle: Vec::new(),
            requests: 0,
            stopping: false,
        };
        LineHandle {
            account,
            inputs,
            task: tokio::spawn(runner.run()),
            shown,
        }
    }

    /// Asks the loop to pause. No new attempt starts after it has answered.
    pub(crate) fn ask_pause(&self) -> oneshot::Receiver<()> {
        let (done, paused) = oneshot::channel();
        let _ = self.inputs.send(Input::Pause(done));
        paused
    }

    /// Takes up work again.
    pub(crate) fn resume(&self) {
        let _ = self.inputs.send(Input::Resume);
    }

    /// The account's credentials work again.
    pub(crate) fn mended(&self) {
        let _ = self.inputs.send(Input::Mended);
    }

    /// Follows new settings of the account.
    pub(crate) fn follow(&mut self, account: Account) {
        let _ = self.inputs.send(Input::Follow(Box::new(account.clone())));
        self.account = account;
    }

    /// Asks for the gates that are shut now.
    pub(crate) fn ask_why(&self) -> oneshot::Receiver<Vec<GateStatus>> {
        let (answer, gates) = oneshot::channel();
        let _ = self.inputs.send(Input::Why(answer));
        gates
    }

    /// How the line does.
    pub(crate) fn status(&self) -> LineStatus {
        self.shown.lock().status.clone()
    }

    /// Asks the loop to finish what is in flight and end.
    pub(crate) fn stop(&self) {
        let _ = self.inputs.send(Input::Stop);
    }

    /// Waits for the end of the loop.
    pub(crate) async fn ended(self) {
        let _ = self.task.await;
    }
}

fn read_note(note: &[u8]) -> Option<AccountState> {
    serde_json::from_slice(note).ok()
}

fn initial_status(account: &Account) -> LineStatus {
    LineStatus {
        account: account.name.clone(),
        tenant: account.tenant.clone(),
        breaker: "closed",
        in_flight: 0,
        rate: Vec::new(),
        gates: Vec::new(),
        last_batch_at: None,
        last_error: None,
        breaker_openings: 0,
        holds: 0,
        batches_bisected: 0,
    }
}

struct Runner {
    line: Line,
    destination: Arc<dyn Destination>,
    policy: Policy,
    dispatcher: Dispatcher,
    around: Surroundings,
    inputs: mpsc::UnboundedSender<Input>,
    received: mpsc::UnboundedReceiver<Input>,
    wakeup: Arc<Notify>,
    shown: Arc<Mutex<Shown>>,
    tasks: TaskTracker,
    /// One settlement is on its way to the store; others gather meanwhile.
    settling: bool,
    to_settle: Vec<Settlement>,
    /// Requests answered since the last settlement.
    requests: u32,
    stopping: bool,
}

impl Runner {
    async fn run(mut self) {
        let now = self.around.clock.now();
        self.look(now);
        self.carry_out(now);
        let mut batch = Vec::with_capacity(MAX_INPUTS_A_TURN);
        loop {
            let timeout = self.dispatcher.poll_timeout();
            let wake_at = timeout.map(|at| self.around.clock.instant(at));
            tokio::select! {
                biased;
                _ = self.received.recv_many(&mut batch, MAX_INPUTS_A_TURN) => {
                    let now = self.around.clock.now();
                    for input in batch.drain(..) {
                        self.take(input, now);
                    }
                }
                () = self.wakeup.notified() => self.look(self.around.clock.now()),
                () = sleep_until(wake_at.unwrap_or_else(tokio::time::Instant::now)), if wake_at.is_some() => {
                    let now = self.around.clock.now();
                    self.look(now);
                    self.dispatcher.handle_timeout(now);
                }
            }
            let now = self.around.clock.now();
            self.carry_out(now);
            if self.stopping && self.is_done() {
                self.tasks.close();
                self.tasks.wait().await;
                return;
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
            Input::Pause(done) => {
                self.dispatcher.on_pause(now);
                let _ = done.send(());
            }
            Input::Resume => {
                self.dispatcher.on_resume(now);
                self.look(now);
            }
            Input::Mended => {
                self.dispatcher.on_credentials_mended(now);
                self.look(now);
            }
            Input::Follow(account) => self.follow(*account, now),
            Input::Why(answer) => {
                let _ = answer.send(self.gates(now));
            }
            Input::Stop => {
                self.stopping = true;
                self.dispatcher.on_pause(now);
            }
        }
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
        self.policy = account.policy;
        self.destination = account.destination;
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

    /// Does what the dispatcher says.
    fn carry_out(&mut self, now: Timestamp) {
        while let Some(command) = self.dispatcher.poll_command() {
            match command {
                Command::Claim(claim) => self.claim(claim, now),
                Command::Send(send) => self.send(send, now),
                Command::Settle(settlements) => self.to_settle.extend(settlements),
                Command::Persist(state) => self.persist(state),
            }
        }
        while let Some(observation) = self.dispatcher.poll_observation() {
            self.observe(observation, now);
        }
        self.settle(now);
        self.show(now);
    }

    fn claim(&self, claim: cauce_flow::dispatch::dispatcher::Claim, now: Timestamp) {
        let wish = jobs::Claim {
            line: self.line.clone(),
            max_jobs: claim.max_jobs,
            max_bytes: claim.max_bytes,
            requests: claim.max_requests,
        };
        let (store, inputs) = (Arc::clone(&self.around.store), self.inputs.clone());
        let (destination, policy) = (Arc::clone(&self.destination), self.policy.clone());
        let line = self.line.clone();
        self.tasks.spawn(async move {
            let claimed = store.claim(wish, now).await.map(|jobs| {
                let mut claimed = pack(jobs, &*destination, &policy, now);
                claimed.backlog = store.backlog(&line);
                claimed
            });
            let _ = inputs.send(Input::Claimed(claimed));
        });
    }

    fn send(&self, send: Send, now: Timestamp) {
        let (store, inputs) = (Arc::clone(&self.around.store), self.inputs.clone());
        let (destination, transport) =
            (Arc::clone(&self.destination), self.around.transport.clone());
        let clock = self.around.clock.clone();
        // A start is noted before the request leaves, where a quota has to know of it again.
        let note = (!send.noted && !self.policy.rate.is_empty()).then(|| self.line.clone());
        self.tasks.spawn(async move {
            let Send { request, jobs, .. } = send;
            if let Some(line) = note
                && store.begin(line, 1, now).await.is_err()
            {
                let _ = inputs.send(Input::Unsent(request));
                return;
            }
            let encoded = destination.encode(&jobs, now);
            let left = inputs.clone();
            let exchange = transport
                .send(encoded, move || {
                    let _ = left.send(Input::Left(request));
                })
                .await;
            let judged = destination.classify(&jobs, &exchange.answer, clock.now());
            let answered = answer(judged, &exchange.answer);
            let _ = inputs.send(Input::Answered(request, answered));
        });
    }

    /// Hands what has gathered to the store, one settlement at a time.
    fn settle(&mut self, now: Timestamp) {
        if self.settling || self.to_settle.is_empty() {
            return;
        }
        self.settling = true;
        let settlements = std::mem::take(&mut self.to_settle);
        let requests = std::mem::take(&mut self.requests);
        let (store, inputs) = (Arc::clone(&self.around.store), self.inputs.clone());
        let line = self.line.clone();
        self.tasks.spawn(async move {
            let mut unwritten = Some((settlements, requests));
            while let Some((settlements, requests)) = unwritten.take() {
                match store.settle(settlements.clone(), requests, now).await {
                    Ok(()) => {}
                    // Room comes back as history is pruned: what was delivered is not forgotten.
                    Err(error @ jobs::Error::DiskFull { .. }) => {
                        tracing::error!(%line, %error, "outcomes wait to be written");
                        tokio::time::sleep(SETTLE_AGAIN_AFTER).await;
                        unwritten = Some((settlements, requests));
                    }
                    Err(error) => {
                        tracing::error!(%line, %error, "outcomes could not be written; the leases stay");
                    }
                }
            }
            let _ = inputs.send(Input::Settled);
        });
    }

    fn persist(&self, state: AccountState) {
        let (store, line) = (Arc::clone(&self.around.store), self.line.clone());
        let note = serde_json::to_vec(&state)
            .map(Bytes::from)
            .unwrap_or_default();
        self.tasks.spawn(async move {
            if let Err(error) = store.keep_note(line, note).await {
                tracing::warn!(%error, "a dispatcher's note could not be kept");
            }
        });
    }

    fn observe(&self, observation: Observation, now: Timestamp) {
        let line = &self.line;
        match observation {
            Observation::RequestAnswered { reason, .. } => {
                let status = &mut self.shown.lock().status;
                status.last_batch_at = Some(now);
                if let Some(reason) = reason {
                    tracing::debug!(%line, code = reason.code, "a request failed");
                    status.last_error = Some(format!("{}: {}", reason.code, reason.detail));
                }
            }
            Observation::BreakerOpened { until } => {
                self.shown.lock().status.breaker_openings += 1;
                tracing::warn!(%line, %until, "the destination keeps failing and is left alone");
            }
            Observation::BreakerClosed => tracing::info!(%line, "the destination works again"),
            Observation::AccountRefused { reason } => {
                tracing::error!(
                    %line,
                    code = reason.code,
                    "the destination refuses the account; its jobs wait until that is mended"
                );
                let _ = self.around.refused.send((line.clone(), reason));
            }
            Observation::AccountMended => tracing::info!(%line, "the account is taken up again"),
            Observation::AccountHeld { until } => {
                self.shown.lock().status.holds += 1;
                tracing::info!(%line, %until, "the destination asked to be left alone");
            }
            Observation::RateExhausted { max, per } => {
                tracing::debug!(%line, max, ?per, "the rate is used up");
            }
            Observation::BatchBisected { jobs } => {
                self.shown.lock().status.batches_bisected += 1;
                tracing::info!(%line, jobs, "a batch was refused as a whole and is taken apart");
            }
            Observation::JobsDelivered { .. }
            | Observation::JobsRetried { .. }
            | Observation::JobsDied { .. }
            | Observation::JobsLeftUnknown { .. }
            | Observation::JobsReleased { .. } => {}
        }
    }

    fn show(&self, now: Timestamp) {
        let status = &mut self.shown.lock().status;
        status.breaker = self.dispatcher.breaker_state(now);
        status.in_flight = self.dispatcher.in_flight();
        let usage = self.dispatcher.usage(now);
        status.rate.clear();
        status
            .rate
            .extend(usage.into_iter().map(|window| WindowUse {
                used: window.used,
                max: window.max,
                per_ms: u64::try_from(window.per.as_millis()).unwrap_or(u64::MAX),
            }));
    }
}

/// Refuses what the destination would refuse, and packs the rest into requests.
fn pack(
    jobs: Vec<LeasedJob>,
    destination: &dyn Destination,
    policy: &Policy,
    now: Timestamp,
) -> Claimed {
    let mut refused: Vec<(JobId, Reason)> = Vec::new();
    let mut fit = Vec::with_capacity(jobs.len());
    for job in jobs {
        match destination.screen(&job, now) {
            Ok(()) => fit.push(job),
            Err(reason) => refused.push((job.id, reason)),
        }
    }
    let own = destination.limits();
    let max_items = own.max_items.min(policy.batch.max_items);
    let max_bytes = own.max_bytes.min(policy.batch.max_bytes);
    let requests = if max_items <= 1 {
        fit.into_iter().map(|job| vec![job]).collect()
    } else {
        let key_of = |job: &LeasedJob| -> BatchKey { destination.batch_key(job) };
        batcher::pack(
            fit,
            key_of,
            batcher::Room {
                max_items,
                max_bytes,
            },
        )
    };
    Claimed {
        requests,
        refused,
        backlog: Default::default(),
    }
}

fn answer(judged: Judgement, answer: &Answer) -> Answered {
    let status = match answer {
        Answer::Response(response) => response.status,
        Answer::NotSent(_) | Answer::Ambiguous(_) => 0,
    };
    Answered {
        verdict: judged.verdict,
        hold: judged.hold,
        status,
    }
}

/// Whether a line's destination must not get a job twice by itself.
pub(crate) fn never_twice(accounts: &[Account]) -> jobs::NeverTwice {
    let known: BTreeMap<Line, Delivery> = accounts
        .iter()
        .map(|account| (account.line(), account.destination.delivery()))
        .collect();
    // Of an account that is not configured any more nothing is known: the careful answer.
    Box::new(move |line| known.get(line) != Some(&Delivery::Deduplicates))
}
