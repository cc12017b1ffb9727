//! For whoever has to know what has happened to messages by now: the picture of them follows the log a
//! little later.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

/// Nobody waits longer: a picture that cannot be written says so in the log.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between those who wait and the loop that follows the log. Clones share it.
#[derive(Clone)]
pub(crate) struct CatchUp(Arc<Shared>);

struct Shared {
    /// How often somebody has asked.
    asked: AtomicU64,
    /// Up to which time of asking the picture holds.
    reached: watch::Sender<u64>,
    hurry: Notify,
}

impl Default for CatchUp {
    fn default() -> CatchUp {
        CatchUp(Arc::new(Shared {
            asked: AtomicU64::new(0),
            reached: watch::Sender::new(0),
            hurry: Notify::new(),
        }))
    }
}

impl CatchUp {
    /// Waits until the picture tells what is durable in the log by now. Answers whether it does.
    pub(crate) async fn wait(&self) -> bool {
        let CatchUp(shared) = self;
        let asked = shared.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut reached = shared.reached.subscribe();
        shared.hurry.notify_one();
        let told = reached.wait_for(|reached| *reached >= asked);
        timeout(PATIENCE, told).await.is_ok_and(|told| told.is_ok())
    }

    /// How often somebody has asked by now; to be looked at before the log is.
    pub(crate) fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::Acquire)
    }

    /// The picture tells all that was in the log when somebody had asked so often.
    pub(crate) fn reach(&self, asked: u64) {
        self.0.reached.send_if_modified(|reached| {
            let is_more = asked > *reached;
            *reached = asked.max(*reached);
            is_more
        });
    }

    /// Somebody waits.
    pub(crate) async fn hurried(&self) {
        self.0.hurry.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_told_by_a_look_that_began_later() {
        let catch_up = CatchUp::default();
        let before = catch_up.asked();
        let waits = tokio::spawn({
            let catch_up = catch_up.clone();
            async move { catch_up.wait().await }
        });
        catch_up.hurried().await;
        catch_up.reach(before);
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        catch_up.reach(catch_up.asked());
        assert!(waits.await.unwrap());
        assert!(!catch_up.wait().await, "nobody follows any more");
    }
}
