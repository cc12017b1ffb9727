//! How queues do.

use cauce_flow::id::{QueueName, TenantId};
use cauce_observe::alert::{Rule, Subject, Thing};
use cauce_store::jobs::Scope;

use super::{Reading, Readings, Sight};
use crate::settings::alert_queue;

impl Sight<'_> {
    pub(super) fn failure_rates(&self, rule: &Rule) -> Readings {
        let Some(all) = self.windows.attempts(rule.within, self.now) else {
            return Readings::none();
        };
        let own = all.filter(|(queue, ..)| is_looked_at(rule, queue));
        let found = own.filter_map(|(queue, tenant, attempts)| {
            let whole = attempts.failed + attempts.delivered;
            (whole >= rule.min_volume.max(1)).then(|| {
                let share = attempts.failed as f64 * 100.0 / whole as f64;
                // People read it in their language: figures alone are the same in each.
                let detail = format!("{} / {whole}", attempts.failed);
                (subject_of(queue, Some(tenant)), Reading::of(share, detail))
            })
        });
        Readings::all(found.collect())
    }

    pub(super) fn dead_letters(&self, rule: &Rule) -> Readings {
        let Some(all) = self.windows.attempts(rule.within, self.now) else {
            return Readings::none();
        };
        let own = all.filter(|(queue, ..)| is_looked_at(rule, queue));
        let found = own.map(|(queue, tenant, attempts)| {
            let reading = Reading::of(attempts.dead as f64, String::new());
            (subject_of(queue, Some(tenant)), reading)
        });
        Readings::all(found.collect())
    }

    pub(super) fn saturated(&self, rule: &Rule) -> Readings {
        let limits = &self.settings.limits;
        let counts = self.inner.jobs.counts(&Scope::All).into_iter();
        let own = counts.filter(|(queue, _)| is_looked_at(rule, queue));
        let found = own.map(|(queue, counts)| {
            let share = |part: u64, whole: u64| part as f64 * 100.0 / whole.max(1) as f64;
            let jobs = share(counts.pending(), limits.max_jobs);
            let bytes = share(counts.pending_bytes, limits.max_bytes);
            let detail = format!("{} jobs, {} bytes", counts.pending(), counts.pending_bytes);
            (
                subject_of(&queue, None),
                Reading::of(jobs.max(bytes), detail),
            )
        });
        Readings::all(found.collect())
    }
}

fn is_looked_at(rule: &Rule, queue: &QueueName) -> bool {
    *queue != alert_queue() && rule.wants(queue)
}

fn subject_of(queue: &QueueName, tenant: Option<&TenantId>) -> Subject {
    Subject {
        tenant: tenant.cloned(),
        thing: Thing::Queue(queue.to_string()),
    }
}
