//! How everything does that rules look at, as of one moment.

use std::{collections::BTreeMap, sync::Arc, sync::atomic::Ordering, time::Duration};

use cauce_destinations::destination::CredentialState;
use cauce_flow::{
    campaign::state::State,
    id::{QueueName, TenantId},
    time::Timestamp,
};
use cauce_observe::alert::{Kind, Rule, Subject, Thing};
use cauce_store::{
    campaigns::campaign::Filter,
    jobs::{Gate, Scope},
};

use super::windows::Windows;
use crate::{
    alerting::Alerting,
    inner::Inner,
    settings::{Account, Settings, alert_queue},
    status::{Found, LineStatus},
    view,
};

/// What was found of one subject under one rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) value: f64,
    pub(super) detail: String,
}

pub(super) type Readings = BTreeMap<Subject, Reading>;

/// The code by which a backend without a route is known.
const ROUTE_MISSING: &str = "backend_route_missing";
/// A line that does not say within this what holds it back is stuck.
const SAYS_WHY_WITHIN: Duration = Duration::from_secs(2);
/// Gates that hold jobs back for a reason that somebody knows of.
const KNOWN_GATES: [&str; 8] = [
    "paused",
    "group",
    "credentials",
    "disconnected",
    "held",
    "breaker",
    "rate",
    "batch",
];
/// Campaigns that wait for a person and are looked at.
const MAX_CAMPAIGNS: usize = 200;

/// One look at everything.
pub(super) struct Sight<'a> {
    pub(super) inner: &'a Inner,
    pub(super) alerting: &'a Alerting,
    pub(super) settings: Arc<Settings>,
    pub(super) windows: &'a Windows,
    /// Every account but those of channels, with its line.
    pub(super) lines: Vec<(Account, LineStatus)>,
    pub(super) now: Timestamp,
}

impl Sight<'_> {
    /// The lines that alerts look at.
    pub(super) fn lines(inner: &Inner) -> Vec<(Account, LineStatus)> {
        let told = alert_queue();
        let accounts = inner.lines.accounts().into_iter();
        let own = accounts.filter(|account| account.queue != told);
        own.filter_map(|account| {
            let status = inner.lines.status(&account.name)?;
            Some((account, status))
        })
        .collect()
    }

    /// What a rule finds.
    pub(super) async fn readings(&self, rule: &Rule) -> Readings {
        match rule.kind {
            Kind::BreakerOpen => self.of_lines(rule, |_, line| {
                let detail = line.last_error.clone().unwrap_or_default();
                Some((state(line.breaker != "closed"), detail))
            }),
            Kind::ProcessingTime => self.of_lines(rule, |account, _| {
                let [requests, ms] = self.windows.requests(&account.name, rule.within, self.now);
                let enough = requests >= rule.min_volume.max(1);
                enough.then(|| (ms as f64 / requests as f64 / 1_000.0, String::new()))
            }),
            Kind::OldestJob => {
                self.of_lines(rule, |account, line| self.oldest(rule, account, line))
            }
            Kind::TokenInvalid => self.of_lines(rule, |account, _| {
                let found = self.inner.tokens.of(account);
                let bad = matches!(
                    found.state,
                    CredentialState::Invalid
                        | CredentialState::Expired
                        | CredentialState::Disconnected
                );
                Some((state(bad), found.detail))
            }),
            Kind::TokenExpiring => self.of_lines(rule, |account, _| {
                let found = self.inner.tokens.of(account);
                let ends = found
                    .expires_at
                    .map(|at| format!("{}; it ends {at}", found.detail));
                let soon = found.state == CredentialState::ExpiresSoon;
                Some((state(soon), ends.unwrap_or(found.detail)))
            }),
            Kind::BackendRoute => self.of_lines(rule, |_, line| {
                let missing = line.failing.as_deref() == Some(ROUTE_MISSING);
                Some((state(missing), line.last_error.clone().unwrap_or_default()))
            }),
            Kind::WorkerStalled => self.stalled(rule).await,
            Kind::FailureRate => self.failure_rates(rule),
            Kind::DeadLetters => self.dead_letters(rule),
            Kind::QueueSaturated => self.saturated(rule),
            Kind::DiskFull => self.disk(),
            Kind::StoreFailing => self.stores(),
            Kind::CountersDisagree => self.counters(),
            Kind::TrackingVolume => self.volumes(),
            Kind::CampaignPaused => self.campaigns().await,
        }
    }

    /// What a rule finds of each line that it looks at.
    fn of_lines(
        &self,
        rule: &Rule,
        look: impl Fn(&Account, &LineStatus) -> Option<(f64, String)>,
    ) -> Readings {
        let wanted = self
            .lines
            .iter()
            .filter(|(account, _)| rule.wants(&account.queue));
        wanted
            .filter_map(|(account, line)| {
                let (value, detail) = look(account, line)?;
                Some((subject_of_account(account), Reading { value, detail }))
            })
            .collect()
    }

    /// For how long the oldest job has been due. A paused queue waits on purpose, and so does a
    /// campaign in the queue of its provider: rules look at those only by their names.
    fn oldest(&self, rule: &Rule, account: &Account, line: &LineStatus) -> Option<(f64, String)> {
        let waits_long = rule.queues.is_empty() && account.provider().is_some();
        if waits_long || self.is_paused(account) {
            return None;
        }
        let oldest = self.inner.jobs.backlog(&account.line()).oldest_at?;
        let detail = line.last_error.clone().unwrap_or_default();
        Some((self.now.since(oldest).as_secs_f64(), detail))
    }

    fn is_paused(&self, account: &Account) -> bool {
        let gate = self.inner.jobs.gate(&account.queue, Some(&account.tenant));
        gate == Gate::Paused
    }

    /// For how long lines have sent nothing although jobs wait and nothing holds them back.
    async fn stalled(&self, rule: &Rule) -> Readings {
        let mut found = Readings::new();
        for (account, line) in &self.lines {
            if !rule.wants(&account.queue) || self.is_paused(account) {
                continue;
            }
            let Some(oldest) = self.inner.jobs.backlog(&account.line()).oldest_at else {
                continue;
            };
            let since = line.last_batch_at.map_or(oldest, |last| last.max(oldest));
            let patience = account.policy.batch.max_wait;
            let waited = self.now.since(since).saturating_sub(patience).as_secs_f64();
            if waited <= rule.below.max(1.0) {
                continue;
            }
            if let Some(detail) = self.unexplained(account).await {
                let reading = Reading {
                    value: waited,
                    detail,
                };
                found.insert(subject_of_account(account), reading);
            }
        }
        found
    }

    /// What is known of a line that sends nothing, unless a gate explains it.
    async fn unexplained(&self, account: &Account) -> Option<String> {
        let line = account.line();
        let why = self.inner.lines.why(&line);
        let Ok(gates) = tokio::time::timeout(SAYS_WHY_WITHIN, why).await else {
            return Some("its loop does not answer".to_owned());
        };
        let gates = gates?;
        if gates.iter().any(|gate| KNOWN_GATES.contains(&gate.name)) {
            return None;
        }
        let details = gates.iter().map(|gate| gate.detail.as_str());
        Some(details.collect::<Vec<_>>().join("; "))
    }

    fn failure_rates(&self, rule: &Rule) -> Readings {
        let all = self.windows.attempts(rule.within, self.now);
        let own = all.filter(|(queue, ..)| self.is_looked_at(rule, queue));
        own.filter_map(|(queue, tenant, attempts)| {
            let whole = attempts.failed + attempts.delivered;
            (whole >= rule.min_volume.max(1)).then(|| {
                let reading = Reading {
                    value: attempts.failed as f64 * 100.0 / whole as f64,
                    detail: format!("{} of {whole}", attempts.failed),
                };
                (subject_of_queue(queue, Some(tenant)), reading)
            })
        })
        .collect()
    }

    fn dead_letters(&self, rule: &Rule) -> Readings {
        let all = self.windows.attempts(rule.within, self.now);
        let own = all.filter(|(queue, ..)| self.is_looked_at(rule, queue));
        own.map(|(queue, tenant, attempts)| {
            let reading = Reading {
                value: attempts.dead as f64,
                detail: String::new(),
            };
            (subject_of_queue(queue, Some(tenant)), reading)
        })
        .collect()
    }

    fn is_looked_at(&self, rule: &Rule, queue: &QueueName) -> bool {
        *queue != alert_queue() && rule.wants(queue)
    }

    fn saturated(&self, rule: &Rule) -> Readings {
        let limits = &self.settings.limits;
        let counts = self.inner.jobs.counts(&Scope::All).into_iter();
        let own = counts.filter(|(queue, _)| self.is_looked_at(rule, queue));
        own.map(|(queue, counts)| {
            let share = |part: u64, whole: u64| part as f64 * 100.0 / whole.max(1) as f64;
            let jobs = share(counts.pending(), limits.max_jobs);
            let bytes = share(counts.pending_bytes, limits.max_bytes);
            let detail = format!("{} jobs, {} bytes", counts.pending(), counts.pending_bytes);
            let reading = Reading {
                value: jobs.max(bytes),
                detail,
            };
            (subject_of_queue(&queue, None), reading)
        })
        .collect()
    }

    fn disk(&self) -> Readings {
        let total = cauce_store::embedded::disk_bytes(&self.settings.data_dir);
        let free = self.inner.jobs.vitals().free_bytes;
        let used = total.saturating_sub(free) as f64 * 100.0 / total.max(1) as f64;
        let floor = self.inner.min_free_bytes();
        let detail = format!("{free} bytes free, {floor} are kept free");
        of_all(Thing::Disk, used, detail)
    }

    /// What readiness finds, but for the disk, which has a rule of its own.
    fn stores(&self) -> Readings {
        let checks = view::readiness(self.inner).into_iter();
        let stores = checks.filter(|check| check.name != "disk");
        stores
            .flat_map(|check| {
                let bad = state(check.found != Found::Ok);
                of_all(Thing::Store(check.name.to_owned()), bad, check.detail)
            })
            .collect()
    }

    fn counters(&self) -> Readings {
        let count = self.alerting.shared.disagreeing.load(Ordering::Relaxed);
        of_all(
            Thing::Store("counters".to_owned()),
            count as f64,
            String::new(),
        )
    }

    fn volumes(&self) -> Readings {
        let volumes = self.alerting.shared.volumes.lock();
        let all = volumes.iter().map(|(tenant, volume)| {
            let subject = Subject {
                tenant: Some(tenant.clone()),
                thing: Thing::Tracking,
            };
            let reading = Reading {
                value: volume.deviations,
                detail: volume.detail.clone(),
            };
            (subject, reading)
        });
        all.collect()
    }

    /// Campaigns that a rule has paused, or has not started: they wait for a person.
    async fn campaigns(&self) -> Readings {
        let mut found = Readings::new();
        for state in [State::Paused, State::Scheduled] {
            let filter = Filter {
                scope: Scope::All,
                state: Some(state),
                sender: None,
                before: None,
                limit: MAX_CAMPAIGNS,
            };
            let listed = match self.inner.campaigns.campaigns(filter).await {
                Ok(listed) => listed.campaigns,
                Err(error) => {
                    tracing::warn!(%error, "alerts cannot look at campaigns");
                    continue;
                }
            };
            for campaign in listed {
                let Some(note) = campaign.note else { continue };
                let subject = Subject {
                    tenant: Some(campaign.tenant),
                    thing: Thing::Campaign(campaign.id.to_string()),
                };
                let detail = format!("{}: {}", campaign.name, note.detail);
                found.insert(subject, Reading { value: 1.0, detail });
            }
        }
        found
    }
}

fn state(bad: bool) -> f64 {
    if bad { 1.0 } else { 0.0 }
}

fn of_all(thing: Thing, value: f64, detail: String) -> Readings {
    let subject = Subject {
        tenant: None,
        thing,
    };
    Readings::from([(subject, Reading { value, detail })])
}

fn subject_of_account(account: &Account) -> Subject {
    Subject {
        tenant: Some(account.tenant.clone()),
        thing: Thing::Account(account.name.to_string()),
    }
}

fn subject_of_queue(queue: &QueueName, tenant: Option<&TenantId>) -> Subject {
    Subject {
        tenant: tenant.cloned(),
        thing: Thing::Queue(queue.to_string()),
    }
}
