//! How the queues of messages do, taken together.

use cauce_flow::id::{AccountName, QueueName};
use cauce_store::jobs::{Gate, QueueCounts};

use super::{Quantiles, WindowUse};

/// The queues of messages, taken together.
#[derive(Clone, Debug)]
pub struct MessageQueues {
    /// Each with its durable figures.
    pub queues: Vec<(QueueName, QueueCounts)>,
    /// The accounts that messages are sent from.
    pub senders: Vec<SenderStatus>,
    /// Messages that were given to their provider in the last minute.
    pub completed_per_minute: u64,
    /// From taken to given to the provider, over the last minutes.
    pub latency: Quantiles,
}

/// An account that messages are sent from.
#[derive(Clone, Debug)]
pub struct SenderStatus {
    /// Its name.
    pub account: AccountName,
    /// Its platform.
    pub platform: &'static str,
    /// `closed`, `open` or `half-open`.
    pub breaker: &'static str,
    /// Requests on their way.
    pub in_flight: u32,
    /// How much of each window of the quota is used.
    pub rate: Vec<WindowUse>,
    /// Whether it is connected to WhatsApp and its credentials work, as far as is known.
    pub is_held: bool,
}

impl MessageQueues {
    /// What flows: paused or draining only where every queue is.
    pub fn gate(&self) -> Gate {
        let mut gates = self.queues.iter().map(|(_, counts)| counts.gate);
        let first = gates.next().flatten().unwrap_or(Gate::Open);
        match gates.all(|gate| gate.unwrap_or(Gate::Open) == first) {
            true => first,
            false => Gate::Open,
        }
    }

    /// A figure of all queues together.
    pub fn sum(&self, figure: impl Fn(&QueueCounts) -> u64) -> u64 {
        self.queues.iter().map(|(_, counts)| figure(counts)).sum()
    }
}
