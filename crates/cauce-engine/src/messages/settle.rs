//! The loop that settles jobs whose fate is not known: by what the provider has told of the message,
//! or by asking it. What neither can tell waits for a person (`POST /api/jobs/{id}/resolve`).
//!
//! It takes no input but a nudge and the time, and may do everything twice: the job store takes a
//! job's fate once. When a provider is asked again is not kept across restarts; then it is asked
//! anew.

use std::{collections::BTreeMap, time::Duration};

use cauce_destinations::destination::{Asked, Found};
use cauce_flow::{id::JobId, time::Timestamp};
use cauce_store::{
    jobs::{self, Replay, Scope, Select},
    messages::{Hearing, Told, Unsettled, Word},
};
use tokio_util::sync::CancellationToken;

use super::Messaging;
use crate::settings::Account;

/// It looks at least so often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Jobs of one look.
const MAX_LOOKED_AT: u32 = 500;
/// How long after the ambiguous request the provider is asked, each time.
const ASKED_AFTER: [Duration; 6] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(12 * 3600),
];

/// How often the provider was asked about each job.
#[derive(Default)]
struct Asks(BTreeMap<JobId, usize>);

impl Messaging {
    /// Settles what can be settled until told to stop.
    pub(crate) async fn settle(self, stop: CancellationToken) {
        let mut asks = Asks::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.look(&mut asks) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.unsettled.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Looks once at everything that is not settled.
    async fn look(&self, asks: &mut Asks) {
        self.tell_wishes().await;
        let mut after = None;
        let mut open = BTreeMap::new();
        loop {
            let found = match self.store.unsettled(after, MAX_LOOKED_AT).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "what is not settled could not be looked up");
                    return;
                }
            };
            let Some(last) = found.last() else { break };
            after = Some(last.job);
            for unsettled in found {
                let asked = asks.0.get(&unsettled.job).copied().unwrap_or(0);
                open.insert(unsettled.job, self.look_at(unsettled, asked).await);
            }
        }
        asks.0 = open;
    }

    /// Answers how often the provider has been asked.
    async fn look_at(&self, of: Unsettled, asked: usize) -> usize {
        if let Some(word) = of.word {
            self.resolve(of.job, word != Word::Failed).await;
            return asked;
        }
        let due = ASKED_AFTER.get(asked).map(|wait| of.since + *wait);
        let accounts = self.lines.accounts();
        let account = accounts.iter().find(|account| account.name == of.account);
        match (due, account) {
            (Some(due), Some(account)) if due <= self.clock.now() => {
                self.ask(&of, account).await;
                asked + 1
            }
            _ => asked,
        }
    }

    async fn ask(&self, of: &Unsettled, account: &Account) {
        let Ok(detail) = self.jobs.job(of.job, Scope::All).await else {
            return;
        };
        let sent_at = detail
            .attempts
            .last()
            .map_or(of.since, |last| last.started_at);
        let asked = Asked {
            job: of.job,
            payload: &detail.payload,
            sent_at,
        };
        let Some(request) = account.destination.ask(&asked, self.clock.now()) else {
            return;
        };
        let exchange = self.transport.send(request, || {}).await;
        let now = self.clock.now();
        match account
            .destination
            .classify_ask(&asked, &exchange.answer, now)
        {
            Found::There { provider_id } => self.found(of, provider_id, now).await,
            Found::NotThere => self.send_again(of.job, now).await,
            Found::CannotTell => {}
        }
    }

    /// The provider has it: as good as if it had said so by itself.
    async fn found(&self, of: &Unsettled, provider_id: String, now: Timestamp) {
        // Two messages to one person may look the same; this one may be the other.
        match self.store.job_of(&of.account, &provider_id).await {
            Ok(known) if known.is_none_or(|job| job == of.job) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "a provider's answer could not be looked up");
                return;
            }
        }
        let told = Told {
            account: of.account.clone(),
            provider_id,
            job: Some(of.job),
            word: Word::Sent,
            reason: None,
            at: now,
        };
        let hearing = Hearing {
            told: vec![told],
            inbound: Vec::new(),
        };
        match self.store.hear(hearing, now).await {
            Ok(_) => self.resolve(of.job, true).await,
            Err(error) => tracing::warn!(%error, "a provider's answer could not be kept"),
        }
    }

    /// The provider is sure that it does not have it: sending it cannot make it come twice.
    async fn send_again(&self, job: JobId, now: Timestamp) {
        tracing::info!(%job, "the provider does not have a message whose fate was unknown; it is sent again");
        let replay = Replay {
            select: Select {
                ids: Some(vec![job]),
                ..Select::all(Scope::All)
            },
            dry_run: false,
            per_second: None,
        };
        match self.jobs.replay(replay, now).await {
            Ok(_) => self.put_back.notify_one(),
            Err(error) => {
                tracing::warn!(%error, %job, "a message could not be put back in its line");
            }
        }
    }

    async fn resolve(&self, job: JobId, delivered: bool) {
        let now = self.clock.now();
        match self.jobs.resolve(job, Scope::All, delivered, now).await {
            // It is settled already; the picture follows.
            Ok(()) | Err(jobs::Error::State { .. } | jobs::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, %job, "a job could not be settled"),
        }
    }
}
