//! How fast messages leave and arrive.

use super::{super::measure::Measure, Durations, Named, Names, Sums};

/// How fast messages leave and arrive, and what goes wrong on the way. Of messages that Cauce
/// itself has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerformanceFigures {
    /// Messages sent, tracked ones among them.
    pub sent: u64,
    /// The most that were sent in one minute; none where minutes are not kept any more.
    pub busiest_minute: Option<u64>,
    /// From when a message was due until the provider had it.
    pub to_provider: Durations,
    /// From when a message was due until it was delivered.
    pub to_delivered: Durations,
    /// Attempts that failed.
    pub failed_attempts: u64,
    /// Attempts that were not the first of their message.
    pub retries: u64,
    /// Attempts that failed, by error.
    pub errors: Named,
}

impl PerformanceFigures {
    /// What they are read from.
    pub const MEASURES: [Measure; 7] = [
        Measure::Sent,
        Measure::ToProvider,
        Measure::ToProviderMs,
        Measure::ToDelivered,
        Measure::ToDeliveredMs,
        Measure::TriesFailed,
        Measure::Retries,
    ];

    /// What the sums say.
    pub fn of(sums: &Sums, busiest_minute: Option<u64>, name: Names<'_>) -> PerformanceFigures {
        PerformanceFigures {
            sent: sums.count(Measure::Sent),
            busiest_minute,
            to_provider: sums.durations(Measure::ToProvider, Measure::ToProviderMs),
            to_delivered: sums.durations(Measure::ToDelivered, Measure::ToDeliveredMs),
            failed_attempts: sums.count(Measure::TriesFailed),
            retries: sums.count(Measure::Retries),
            errors: sums.named(Measure::TriesFailed, name),
        }
    }
}
