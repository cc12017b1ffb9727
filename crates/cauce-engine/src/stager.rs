//! The stager: wakes when a scheduled job comes due, a job expires, or history grows old, and lets
//! the store move on. It takes no input but the time.

use std::{sync::Arc, time::Duration};

use cauce_store::jobs::JobStore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// It looks at least so often, whatever it was told.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// After a failure it waits so long.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

pub(crate) async fn run(store: Arc<dyn JobStore>, clock: Clock, stop: CancellationToken) {
    let nudge = store.nudge();
    loop {
        let now = clock.now();
        let wait = match store.advance(now).await {
            Ok(next) => next
                .map_or(LOOK_EVERY, |at| at.until(clock.now()))
                .min(LOOK_EVERY),
            Err(error) => {
                tracing::warn!(%error, "scheduled jobs could not be staged");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = nudge.notified() => {}
            () = sleep(wait) => {}
        }
    }
}
