//! The janitor: every minute it checks the conservation law and prunes what is kept no longer; every
//! ten seconds it keeps the newest statistics; every second it lets the clock follow the system's.

use std::{sync::Arc, time::Duration};

use cauce_events::store::EventStore;
use cauce_flow::id::{GroupName, QueueName};
use cauce_store::{campaigns::Campaigns, control::Control, jobs::JobStore, rollups::Rollups};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{alerting::Alerting, clock::Clock};

const SECONDS_BETWEEN_CHECKS: u32 = 60;
const SECONDS_BETWEEN_KEEPS: u32 = 10;

/// What the janitor looks after.
#[derive(Clone)]
pub(crate) struct Cleaning {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) control: Control,
    pub(crate) campaigns: Campaigns,
    pub(crate) rollups: Arc<Rollups>,
    pub(crate) events: Arc<dyn EventStore>,
    pub(crate) alerting: Alerting,
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
            let wrong = check(&cleaning.store).await;
            let of_events = check_events(&cleaning.events).await;
            let wrong = wrong.zip(of_events).map(|(jobs, events)| jobs + events);
            cleaning.alerting.on_check(wrong);
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
    if let Err(error) = cleaning.campaigns.prune(cleaning.clock.now()).await {
        tracing::warn!(%error, "old imports of contacts could not be forgotten");
    }
}

/// Says aloud where a counter disagrees with what is there. Answers how many do; none where nobody
/// could look.
pub(crate) async fn check(store: &Arc<dyn JobStore>) -> Option<usize> {
    let store = Arc::clone(store);
    let wrong = tokio::task::spawn_blocking(move || store.audit())
        .await
        .ok()?;
    for found in &wrong {
        tracing::error!(
            tenant = %found.tenant,
            queue = found.queue.as_ref().map(QueueName::as_str),
            group = found.group.as_ref().map(GroupName::as_str),
            what = found.what,
            counted = found.counted,
            found = found.found,
            "a durable counter disagrees with what is there"
        );
    }
    Some(wrong.len())
}

/// The same for tracked events: every one that came in is accounted for.
async fn check_events(events: &Arc<dyn EventStore>) -> Option<usize> {
    let events = Arc::clone(events);
    let wrong = tokio::task::spawn_blocking(move || events.audit())
        .await
        .ok()?;
    for what in &wrong {
        tracing::error!(what, "the event store disagrees with itself");
    }
    Some(wrong.len())
}
