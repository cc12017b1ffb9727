//! The engine as its callers see it: a handle to everything that runs.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cauce_destinations::{destination::CredentialState, pixel::PixelEvent};
use cauce_flow::{
    id::{AccountName, JobId, QueueName, TenantId},
    job::Line,
    time::Timestamp,
};
use cauce_store::{
    control::Control,
    embedded::{EmbeddedStore, Options},
    jobs::{Error, Gate, JobStore, Scope},
    rollups::Rollups,
};
use parking_lot::RwLock;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    janitor,
    line::{LineHandle, Surroundings, never_twice},
    pixels::{Intake, Rules},
    settings::{Account, MinFree, Settings},
    stager,
    status::{
        DestinationStatus, PixelHealth, PixelOutcome, PixelStats, QueueStatus, ReadyCheck,
        StatsQuery, TokenStatus, Why,
    },
    tokens::{self, Tokens},
    transport::Transport,
};

/// A handle to the running engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: RwLock<Arc<Settings>>,
    store: Arc<EmbeddedStore>,
    pub(crate) jobs: Arc<dyn JobStore>,
    pub(crate) control: Control,
    pub(crate) rollups: Arc<Rollups>,
    min_free_bytes: AtomicU64,
    pub(crate) clock: Clock,
    transport: Transport,
    pub(crate) lines: Lines,
    pub(crate) tokens: Tokens,
    stop: CancellationToken,
    loops: TaskTracker,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("{0}")]
    Folder(String),
    /// The job log cannot be opened.
    #[error(transparent)]
    Jobs(#[from] cauce_store::embedded::OpenError),
    /// The control store cannot be opened.
    #[error(transparent)]
    Control(#[from] cauce_store::control::Error),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] crate::transport::TlsError),
    /// The store refused a step of the start.
    #[error("the store refused a step of the start: {0}")]
    Step(Error),
}

/// The loops of all lines, by account.
#[derive(Clone, Default)]
pub(crate) struct Lines {
    handles: Arc<RwLock<BTreeMap<AccountName, LineHandle>>>,
    /// What a new line is started with; set once the loops run.
    around: Arc<RwLock<Option<Surroundings>>>,
}

impl Lines {
    /// The configured accounts.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.handles
            .read()
            .values()
            .map(|handle| handle.account.clone())
            .collect()
    }

    /// An account's credentials work again.
    pub(crate) fn mended(&self, account: &AccountName) {
        if let Some(handle) = self.handles.read().get(account) {
            handle.mended();
        }
    }

    /// How the line of an account does.
    pub(crate) fn status(&self, account: &AccountName) -> Option<crate::status::LineStatus> {
        self.handles.read().get(account).map(LineHandle::status)
    }

    /// The gates that are shut in an account's line; none where there is no such account.
    pub(crate) async fn why(&self, line: &Line) -> Option<Vec<crate::status::GateStatus>> {
        let asked = {
            let handles = self.handles.read();
            let handle = handles.get(&line.account)?;
            (handle.account.queue == line.queue).then(|| handle.ask_why())?
        };
        Some(asked.await.unwrap_or_default())
    }
}

impl Inner {
    /// Bytes of the disk that are kept free.
    pub(crate) fn min_free_bytes(&self) -> u64 {
        self.min_free_bytes.load(Ordering::Relaxed)
    }
}

impl Engine {
    /// Opens the data folder, settles what a crash left behind, starts every loop.
    pub async fn start(settings: Settings) -> Result<Engine, StartError> {
        let transport = Transport::new(&settings.transport)?;
        let folder = settings.data_dir.clone();
        std::fs::create_dir_all(&folder).map_err(|error| {
            StartError::Folder(format!("{} cannot be made: {error}", folder.display()))
        })?;
        let control = Control::open(&folder)?;
        let kept_through = Rollups::kept_through(&control).await?;
        let options = store_options(&settings, kept_through);
        let min_free_bytes = options.min_free_bytes;
        let opened = tokio::task::spawn_blocking(move || EmbeddedStore::open(options)).await;
        let store = opened.map_err(|error| StartError::Folder(error.to_string()))??;
        let store = Arc::new(store);
        let rollups = Rollups::new(Arc::clone(&store), control.clone());
        let jobs: Arc<dyn JobStore> = Arc::clone(&store) as _;
        let clock = Clock::start(jobs.latest());
        let tokens = Tokens::recall(transport.clone(), clock.clone(), control.clone()).await;
        let inner = Arc::new(Inner {
            settings: RwLock::new(Arc::new(settings)),
            store,
            jobs,
            control,
            rollups: Arc::new(rollups),
            min_free_bytes: AtomicU64::new(min_free_bytes),
            clock,
            transport,
            lines: Lines::default(),
            tokens,
            stop: CancellationToken::new(),
            loops: TaskTracker::new(),
        });
        let engine = Engine { inner };
        engine.rescue().await.map_err(StartError::Step)?;
        engine.start_loops();
        Ok(engine)
    }

    /// Settles the leases that a crash left behind, before the first claim, and checks the law.
    async fn rescue(&self) -> Result<(), Error> {
        let inner = &self.inner;
        let accounts = inner.settings.read().accounts.clone();
        let rescued = inner
            .jobs
            .rescue(never_twice(&accounts), inner.clock.now())
            .await?;
        if rescued != Default::default() {
            tracing::warn!(
                released = rescued.released,
                unknown = rescued.unknown,
                poison = rescued.poison,
                "jobs were in hand when the process ended"
            );
        }
        janitor::check(&inner.jobs).await;
        Ok(())
    }

    fn start_loops(&self) {
        let inner = &self.inner;
        let (refused, refusals) = mpsc::unbounded_channel();
        let around = Surroundings {
            store: Arc::clone(&inner.jobs),
            transport: inner.transport.clone(),
            clock: inner.clock.clone(),
            refused,
        };
        let accounts = inner.settings.read().accounts.clone();
        let mut handles = inner.lines.handles.write();
        for account in accounts {
            let paused = self.is_paused(&account);
            let name = account.name.clone();
            handles.insert(name, LineHandle::start(account, around.clone(), paused));
        }
        drop(handles);
        let (jobs, clock, stop) = (&inner.jobs, &inner.clock, &inner.stop);
        inner
            .loops
            .spawn(stager::run(Arc::clone(jobs), clock.clone(), stop.clone()));
        let cleaning = janitor::Cleaning {
            store: Arc::clone(jobs),
            control: inner.control.clone(),
            rollups: Arc::clone(&inner.rollups),
            clock: clock.clone(),
        };
        inner.loops.spawn(janitor::run(cleaning, stop.clone()));
        let weak = Arc::downgrade(inner);
        let every = move || {
            weak.upgrade()
                .map_or(DAY, |inner| inner.settings.read().pixels.token_check)
        };
        let (tokens, lines) = (inner.tokens.clone(), inner.lines.clone());
        inner
            .loops
            .spawn(tokens::run(tokens, lines, every, refusals, stop.clone()));
        *inner.lines.around.write() = Some(around);
    }

    fn is_paused(&self, account: &Account) -> bool {
        self.inner.jobs.gate(&account.queue, Some(&account.tenant)) == Gate::Paused
    }

    /// Takes new limits, rules and accounts.
    pub fn reload(&self, settings: Settings) {
        let inner = &self.inner;
        inner.transport.reload(&settings.transport);
        let mut gone = Vec::new();
        {
            let mut handles = inner.lines.handles.write();
            let wanted: BTreeMap<AccountName, Account> = settings
                .accounts
                .iter()
                .map(|a| (a.name.clone(), a.clone()))
                .collect();
            let stale = |name: &AccountName, handle: &LineHandle| {
                wanted
                    .get(name)
                    .is_none_or(|account| account.line() != handle.account.line())
            };
            let names: Vec<AccountName> = handles.keys().cloned().collect();
            for name in names {
                if handles
                    .get(&name)
                    .is_some_and(|handle| stale(&name, handle))
                {
                    gone.extend(handles.remove(&name));
                }
            }
            let around = inner.lines.around.read().clone();
            for (name, account) in wanted {
                match (handles.get_mut(&name), &around) {
                    (Some(handle), _) => handle.follow(account),
                    (None, Some(around)) => {
                        let paused = self.is_paused(&account);
                        let handle = LineHandle::start(account, around.clone(), paused);
                        handles.insert(name, handle);
                    }
                    (None, None) => {}
                }
            }
        }
        for handle in gone {
            handle.stop();
            inner.loops.spawn(handle.ended());
        }
        *inner.settings.write() = Arc::new(settings);
    }

    /// Finishes what is in flight, gives back what has not left, closes the store.
    pub async fn stop(&self, deadline: Duration) {
        let inner = &self.inner;
        let handles = std::mem::take(&mut *inner.lines.handles.write());
        handles.values().for_each(LineHandle::stop);
        let ended = async {
            for handle in handles.into_values() {
                handle.ended().await;
            }
        };
        if tokio::time::timeout(deadline, ended).await.is_err() {
            tracing::warn!(
                ?deadline,
                "requests were still on their way at the deadline"
            );
        }
        inner.stop.cancel();
        inner.loops.close();
        inner.loops.wait().await;
        if let Err(error) = inner.rollups.keep(self.now()).await {
            tracing::warn!(%error, "the newest statistics are counted again at the next start");
        }
        inner.control.close().await;
        let store = Arc::clone(&inner.store);
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }

    /// Resolves when the engine has to give up (a failed fsync, say), with the reason.
    pub async fn failed(&self) -> String {
        let mut broken = self.inner.store.broken();
        match broken.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    /// The jobs: enqueue, list, look, cancel, replay.
    pub fn jobs(&self) -> &dyn JobStore {
        &*self.inner.jobs
    }

    /// Keys, audit log, remembered answers.
    pub fn control(&self) -> &Control {
        &self.inner.control
    }

    /// The wall clock, which never goes back.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Takes conversion events of one tenant; answers for each once all is durable.
    pub async fn take_pixels(
        &self,
        tenant: &TenantId,
        events: Vec<PixelEvent>,
    ) -> Result<Vec<PixelOutcome>, Error> {
        let now = self.now();
        let settings = Arc::clone(&self.inner.settings.read());
        let rules = Rules {
            tenant,
            accounts: settings
                .accounts
                .iter()
                .filter(|a| a.tenant == *tenant)
                .collect(),
            settings: &settings.pixels,
        };
        let (batch, pending) = rules.take(events, now).into_parts();
        let answers = match batch.is_empty() {
            true => Vec::new(),
            false => self.inner.jobs.enqueue(batch, now).await?,
        };
        Ok(Intake::outcomes(pending, &answers, "embedded"))
    }

    /// Pauses a queue for one tenant or for all; no new attempt starts after the answer.
    pub async fn pause(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        self.set_gate(queue, tenant.clone(), Gate::Paused).await?;
        let paused: Vec<_> = {
            let handles = self.inner.lines.handles.read();
            let of_queue = handles
                .values()
                .filter(|handle| handle.account.queue == *queue);
            of_queue
                .filter(|handle| {
                    tenant
                        .as_ref()
                        .is_none_or(|own| handle.account.tenant == *own)
                })
                .map(LineHandle::ask_pause)
                .collect()
        };
        for pause in paused {
            let _ = pause.await;
        }
        Ok(())
    }

    /// Opens the gate again, after a pause or a drain.
    pub async fn resume(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        self.set_gate(queue, tenant, Gate::Open).await?;
        let handles = self.inner.lines.handles.read();
        for handle in handles
            .values()
            .filter(|handle| handle.account.queue == *queue)
        {
            if !self.is_paused(&handle.account) {
                handle.resume();
            }
        }
        Ok(())
    }

    /// Takes no new jobs and finishes what is there.
    pub async fn drain(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        self.set_gate(queue, tenant.clone(), Gate::Draining).await?;
        // A drain of a paused queue lets it flow again: it is to be finished.
        let handles = self.inner.lines.handles.read();
        for handle in handles
            .values()
            .filter(|handle| handle.account.queue == *queue)
        {
            if !self.is_paused(&handle.account) {
                handle.resume();
            }
        }
        Ok(())
    }

    async fn set_gate(
        &self,
        queue: &QueueName,
        tenant: Option<TenantId>,
        gate: Gate,
    ) -> Result<(), Error> {
        self.inner
            .jobs
            .set_gate(queue.clone(), tenant, gate, self.now())
            .await
    }

    /// Every queue of the scope.
    pub fn queues(&self, scope: &Scope) -> Vec<QueueStatus> {
        crate::view::queues(&self.inner, scope)
    }

    /// Why a job is not running yet.
    pub async fn why(&self, job: JobId, scope: Scope) -> Result<Why, Error> {
        crate::view::why(&self.inner, job, scope).await
    }

    /// The configured accounts of the scope.
    pub fn destinations(&self, scope: &Scope) -> Vec<DestinationStatus> {
        crate::view::destinations(&self.inner, scope)
    }

    /// Checks the credentials of an account now; a good answer opens its line again.
    pub async fn test_destination(
        &self,
        account: &AccountName,
        scope: &Scope,
    ) -> Option<TokenStatus> {
        let known = self.inner.lines.accounts();
        let account = known
            .iter()
            .find(|a| a.name == *account && scope.covers(&a.tenant))?;
        let found = self.inner.tokens.check(account).await;
        if matches!(
            found.state,
            CredentialState::Valid | CredentialState::ExpiresSoon
        ) {
            self.inner.lines.mended(&account.name);
        }
        Some(found)
    }

    /// What is known of the credentials of each pixel account.
    pub fn tokens(&self, scope: &Scope) -> Vec<TokenStatus> {
        let accounts = self.inner.lines.accounts();
        let covered = accounts
            .iter()
            .filter(|account| scope.covers(&account.tenant));
        covered
            .map(|account| self.inner.tokens.of(account))
            .collect()
    }

    /// Statistics of the pixels part.
    pub async fn pixel_stats(&self, query: StatsQuery) -> Result<PixelStats, Error> {
        crate::stats::pixel_stats(&self.inner, query).await
    }

    /// The health of the pixels part.
    pub fn pixel_health(&self, scope: &Scope) -> PixelHealth {
        crate::view::pixel_health(&self.inner, scope)
    }

    /// Whether everything is ready, check by check.
    pub fn readiness(&self) -> Vec<ReadyCheck> {
        crate::view::readiness(&self.inner)
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Bytes of one segment of the job log.
const SEGMENT_BYTES: u64 = 64 << 20;
/// The folder of the job log in the data folder.
pub(crate) const JOBS_DIR: &str = "jobs";

pub(crate) fn store_options(settings: &Settings, kept_through: BTreeMap<u32, u64>) -> Options {
    let dir = settings.data_dir.join(JOBS_DIR);
    Options {
        min_free_bytes: match settings.limits.min_free {
            MinFree::Bytes(bytes) => bytes,
            MinFree::Percent(percent) => {
                let total = cauce_store::embedded::disk_bytes(&settings.data_dir);
                (total as f64 * percent / 100.0) as u64
            }
        },
        dir,
        fsync: settings.fsync,
        segment_bytes: SEGMENT_BYTES,
        max_jobs: settings.limits.max_jobs,
        max_bytes: settings.limits.max_bytes,
        completed: settings.history.completed,
        dead_for: settings.history.dead,
        ended_for: settings.history.ended,
        keys_for: settings.history.idempotency,
        instance: rand::random(),
        rollups_through: Some(kept_through),
    }
}
