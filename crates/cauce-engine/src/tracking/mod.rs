//! Tracking: events of web sites on their way into the event store, and out again.
//!
//! ```text
//! Batch --> allowance --> shaper (times, consent, bots, sampling) --> store.take --> live stream
//!                         in the caller's task, in parallel           durable        whoever listens
//! ```

mod batch;
pub(crate) mod conversions;
pub(crate) mod daily;
pub(crate) mod live;
mod rules;
pub(crate) mod upkeep;

use std::sync::Arc;

use cauce_events::{
    row::Row,
    store::{
        self, Call, Erased, EventStore, Filter, Health, Intake, Page, Paged, Shaped, Stats,
        StatsQuery, Visit,
    },
};
use cauce_flow::{
    event::{Event, EventKind, VisitorId},
    id::TenantId,
    shape::{
        allowance::Allowances,
        bots,
        clock::Clock,
        month::Month,
        sampler::Rule,
        shaper::{self, shape},
    },
    time::Timestamp,
};
use parking_lot::{Mutex, RwLock};

pub use self::upkeep::is_zone;
pub use self::{
    batch::{Batch, Outcome, Refused, random_event_id},
    daily::Exported,
    live::{Live, LiveEvent, Next, Place, Reader},
    rules::{RuleView, SetRuleError, Source},
};
use self::{conversions::Origin, daily::Exports, rules::Sampling};
use crate::settings::tracking::Tracking as Settings;

/// The tracking part of a running engine. Clones share it.
#[derive(Clone)]
pub struct Tracking {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn EventStore>,
    settings: RwLock<Arc<Settings>>,
    sampling: Sampling,
    allowances: Mutex<Allowances>,
    live: Live,
    exports: Exports,
}

impl Tracking {
    /// Tracking on an open store.
    pub(crate) fn new(store: Arc<dyn EventStore>, settings: Settings) -> Tracking {
        let own = settings.quota_by_tenant.clone();
        let shared = Shared {
            sampling: Sampling::new(Arc::clone(&store), &settings),
            allowances: Mutex::new(Allowances::new(settings.quota, own)),
            live: Live::new(settings.stream),
            exports: Exports::default(),
            settings: RwLock::new(Arc::new(settings)),
            store,
        };
        Tracking {
            shared: Arc::new(shared),
        }
    }

    /// Takes new limits and rules.
    pub(crate) fn follow(&self, settings: Settings) {
        let shared = &*self.shared;
        shared.sampling.follow(&settings);
        shared
            .allowances
            .lock()
            .set(settings.quota, settings.quota_by_tenant.clone());
        shared.live.follow(settings.stream);
        *shared.settings.write() = Arc::new(settings);
    }

    /// What it is told.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.shared.settings.read())
    }

    /// Takes the events of one call: all, or the good ones where the call allows that. Answers once
    /// they are durable.
    pub async fn take(&self, batch: Batch, now: Timestamp) -> Result<Outcome, Refused> {
        let (tenant, site, partial) = (batch.tenant.clone(), batch.site, batch.partial);
        let rejected = batch.rejected;
        let received = batch.events.len() as u32 + rejected;
        let settings = self.settings();
        let (user_agent, signals) = (batch.user_agent.clone(), batch.signals);
        let shaped = self.shape(batch, &settings, now)?;
        if !partial && !shaped.untimely.is_empty() {
            return Err(Refused::Untimely(shaped.untimely));
        }
        let origin = Origin {
            user_agent: user_agent.as_deref(),
            objects: signals.gpc || signals.dnt,
            analytics: signals.analytics,
        };
        let kept = shaped.kept.into_iter();
        let follow_up =
            |event: &Event| conversions::follow_up(&settings.conversions, &tenant, event, &origin);
        let intake = Intake {
            tenant: tenant.clone(),
            site,
            sampled_out: shaped.counts.sampled_out(),
            withheld: shaped.counts.withheld(),
            rejected: rejected + shaped.untimely.len() as u32,
            events: kept
                .map(|kept| Shaped {
                    follow_up: follow_up(&kept.event),
                    event: kept.event,
                    weight: kept.weight,
                })
                .collect(),
        };
        let mut outcome = Outcome {
            received,
            sampled_out: intake.sampled_out,
            withheld: intake.withheld,
            untimely: shaped.untimely,
            pressed: shaped.pressed,
            ..Outcome::default()
        };
        let taken = self.shared.store.take(intake, now).await?;
        outcome.stored = taken.stored;
        outcome.merged = taken.merged;
        outcome.duplicates = taken.duplicates;
        outcome.withheld += taken.erased;
        outcome.buffered = taken.buffered;
        Ok(outcome)
    }

    /// Decides on the events of a call.
    fn shape(
        &self,
        batch: Batch,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<shaper::Outcome, Refused> {
        let shared = &*self.shared;
        let (events, bytes) = (batch.events.len() as u64, batch.bytes as u64);
        let level = shared
            .allowances
            .lock()
            .try_take(&batch.tenant, events, bytes, now)?;
        Ok(shared.sampling.with(&batch.tenant, |rules| {
            let call = shaper::Call {
                rules,
                level,
                clock: Clock::new(
                    batch.sent_at,
                    kept_from(settings.retention_months, now),
                    now,
                ),
                policy: settings.consent,
                signals: batch.signals,
                sign: batch.user_agent.as_deref().and_then(bots::sign),
                from_server: batch.from_server,
            };
            shape(batch.events, &call)
        }))
    }

    /// Statistics over a range of time.
    pub fn stats(&self, query: StatsQuery) -> Call<'_, Stats> {
        self.shared.store.stats(query)
    }

    /// One page of stored events, oldest first.
    pub fn list(&self, filter: Filter, page: Page) -> Call<'_, Paged> {
        self.shared.store.list(filter, page)
    }

    /// Shows all stored events of a filter, in pieces, until `visit` wants no more.
    pub fn scan(
        &self,
        filter: Filter,
        visit: impl FnMut(&[Row]) -> bool + Send + 'static,
    ) -> Call<'_, ()> {
        let visit: Visit = Box::new(visit);
        self.shared.store.scan(filter, visit)
    }

    /// Removes everything that is known of a visitor. `id` names the receipt of one who has none.
    pub async fn erase(
        &self,
        tenant: TenantId,
        visitor: VisitorId,
        id: u128,
        now: Timestamp,
    ) -> Result<Erased, store::Error> {
        // First, for the store may fail halfway; that it goes on with it is durable then.
        self.shared.live.forget(&tenant, visitor);
        let erased = self
            .shared
            .store
            .erase(tenant.clone(), visitor, id, now)
            .await?;
        self.shared.live.forget(&tenant, visitor);
        Ok(erased)
    }

    /// The receipt of a visitor who was erased, or is being erased.
    pub fn erased(&self, tenant: &TenantId, visitor: VisitorId) -> Option<Erased> {
        self.shared.store.erased(tenant, visitor)
    }

    /// Sets how a tenant's events of a kind are sampled, durably and at once; none puts the default
    /// back. Answers what holds from here on.
    pub async fn set_rule(
        &self,
        tenant: &TenantId,
        kind: &EventKind,
        rule: Option<Rule>,
        now: Timestamp,
    ) -> Result<RuleView, SetRuleError> {
        self.shared.sampling.set(tenant, kind, rule, now).await?;
        Ok(self.shared.sampling.view(tenant, kind))
    }

    /// How a tenant's events are sampled: every kind that has a rule.
    pub fn rules(&self, tenant: &TenantId) -> Vec<RuleView> {
        self.shared.sampling.all(tenant)
    }

    /// The stream of live events.
    pub fn live(&self) -> &Live {
        &self.shared.live
    }

    /// How the store is.
    pub fn health(&self) -> Health {
        self.shared.store.health()
    }

    /// What was received and what became of it, for one tenant or summed up over all.
    pub fn counters(&self, tenant: Option<&TenantId>) -> store::Counters {
        self.shared.store.counters(tenant)
    }

    /// How the daily export does, place by place; nothing where there is none.
    pub fn exported(&self) -> Vec<Exported> {
        self.shared.exports.all()
    }

    fn exports(&self) -> &Exports {
        &self.shared.exports
    }

    pub(crate) fn store(&self) -> &Arc<dyn EventStore> {
        &self.shared.store
    }
}

/// From when on events are kept: so many months back, to the moment.
fn kept_from(months: u32, now: Timestamp) -> Timestamp {
    let this = Month::of(now);
    let then = this.back(months);
    (then.first() + now.since(this.first())).min(then.last())
}
