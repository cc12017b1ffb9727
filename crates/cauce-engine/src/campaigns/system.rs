//! How all campaigns do, as the requirement's dashboard shows them.

use cauce_flow::campaign::state::State;
use cauce_store::jobs::Scope;

use super::{
    Campaigning, Refusal,
    status::{failed, success},
};
use crate::settings::Settings;

/// All campaigns together, as the requirement's dashboard shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SystemStatus {
    /// Campaigns by where they stand.
    pub campaigns: QueueFigures,
    /// Their batches.
    pub batches: QueueFigures,
    /// What they have come to.
    pub system: SystemFigures,
}

/// Things by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// They wait for their turn.
    pub waiting: u64,
    /// They are being worked on.
    pub active: u64,
    /// They are through.
    pub completed: u64,
    /// They have failed.
    pub failed: u64,
    /// They wait for their time.
    pub delayed: u64,
    /// A person holds them.
    pub paused: u64,
    /// A person has ended them.
    pub stopped: u64,
}

/// What all campaigns have come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SystemFigures {
    /// Campaigns that are over.
    pub campaigns_processed: u64,
    /// Messages that the provider has taken and not failed since.
    pub messages_sent: u64,
    /// Messages that have failed, or expired.
    pub messages_failed: u64,
    /// How long a request takes, in milliseconds.
    pub average_processing_ms: Option<f64>,
    /// Requests in flight.
    pub active_workers: u64,
    /// The worst breaker of all senders: `open`, `half-open`, `closed`.
    pub breaker: &'static str,
}

impl Campaigning {
    /// How all campaigns of a scope do.
    pub(crate) async fn system_status(
        &self,
        scope: &Scope,
        settings: &Settings,
    ) -> Result<SystemStatus, Refusal> {
        let campaigns = by_state(&self.store.campaign_counts(scope.clone()).await?);
        let (all, batches) = self.messages.all_campaigns(scope.clone()).await?;
        let senders = settings.accounts.iter();
        let senders =
            senders.filter(|account| scope.covers(&account.tenant) && account.provider().is_some());
        let lines: Vec<_> = senders
            .filter_map(|own| self.lines.status(&own.name))
            .collect();
        let has = |breaker| lines.iter().any(|line| line.breaker == breaker);
        let worst = ["open", "half-open"]
            .into_iter()
            .find(|breaker| has(*breaker));
        Ok(SystemStatus {
            system: SystemFigures {
                campaigns_processed: campaigns.completed + campaigns.failed + campaigns.stopped,
                messages_sent: success(&all),
                messages_failed: failed(&all),
                average_processing_ms: (all.attempts > 0)
                    .then(|| all.attempt_ms as f64 / all.attempts as f64),
                active_workers: lines.iter().map(|line| u64::from(line.in_flight)).sum(),
                breaker: worst.unwrap_or("closed"),
            },
            batches: QueueFigures {
                waiting: batches.waiting,
                active: batches.active,
                completed: batches.completed,
                failed: batches.failed,
                ..QueueFigures::default()
            },
            campaigns,
        })
    }
}

/// A draft is nothing that waits yet.
fn by_state(counts: &[(State, u64)]) -> QueueFigures {
    let of = |wanted| -> u64 {
        let own = counts.iter().filter(|(state, _)| *state == wanted);
        own.map(|(_, count)| count).sum()
    };
    QueueFigures {
        waiting: of(State::Queued),
        active: of(State::Sending),
        completed: of(State::Completed),
        failed: of(State::Failed),
        delayed: of(State::Scheduled),
        paused: of(State::Paused),
        stopped: of(State::Stopped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn campaigns_are_counted_where_they_stand_and_drafts_nowhere() {
        let counts: Vec<(State, u64)> = State::ALL.into_iter().zip(1..).collect();
        let figures = by_state(&counts);
        let QueueFigures {
            waiting,
            active,
            completed,
            failed,
            delayed,
            paused,
            stopped,
        } = figures;
        let all = waiting + active + completed + failed + delayed + paused + stopped;
        let drafts = 1;
        assert_eq!(all + drafts, (1..=8).sum::<u64>());
        assert_eq!((delayed, waiting, active), (2, 3, 4));
    }
}
