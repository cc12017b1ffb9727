//! Analytics: what Cauce itself sends and hears is counted by itself, once.
//!
//! ```text
//! messages.db --notes of what changed--> count --all that is known of a message--> analytics.db
//!      ^                                   |
//!      +----------- crossed off -----------+
//! ```
//!
//! What applications track is counted soon after it is on disk, or as soon as somebody asks.
//!
//! A note says only which message has changed. What is known of the message then replaces what was
//! known before, so a note that is read twice, after a crash, changes nothing.

mod counted;
mod planned;

use std::time::Duration;

use cauce_store::{
    analytics::{self, Analytics},
    messages::{self, Messages},
};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub(crate) use self::planned::as_planned;
use crate::clock::Clock;

/// Notes that are taken at once.
const NOTES: u32 = 500;
/// Notes of so long are gathered: crossing them off waits for the disk, and webhooks wait for that. So
/// is what was tracked: counted together, much of it changes the same pages.
const GATHER: Duration = Duration::from_millis(200);
/// How often what was tracked and counted is put on disk once more, so that it is in one place.
const SETTLE_EVERY: Duration = Duration::from_secs(1);
/// It looks at least so often.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// After a failure it waits so long.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often what is too old is forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Events that are forgotten in one transaction.
const PRUNED_AT_ONCE: u32 = 2_000;

/// What it takes to count.
#[derive(Clone)]
pub(crate) struct Counting {
    pub(crate) analytics: Analytics,
    pub(crate) messages: Messages,
    pub(crate) clock: Clock,
}

#[derive(Debug, thiserror::Error)]
enum CountError {
    #[error(transparent)]
    Analytics(#[from] analytics::Error),
    #[error(transparent)]
    Messages(#[from] messages::Error),
}

/// What there was to count.
enum Counted {
    Nothing,
    /// All of it.
    All,
    /// As much as is taken at once.
    Some,
}

/// Says that settings are not in force that decide how is counted.
pub(crate) fn warn_of_other_rules(analytics: &Analytics) {
    if analytics.counts_by_other_rules() {
        tracing::warn!(
            "analytics goes on counting by the conversation_idle, attribution_window and \
             business_hours that its sums began with; hint: stop the server and run \
             `cauce analytics rebuild` to count by the new ones"
        );
    }
}

impl Counting {
    /// Counts what becomes of messages until told to stop.
    pub(crate) async fn count(self, stop: CancellationToken) {
        let notes = self.messages.has_to_count();
        loop {
            let told = notes.notified();
            let pause = match self.count_some().await {
                Ok(Counted::Nothing) => LOOK_EVERY,
                Ok(Counted::All) => GATHER,
                Ok(Counted::Some) => Duration::ZERO,
                Err(error) => {
                    tracing::warn!(%error, "what became of messages is not counted yet");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = told, if pause == LOOK_EVERY => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Counts what some notes tell of.
    async fn count_some(&self) -> Result<Counted, CountError> {
        let to_count = self.messages.to_count(NOTES).await?;
        if to_count.through == 0 {
            return Ok(Counted::Nothing);
        }
        let messages = to_count.messages.iter().filter_map(counted::message);
        let inbound = to_count.inbound.iter().filter_map(counted::inbound);
        let (messages, inbound) = (messages.collect(), inbound.collect());
        self.analytics.count(messages, inbound).await?;
        self.messages.counted(to_count.through).await?;
        Ok(match to_count.more {
            true => Counted::Some,
            false => Counted::All,
        })
    }

    /// Counts what applications have tracked until told to stop.
    pub(crate) async fn fold(self, stop: CancellationToken) {
        let tracked = self.analytics.has_to_fold();
        let mut settles_at = Instant::now() + SETTLE_EVERY;
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tracked.notified() => {}
                () = sleep_until(settles_at) => {}
            }
            let mut done = self.analytics.fold().await;
            if Instant::now() >= settles_at {
                done = done.and(self.analytics.settle().await);
                settles_at = Instant::now() + SETTLE_EVERY;
            }
            pause = match done {
                Ok(()) => GATHER,
                Err(error) => {
                    tracing::warn!(%error, "what was tracked is not counted yet");
                    tracked.notify_one();
                    AFTER_FAILURE
                }
            };
        }
    }

    /// Forgets what has been kept for long enough, once in a while.
    pub(crate) async fn keep_short(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(PRUNE_EVERY) => {}
            }
            if let Err(error) = self.prune(&stop).await {
                tracing::warn!(%error, "old figures could not be forgotten");
            }
        }
    }

    async fn prune(&self, stop: &CancellationToken) -> Result<(), analytics::Error> {
        let now = self.clock.now();
        while self.analytics.prune(now, PRUNED_AT_ONCE).await? && !stop.is_cancelled() {}
        Ok(())
    }
}
