//! Groups, as their callers ask for them.

use std::sync::Arc;

use cauce_flow::{
    id::{GroupName, TenantId},
    time::Timestamp,
};

use super::{Shared, ask::Ask};
use crate::jobs::{Error, GroupGate};

impl Shared {
    /// Sets a gate. What a stop has to cancel is cancelled in several commits where it is much; the
    /// gate is shut from the first of them on, and `advance` goes on where a crash comes between.
    pub(super) async fn set_group(
        self: &Arc<Self>,
        tenant: TenantId,
        group: GroupName,
        gate: GroupGate,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let set = Ask::SetGroup {
            tenant: tenant.clone(),
            group: group.clone(),
            gate,
            now,
        };
        let mut cancelled = self.ask_count(set).await?;
        while self.state.lock().unswept(&tenant, &group) > 0 {
            match self.ask_count(Ask::Sweep(now)).await {
                Ok(more) => cancelled += more,
                // The gate is shut; `advance` cancels the rest when there is room.
                Err(Error::DiskFull { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(cancelled)
    }

    pub(super) async fn forget_group(
        self: &Arc<Self>,
        tenant: TenantId,
        group: GroupName,
    ) -> Result<bool, Error> {
        let forgotten = self.ask_count(Ask::ForgetGroup(tenant, group)).await?;
        Ok(forgotten > 0)
    }
}
