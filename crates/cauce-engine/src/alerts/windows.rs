//! What rules look back on: attempts and dead letters of queues, requests of accounts.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use cauce_flow::{
    id::{AccountName, QueueName, TenantId},
    time::Timestamp,
};
use cauce_observe::alert::Minutes;
use cauce_store::rollups::{Rollup, Rollups, Span, Step};

use crate::status::LineStatus;

/// The longest stretch of time that a rule may look back on.
const MAX_WITHIN: Duration = Duration::from_secs(3_600);
/// Sums of a minute may still grow for so long.
const UNSETTLED: Duration = Duration::from_secs(120);

/// What rules look back on.
#[derive(Default)]
pub(super) struct Windows {
    /// Failed attempts, delivered jobs, dead letters.
    queues: BTreeMap<(QueueName, TenantId), Minutes<3>>,
    /// Requests, and how many milliseconds they took.
    accounts: BTreeMap<AccountName, Minutes<2>>,
    /// What the lines had counted at the last look.
    counted: HashMap<AccountName, [u64; 2]>,
}

/// What became of attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempts {
    pub(super) failed: u64,
    pub(super) delivered: u64,
    pub(super) dead: u64,
}

impl Windows {
    /// With what happened before the start: it is in the control store.
    pub(super) async fn recall(rollups: &Rollups, now: Timestamp) -> Windows {
        let mut windows = Windows::default();
        let span = Span {
            step: Step::Minute,
            from: now - MAX_WITHIN,
            to: Timestamp::NEVER,
            tenant: None,
        };
        match rollups.read(span).await {
            Ok(rows) => windows.take(rows.into_iter().map(|(key, rollup)| {
                let figures = figures(&rollup);
                (key.queue, key.tenant, key.start, figures)
            })),
            Err(error) => tracing::warn!(%error, "alerts look back no further than the start"),
        }
        windows
    }

    /// Takes what has happened since the last look.
    pub(super) fn follow<'a>(
        &mut self,
        rollups: &Rollups,
        lines: impl Iterator<Item = &'a LineStatus>,
        now: Timestamp,
    ) {
        let recent = rollups.recent(now - UNSETTLED).into_iter();
        self.take(recent.map(|(key, rollup)| (key.queue, key.tenant, key.start, figures(&rollup))));
        for line in lines {
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
        self.queues.retain(|_, minutes| {
            minutes.forget(MAX_WITHIN, now);
            !minutes.is_empty()
        });
        self.accounts.retain(|_, minutes| {
            minutes.forget(MAX_WITHIN, now);
            !minutes.is_empty()
        });
    }

    fn take(&mut self, rows: impl Iterator<Item = (QueueName, TenantId, Timestamp, [u64; 3])>) {
        for (queue, tenant, start, figures) in rows {
            let minutes = self.queues.entry((queue, tenant)).or_default();
            minutes.set(figures, start);
        }
    }

    /// What became of attempts, by queue and tenant.
    pub(super) fn attempts(
        &self,
        within: Duration,
        now: Timestamp,
    ) -> impl Iterator<Item = (&QueueName, &TenantId, Attempts)> {
        self.queues.iter().map(move |((queue, tenant), minutes)| {
            let [failed, delivered, dead] = minutes.sum(within, now);
            let attempts = Attempts {
                failed,
                delivered,
                dead,
            };
            (queue, tenant, attempts)
        })
    }

    /// The requests of an account, and how many milliseconds they took.
    pub(super) fn requests(&self, of: &AccountName, within: Duration, now: Timestamp) -> [u64; 2] {
        let minutes = self.accounts.get(of);
        minutes.map_or([0, 0], |minutes| minutes.sum(within, now))
    }
}

fn figures(rollup: &Rollup) -> [u64; 3] {
    [rollup.failed, rollup.sent, rollup.dead]
}
