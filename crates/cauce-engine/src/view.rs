//! How the engine and its parts do: what the status questions of the API are answered from.

use std::{collections::BTreeMap, time::Duration};

use cauce_events::store::EventStore;
use cauce_flow::{size::Size, time::Timestamp};
use cauce_store::jobs::Scope;

use crate::{
    inner::Inner,
    settings::Account,
    status::{DestinationStatus, Found, LineStatus, PixelHealth, QueueStatus, ReadyCheck},
    tracking::Exported,
};

/// Every queue of a scope: those that have accounts, and those that hold or held jobs.
pub(crate) fn queues(inner: &Inner, scope: &Scope) -> Vec<QueueStatus> {
    let mut counts = inner.jobs.counts(scope);
    for account in inner
        .lines
        .accounts()
        .iter()
        .filter(|a| scope.covers(&a.tenant))
    {
        counts.entry(account.queue.clone()).or_default();
    }
    let accounts = inner.lines.accounts();
    let recent = inner.recent(scope);
    counts
        .into_iter()
        .map(|(name, mut counts)| {
            let tenant = match scope {
                Scope::All => None,
                Scope::Tenant(tenant) => Some(tenant),
            };
            counts.gate = Some(inner.jobs.gate(&name, tenant));
            let of_queue = accounts
                .iter()
                .filter(|a| a.queue == name && scope.covers(&a.tenant));
            let lines = of_queue
                .filter_map(|account| inner.lines.status(&account.name))
                .collect();
            let recent = recent.get(&name).cloned().unwrap_or_default();
            QueueStatus {
                lines,
                completed_per_minute: recent.per_minute,
                latency: recent.latency,
                counts,
                name,
            }
        })
        .collect()
}

/// The configured accounts of a scope.
pub(crate) fn destinations(inner: &Inner, scope: &Scope) -> Vec<DestinationStatus> {
    let accounts = inner.lines.accounts();
    accounts
        .iter()
        .filter(|account| scope.covers(&account.tenant))
        .map(|account| DestinationStatus {
            name: account.name.clone(),
            tenant: account.tenant.clone(),
            platform: account.platform,
            queue: account.queue.clone(),
            base_url: account.base_url.clone(),
            line: inner.lines.status(&account.name),
            credentials: inner.tokens.of(account),
        })
        .collect()
}

/// The health of the pixels part.
pub(crate) fn pixel_health(inner: &Inner, scope: &Scope) -> PixelHealth {
    let now = inner.clock.now();
    let settings = inner.settings.read().clone();
    let accounts = inner.lines.accounts();
    let own: Vec<&Account> = accounts
        .iter()
        .filter(|a| scope.covers(&a.tenant) && a.is_pixel())
        .collect();
    let seconds = |at: Timestamp| now.since(at).as_secs_f64();
    let mut health = PixelHealth {
        status: "ok",
        reasons: Vec::new(),
        last_batch_age_seconds: None,
        oldest_waiting_seconds: None,
        backend: "embedded",
        breakers: BTreeMap::new(),
    };
    for account in own {
        let Some(line) = inner.lines.status(&account.name) else {
            continue;
        };
        let backlog = inner.jobs.backlog(&account.line());
        let last = line.last_batch_at.map(seconds);
        let oldest = backlog.oldest_at.map(seconds);
        health.last_batch_age_seconds = least(health.last_batch_age_seconds, last);
        health.oldest_waiting_seconds = most(health.oldest_waiting_seconds, oldest);
        health.breakers.insert(account.name.clone(), line.breaker);
        let patience = account.policy.batch.max_wait * settings.pixels.stalled_after;
        health
            .reasons
            .extend(stall(account, &line, oldest, last, patience));
    }
    if let Some(broken) = inner.jobs.vitals().broken {
        health
            .reasons
            .push(format!("the store cannot write: {broken}"));
    }
    if !health.reasons.is_empty() {
        health.status = "degraded";
    }
    health
}

/// Says where jobs wait and no batch has run for too long.
fn stall(
    account: &Account,
    line: &LineStatus,
    oldest: Option<f64>,
    last_batch: Option<f64>,
    patience: Duration,
) -> Option<String> {
    let waited = oldest?.min(last_batch.unwrap_or(f64::INFINITY));
    let patience = patience.as_secs_f64().max(1.0);
    (waited > patience).then(|| {
        let breaker = match line.breaker {
            "closed" => String::new(),
            state => format!(" (breaker {state})"),
        };
        format!(
            "{}: jobs wait and no batch ran for {waited:.0} s{breaker}",
            account.name
        )
    })
}

fn least(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    [a, b].into_iter().flatten().reduce(f64::min)
}

fn most(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    [a, b].into_iter().flatten().reduce(f64::max)
}

/// Whether everything is ready, check by check.
pub(crate) fn readiness(inner: &Inner) -> Vec<ReadyCheck> {
    let vitals = inner.jobs.vitals();
    let events_broken = inner.events.broken().borrow().clone();
    let events = inner.events.health();
    let floor = inner.min_free_bytes();
    let failed_unless = |good: bool| if good { Found::Ok } else { Found::Failed };
    let writing = || "writing".to_owned();
    let mut checks = vec![
        ReadyCheck {
            name: "store",
            found: failed_unless(vitals.broken.is_none()),
            detail: vitals.broken.clone().unwrap_or_else(writing),
        },
        ReadyCheck {
            name: "disk",
            found: failed_unless(vitals.free_bytes >= floor),
            detail: format!(
                "{} free, {} are kept free",
                Size(vitals.free_bytes),
                Size(floor)
            ),
        },
        log_check("log", vitals.quarantined),
        ReadyCheck {
            name: "events",
            found: failed_unless(events_broken.is_none()),
            detail: events_broken.unwrap_or_else(writing),
        },
        files_check(events.last_error),
        log_check("event log", events.corrupt),
    ];
    let exported = inner.tracking.exported();
    checks.extend(exported.into_iter().map(export_check));
    checks
}

/// Days that are not exported are made up for; meanwhile a warehouse misses them.
fn export_check(exported: Exported) -> ReadyCheck {
    let through = exported
        .through
        .map_or("nothing yet".to_owned(), |(day, _)| {
            format!("through {day}")
        });
    let (found, detail) = match exported.last_error {
        None => (Found::Ok, through),
        Some((at, why)) => (Found::Warning, format!("{through}; since {at}: {why}")),
    };
    ReadyCheck {
        name: match exported.to {
            "bucket" => "export to the bucket",
            _ => "export to the folder",
        },
        found,
        detail,
    }
}

/// While files cannot be written, events are taken until the buffer is full.
fn files_check(last_error: Option<(Timestamp, String)>) -> ReadyCheck {
    let (found, detail) = match last_error {
        None => (Found::Ok, "written".to_owned()),
        Some((at, why)) => (
            Found::Warning,
            format!("since {at}: {why}; look at the disk"),
        ),
    };
    ReadyCheck {
        name: "event files",
        found,
        detail,
    }
}

/// What was set aside is a loss that a person should know of; everything around it is served.
fn log_check(name: &'static str, quarantined: u64) -> ReadyCheck {
    let (found, detail) = match quarantined {
        0 => (Found::Ok, "no damaged records".to_owned()),
        n => (
            Found::Warning,
            format!(
                "{n} damaged records were set aside at the start, everything else is served; \
                 look at the disk, then see `cauce store check`, and `cauce store repair` while no server runs"
            ),
        ),
    };
    ReadyCheck {
        name,
        found,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_that_was_set_aside_is_a_warning_that_says_what_to_do() {
        assert_eq!(log_check("log", 0).found, Found::Ok);
        let damaged = log_check("log", 2);
        assert_eq!(damaged.found, Found::Warning);
        assert!(damaged.detail.contains("2 damaged") && damaged.detail.contains("store repair"));
    }
}
