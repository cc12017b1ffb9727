//! Groups of jobs: opened, paused, stopped.

use std::sync::Arc;

use cauce_flow::id::{GroupName, TenantId};
use cauce_store::jobs::{Error, GroupGate};

use super::Engine;

impl Engine {
    /// Opens, pauses or stops a group of a tenant. No new attempt of its jobs starts after the
    /// answer where it is shut. Answers how many jobs a stop has cancelled.
    pub async fn set_group(
        &self,
        tenant: TenantId,
        group: GroupName,
        gate: GroupGate,
    ) -> Result<u64, Error> {
        let inner = Arc::clone(&self.inner);
        // In a task of its own, so that the lines follow even if the caller waits no longer.
        let moved = self.inner.loops.spawn(async move {
            let now = inner.clock.now();
            let set = inner
                .jobs
                .set_group(tenant.clone(), group.clone(), gate, now);
            let cancelled = set.await?;
            for looked in inner.lines.ask_to_look_at_group(&tenant, &group) {
                // A line that has ended starts no attempt either.
                let _ = looked.await;
            }
            Ok(cancelled)
        });
        moved.await.unwrap_or(Err(Error::Closed))
    }
}
