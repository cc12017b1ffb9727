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
    /// What was sent in the last minute.
    pub(crate) per_minute: u64,
    pub(crate) latency: Quantiles,
}

/// What adds up to [`Recent`].
struct Gathering {
    now: Timestamp,
    all: Rollup,
    /// What was sent in the minute that is under way, and in the one before.
    this_minute: u64,
    last_minute: u64,
}

impl Gathering {
    fn new(now: Timestamp) -> Gathering {
        Gathering {
            now,
            all: Rollup::default(),
            this_minute: 0,
            last_minute: 0,
        }
    }

    fn add(&mut self, start: Timestamp, rollup: &Rollup) {
        let this = Step::Minute.start(self.now.as_millis());
        match start.as_millis() {
            start if start >= this => self.this_minute += rollup.sent,
            start if start == this - MINUTE_MS => self.last_minute += rollup.sent,
            _ => {}
        }
        self.all.merge(rollup);
    }

    /// Sums are kept by the minute: of the one before, the part counts that is not over for 60
    /// seconds, as if it had been sent evenly.
    fn per_minute(&self) -> u64 {
        let now = self.now.as_millis();
        let left = MINUTE_MS - (now - Step::Minute.start(now));
        let (left, whole) = (left.unsigned_abs(), MINUTE_MS.unsigned_abs());
        self.this_minute + (self.last_minute * left + whole / 2) / whole
    }

    fn recent(&self) -> Recent {
        Recent {
            per_minute: self.per_minute(),
            latency: quantiles(&self.all),
        }
    }
}

impl Inner {
    /// How each queue did in the last minutes.
    pub(crate) fn recent(&self, scope: &Scope) -> BTreeMap<QueueName, Recent> {
        let now = self.clock.now();
        let mut by_queue: BTreeMap<QueueName, Gathering> = BTreeMap::new();
        for (key, rollup) in self.rollups.recent(recent_from(now)) {
            if scope.covers(&key.tenant) {
                let queue = by_queue.entry(key.queue);
                let gathering = queue.or_insert_with(|| Gathering::new(now));
                gathering.add(key.start, &rollup);
            }
        }
        by_queue
            .into_iter()
            .map(|(queue, gathering)| (queue, gathering.recent()))
            .collect()
    }

    /// The same of some queues, taken together.
    pub(crate) fn recent_of(&self, scope: &Scope, is_one: fn(&QueueName) -> bool) -> Recent {
        let now = self.clock.now();
        let mut all = Gathering::new(now);
        for (key, rollup) in self.rollups.recent(recent_from(now)) {
            if scope.covers(&key.tenant) && is_one(&key.queue) {
                all.add(key.start, &rollup);
            }
        }
        all.recent()
    }
}

fn recent_from(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_millis() - RECENT_MINUTES * MINUTE_MS)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_minute_is_what_was_sent_in_it_and_nothing_older() {
        let sent = |count| {
            let mut rollup = Rollup::default();
            rollup.sent = count;
            rollup
        };
        let at = |second: i64| Timestamp::from_millis(second * 1_000);
        let per_minute = |now, sums: &[(i64, u64)]| {
            let mut gathering = Gathering::new(at(now));
            for (start, count) in sums {
                gathering.add(at(*start), &sent(*count));
            }
            gathering.recent().per_minute
        };
        assert_eq!(per_minute(300, &[(60, 65)]), 0);
        assert_eq!(per_minute(310, &[(300, 4)]), 4);
        assert_eq!(per_minute(300, &[(240, 6)]), 6);
        assert_eq!(per_minute(315, &[(300, 1), (240, 8), (180, 9)]), 1 + 6);
        assert_eq!(per_minute(330, &[(240, 1)]), 1);
        assert_eq!(per_minute(331, &[(240, 1)]), 0);
    }
}
