//! The engine as its callers see it: a handle to everything that runs.

mod alerts;
mod analytics;
mod campaigns;
mod contacts;
mod groups;
mod messages;
mod relays;
mod reports;
mod rescue;
mod sessions;

use std::{sync::Arc, time::Duration};

use cauce_destinations::pixel::PixelEvent;
use cauce_events::store::EventStore;
use cauce_flow::{
    id::{AccountName, JobId, QueueName, TenantId},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::{
    campaigns::Campaigns,
    control::Control,
    jobs::{Error, Gate, JobStore, Scope},
};

use tokio::sync::Mutex;

pub use self::{analytics::PixelSeriesError, messages::message_queues};
pub use crate::inner::StartError;
use crate::{
    again, connections,
    inner::{Inner, Told},
    janitor,
    pixels::{self, Intake},
    settings::Settings,
    stager, stats,
    status::{
        DestinationStatus, LineStatus, PixelHealth, PixelOutcome, PixelRefusal, PixelStats,
        QueueStatus, ReadyCheck, StatsQuery, TokenStatus, Why,
    },
    tokens,
    tracking::{Tracking, conversions, daily, live, upkeep},
    view, why,
};

/// A handle to the running engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

impl Engine {
    /// Opens the data folder, settles what a crash left behind, starts every loop.
    pub async fn start(settings: Settings) -> Result<Engine, StartError> {
        let (inner, told) = Inner::open(settings).await?;
        let engine = Engine {
            inner: Arc::new(inner),
        };
        engine.recall_relays().await;
        engine.rescue().await.map_err(StartError::Step)?;
        engine.recall_campaigns().await;
        engine.recall_wishes().await;
        engine.start_loops(told);
        engine.start_message_loops();
        engine.start_analytics_loops();
        engine.start_campaign_loop();
        engine.start_alert_loops();
        engine.start_report_loop();
        engine.keep_sessions_short();
        Ok(engine)
    }

    fn start_loops(&self, told: Told) {
        let inner = &self.inner;
        inner.lines.follow(&inner.settings.read().accounts);
        let (jobs, clock, stop) = (&inner.jobs, &inner.clock, &inner.stop);
        let (store, time, end) = (Arc::clone(jobs), clock.clone(), stop.clone());
        self.keep("stager", move || {
            stager::run(Arc::clone(&store), time.clone(), end.clone())
        });
        let cleaning = janitor::Cleaning {
            store: Arc::clone(jobs),
            control: inner.control.clone(),
            campaigns: inner.campaigns.clone(),
            rollups: Arc::clone(&inner.rollups),
            events: Arc::clone(&inner.events) as _,
            alerting: inner.alerting.clone(),
            clock: clock.clone(),
        };
        let end = stop.clone();
        self.keep("janitor", move || {
            janitor::run(cleaning.clone(), end.clone())
        });
        self.start_tracking_loops();
        let weak = Arc::downgrade(inner);
        let every = move || {
            weak.upgrade()
                .map_or(DAY, |inner| inner.settings.read().pixels.token_check)
        };
        let checks = tokens::Checks {
            tokens: inner.tokens.clone(),
            lines: inner.lines.clone(),
            every: Arc::new(every),
            refusals: Arc::new(Mutex::new(told.refused)),
        };
        let end = stop.clone();
        self.keep("tokens", move || tokens::run(checks.clone(), end.clone()));
        let asking = connections::Asking {
            tokens: inner.tokens.clone(),
            lines: inner.lines.clone(),
            lost: Arc::new(Mutex::new(told.disconnected)),
        };
        let end = stop.clone();
        self.keep("connections", move || {
            connections::run(asking.clone(), end.clone())
        });
    }

    fn start_tracking_loops(&self) {
        let inner = &self.inner;
        let (events, tracking, clock) = (&inner.events, &inner.tracking, &inner.clock);
        let weak = Arc::downgrade(inner);
        let take = move |events| {
            let engine = weak.upgrade().map(|inner| Engine { inner });
            async move { Some(engine?.take_pixels(events).await) }
        };
        let (stop, store) = (inner.stop.clone(), Arc::clone(events));
        self.keep("conversions", move || {
            conversions::run(take.clone(), Arc::clone(&store) as _, stop.clone())
        });
        let (stop, store, to) = (inner.stop.clone(), Arc::clone(events), tracking.clone());
        self.keep("live events", move || {
            live::run(to.clone(), store.live(), stop.clone())
        });
        let (stop, time, of) = (inner.stop.clone(), clock.clone(), tracking.clone());
        self.keep("upkeep", move || {
            upkeep::run(of.clone(), time.clone(), stop.clone())
        });
        let (stop, time, of) = (inner.stop.clone(), clock.clone(), tracking.clone());
        let control = inner.control.clone();
        let scratch = inner.settings.read().data_dir.join(EXPORT_DIR);
        self.keep("daily export", move || {
            let (of, control, time) = (of.clone(), control.clone(), time.clone());
            daily::run(of, control, time, scratch.clone(), stop.clone())
        });
    }

    /// Runs a loop, again where it has panicked.
    fn keep<F>(&self, what: &'static str, run: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.inner.stop.clone();
        self.inner.loops.spawn(again::keep(what, stop, run));
    }

    /// Takes new limits, rules and accounts.
    pub fn reload(&self, settings: Settings) {
        self.take_settings(self.with_relays(&settings));
    }

    fn take_settings(&self, settings: Settings) {
        for gone in self.inner.lines.follow(&settings.accounts) {
            self.inner.loops.spawn(gone.ended());
        }
        self.inner.follow(settings);
    }

    /// Finishes what is in flight, gives back what has not left, closes the store.
    pub async fn stop(&self, deadline: Duration) {
        let inner = &self.inner;
        let lines = inner.lines.stop();
        let ended = async {
            for line in lines {
                line.ended().await;
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
        if tokio::time::timeout(LOOPS_END, inner.loops.wait())
            .await
            .is_err()
        {
            tracing::warn!("a check of credentials was still under way at the end");
        }
        if let Err(error) = inner.rollups.keep(self.now()).await {
            tracing::warn!(%error, "the newest statistics are counted again at the next start");
        }
        inner.sessions.close().await;
        inner.messaging.store.close().await;
        inner.analytics.close().await;
        inner.campaigns.close().await;
        if let Err(error) = inner.events.flush(self.now()).await {
            tracing::warn!(%error, "the newest events go into files at the next start");
        }
        let (store, events) = (Arc::clone(&inner.store), Arc::clone(&inner.events));
        let close = move || {
            events.close();
            store.close();
        };
        let _ = tokio::task::spawn_blocking(close).await;
        // Last: whatever the store still did can be written into the audit log.
        inner.control.close().await;
    }

    /// Resolves when the engine has to give up (a failed fsync, say), with the reason.
    pub async fn failed(&self) -> String {
        let mut jobs = self.inner.store.broken();
        let mut events = self.inner.events.broken();
        let reason = tokio::select! {
            Ok(reason) = jobs.wait_for(Option::is_some) => reason.clone(),
            Ok(reason) = events.wait_for(Option::is_some) => reason.clone(),
            else => std::future::pending().await,
        };
        reason.unwrap_or_default()
    }

    /// The jobs: enqueue, list, look, cancel, replay.
    pub fn jobs(&self) -> &dyn JobStore {
        &*self.inner.jobs
    }

    /// Keys, audit log, remembered answers.
    pub fn control(&self) -> &Control {
        &self.inner.control
    }

    /// Contacts, and who wants no messages.
    pub fn campaigns(&self) -> &Campaigns {
        &self.inner.campaigns
    }

    /// The wall clock, which never goes back.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Takes conversion events, each with its tenant, in one commit: all that are not faulty, or
    /// none. Answers for each once all is durable.
    pub async fn take_pixels(
        &self,
        events: Vec<(TenantId, PixelEvent)>,
    ) -> Result<Vec<PixelOutcome>, PixelRefusal> {
        let now = self.now();
        let (jobs, settings) = (&self.inner.jobs, Arc::clone(&self.inner.settings.read()));
        let (batch, pending) = pixels::take(events, &settings, now).into_parts();
        let answers = match batch.is_empty() {
            true => Vec::new(),
            false => jobs
                .enqueue(batch, now)
                .await
                .map_err(|error| pixels::refusal(error, &pending, &settings, &**jobs))?,
        };
        Ok(Intake::outcomes(pending, &answers, "embedded"))
    }

    /// Pauses a queue for one tenant or for all; no new attempt starts after the answer.
    pub async fn pause(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        self.move_gate(queue, tenant, Gate::Paused).await
    }

    /// Opens the gate again, after a pause or a drain.
    pub async fn resume(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        self.move_gate(queue, tenant, Gate::Open).await
    }

    /// Takes no new jobs and finishes what is there, of a paused queue too.
    pub async fn drain(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        self.move_gate(queue, tenant, Gate::Draining).await
    }

    /// Moves a gate and has the lines follow it: in a task of its own, so that they do even if the
    /// caller waits no longer.
    async fn move_gate(
        &self,
        queue: &QueueName,
        tenant: Option<TenantId>,
        gate: Gate,
    ) -> Result<(), Error> {
        let (inner, queue) = (Arc::clone(&self.inner), queue.clone());
        let moved = self.inner.loops.spawn(async move {
            let now = inner.clock.now();
            let set = inner
                .jobs
                .set_gate(queue.clone(), tenant.clone(), gate, now);
            set.await?;
            for looked in inner.lines.ask_to_look_at_gate(&queue, tenant.as_ref()) {
                // A line that has ended starts no attempt either.
                let _ = looked.await;
            }
            Ok(())
        });
        moved.await.unwrap_or(Err(Error::Closed))
    }

    /// An account is not connected to its platform: nothing new is sent through it until it is. Not
    /// kept across restarts.
    pub fn hold_account(&self, account: &AccountName, reason: Reason) {
        self.inner.lines.hold(account, reason);
    }

    /// An account is connected.
    pub fn release_account(&self, account: &AccountName) {
        self.inner.lines.release(account);
    }

    /// Every queue of the scope.
    pub fn queues(&self, scope: &Scope) -> Vec<QueueStatus> {
        view::queues(&self.inner, scope)
    }

    /// Fills in which gates of lines are shut now.
    pub async fn tell_gates<'a>(&self, lines: impl IntoIterator<Item = &'a mut LineStatus>) {
        self.inner.lines.tell_gates(lines).await;
    }

    /// Why a job is not running yet.
    pub async fn why(&self, job: JobId, scope: Scope) -> Result<Why, Error> {
        why::why(&self.inner, job, scope).await
    }

    /// The configured accounts of the scope.
    pub fn destinations(&self, scope: &Scope) -> Vec<DestinationStatus> {
        view::destinations(&self.inner, scope)
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
        self.inner.tokens.tell(&self.inner.lines, account, &found);
        Some(found)
    }

    /// What is known of the credentials of each pixel account.
    pub fn tokens(&self, scope: &Scope) -> Vec<TokenStatus> {
        let accounts = self.inner.lines.accounts();
        let covered = accounts
            .iter()
            .filter(|account| scope.covers(&account.tenant) && account.is_pixel());
        covered
            .map(|account| self.inner.tokens.of(account))
            .collect()
    }

    /// Statistics of the pixels part.
    pub async fn pixel_stats(&self, query: StatsQuery) -> Result<PixelStats, Error> {
        stats::pixel_stats(&self.inner, query).await
    }

    /// The health of the pixels part.
    pub fn pixel_health(&self, scope: &Scope) -> PixelHealth {
        view::pixel_health(&self.inner, scope)
    }

    /// The tracking part.
    pub fn tracking(&self) -> &Tracking {
        &self.inner.tracking
    }

    /// Whether everything is ready, check by check.
    pub fn readiness(&self) -> Vec<ReadyCheck> {
        view::readiness(&self.inner)
    }
}

/// The loops beside the lines end within this, or are left to end with the process.
const LOOPS_END: Duration = Duration::from_secs(2);
/// The folder in the data folder in which files for a bucket are made.
const EXPORT_DIR: &str = "export";
const DAY: Duration = Duration::from_secs(24 * 3600);
