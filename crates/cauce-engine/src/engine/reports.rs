//! Reports, as callers of the engine see them.

use std::sync::Arc;

use cauce_flow::{
    campaign::window::TimeZone,
    id::{JobId, TenantId},
    time::Timestamp,
};
use cauce_observe::{
    analytics::forecast::Past,
    report::{Material, Stretch},
};
use cauce_store::{
    analytics::{Error, Metric},
    jobs::Scope,
};

use super::Engine;
use crate::{
    reports::{self, Failure},
    settings::ScheduledReport,
};

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

    /// The reports of a scope that are sent by themselves, each with when it is sent next.
    pub async fn scheduled_reports(
        &self,
        scope: &Scope,
    ) -> Result<Vec<(ScheduledReport, Option<Timestamp>)>, Error> {
        let settings = Arc::clone(&self.inner.settings.read());
        let own = settings.reports.iter();
        let own = own.filter(|report| scope.covers(&report.tenant));
        let mut found = Vec::new();
        for report in own {
            let done = self.analytics().mark(&reports::mark_of(report)).await?;
            let now = self.now().as_millis();
            let done = done.or_else(|| report.schedule.start(now));
            let next = done.and_then(|done| report.schedule.next(done));
            let at = next.map(|next| Timestamp::from_millis(next.at));
            found.push((report.clone(), at));
        }
        Ok(found)
    }

    /// Sends a report on the last period that is over, besides those that are sent by themselves.
    /// Answers its jobs; none where there is no such report.
    pub async fn send_report(
        &self,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<Vec<JobId>>, Failure> {
        let settings = Arc::clone(&self.inner.settings.read());
        let own = settings.reports.iter();
        let mut own = own.filter(|report| scope.covers(&report.tenant));
        let Some(report) = own.find(|report| report.name == name) else {
            return Ok(None);
        };
        let schedule = &report.schedule;
        let stretch = Stretch::last(schedule.period, self.now().as_millis(), &schedule.zone);
        let stretch = stretch.map_err(|_| Failure::OutOfCalendar)?;
        let sent = reports::send(&self.inner, &settings, report, stretch, None).await?;
        Ok(Some(sent.into_iter().map(|sent| sent.id).collect()))
    }

    pub(super) fn start_report_loop(&self) {
        let inner = &self.inner;
        let (weak, stop) = (Arc::downgrade(inner), inner.stop.clone());
        self.keep("reports", move || reports::run(weak.clone(), stop.clone()));
    }
}
