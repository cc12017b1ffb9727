//! How campaigns do, in the shapes of the requirement, with what there is beside.

use std::collections::BTreeMap;

use cauce_engine::campaigns::{Batches, CampaignStatus, Metrics, Started, VariantStatus};
use cauce_flow::{
    campaign::{rate::Share, skip::Skip},
    time::Timestamp,
};
use cauce_store::messages::MessageState;
use serde::Serialize;
use utoipa::ToSchema;

use super::campaign_view::{CampaignView, NoteView};

/// A campaign that was started.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignStarted)]
pub(crate) struct StartedView {
    /// That it was.
    #[schema(value_type = String, example = "Campaña encolada exitosamente para envío")]
    message: &'static str,
    /// What the start is known by: the campaign's id and the time in epoch milliseconds.
    #[schema(example = "campaign_01jd8x3k2v7w9y4z6a5b_1703123456789")]
    job_id: String,
    /// How many contacts it is for.
    #[schema(example = 1000)]
    estimated_contacts: u64,
    /// How long it takes at the rate of its sender, in milliseconds.
    #[schema(example = 100000)]
    estimated_time: u64,
    /// The campaign.
    campaign: CampaignView,
}

impl From<Started> for StartedView {
    fn from(started: Started) -> StartedView {
        StartedView {
            message: "Campaña encolada exitosamente para envío",
            job_id: started.job,
            estimated_contacts: started.contacts,
            estimated_time: started.takes_ms,
            campaign: CampaignView::new(started.campaign, None, None),
        }
    }
}

/// What was done to a campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignMoved)]
pub(crate) struct MovedView {
    /// That it was.
    success: bool,
    /// In words.
    #[schema(value_type = String, example = "Campaña pausada")]
    message: &'static str,
    /// The campaign as it is now.
    campaign: CampaignView,
}

impl MovedView {
    pub(crate) fn new(message: &'static str, campaign: CampaignView) -> MovedView {
        MovedView {
            success: true,
            message,
            campaign,
        }
    }
}

/// How a campaign does.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignQueueStatus)]
pub(crate) struct StatusAnswer {
    /// That it is known.
    success: bool,
    /// How it does.
    status: StatusView,
}

/// How a campaign does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignProgress)]
pub(crate) struct StatusView {
    /// Its id.
    campaign_id: String,
    /// Where it stands.
    #[schema(value_type = String, example = "sending")]
    status: &'static str,
    /// Why it stands there, or why it does not go on, where that needs a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<NoteView>,
    /// Its batches (setting `campaigns.batch_size`): the sum of the four that follow.
    #[schema(example = 5)]
    total_jobs: u64,
    /// Batches some of whose messages have ended.
    #[schema(example = 2)]
    active_jobs: u64,
    /// Batches none of whose messages has.
    #[schema(example = 1)]
    waiting_jobs: u64,
    /// Batches all of whose messages have.
    #[schema(example = 1)]
    completed_jobs: u64,
    /// Batches all of whose messages have failed.
    #[schema(example = 1)]
    failed_jobs: u64,
    /// Its messages.
    progress: ProgressView,
    /// What else there is to be known.
    metrics: MetricsView,
}

/// The messages of a campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignMessages)]
pub(crate) struct ProgressView {
    /// Those that were sent or have failed: `success + failed`.
    #[schema(example = 500)]
    processed: u64,
    /// All of them. While the audience is being walked, as many as there will be at most.
    #[schema(example = 1000)]
    total: u64,
    /// Those that the provider has taken and not failed since.
    #[schema(example = 480)]
    success: u64,
    /// Those that have failed, or expired.
    #[schema(example = 20)]
    failed: u64,
    /// `processed` of `total`, rounded down to two places.
    #[schema(example = 50)]
    percentage: f64,
}

/// What else there is to be known of a campaign.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignMetrics)]
pub(crate) struct MetricsView {
    /// From the first message that was sent to the newest.
    messages_per_second: Option<f64>,
    /// How long a request takes, in milliseconds.
    average_processing_time: Option<f64>,
    /// `success` of `processed`, 0 to 100.
    success_rate: Option<f64>,
    /// When it was started.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// How long the rest takes at the rate of its sender, in milliseconds, with the wait for its
    /// send window; null where it does not run, or its sender does not.
    eta_ms: Option<u64>,
    /// The breaker of its sender: `closed`, `open` or `half-open`; null where there is no such
    /// sender.
    #[schema(value_type = Option<String>, example = "closed")]
    circuit_breaker_status: Option<&'static str>,
    /// Who was left out, by reason.
    #[schema(value_type = Object, example = json!({"opted_out": 3, "bad_number": 1}))]
    skipped: BTreeMap<Skip, u64>,
    /// Messages by state: `queued`, `sent`, `delivered`, `read`, `failed`, `unknown`, `expired`,
    /// `cancelled`.
    #[schema(value_type = Object, example = json!({"queued": 500, "delivered": 300, "read": 180, "failed": 20}))]
    messages: BTreeMap<&'static str, u64>,
    /// Messages that were answered.
    answered: u64,
    /// Messages that have failed, by the code of the reason.
    #[schema(value_type = Object, example = json!({"twilio_21211": 20}))]
    failures: BTreeMap<String, u64>,
    /// What was sent by now costs, where the campaign says what a message does.
    cost: Option<f64>,
    /// Each variant by itself.
    variants: Vec<VariantView>,
}

/// How one variant does.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignVariantStatus)]
pub(crate) struct VariantView {
    /// Its name.
    name: String,
    /// Its messages.
    total: u64,
    /// Those that the provider has taken and not failed since.
    success: u64,
    /// Its messages by state.
    #[schema(value_type = Object)]
    messages: BTreeMap<&'static str, u64>,
    /// Those that were delivered, of `success`.
    delivered: Option<ShareView>,
    /// Those that were read, of `success`.
    read: Option<ShareView>,
    /// Those that were answered, of `success`.
    answered: Option<ShareView>,
}

/// A share with the interval that holds the true one 95 times out of 100 (Wilson).
#[derive(Serialize, ToSchema)]
#[schema(as = ConfidentShare)]
pub(crate) struct ShareView {
    /// The share, 0 to 100.
    rate: f64,
    /// The lower end.
    low: f64,
    /// The upper end.
    high: f64,
}

impl From<CampaignStatus> for StatusAnswer {
    fn from(status: CampaignStatus) -> StatusAnswer {
        StatusAnswer {
            success: true,
            status: status.into(),
        }
    }
}

impl From<CampaignStatus> for StatusView {
    fn from(status: CampaignStatus) -> StatusView {
        let CampaignStatus {
            campaign,
            batches:
                Batches {
                    total,
                    waiting,
                    active,
                    completed,
                    failed,
                },
            progress,
            metrics,
        } = status;
        StatusView {
            campaign_id: campaign.id.to_string(),
            status: campaign.state.as_str(),
            reason: campaign.note.map(NoteView::from),
            total_jobs: total,
            active_jobs: active,
            waiting_jobs: waiting,
            completed_jobs: completed,
            failed_jobs: failed,
            progress: ProgressView {
                processed: progress.processed,
                total: progress.total,
                success: progress.success,
                failed: progress.failed,
                percentage: percentage(progress.processed, progress.total),
            },
            metrics: metrics_view(metrics, campaign.started_at, campaign.ended_at),
        }
    }
}

fn metrics_view(
    metrics: Metrics,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
) -> MetricsView {
    MetricsView {
        messages_per_second: metrics.messages_per_second.map(two_places),
        average_processing_time: metrics.average_processing_ms.map(two_places),
        success_rate: metrics.success_rate.map(|rate| two_places(rate * 100.0)),
        started_at,
        finished_at,
        eta_ms: metrics.eta_ms,
        circuit_breaker_status: metrics.breaker,
        skipped: metrics.skipped,
        messages: by_name(metrics.states),
        answered: metrics.answered,
        failures: metrics.failures,
        cost: metrics.cost.map(two_places),
        variants: metrics
            .variants
            .into_iter()
            .map(VariantView::from)
            .collect(),
    }
}

impl From<VariantStatus> for VariantView {
    fn from(variant: VariantStatus) -> VariantView {
        VariantView {
            name: variant.name,
            total: variant.taken,
            success: variant.success,
            messages: by_name(variant.states),
            delivered: variant.delivered.map(ShareView::from),
            read: variant.read.map(ShareView::from),
            answered: variant.answered.map(ShareView::from),
        }
    }
}

impl From<Share> for ShareView {
    fn from(share: Share) -> ShareView {
        ShareView {
            rate: two_places(share.value * 100.0),
            low: two_places(share.low * 100.0),
            high: two_places(share.high * 100.0),
        }
    }
}

fn by_name(states: BTreeMap<MessageState, u64>) -> BTreeMap<&'static str, u64> {
    let named = states.into_iter();
    named
        .map(|(state, count)| (state.as_str(), count))
        .collect()
}

pub(super) fn two_places(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// Rounded down: what is not through is never shown as 100.
fn percentage(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => (u128::from(part) * 10_000 / u128::from(whole)) as f64 / 100.0,
    }
}

#[cfg(test)]
mod tests;
