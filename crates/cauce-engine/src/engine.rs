//! The engine as its callers see it: a handle to everything that runs.

use std::{sync::Arc, time::Duration};

use cauce_destinations::pixel::PixelEvent;
use cauce_flow::{
    id::{AccountName, JobId, QueueName, TenantId},
    time::Timestamp,
};
use cauce_store::{
    control::Control,
    jobs::{Error, JobStore, Scope},
};

use crate::{
    settings::Settings,
    status::{
        DestinationStatus, PixelHealth, PixelOutcome, PixelStats, QueueStatus, ReadyCheck,
        StatsQuery, TokenStatus, Why,
    },
};

/// A handle to the running engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("{0}")]
    Store(String),
}

impl Engine {
    /// Opens the data folder, settles what a crash left behind, starts every loop.
    pub async fn start(settings: Settings) -> Result<Engine, StartError> {
        let _ = settings;
        todo!()
    }

    /// Takes new limits, rules and accounts.
    pub fn reload(&self, settings: Settings) {
        let _ = settings;
        todo!()
    }

    /// Finishes what is in flight, gives back what has not left, closes the store.
    pub async fn stop(&self, deadline: Duration) {
        let _ = deadline;
        todo!()
    }

    /// Resolves when the engine has to give up (a failed fsync, say), with the reason.
    pub async fn failed(&self) -> String {
        todo!()
    }

    /// The jobs: enqueue, list, look, cancel, replay.
    pub fn jobs(&self) -> &dyn JobStore {
        todo!()
    }

    /// Keys, audit log, remembered answers.
    pub fn control(&self) -> &Control {
        todo!()
    }

    /// The wall clock, which never goes back.
    pub fn now(&self) -> Timestamp {
        todo!()
    }

    /// Takes conversion events of one tenant; answers for each once all is durable.
    pub async fn take_pixels(
        &self,
        tenant: &TenantId,
        events: Vec<PixelEvent>,
    ) -> Result<Vec<PixelOutcome>, Error> {
        let _ = (tenant, events);
        todo!()
    }

    /// Pauses a queue for one tenant or for all; no new attempt starts after the answer.
    pub async fn pause(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        let _ = (queue, tenant);
        todo!()
    }

    /// Opens the gate again, after a pause or a drain.
    pub async fn resume(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        let _ = (queue, tenant);
        todo!()
    }

    /// Takes no new jobs and finishes what is there.
    pub async fn drain(&self, queue: &QueueName, tenant: Option<TenantId>) -> Result<(), Error> {
        let _ = (queue, tenant);
        todo!()
    }

    /// Every queue of the scope.
    pub fn queues(&self, scope: &Scope) -> Vec<QueueStatus> {
        let _ = scope;
        todo!()
    }

    /// Why a job is not running yet.
    pub async fn why(&self, job: JobId, scope: Scope) -> Result<Why, Error> {
        let _ = (job, scope);
        todo!()
    }

    /// The configured accounts of the scope.
    pub fn destinations(&self, scope: &Scope) -> Vec<DestinationStatus> {
        let _ = scope;
        todo!()
    }

    /// Checks the credentials of an account now; a good answer opens its line again.
    pub async fn test_destination(
        &self,
        account: &AccountName,
        scope: &Scope,
    ) -> Option<TokenStatus> {
        let _ = (account, scope);
        todo!()
    }

    /// What is known of the credentials of each pixel account.
    pub fn tokens(&self, scope: &Scope) -> Vec<TokenStatus> {
        let _ = scope;
        todo!()
    }

    /// Statistics of the pixels part.
    pub async fn pixel_stats(&self, query: StatsQuery) -> Result<PixelStats, Error> {
        let _ = query;
        todo!()
    }

    /// The health of the pixels part.
    pub fn pixel_health(&self, scope: &Scope) -> PixelHealth {
        let _ = scope;
        todo!()
    }

    /// Whether everything is ready, check by check.
    pub fn readiness(&self) -> Vec<ReadyCheck> {
        todo!()
    }
}
