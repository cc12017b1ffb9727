//! How far the tracked events of the last hour are from those of the same hour in past weeks.

use std::{sync::Arc, time::Duration};

use cauce_events::store::{self, EventStore, StatsQuery};
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_observe::alert::unusual;
use tokio_util::sync::CancellationToken;

use super::{Alerting, Volume};
use crate::clock::Clock;

/// How often all tenants are looked at. An hour is compared, which moves slowly.
const EVERY: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3_600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Weeks that are looked back on.
const WEEKS: u32 = 4;

/// What the loop looks at.
#[derive(Clone)]
pub(crate) struct Watching {
    pub(crate) alerting: Alerting,
    pub(crate) events: Arc<dyn EventStore>,
    pub(crate) clock: Clock,
    /// The volume below which nothing is said; none where nobody asks.
    pub(crate) min_volume: Arc<dyn Fn() -> Option<u64> + Send + Sync>,
}

/// Looks at every tenant, again and again.
pub(crate) async fn run(watching: Watching, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let Some(min_volume) = (watching.min_volume)() else {
            continue;
        };
        for tenant in watching.events.tenants() {
            let found = watching.look(&tenant, min_volume).await;
            let mut volumes = watching.alerting.shared.volumes.lock();
            match found {
                Ok(Some(volume)) => {
                    volumes.insert(tenant, volume);
                }
                Ok(None) => {
                    volumes.remove(&tenant);
                }
                Err(error) => {
                    tracing::warn!(%tenant, %error, "the volume of tracked events is not known");
                }
            }
        }
    }
}

impl Watching {
    async fn look(
        &self,
        tenant: &TenantId,
        min_volume: u64,
    ) -> Result<Option<Volume>, store::Error> {
        let now = self.clock.now();
        let count = self.count(tenant, now).await?;
        let mut past = Vec::new();
        for week in 1..=WEEKS {
            let then = now - WEEK * week;
            past.push(self.count(tenant, then).await?);
        }
        // Before the first events there was nothing to track; later, nothing is a count like any other.
        while past.last() == Some(&0) {
            past.pop();
        }
        let found = unusual(count, &past, min_volume);
        Ok(found.map(|found| Volume {
            deviations: found.deviations,
            detail: format!(
                "{count} events in the last hour, usual are {:.0}",
                found.expected
            ),
        }))
    }

    /// Events of the hour that ends at a moment.
    async fn count(&self, tenant: &TenantId, end: Timestamp) -> Result<u64, store::Error> {
        let query = StatsQuery {
            tenant: tenant.clone(),
            site: None,
            from: end - HOUR,
            to: end,
            interval: None,
            max_top: 1,
        };
        let stats = self.events.stats(query).await?;
        // Whole events are compared; half of one says nothing.
        Ok(stats.estimated_events.round() as u64)
    }
}
