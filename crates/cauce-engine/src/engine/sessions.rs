//! The sessions part, as callers of the engine see it.

use std::{sync::Arc, time::Duration};

use cauce_destinations::backend::Kind;
use cauce_flow::{id::TenantId, job::State, priority::Priority, time::Timestamp};
use cauce_store::{
    jobs::{Error, Scope},
    rollups::{Span, Step},
};

use super::Engine;
use crate::{
    sessions::{Refusal, Update},
    settings::Evolution,
    status::{
        BatchCounts, BatchFigures, CacheFigures, QrTaken, SessionState, StatusTaken, UpdateFigures,
    },
};

/// How often what is too old is forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

impl Engine {
    /// Takes a QR code of a session; answers once it is durable.
    pub async fn take_qr(&self, update: Update<'_>) -> Result<QrTaken, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        self.inner.sessions.take_qr(&settings, update).await
    }

    /// Takes a status of a session; answers once it is durable.
    pub async fn take_status(
        &self,
        update: Update<'_>,
        priority: Option<Priority>,
    ) -> Result<StatusTaken, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        let sessions = &self.inner.sessions;
        sessions.take_status(&settings, update, priority).await
    }

    /// All that is known of a session.
    pub async fn session(&self, tenant: &TenantId, id: &str) -> Result<SessionState, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        self.inner.sessions.get(&settings, tenant, id).await
    }

    /// Whether a session is connected.
    pub async fn session_active(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<SessionState, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        self.inner.sessions.active(&settings, tenant, id).await
    }

    /// Forgets what is known of a session, so that the next question goes to the backend.
    pub fn forget_session(&self, tenant: &TenantId, id: &str) -> Result<(), Refusal> {
        self.inner.sessions.forget(tenant, id)
    }

    /// The largest QR code that is taken.
    pub fn max_qr_bytes(&self) -> usize {
        self.inner.settings.read().sessions.max_qr_bytes
    }

    /// A gateway that tells of its sessions by webhooks.
    pub fn evolution(&self, sender: &str) -> Option<Evolution> {
        self.inner
            .settings
            .read()
            .sessions
            .evolution
            .get(sender)
            .cloned()
    }

    /// How the cache of sessions does.
    pub fn cache_figures(&self) -> CacheFigures {
        self.inner.sessions.cache_figures()
    }

    /// Updates of sessions since the start.
    pub fn update_figures(&self) -> UpdateFigures {
        self.inner.sessions.update_figures()
    }

    /// How the batches of sessions do.
    pub async fn batch_figures(&self, scope: &Scope) -> Result<BatchFigures, Error> {
        let counts = self.batch_counts(scope);
        let now = self.now();
        Ok(BatchFigures {
            since_last_flush: counts.last_flush_at.map(|at| now.since(at)),
            unchanged: self.update_figures().unchanged,
            requests: self.session_requests(scope).await?,
            counts,
        })
    }

    /// What the queues of sessions count.
    pub fn batch_counts(&self, scope: &Scope) -> BatchCounts {
        let mut sums = BatchCounts {
            last_flush_at: self.last_flush_at(scope),
            ..BatchCounts::default()
        };
        for (queue, counts) in self.inner.jobs.counts(scope) {
            let waiting = counts.state(State::Waiting);
            match queue.as_str() {
                "qr" => sums.qr_waiting = waiting,
                "status" => sums.status_waiting = waiting,
                _ => continue,
            }
            sums.received += counts.accepted;
            sums.sent += counts.state(State::Completed);
            sums.coalesced += counts.superseded;
        }
        sums
    }

    fn last_flush_at(&self, scope: &Scope) -> Option<Timestamp> {
        let accounts = self.inner.lines.accounts().into_iter();
        let own = accounts.filter(|account| {
            let queue = account.queue.as_str();
            let is_part = Kind::ALL.iter().any(|kind| kind.queue() == queue);
            is_part && scope.covers(&account.tenant)
        });
        let flushed =
            own.filter_map(|account| self.inner.lines.status(&account.name)?.last_batch_at);
        flushed.max()
    }

    async fn session_requests(&self, scope: &Scope) -> Result<u64, Error> {
        let span = Span {
            step: Step::Hour,
            from: Timestamp::EPOCH,
            to: Timestamp::NEVER,
            tenant: match scope {
                Scope::All => None,
                Scope::Tenant(tenant) => Some(tenant.clone()),
            },
        };
        let rows = self.inner.rollups.read(span).await?;
        let is_part = |queue: &str| Kind::ALL.iter().any(|kind| kind.queue() == queue);
        let own = rows.iter().filter(|(key, _)| is_part(key.queue.as_str()));
        Ok(own.map(|(_, rollup)| rollup.requests).sum())
    }

    /// Forgets, once in a while, what is too old to be served.
    pub(super) fn keep_sessions_short(&self) {
        let (weak, stop) = (Arc::downgrade(&self.inner), self.inner.stop.clone());
        self.inner.loops.spawn(async move {
            let ticks = async {
                loop {
                    tokio::time::sleep(PRUNE_EVERY).await;
                    let Some(inner) = weak.upgrade() else { return };
                    let settings = Arc::clone(&inner.settings.read());
                    inner.sessions.prune(&settings.sessions);
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = ticks => {}
            }
        });
    }
}
