//! What `GET /api/stream` tells.

use std::time::Duration;

use cauce_engine::{
    campaigns::CampaignStatus,
    status::{BatchCounts, CacheFigures, QueueStatus},
};
use cauce_events::store::Counters;
use cauce_flow::{job::State, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    campaign_status::{StatusView, two_places},
    queue::QueueView,
    session::CacheView,
    tracking_health::CountersView,
};

/// A queue, and how fast it flows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StreamQueue)]
pub(crate) struct QueueFigures {
    #[serde(flatten)]
    queue: QueueView,
    /// How fast it flows; null before there is something to compare with.
    #[schema(required = true)]
    per_second: Option<QueueRates>,
}

/// What becomes of jobs, in a second.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = StreamQueueRates)]
pub(crate) struct QueueRates {
    /// Jobs that were taken.
    accepted: f64,
    /// Jobs that were delivered.
    completed: f64,
    /// Attempts that were not the first of their job.
    retried: f64,
    /// Jobs that were given up.
    dead: f64,
}

/// The counters of a queue at a moment.
#[derive(Clone, Copy)]
pub(crate) struct QueueCounters([u64; 4]);

impl QueueCounters {
    pub(crate) fn of(queue: &QueueStatus) -> QueueCounters {
        let counts = &queue.counts;
        let (completed, dead) = (counts.state(State::Completed), counts.state(State::Dead));
        QueueCounters([counts.accepted, completed, counts.retried, dead])
    }

    fn since(self, before: QueueCounters, passed: Duration) -> QueueRates {
        let of = |place: usize| rate(self.0[place], before.0[place], passed);
        QueueRates {
            accepted: of(0),
            completed: of(1),
            retried: of(2),
            dead: of(3),
        }
    }
}

impl QueueFigures {
    pub(crate) fn new(
        queue: QueueStatus,
        before: Option<(QueueCounters, Duration)>,
        now: Timestamp,
    ) -> QueueFigures {
        let counters = QueueCounters::of(&queue);
        QueueFigures {
            per_second: before.map(|(before, passed)| counters.since(before, passed)),
            queue: QueueView::new(queue, now),
        }
    }
}

/// Something that the stream told of and that is there no more.
#[derive(Serialize, ToSchema)]
#[schema(as = StreamGone)]
pub(crate) struct Gone<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Always true.
    pub(crate) gone: bool,
}

/// A campaign that is under way, or has just ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StreamCampaign)]
pub(crate) struct CampaignFigures {
    /// Its name.
    name: String,
    /// Whose it is.
    tenant: String,
    #[serde(flatten)]
    status: StatusView,
}

impl From<CampaignStatus> for CampaignFigures {
    fn from(status: CampaignStatus) -> CampaignFigures {
        CampaignFigures {
            name: status.campaign.name.clone(),
            tenant: status.campaign.tenant.to_string(),
            status: StatusView::from(status),
        }
    }
}

/// Tracked events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StreamTracking)]
pub(crate) struct TrackingFigures {
    /// What was received and what became of it, since the store was made.
    events: CountersView,
    /// Events in the buffer between log and files, those of all tenants.
    buffered: u64,
    /// How fast they come; null before there is something to compare with.
    #[schema(required = true)]
    per_second: Option<TrackingRates>,
}

/// What becomes of tracked events, in a second.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = StreamTrackingRates)]
pub(crate) struct TrackingRates {
    /// Events that were received.
    received: f64,
    /// Events that were stored.
    stored: f64,
}

impl TrackingFigures {
    pub(crate) fn new(
        counters: Counters,
        buffered: u64,
        before: Option<(Counters, Duration)>,
    ) -> TrackingFigures {
        let per_second = before.map(|(before, passed)| TrackingRates {
            received: rate(counters.received, before.received, passed),
            stored: rate(counters.stored, before.stored, passed),
        });
        TrackingFigures {
            events: counters.into(),
            buffered,
            per_second,
        }
    }
}

/// Sessions of a gateway.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StreamSession)]
pub(crate) struct SessionFigures {
    /// QR codes that wait for a batch.
    qr_batch_size: u64,
    /// Statuses that wait for a batch.
    status_batch_size: u64,
    /// When the last batch was answered; null where there was none since the start.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    last_flush_at: Option<Timestamp>,
    /// Updates that were taken, ever.
    received: u64,
    /// States that the backend has taken, ever.
    sent: u64,
    /// Updates that a newer one replaced, ever.
    coalesced: u64,
    /// QR codes that were shown already, since the start.
    unchanged: u64,
    /// The cache of sessions, for all tenants together.
    cache: CacheView,
}

impl SessionFigures {
    pub(crate) fn new(counts: BatchCounts, unchanged: u64, cache: CacheFigures) -> SessionFigures {
        SessionFigures {
            qr_batch_size: counts.qr_waiting,
            status_batch_size: counts.status_waiting,
            last_flush_at: counts.last_flush_at,
            received: counts.received,
            sent: counts.sent,
            coalesced: counts.coalesced,
            unchanged,
            cache: cache.into(),
        }
    }
}

/// So much more in so much time, in a second. A counter never goes back.
fn rate(now: u64, before: u64, passed: Duration) -> f64 {
    let seconds = passed.as_secs_f64().max(0.001);
    two_places(now.saturating_sub(before) as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_what_has_come_by_the_time_that_has_passed() {
        for (now, before, ms, expected) in [
            (30, 10, 2_000, 10.0),
            (10, 10, 1_000, 0.0),
            (1, 0, 3_000, 0.33),
            (5, 9, 1_000, 0.0),
            (1, 0, 0, 1_000.0),
        ] {
            let passed = Duration::from_millis(ms);
            assert_eq!(rate(now, before, passed), expected, "{now} {before} {ms}");
        }
    }
}
