//! The janitor: every minute it checks the conservation law and prunes what is kept no longer; every
//! second it lets the clock follow the system's.

use std::{sync::Arc, time::Duration};

use cauce_store::{control::Control, jobs::JobStore};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

const SECONDS_BETWEEN_CHECKS: u32 = 60;

pub(crate) async fn run(
    store: Arc<dyn JobStore>,
    control: Control,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = second.tick() => clock.follow(),
        }
        count += 1;
        if count % SECONDS_BETWEEN_CHECKS == 0 {
            check(&store).await;
            if let Err(error) = control.prune(clock.now()).await {
                tracing::warn!(%error, "the control store could not be pruned");
            }
        }
    }
}

/// Says aloud where a counter disagrees with what is there. Answers how many do.
pub(crate) async fn check(store: &Arc<dyn JobStore>) -> usize {
    let store = Arc::clone(store);
    let Ok(wrong) = tokio::task::spawn_blocking(move || store.audit()).await else { return 0 };
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
