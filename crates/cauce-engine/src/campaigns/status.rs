//! How a campaign does: from what its jobs and its messages have come to.
//!
//! The figures of one answer add up, whatever happens meanwhile: those of its messages are of one
//! moment, and what has been made of the audience but is not in them yet is waiting.

use std::collections::BTreeMap;

use cauce_destinations::message::Meaning;
use cauce_flow::campaign::{
    failing::Outcomes,
    rate::{self, Share},
    skip::Skip,
    state::State,
};
use cauce_store::{
    campaigns::campaign::{Campaign, SkipCounts},
    jobs::{GroupFigures, Scope},
    messages::{CampaignFigures, MessageState, VariantFigures},
};

use super::{Campaigning, Refusal, plan};
use crate::settings::Settings;

/// How a campaign does.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignStatus {
    /// The campaign.
    pub campaign: Campaign,
    /// Its batches.
    pub batches: Batches,
    /// Its messages.
    pub progress: Progress,
    /// The rest.
    pub metrics: Metrics,
}

/// The batches of a campaign, or of all; `total` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batches {
    /// All of them.
    pub total: u64,
    /// None of whose messages has ended.
    pub waiting: u64,
    /// Some of whose messages have ended.
    pub active: u64,
    /// All of whose messages have ended.
    pub completed: u64,
    /// All of whose messages have failed.
    pub failed: u64,
}

/// The messages of a campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Those that were sent or have failed: `success + failed`.
    pub processed: u64,
    /// All that it has, as far as is known.
    pub total: u64,
    /// Those that the provider has taken and not failed since.
    pub success: u64,
    /// Those that have failed, or expired.
    pub failed: u64,
}

/// What else there is to be known of a campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// From the first message that was sent to the newest.
    pub messages_per_second: Option<f64>,
    /// How long a request takes, in milliseconds.
    pub average_processing_ms: Option<f64>,
    /// Successes of all that were processed.
    pub success_rate: Option<f64>,
    /// How long the rest takes at the rate of its sender, in milliseconds; none where it does not
    /// run.
    pub eta_ms: Option<u64>,
    /// The breaker of its sender's line; none where there is no such sender.
    pub breaker: Option<&'static str>,
    /// Who was left out, by reason. Those who opted out while their message waited are among them.
    pub skipped: SkipCounts,
    /// Messages by state.
    pub states: BTreeMap<MessageState, u64>,
    /// Messages that were answered.
    pub answered: u64,
    /// Messages that have failed, by the code of the reason.
    pub failures: BTreeMap<String, u64>,
    /// What one message costs times those that were sent.
    pub cost: Option<f64>,
    /// Each variant by itself.
    pub variants: Vec<VariantStatus>,
}

/// How one variant does.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantStatus {
    /// Its name.
    pub name: String,
    /// Messages by state.
    pub states: BTreeMap<MessageState, u64>,
    /// Messages that were taken.
    pub taken: u64,
    /// Messages that the provider has taken and not failed since.
    pub success: u64,
    /// Of these, the ones that were delivered.
    pub delivered: Option<Share>,
    /// The ones that were read.
    pub read: Option<Share>,
    /// The ones that were answered.
    pub answered: Option<Share>,
}

/// What a status is put together from.
pub(crate) struct Facts {
    pub(crate) campaign: Campaign,
    /// What is kept of its jobs; none before the first and a while after the last.
    pub(crate) group: Option<GroupFigures>,
    pub(crate) figures: CampaignFigures,
    pub(crate) skipped: SkipCounts,
    pub(crate) variants: Vec<String>,
    pub(crate) cost: Option<f64>,
    pub(crate) batch_size: u64,
    pub(crate) breaker: Option<&'static str>,
}

impl Facts {
    /// The status, without the time that the rest takes.
    pub(crate) fn status(self) -> CampaignStatus {
        let all = self.figures.all();
        let made = self.made(&all);
        let cancelled = all.state(MessageState::Cancelled);
        let withdrawn = match self.campaign.state {
            // What a stop has taken back is still what the campaign was for.
            State::Stopped => 0,
            _ => cancelled,
        };
        let (success, failed) = (success(&all), failed(&all));
        let progress = Progress {
            processed: success + failed,
            total: made - withdrawn,
            success,
            failed,
        };
        let mut skipped = self.skipped.clone();
        // What a person has taken back is in the messages that are cancelled, and there alone.
        if withdrawn > 0 && all.unwanted > 0 {
            *skipped.entry(Skip::OptedOut).or_default() += all.unwanted;
        }
        let ratio = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let metrics = Metrics {
            messages_per_second: per_second(&self.figures, success),
            average_processing_ms: ratio(all.attempt_ms, all.attempts),
            success_rate: ratio(success, progress.processed),
            eta_ms: None,
            breaker: self.breaker,
            skipped,
            answered: all.answered,
            failures: self.figures.failures.clone(),
            cost: self.cost.map(|cost| cost * success as f64),
            variants: self.variants(),
            states: all.states,
        };
        CampaignStatus {
            batches: self.batches(made),
            campaign: self.campaign,
            progress,
            metrics,
        }
    }

    /// Messages that there are or, while the audience is being walked, that there will be.
    fn made(&self, all: &VariantFigures) -> u64 {
        if self.campaign.state == State::Completed {
            // All of its own are known then; among the jobs are those that others sent under its name.
            return all.taken();
        }
        let accepted = self.group.as_ref().map_or(0, |group| group.accepted);
        let accepted = accepted.max(all.taken());
        let done = self.group.as_ref().is_none_or(|group| group.mark.done);
        let state = self.campaign.state;
        let walking = state.has_started() && !state.is_final() && !(done && self.group.is_some());
        match walking {
            true => {
                let left_out: u64 = self.skipped.values().sum();
                accepted.max(self.campaign.estimate.saturating_sub(left_out))
            }
            false => accepted,
        }
    }

    /// Batches whose messages are not taken yet wait.
    fn batches(&self, made: u64) -> Batches {
        let known = self.figures.batches;
        let planned = made.div_ceil(self.batch_size.max(1)).max(known.total);
        Batches {
            total: planned,
            waiting: known.waiting + (planned - known.total),
            active: known.active,
            completed: known.completed,
            failed: known.failed,
        }
    }

    fn variants(&self) -> Vec<VariantStatus> {
        let none = VariantFigures::default();
        let named = self.variants.iter().enumerate();
        named
            .map(|(place, name)| {
                let place = u16::try_from(place).unwrap_or(u16::MAX);
                variant(
                    name.clone(),
                    self.figures.variants.get(&place).unwrap_or(&none),
                )
            })
            .collect()
    }
}

fn variant(name: String, figures: &VariantFigures) -> VariantStatus {
    let success = success(figures);
    let read = figures.state(MessageState::Read);
    let delivered = read + figures.state(MessageState::Delivered);
    VariantStatus {
        name,
        taken: figures.taken(),
        success,
        delivered: rate::share(delivered, success),
        read: rate::share(read, success),
        answered: rate::share(figures.answered.min(success), success),
        states: figures.states.clone(),
    }
}

pub(super) fn success(figures: &VariantFigures) -> u64 {
    let sent = MessageState::ALL
        .into_iter()
        .filter(|state| state.is_sent());
    sent.map(|state| figures.state(state)).sum()
}

pub(super) fn failed(figures: &VariantFigures) -> u64 {
    figures.state(MessageState::Failed) + figures.state(MessageState::Expired)
}

/// Over the gaps between the first and the last: one message alone has no rate.
fn per_second(figures: &CampaignFigures, sent: u64) -> Option<f64> {
    let span = figures.last_sent_at? - figures.first_sent_at?;
    (sent > 1 && span > 0).then(|| (sent - 1) as f64 * 1_000.0 / span as f64)
}

/// What has come out of a campaign whose sender was restricted so often, for the rule that holds it.
pub(super) fn outcomes(figures: &CampaignFigures, restricted: u64) -> Outcomes {
    let all = figures.all();
    let barred = figures.failures.iter().filter(|(code, _)| bars(code));
    Outcomes {
        sent: success(&all),
        failed: failed(&all),
        barred: barred.map(|(_, count)| count).sum(),
        restricted,
    }
}

/// Whether a failure with this code is one that all other messages would have too.
pub(super) fn bars(code: &str) -> bool {
    Meaning::of(code) == Meaning::TemplatePaused
}

impl Campaigning {
    /// What has come out of a campaign by now, for the rule that holds it.
    pub(super) async fn outcomes(
        &self,
        campaign: &Campaign,
        figures: &CampaignFigures,
    ) -> Result<Outcomes, Refusal> {
        let restricted = self.messages.restrictions(&campaign.sender).await?;
        Ok(outcomes(figures, restricted))
    }

    /// How a campaign does.
    pub(crate) async fn status(
        &self,
        scope: Scope,
        id: &str,
        settings: &Settings,
    ) -> Result<CampaignStatus, Refusal> {
        let found = self.store.campaign(scope, id).await?;
        let (campaign, skipped) = found.ok_or(Refusal::Unknown)?;
        let running = campaign.state == State::Sending;
        let (tenant, group) = (&campaign.tenant, &campaign.id);
        // The jobs first: what is known of messages is never more than of them.
        let kept = self.jobs.group(tenant, group);
        let figures = self.messages.campaign(tenant, group).await?;
        let plan = plan(&campaign);
        let variants = plan.iter().flat_map(|plan| &plan.variants);
        let breaker = self.lines.status(&campaign.sender).map(|line| line.breaker);
        let facts = Facts {
            group: kept,
            figures,
            skipped,
            variants: variants.map(|variant| variant.name.clone()).collect(),
            cost: plan.as_ref().and_then(|plan| plan.cost),
            batch_size: settings.messages.batch_size,
            breaker,
            campaign,
        };
        let mut status = facts.status();
        if running {
            let left = status
                .progress
                .total
                .saturating_sub(status.progress.processed);
            match self.eta_ms(&status.campaign, left, settings).await {
                Ok(eta_ms) => status.metrics.eta_ms = Some(eta_ms),
                Err(why) => status.campaign.note = Some(why),
            }
        }
        Ok(status)
    }
}

#[cfg(test)]
pub(super) mod tests;
