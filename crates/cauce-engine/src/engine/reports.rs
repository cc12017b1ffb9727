//! Reports, as callers of the engine see them.

use cauce_flow::{campaign::window::TimeZone, id::TenantId};
use cauce_observe::{
    analytics::forecast::Past,
    report::{Material, Stretch},
};
use cauce_store::analytics::{Error, Metric};

use super::Engine;
use crate::reports;

impl Engine {
    /// The figures of a tenant over a stretch of time, for a report; with the zone of its days and
    /// what that is called.
    pub async fn report_material(
        &self,
        tenant: &TenantId,
        stretch: Stretch,
        zone: (TimeZone, String),
    ) -> Result<Material, Error> {
        let now = self.now().as_millis();
        reports::material(&self.inner, tenant, stretch, zone, now).await
    }

    /// The past of a metric up to a moment, by hour: what a forecast comes from.
    pub async fn past(
        &self,
        tenant: &TenantId,
        metric: Metric,
        zone: &TimeZone,
        now: i64,
    ) -> Result<Past, Error> {
        reports::past(self.analytics(), tenant, metric, zone, now).await
    }
}
