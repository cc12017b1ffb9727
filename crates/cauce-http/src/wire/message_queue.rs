//! The queues of messages as the requirement's `getMetrics` shows them.

use cauce_engine::status::{MessageQueues, SenderStatus};
use cauce_flow::{job::State, priority::Priority};
use cauce_store::jobs::{Gate, QueueCounts};
use serde::Serialize;
use utoipa::ToSchema;

use super::queue::{ByPriority, QuantilesView, WindowView};

/// How the queues of messages do. `accepted` always equals the sum of `waiting`, `active`, `delayed`,
/// `scheduled`, `completed`, `failed`, `unknown`, `expired` and `cancelled`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageMetrics)]
pub(crate) struct MetricsView {
    /// Messages taken, ever.
    accepted: u64,
    /// Messages that wait for their turn.
    waiting: u64,
    /// Messages on their way to the provider.
    active: u64,
    /// Messages that wait for another attempt.
    delayed: u64,
    /// Messages that wait for their time.
    scheduled: u64,
    /// Messages that the provider took, ever.
    completed: u64,
    /// Messages that were given up, ever.
    failed: u64,
    /// Messages of which nobody knows whether the provider took them.
    unknown: u64,
    /// Messages whose time ran out, ever.
    expired: u64,
    /// Messages that were taken back, ever.
    cancelled: u64,
    /// Dead letters that can be looked at.
    dlq: u64,
    /// Whether no new attempt starts.
    paused: bool,
    /// `open`, `paused` or `draining`.
    gate: &'static str,
    /// Waiting messages by priority; they add up to `waiting`.
    by_priority: ByPriority,
    /// From taken to given to the provider, in milliseconds, over the last minutes.
    latency_ms: QuantilesView,
    /// Messages given to their provider in the last minute.
    processing_rate: u64,
    /// Requests on their way; those of all senders.
    active_workers: u64,
    /// The accounts that messages are sent from.
    senders: Vec<SenderView>,
}

/// An account that messages are sent from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageSender)]
pub(crate) struct SenderView {
    /// Its name.
    name: String,
    /// `twilio`, `evolution` or `whatsapp_cloud`.
    platform: &'static str,
    /// `closed`, `open` or `half-open`.
    circuit_breaker: &'static str,
    /// Whether it is not connected, or its credentials are refused: its messages wait.
    held: bool,
    /// Requests on their way.
    in_flight: u32,
    /// How much of each window of the quota is used.
    rate: Vec<WindowView>,
}

impl From<MessageQueues> for MetricsView {
    fn from(queues: MessageQueues) -> MetricsView {
        let state = |state: State| queues.sum(|counts| counts.state(state));
        let gate = queues.gate();
        let delayed = queues.sum(|counts| counts.delayed);
        let waiting = Priority::ALL
            .map(|priority| queues.sum(|counts| counts.waiting_by_priority[priority.index()]));
        let in_flight = queues
            .senders
            .iter()
            .map(|sender| u64::from(sender.in_flight));
        MetricsView {
            accepted: queues.sum(|counts: &QueueCounts| counts.accepted),
            waiting: state(State::Waiting),
            active: state(State::Active),
            delayed,
            // Of the scheduled ones, the delayed ones have been tried.
            scheduled: state(State::Scheduled).saturating_sub(delayed),
            completed: state(State::Completed),
            failed: state(State::Dead),
            unknown: state(State::Unknown),
            expired: state(State::Expired),
            cancelled: state(State::Cancelled),
            dlq: queues.sum(|counts| counts.dead_listed),
            paused: gate == Gate::Paused,
            gate: super::queue::gate_word(gate),
            by_priority: ByPriority::new(waiting),
            latency_ms: queues.latency.into(),
            processing_rate: queues.completed_per_minute,
            active_workers: in_flight.sum(),
            senders: queues.senders.into_iter().map(SenderView::from).collect(),
        }
    }
}

impl From<SenderStatus> for SenderView {
    fn from(sender: SenderStatus) -> SenderView {
        SenderView {
            name: sender.account.to_string(),
            platform: sender.platform,
            circuit_breaker: sender.breaker,
            held: sender.is_held,
            in_flight: sender.in_flight,
            rate: sender.rate.into_iter().map(WindowView::from).collect(),
        }
    }
}

/// The gate of the queues of messages after it was moved.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageGate)]
pub(crate) struct GateView {
    /// The tenant it was moved for; `*` for all.
    pub(crate) tenant: String,
    /// `open`, `paused` or `draining`.
    #[schema(value_type = String, example = "paused")]
    pub(crate) gate: &'static str,
}

#[cfg(test)]
mod tests;
