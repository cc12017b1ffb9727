//! Statistics of the pixels part, from the rollups of the store.

use std::collections::BTreeMap;

use cauce_destinations::pixel::Platform;
use cauce_flow::{id::QueueName, time::Timestamp};
use cauce_store::{
    jobs::{Error, Scope},
    rollups::{Rollup, Span, Step},
};

use crate::{
    inner::Inner,
    status::{PixelStats, PlatformStats, Quantiles, StatsQuery},
};

/// Minutes that "lately" means.
const RECENT_MINUTES: i64 = 5;
const MINUTE_MS: i64 = 60_000;

/// How a queue did lately.
#[derive(Clone, Default)]
pub(crate) struct Recent {
    pub(crate) per_minute: u64,
    pub(crate) latency: Quantiles,
}

impl Recent {
    fn of(rollup: &Rollup) -> Recent {
        Recent {
            per_minute: rollup.sent / RECENT_MINUTES.unsigned_abs(),
            latency: quantiles(rollup),
        }
    }
}

impl Inner {
    /// How each queue did in the last minutes.
    pub(crate) fn recent(&self, scope: &Scope) -> BTreeMap<QueueName, Recent> {
        let now = self.clock.now().as_millis();
        let from = Timestamp::from_millis(now - RECENT_MINUTES * MINUTE_MS);
        let mut by_queue: BTreeMap<QueueName, Rollup> = BTreeMap::new();
        for (key, rollup) in self.rollups.recent(from) {
            if scope.covers(&key.tenant) {
                by_queue.entry(key.queue).or_default().merge(&rollup);
            }
        }
        by_queue
            .into_iter()
            .map(|(queue, rollup)| (queue, Recent::of(&rollup)))
            .collect()
    }

    /// The same of some queues, taken together.
    pub(crate) fn recent_of(&self, scope: &Scope, is_one: fn(&QueueName) -> bool) -> Recent {
        let now = self.clock.now().as_millis();
        let from = Timestamp::from_millis(now - RECENT_MINUTES * MINUTE_MS);
        let mut all = Rollup::default();
        for (key, rollup) in self.rollups.recent(from) {
            if scope.covers(&key.tenant) && is_one(&key.queue) {
                all.merge(&rollup);
            }
        }
        Recent::of(&all)
    }
}

/// Answers a question about the pixels part.
pub(crate) async fn pixel_stats(inner: &Inner, query: StatsQuery) -> Result<PixelStats, Error> {
    let interval_ms = i64::try_from(query.interval.as_millis())
        .unwrap_or(i64::MAX)
        .max(MINUTE_MS);
    let step = if interval_ms % (60 * MINUTE_MS) == 0 {
        Step::Hour
    } else {
        Step::Minute
    };
    let span = Span {
        step,
        from: query.from,
        to: query.to,
        tenant: query.tenant.clone(),
    };
    let rows = inner.rollups.read(span).await?;
    let wanted: Vec<&str> = Platform::ALL
        .into_iter()
        .map(Platform::as_str)
        .filter(|name| query.platform.as_deref().is_none_or(|only| only == *name))
        .collect();
    let mut whole: BTreeMap<String, Rollup> = wanted
        .iter()
        .map(|name| ((*name).to_owned(), Rollup::default()))
        .collect();
    let mut steps: BTreeMap<i64, BTreeMap<String, Rollup>> = BTreeMap::new();
    let first = query.from.as_millis().div_euclid(interval_ms) * interval_ms;
    let mut at = first;
    while at < query.to.as_millis() {
        steps.insert(at, whole.clone());
        at += interval_ms;
    }
    for (key, rollup) in rows {
        let Some(sum) = whole.get_mut(key.queue.as_str()) else {
            continue;
        };
        sum.merge(&rollup);
        let step = key.start.as_millis().div_euclid(interval_ms) * interval_ms;
        if let Some(sum) = steps
            .get_mut(&step)
            .and_then(|s| s.get_mut(key.queue.as_str()))
        {
            sum.merge(&rollup);
        }
    }
    let told = |sums: BTreeMap<String, Rollup>| {
        sums.into_iter()
            .map(|(name, rollup)| (name, platform_stats(&rollup)))
            .collect()
    };
    Ok(PixelStats {
        platforms: told(whole),
        series: steps
            .into_iter()
            .map(|(at, sums)| (Timestamp::from_millis(at), told(sums)))
            .collect(),
    })
}

fn platform_stats(rollup: &Rollup) -> PlatformStats {
    let ended = rollup.sent + rollup.dead + rollup.expired;
    let ratio = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    PlatformStats {
        received: rollup.received,
        withheld: rollup.withheld,
        duplicates: rollup.duplicates,
        rejected: rollup.rejected,
        queued: rollup.queued,
        sent: rollup.sent,
        failed: rollup.failed,
        dead: rollup.dead,
        expired: rollup.expired,
        retried: rollup.retried,
        requests: rollup.requests,
        events_per_request: ratio(rollup.sent, rollup.requests),
        requests_saved: rollup.sent.saturating_sub(rollup.requests),
        success_rate: ratio(rollup.sent, ended),
        latency: quantiles(rollup),
        last_error: rollup.last_error.clone(),
    }
}

fn quantiles(rollup: &Rollup) -> Quantiles {
    Quantiles {
        p50: rollup.latency_ms(0.50),
        p95: rollup.latency_ms(0.95),
        p99: rollup.latency_ms(0.99),
    }
}
