//! The embedded backend as an [`EventStore`].

use std::sync::{Arc, atomic::Ordering};

use cauce_flow::{
    event::{EventKind, VisitorId},
    id::TenantId,
    shape::sampler::Rule,
    time::Timestamp,
};
use tokio::sync::{Notify, broadcast};

use super::{
    EmbeddedEvents,
    ask::{Ask, Reply},
    record::RuleRecord,
    repeats,
    shared::Shared,
    state::Prepared,
    upkeep,
};
use crate::{
    row::Row,
    store::{
        Call, Counters, Erased, Error, EventStore, Filter, FollowUp, Health, Intake, Page, Paged,
        Stats, StatsQuery, Taken, Visit,
    },
};

impl Shared {
    /// Takes a call: what needs neither the state nor the writer is done here, on the thread of the
    /// caller.
    async fn take(self: &Arc<Self>, intake: Intake, now: Timestamp) -> Result<Taken, Error> {
        let (secret, runs, version) = {
            let state = self.state.lock();
            let runs = Arc::clone(&state.shown.runs);
            (Arc::clone(&state.secret), runs, state.shown.runs_version)
        };
        let mut prepared = Prepared::new(intake, &secret);
        if prepared.is_empty() {
            return Ok(Taken::default());
        }
        prepared.runs_version = version;
        let suspects = repeats::suspects(&runs, &prepared.digests);
        if !suspects.is_empty() {
            let shared = Arc::clone(self);
            prepared = off_thread(move || {
                let since = shared.options.known_since(now);
                let looked = repeats::look(&runs, &prepared.digests, &suspects, since);
                prepared.repeats = looked.0;
                shared.note_io("looking up known ids", looked.1, now);
                Ok(prepared)
            })
            .await?;
        }
        match self.ask(Ask::Take(Box::new(prepared), now)).await? {
            Reply::Taken(taken) => Ok(taken),
            other => unreachable!("asked to take events, got {other:?}"),
        }
    }

    /// Does something that may block.
    async fn off<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Shared) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(Error::Closed);
        }
        let shared = Arc::clone(self);
        off_thread(move || work(&shared)).await
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Closed),
        },
    }
}

impl EventStore for EmbeddedEvents {
    fn take(&self, intake: Intake, now: Timestamp) -> Call<'_, Taken> {
        Box::pin(async move { self.shared.take(intake, now).await })
    }

    fn stats(&self, query: StatsQuery) -> Call<'_, Stats> {
        Box::pin(async move { self.shared.off(move |shared| shared.stats(&query)).await })
    }

    fn list(&self, filter: Filter, page: Page) -> Call<'_, Paged> {
        Box::pin(async move {
            self.shared
                .off(move |shared| shared.page(&filter, &page))
                .await
        })
    }

    fn scan(&self, filter: Filter, mut visit: Visit) -> Call<'_, ()> {
        Box::pin(async move {
            self.shared
                .off(move |shared| shared.scan(&filter, &mut *visit))
                .await
        })
    }

    fn erase(
        &self,
        tenant: TenantId,
        visitor: VisitorId,
        id: u128,
        now: Timestamp,
    ) -> Call<'_, Erased> {
        Box::pin(async move {
            self.shared
                .off(move |shared| upkeep::erase(shared, &tenant, visitor, id, now))
                .await
        })
    }

    fn erased(&self, tenant: &TenantId, visitor: VisitorId) -> Option<Erased> {
        let state = self.shared.state.lock();
        let whose = state
            .secret
            .visitor(tenant.as_str(), visitor, &mut Vec::new());
        state.receipt(whose)
    }

    fn set_rule(
        &self,
        tenant: TenantId,
        kind: EventKind,
        rule: Option<Rule>,
        _now: Timestamp,
    ) -> Call<'_, ()> {
        let record = RuleRecord { tenant, kind, rule };
        Box::pin(async move { self.shared.ask(Ask::SetRule(record)).await.map(drop) })
    }

    fn rules(&self, tenant: &TenantId) -> Vec<(EventKind, Rule)> {
        let state = self.shared.state.lock();
        let theirs = state.rules.iter().filter(|((whose, _), _)| whose == tenant);
        theirs
            .map(|((_, kind), rule)| (kind.clone(), *rule))
            .collect()
    }

    fn flush(&self, now: Timestamp) -> Call<'_, ()> {
        Box::pin(async move {
            self.shared
                .off(move |shared| upkeep::flush(shared, now))
                .await
        })
    }

    fn maintain(&self, keep_from: Timestamp, now: Timestamp) -> Call<'_, Vec<String>> {
        Box::pin(async move {
            self.shared
                .off(move |shared| upkeep::maintain(shared, keep_from, now))
                .await
        })
    }

    fn follow_ups(&self, max: usize) -> Call<'_, Vec<FollowUp>> {
        Box::pin(async move {
            self.shared
                .off(move |shared| shared.pending_follow_ups(max))
                .await
        })
    }

    fn followed(&self, through: u64) -> Call<'_, ()> {
        Box::pin(async move { self.shared.ask(Ask::Followed(through)).await.map(drop) })
    }

    fn follow_up_wakeup(&self) -> Arc<Notify> {
        Arc::clone(&self.shared.follow_ups)
    }

    fn live(&self) -> broadcast::Receiver<Arc<[Row]>> {
        self.shared.live.subscribe()
    }

    fn counters(&self, tenant: Option<&TenantId>) -> Counters {
        self.shared.state.lock().counters.of(tenant)
    }

    fn tenants(&self) -> Vec<TenantId> {
        let state = self.shared.state.lock();
        let counted = state.counters.iter();
        counted.map(|(tenant, _)| tenant.clone()).collect()
    }

    fn audit(&self) -> Vec<String> {
        self.shared.audit()
    }

    fn health(&self) -> Health {
        self.shared.health()
    }
}
