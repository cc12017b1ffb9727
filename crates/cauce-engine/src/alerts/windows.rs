//! What rules look back on: attempts of queues and jobs that were given up, requests of accounts.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use cauce_flow::{
    id::{AccountName, QueueName, TenantId},
    time::Timestamp,
};
use cauce_observe::alert::Minutes;
use cauce_store::rollups::{Key, Rollup, Rollups, Span, Step};

use crate::status::LineStatus;

/// The longest stretch of time that a rule may look back on.
const MAX_WITHIN: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);
/// Sums of a minute may still grow for so long.
const UNSETTLED: Duration = Duration::from_secs(120);

/// What rules look back on.
pub(super) struct Windows {
    /// Failed attempts, delivered jobs, dead letters, jobs that expired.
    queues: BTreeMap<(QueueName, TenantId), Minutes<4>>,
    /// Requests, and how many milliseconds they took.
    accounts: BTreeMap<AccountName, Minutes<2>>,
    /// What the lines had counted at the last look.
    counted: HashMap<AccountName, [u64; 2]>,
    /// Since when requests are counted.
    since: Timestamp,
    /// Up to when the sums of queues were read, and whether the last look could read them.
    read_at: Option<Timestamp>,
    is_read: bool,
}

/// What became of attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempts {
    pub(super) failed: u64,
    pub(super) delivered: u64,
    pub(super) dead: u64,
    pub(super) expired: u64,
}

impl Attempts {
    /// Jobs that did not arrive and are not tried any more.
    pub(super) fn lost(&self) -> u64 {
        self.dead + self.expired
    }
}

impl Windows {
    /// Nothing is known yet.
    pub(super) fn new(now: Timestamp) -> Windows {
        Windows {
            queues: BTreeMap::new(),
            accounts: BTreeMap::new(),
            counted: HashMap::new(),
            since: now,
            read_at: None,
            is_read: false,
        }
    }

    /// Takes what has happened since the last look; at the first one, also what happened before the
    /// start.
    pub(super) async fn follow(
        &mut self,
        rollups: &Rollups,
        lines: impl Iterator<Item = &LineStatus>,
        now: Timestamp,
    ) {
        let span = Span {
            step: Step::Minute,
            // The minute in which the longest stretch begins counts, too.
            from: (self.read_at).map_or(now - MAX_WITHIN - MINUTE, |at| at - UNSETTLED),
            to: Timestamp::NEVER,
            tenant: None,
        };
        match rollups.read(span).await {
            Ok(rows) => {
                let figures = |row: &Rollup| [row.failed, row.sent, row.dead, row.expired];
                let rows = rows.iter().map(|(key, row)| (key.clone(), figures(row)));
                self.take(rows, now);
            }
            Err(error) => {
                self.is_read = false;
                tracing::warn!(%error, "alerts cannot look at what has become of jobs");
            }
        }
        lines.for_each(|line| self.count(line, now));
        self.forget(now);
    }

    /// Takes sums of minutes, in place of what was known of these minutes.
    fn take(&mut self, rows: impl Iterator<Item = (Key, [u64; 4])>, now: Timestamp) {
        // A minute comes in parts, as long as not all of it is kept.
        let mut sums = BTreeMap::<Key, [u64; 4]>::new();
        for (key, more) in rows {
            let sum = sums.entry(key).or_default();
            let parts = sum.iter_mut().zip(more);
            parts.for_each(|(sum, more)| *sum += more);
        }
        for (key, figures) in sums {
            let minutes = self.queues.entry((key.queue, key.tenant)).or_default();
            minutes.set(figures, key.start);
        }
        (self.read_at, self.is_read) = (Some(now), true);
    }

    fn count(&mut self, line: &LineStatus, now: Timestamp) {
        let counted = [line.requests, line.requests_ms];
        let before = self.counted.insert(line.account.clone(), counted);
        // Before the first look nothing is known of when it was; after a restart of the line,
        // counters go on.
        let before = before.unwrap_or(counted);
        let more = [0, 1].map(|place| counted[place].saturating_sub(before[place]));
        if more[0] > 0 {
            let minutes = self.accounts.entry(line.account.clone()).or_default();
            minutes.add(more, now);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        self.queues.retain(|_, minutes| {
            minutes.forget(MAX_WITHIN, now);
            !minutes.is_empty()
        });
        self.accounts.retain(|_, minutes| {
            minutes.forget(MAX_WITHIN, now);
            !minutes.is_empty()
        });
    }

    /// What became of attempts, by queue and tenant; none where that could not be read.
    pub(super) fn attempts(
        &self,
        within: Duration,
        now: Timestamp,
    ) -> Option<impl Iterator<Item = (&QueueName, &TenantId, Attempts)>> {
        let all = self.queues.iter().map(move |((queue, tenant), minutes)| {
            let [failed, delivered, dead, expired] = minutes.sum(within, now);
            let attempts = Attempts {
                failed,
                delivered,
                dead,
                expired,
            };
            (queue, tenant, attempts)
        });
        self.is_read.then_some(all)
    }

    /// The requests of an account, and how many milliseconds they took.
    pub(super) fn requests(&self, of: &AccountName, within: Duration, now: Timestamp) -> [u64; 2] {
        let minutes = self.accounts.get(of);
        minutes.map_or([0, 0], |minutes| minutes.sum(within, now))
    }

    /// Whether requests have been counted for so long.
    pub(super) fn counts_since(&self, within: Duration, now: Timestamp) -> bool {
        now.since(self.since) >= within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(second: u64, failed: u64) -> (Key, [u64; 4]) {
        let start = Timestamp::EPOCH + Duration::from_secs(second / 60 * 60);
        let key = Key {
            start,
            queue: "meta".parse().unwrap(),
            tenant: "acme".parse().unwrap(),
        };
        (key, [failed, 0, 0, 0])
    }

    #[test]
    fn parts_of_a_minute_add_up_and_a_later_look_replaces_them() {
        let now = Timestamp::EPOCH + Duration::from_secs(130);
        let mut windows = Windows::new(now);
        let within = Duration::from_secs(180);
        assert!(windows.attempts(within, now).is_none());
        let failed = |windows: &Windows| {
            let mut all = windows.attempts(within, now).unwrap();
            all.next().unwrap().2.failed
        };
        let rows = [row(10, 1), row(70, 2), row(75, 3)];
        windows.take(rows.into_iter(), now);
        assert_eq!(failed(&windows), 6);
        windows.take([row(70, 4), row(75, 3)].into_iter(), now);
        assert_eq!(failed(&windows), 8);
    }
}
