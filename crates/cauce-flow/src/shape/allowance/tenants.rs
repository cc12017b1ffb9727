//! The allowances of all tenants.

use std::collections::BTreeMap;

use super::{Allowance, Level, Limits, Refusal};
use crate::{id::TenantId, time::Timestamp};

/// What each tenant may send and has sent. There are as many as there are tenants; who is none is
/// turned away before.
#[derive(Clone, Debug, Default)]
pub struct Allowances {
    usual: Limits,
    own: BTreeMap<TenantId, Limits>,
    sent: BTreeMap<TenantId, Allowance>,
}

impl Allowances {
    /// Allowances where each tenant may send that much, unless it has limits of its own.
    pub fn new(usual: Limits, own: impl IntoIterator<Item = (TenantId, Limits)>) -> Allowances {
        Allowances {
            usual,
            own: own.into_iter().collect(),
            sent: BTreeMap::new(),
        }
    }

    /// Follows other limits from here on. What was sent is still counted.
    pub fn set(&mut self, usual: Limits, own: impl IntoIterator<Item = (TenantId, Limits)>) {
        self.usual = usual;
        self.own = own.into_iter().collect();
    }

    /// Admits a call of a tenant, as [`Allowance::try_take`] does.
    pub fn try_take(
        &mut self,
        tenant: &TenantId,
        events: u64,
        bytes: u64,
        now: Timestamp,
    ) -> Result<Level, Refusal> {
        let limits = self.own.get(tenant).unwrap_or(&self.usual);
        match self.sent.get_mut(tenant) {
            Some(sent) => sent.try_take(events, bytes, limits, now),
            None => {
                let mut sent = Allowance::default();
                let admitted = sent.try_take(events, bytes, limits, now)?;
                self.sent.insert(tenant.clone(), sent);
                Ok(admitted)
            }
        }
    }

    /// Forgets tenants that have sent nothing of late.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.sent.retain(|_, sent| !sent.is_idle(now));
    }
}
