//! Relays, as callers of the engine see them.

use std::sync::Arc;

use bytes::Bytes;
use cauce_flow::{id::TenantId, priority::Priority};
use cauce_store::jobs::Enqueued;

use super::Engine;
use crate::relays::{self, Refusal};

impl Engine {
    /// Takes items for a relay, all or none; answers for each once all are durable. Without a
    /// tenant, the relay may be anybody's.
    pub async fn take_relayed(
        &self,
        tenant: Option<&TenantId>,
        relay: &str,
        items: Vec<Bytes>,
        priority: Priority,
    ) -> Result<Vec<Enqueued>, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        let relay = relays::find(&settings, tenant, relay).ok_or(Refusal::Unknown)?;
        relays::take(&settings, relay, items, priority, self.jobs(), self.now()).await
    }
}
