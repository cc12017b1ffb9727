//! How all campaigns do, in the shape of the requirement.

use cauce_engine::campaigns::{QueueFigures, SystemStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::campaign_status::two_places;

/// How all campaigns do.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignQueueMetrics)]
pub(crate) struct SystemAnswer {
    /// That it is known.
    success: bool,
    /// How they do.
    metrics: SystemView,
}

/// How all campaigns do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignSystem)]
pub(crate) struct SystemView {
    /// Campaigns by where they stand; drafts are not counted.
    campaign_queue: QueueView,
    /// Batches of all campaigns.
    processing_queue: QueueView,
    /// What they have come to.
    system: SystemFiguresView,
}

/// Things by where they stand.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignQueueFigures)]
pub(crate) struct QueueView {
    /// They wait for their turn.
    waiting: u64,
    /// They are being worked on.
    active: u64,
    /// They are through.
    completed: u64,
    /// They have failed.
    failed: u64,
    /// They wait for their time.
    delayed: u64,
    /// A person, or a rule, holds them.
    paused: u64,
    /// A person has ended them.
    stopped: u64,
}

/// What all campaigns have come to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignSystemFigures)]
pub(crate) struct SystemFiguresView {
    /// Campaigns that are over.
    campaigns_processed: u64,
    /// Messages that providers have taken and not failed since.
    messages_sent: u64,
    /// Messages that have failed, or expired.
    messages_failed: u64,
    /// How long a request takes, in milliseconds; 0 before the first.
    average_processing_time: f64,
    /// Requests in flight.
    active_workers: u64,
    /// The worst breaker of all senders: `open`, `half-open`, `closed`.
    #[schema(value_type = String, example = "closed")]
    circuit_breaker_status: &'static str,
}

impl From<SystemStatus> for SystemAnswer {
    fn from(status: SystemStatus) -> SystemAnswer {
        let system = status.system;
        SystemAnswer {
            success: true,
            metrics: SystemView {
                campaign_queue: status.campaigns.into(),
                processing_queue: status.batches.into(),
                system: SystemFiguresView {
                    campaigns_processed: system.campaigns_processed,
                    messages_sent: system.messages_sent,
                    messages_failed: system.messages_failed,
                    average_processing_time: system.average_processing_ms.map_or(0.0, two_places),
                    active_workers: system.active_workers,
                    circuit_breaker_status: system.breaker,
                },
            },
        }
    }
}

impl From<QueueFigures> for QueueView {
    fn from(figures: QueueFigures) -> QueueView {
        QueueView {
            waiting: figures.waiting,
            active: figures.active,
            completed: figures.completed,
            failed: figures.failed,
            delayed: figures.delayed,
            paused: figures.paused,
            stopped: figures.stopped,
        }
    }
}
