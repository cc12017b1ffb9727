//! How far the tracked events of the last hour are from those of the same hour in past weeks.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cauce_events::store::{self, EventStore, StatsQuery};
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_observe::alert::{Unusual, unusual};
use tokio_util::sync::CancellationToken;

use super::{Alerting, Volume};
use crate::clock::Clock;

/// An hour is compared, which moves slowly: tenants are looked at once in so many looks at everything
/// else, and at least so often.
const LOOKS: u32 = 60;
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
    /// How often everything else is looked at; none where nobody asks.
    pub(crate) every: Arc<dyn Fn() -> Option<Duration> + Send + Sync>,
}

/// Looks at every tenant, again and again.
pub(crate) async fn run(watching: Watching, stop: CancellationToken) {
    loop {
        let pause = (watching.every)().map_or(EVERY, |every| EVERY.min(every * LOOKS));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if (watching.every)().is_some() {
            let volumes = watching.look_at_all().await;
            *watching.alerting.shared.volumes.lock() = Some(volumes);
        }
    }
}

impl Watching {
    async fn look_at_all(&self) -> BTreeMap<TenantId, Volume> {
        let mut volumes = BTreeMap::new();
        for tenant in self.events.tenants() {
            let volume = match self.look(&tenant).await {
                Ok(None) => continue,
                Ok(Some(found)) => Volume::Known(found),
                Err(error) => {
                    tracing::warn!(%tenant, %error, "the volume of tracked events is not known");
                    Volume::NotKnown
                }
            };
            volumes.insert(tenant, volume);
        }
        volumes
    }

    async fn look(&self, tenant: &TenantId) -> Result<Option<Unusual>, store::Error> {
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
        Ok(unusual(count, &past))
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
