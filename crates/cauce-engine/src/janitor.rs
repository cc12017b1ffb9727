//! The janitor: every minute it checks the conservation law and prunes what is kept no longer; every
//! ten seconds it keeps the newest statistics; every second it lets the clock follow the system's.

use std::{sync::Arc, time::Duration};

use cauce_store::{control::Control, jobs::JobStore, rollups::Rollups};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

const SECONDS_BETWEEN_CHECKS: u32 = 60;
const SECONDS_BETWEEN_KEEPS: u32 = 10;

/// What the janitor looks after.
#[derive(Clone)]
pub(crate) struct Cleaning {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) control: Control,
    pub(crate) rollups: Arc<Rollups>,
    pub(crate) clock: Clock,
}

pub(crate) async fn run(cleaning: Cleaning, stop: CancellationToken) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seconds = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = second.tick() => cleaning.clock.follow(),
        }
        seconds += 1;
        if seconds % SECONDS_BETWEEN_KEEPS == 0 {
            keep(&cleaning).await;
        }
        if seconds % SECONDS_BETWEEN_CHECKS == 0 {
            check(&cleaning.store).await;
            prune(&cleaning).await;
        }
    }
}

async fn keep(cleaning: &Cleaning) {
    if let Err(error) = cleaning.rollups.keep(cleaning.clock.now()).await {
        tracing::warn!(%error, "statistics could not be kept; they stay in memory");
    }
}

async fn prune(cleaning: &Cleaning) {
    if let Err(error) = cleaning.control.prune(cleaning.clock.now()).await {
        tracing::warn!(%error, "the control store could not be pruned");
    }
}

/// Says aloud where a counter disagrees with what is there. Answers how many do.
pub(crate) async fn check(store: &Arc<dyn JobStore>) -> usize {
    let store = Arc::clone(store);
    let Ok(wrong) = tokio::task::spawn_blocking(move || store.audit()).await else {
        return 0;
    };
    for found in &wrong {
        tracing::error!(
            tenant = %found.tenant,
            queue = %found.queue,
            what = found.what,
            counted = found.counted,
            found = found.found,
            "a durable counter disagrees with what is there"
        );
    }
    wrong.len()
}
