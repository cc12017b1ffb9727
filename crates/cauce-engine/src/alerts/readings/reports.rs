//! How reports do that are sent by themselves.

use cauce_flow::job::State;
use cauce_observe::alert::{Rule, Subject, Thing};
use cauce_store::jobs::{Error, Page, Scope, Select};

use super::{Reading, Readings, Sight};
use crate::settings::{ScheduledReport, alert_queue};

/// More letters than these are not counted: a report has fewer people.
const MAX_LETTERS: usize = 1_000;

impl Sight<'_> {
    /// Letters of reports that did not reach their people. They share their queue with what alerts
    /// are told by, so that the figures of the queue only say whether it is worth a look.
    pub(in super::super) async fn reports(&self, rule: &Rule) -> Readings {
        let Some(all) = self.windows.attempts(rule.within, self.now) else {
            return Readings::none();
        };
        let told = alert_queue();
        let died = all.filter(|(queue, _, attempts)| **queue == told && attempts.lost() > 0);
        let tenants: Vec<_> = died.map(|(_, tenant, _)| tenant.clone()).collect();
        let reports = self.settings.reports.iter();
        let mut found = Vec::new();
        for report in reports.filter(|report| tenants.contains(&report.tenant)) {
            let reading = match self.undelivered(report, rule).await {
                Ok(reading) => reading,
                Err(error) => {
                    let name = &report.name;
                    tracing::warn!(name, %error, "alerts cannot look at the letters of a report");
                    Reading::not_known()
                }
            };
            let subject = Subject {
                tenant: Some(report.tenant.clone()),
                thing: Thing::Report(report.name.clone()),
            };
            found.push((subject, reading));
        }
        Readings::all(found.into_iter().collect())
    }

    async fn undelivered(&self, report: &ScheduledReport, rule: &Rule) -> Result<Reading, Error> {
        let select = Select {
            queue: Some(report.line.queue.clone()),
            account: Some(report.line.account.clone()),
            states: vec![State::Dead, State::Expired],
            ..Select::all(Scope::Tenant(report.tenant.clone()))
        };
        let page = Page {
            limit: MAX_LETTERS,
            before: None,
        };
        let letters = self.inner.jobs.list(select, page).await?.jobs;
        let since = self.now - rule.within;
        let new = letters
            .iter()
            .filter(|letter| letter.finished_at.is_some_and(|at| at >= since));
        let newest = new.clone().max_by_key(|letter| letter.finished_at);
        let detail = newest.and_then(|letter| letter.last_error.as_ref());
        let detail = detail.map(|reason| reason.detail.clone());
        Ok(Reading::of(new.count() as f64, detail.unwrap_or_default()))
    }
}
