//! How the events of each tenant are sampled. What a tenant has set is in the event store; here it is
//! at hand for every call.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cauce_events::store::{self, EventStore};
use cauce_flow::{
    event::EventKind,
    id::TenantId,
    shape::sampler::{MAX_OWN_RULES, Rule, Rules, Sampler, TooManyRules, default_rule},
    time::Timestamp,
};
use parking_lot::RwLock;

use crate::settings::tracking::Tracking as Settings;

/// The rules of all tenants.
pub(crate) struct Sampling {
    store: Arc<dyn EventStore>,
    known: RwLock<Known>,
}

struct Known {
    sampler: Sampler,
    configured: BTreeMap<EventKind, Rule>,
    /// The tenants whose own rules are in the sampler.
    tenants: BTreeSet<TenantId>,
}

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The tenant has set it.
    Tenant,
    /// The configuration says so.
    Configuration,
    /// It is built in.
    BuiltIn,
}

/// How the events of one kind are sampled, and why so.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleView {
    /// The kind.
    pub kind: EventKind,
    /// The rule.
    pub rule: Rule,
    /// Where it comes from.
    pub source: Source,
}

/// Why a rule was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetRuleError {
    /// The tenant has as many as it may.
    #[error(transparent)]
    TooMany(#[from] TooManyRules),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Sampling {
    pub(crate) fn new(store: Arc<dyn EventStore>, settings: &Settings) -> Sampling {
        Sampling {
            store,
            known: RwLock::new(Known::of(settings)),
        }
    }

    /// Takes the rules of a new configuration.
    pub(crate) fn follow(&self, settings: &Settings) {
        *self.known.write() = Known::of(settings);
    }

    /// Does something with the rules of a tenant.
    pub(crate) fn with<T>(&self, tenant: &TenantId, work: impl FnOnce(Rules<'_>) -> T) -> T {
        let known = self.known.read();
        if known.tenants.contains(tenant) {
            return work(known.sampler.rules(tenant));
        }
        drop(known);
        let mut known = self.known.write();
        self.recall(tenant, &mut known);
        work(known.sampler.rules(tenant))
    }

    fn recall(&self, tenant: &TenantId, known: &mut Known) {
        if known.tenants.insert(tenant.clone()) {
            for (kind, rule) in self.store.rules(tenant) {
                // There are no more in the store than may be.
                let _ = known.sampler.set(tenant, kind, Some(rule));
            }
        }
    }

    /// Sets a tenant's rule for a kind, durably, then at once; none puts the default back.
    pub(crate) async fn set(
        &self,
        tenant: &TenantId,
        kind: &EventKind,
        rule: Option<Rule>,
        now: Timestamp,
    ) -> Result<(), SetRuleError> {
        let own = self.store.rules(tenant);
        let is_new = !own.iter().any(|(known, _)| known == kind);
        if rule.is_some() && is_new && own.len() >= MAX_OWN_RULES {
            return Err(TooManyRules.into());
        }
        self.store
            .set_rule(tenant.clone(), kind.clone(), rule, now)
            .await?;
        let mut known = self.known.write();
        self.recall(tenant, &mut known);
        known.sampler.set(tenant, kind.clone(), rule)?;
        Ok(())
    }

    /// How one kind is sampled.
    pub(crate) fn view(&self, tenant: &TenantId, kind: &EventKind) -> RuleView {
        let own: BTreeMap<_, _> = self.store.rules(tenant).into_iter().collect();
        view(kind.clone(), &own, &self.known.read().configured)
    }

    /// Every kind that has a rule of its own.
    pub(crate) fn all(&self, tenant: &TenantId) -> Vec<RuleView> {
        let own: BTreeMap<_, _> = self.store.rules(tenant).into_iter().collect();
        let known = self.known.read();
        let mut kinds: BTreeSet<EventKind> = EventKind::all_usual().collect();
        kinds.extend(known.configured.keys().cloned());
        kinds.extend(own.keys().cloned());
        let kinds = kinds.into_iter();
        kinds
            .map(|kind| view(kind, &own, &known.configured))
            .collect()
    }
}

impl Known {
    fn of(settings: &Settings) -> Known {
        let configured = settings.rules.clone();
        Known {
            sampler: Sampler::new(settings.sampling, settings.sample_by, configured.clone()),
            configured,
            tenants: BTreeSet::new(),
        }
    }
}

fn view(
    kind: EventKind,
    own: &BTreeMap<EventKind, Rule>,
    configured: &BTreeMap<EventKind, Rule>,
) -> RuleView {
    let (rule, source) = match (own.get(&kind), configured.get(&kind)) {
        (Some(own), _) => (*own, Source::Tenant),
        (None, Some(configured)) => (*configured, Source::Configuration),
        (None, None) => (default_rule(&kind), Source::BuiltIn),
    };
    RuleView { kind, rule, source }
}
