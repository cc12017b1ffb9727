//! Which rule an event is sampled by: the tenant's own, then the one of the configuration, then the
//! default.

use std::collections::BTreeMap;

use super::{Rule, SampleBy, Verdict, default_rule};
use crate::{
    event::{Event, EventKind},
    id::TenantId,
    shape::allowance::Level,
};

/// Most rules that a tenant may set.
pub const MAX_OWN_RULES: usize = 256;

/// A tenant has set as many rules as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{MAX_OWN_RULES} event types have rules of their own, which is all there may be; hint: put another one back to its default"
)]
pub struct TooManyRules;

type ByKind = BTreeMap<EventKind, Rule>;

/// The rules of all tenants.
#[derive(Clone, Debug)]
pub struct Sampler {
    enabled: bool,
    by: SampleBy,
    configured: ByKind,
    own: BTreeMap<TenantId, ByKind>,
}

/// The rules that hold for one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    enabled: bool,
    by: SampleBy,
    configured: &'a ByKind,
    own: Option<&'a ByKind>,
}

impl Sampler {
    /// Follows the configuration. One that is not enabled keeps everything, at every level.
    pub fn new(
        enabled: bool,
        by: SampleBy,
        configured: impl IntoIterator<Item = (EventKind, Rule)>,
    ) -> Sampler {
        Sampler {
            enabled,
            by,
            configured: configured.into_iter().collect(),
            own: BTreeMap::new(),
        }
    }

    /// Sets a tenant's own rule of a kind; `None` takes it back.
    pub fn set(
        &mut self,
        tenant: &TenantId,
        kind: EventKind,
        rule: Option<Rule>,
    ) -> Result<(), TooManyRules> {
        let own = self.own.entry(tenant.clone()).or_default();
        match rule {
            None => drop(own.remove(&kind)),
            Some(_) if own.len() >= MAX_OWN_RULES && !own.contains_key(&kind) => {
                return Err(TooManyRules);
            }
            Some(rule) => drop(own.insert(kind, rule)),
        }
        if own.is_empty() {
            self.own.remove(tenant);
        }
        Ok(())
    }

    /// The rules that hold for a tenant.
    pub fn rules(&self, tenant: &TenantId) -> Rules<'_> {
        Rules {
            enabled: self.enabled,
            by: self.by,
            configured: &self.configured,
            own: self.own.get(tenant),
        }
    }
}

impl Rules<'_> {
    /// The rule of a kind.
    pub fn rule(&self, kind: &EventKind) -> Rule {
        let set = self.own.and_then(|own| own.get(kind));
        let set = set.or_else(|| self.configured.get(kind));
        set.copied().unwrap_or_else(|| default_rule(kind))
    }

    /// The rate in percent that a kind is kept at.
    pub fn rate_at(&self, kind: &EventKind, level: Level) -> f64 {
        match self.enabled {
            true => self.rule(kind).rate_at(level),
            false => 100.0,
        }
    }

    /// Decides on an event.
    pub fn judge(&self, event: &Event, level: Level) -> Verdict {
        if !self.enabled {
            return Verdict::Keep { weight: 1.0 };
        }
        self.rule(&event.kind).judge(self.by.draw(event), level)
    }

    /// Whether events of the kind are thinned more at that level than at none.
    pub fn presses(&self, kind: &EventKind, level: Level) -> bool {
        self.rate_at(kind, level) < self.rate_at(kind, Level::NONE)
    }
}
