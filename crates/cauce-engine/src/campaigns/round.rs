//! The loop of campaigns: looks what has to be done next, and does it.
//!
//! Each round starts what is due, lets the oldest campaigns in line go where their sender has room,
//! has the gates of their jobs follow, makes the jobs of those that have none yet, holds those of
//! which too much fails, and ends those that are through. It keeps nothing from one round to the
//! next but who makes jobs, so that a restart is but another round.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use cauce_flow::{
    campaign::{
        failing::Verdict,
        late::Due,
        state::{Order, State},
        window::Window,
    },
    id::{AccountName, GroupName},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::{
    campaigns::campaign::{Campaign, Move, Refused},
    jobs::{GroupGate, Scope},
    messages::{CampaignFigures, MessageState},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    Campaigning, Refusal,
    expand::{Expanded, Expander, PIECE},
    plan,
};
use crate::settings::Settings;

/// How soon a round follows while campaigns are under way.
const SOON: Duration = Duration::from_secs(1);
/// How soon it follows otherwise.
const LATER: Duration = Duration::from_secs(60);
/// What has outlived its time is looked for this often.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);

/// Runs the loop. `settings` tells what is in force; none where the engine is gone.
pub(crate) async fn run(
    part: Campaigning,
    settings: impl Fn() -> Option<Arc<Settings>> + Send,
    stop: CancellationToken,
) {
    let mut work = Work::default();
    let mut prune_at = part.clock.now();
    loop {
        let Some(settings) = settings() else { return };
        let now = part.clock.now();
        if now >= prune_at {
            part.mend().await;
            part.prune(now).await;
            prune_at = now + PRUNE_EVERY;
        }
        let next = match part.round(&settings, &mut work, &stop).await {
            Ok(next) => next.min(now + LATER),
            Err(error) => {
                tracing::warn!(%error, "campaigns could not be looked after; trying again");
                now + SOON
            }
        };
        let wait = tokio::time::sleep(next.until(part.clock.now()));
        tokio::select! {
            () = stop.cancelled() => break,
            () = part.nudge.notified() => {}
            () = part.put_back.notified() => part.mend().await,
            Some(ended) = work.tasks.join_next() => work.end(&part, ended.ok()).await,
            () = wait => {}
        }
    }
    while work.tasks.join_next().await.is_some() {}
}

/// Who makes jobs.
#[derive(Default)]
struct Work {
    tasks: JoinSet<(GroupName, Expanded)>,
    at: BTreeSet<GroupName>,
}

impl Work {
    async fn end(&mut self, part: &Campaigning, ended: Option<(GroupName, Expanded)>) {
        let Some((id, how)) = ended else {
            // Whose it was is not known: all that are not at work are started again.
            self.at.clear();
            return;
        };
        if let Expanded::Failed(why) = how {
            tracing::error!(campaign = %id, why, "a campaign waits: its jobs cannot be made");
            let note = Reason::new(
                "expansion_failed",
                "its messages could not be made; look at the log, then resume it",
            );
            if let Err(error) = part.pause(Scope::All, id.as_str(), Some(note)).await {
                tracing::warn!(campaign = %id, %error, "it could not be paused");
            }
        }
        self.at.remove(&id);
    }
}

impl Campaigning {
    /// Takes the hours of the campaigns that are under way.
    pub(crate) async fn recall(&self) -> Result<(), Refusal> {
        let under_way = self.store.under_way().await?;
        self.hours.follow(windows(&under_way));
        Ok(())
    }

    /// Looks after every campaign once. Answers when to look again.
    async fn round(
        &self,
        settings: &Settings,
        work: &mut Work,
        stop: &CancellationToken,
    ) -> Result<Timestamp, Refusal> {
        let next_due = self.start_due(settings).await?;
        let under_way = self.let_go(settings).await?;
        self.hours.follow(windows(&under_way));
        for campaign in &under_way {
            if campaign.state != State::Sending {
                continue;
            }
            if !self.is_walked(campaign) {
                self.expand(campaign, settings, work, stop).await?;
            }
            self.look_at(campaign, settings).await?;
        }
        let soon = match under_way.is_empty() {
            true => Timestamp::NEVER,
            false => self.clock.now() + SOON,
        };
        Ok(soon.min(next_due.unwrap_or(Timestamp::NEVER)))
    }

    /// Starts the campaigns whose time has come. Answers the next time.
    async fn start_due(&self, settings: &Settings) -> Result<Option<Timestamp>, Refusal> {
        let now = self.clock.now();
        let (due, next) = self.store.due_campaigns(now).await?;
        for campaign in due {
            let own = plan(&campaign).and_then(|plan| plan.late);
            let policy = own.unwrap_or(settings.campaigns.late);
            let at = campaign.scheduled_at.unwrap_or(now);
            match policy.decide(at, settings.campaigns.late_after, now) {
                Due::At(_) => {}
                Due::Start => self.start_by_itself(&campaign, settings).await?,
                Due::Missed => {
                    let what =
                        "its time passed while the server was down, and it was to be left then";
                    self.fail(&campaign, Reason::new("missed", what)).await?;
                }
                Due::Ask => self.ask(&campaign).await?,
            }
        }
        Ok(next)
    }

    /// Has a campaign wait for a person to say what is to become of it.
    async fn ask(&self, campaign: &Campaign) -> Result<(), Refusal> {
        let what = "its time passed while the server was down; start it, or change scheduledAt";
        tracing::warn!(campaign = %campaign.id, "a campaign is late and waits for a person");
        let (id, note) = (campaign.id.as_str(), Reason::new("late", what));
        Ok(self.store.note_campaign(id, Some(note)).await?)
    }

    async fn start_by_itself(
        &self,
        campaign: &Campaign,
        settings: &Settings,
    ) -> Result<(), Refusal> {
        let scope = Scope::Tenant(campaign.tenant.clone());
        match self.start(scope, campaign.id.as_str(), settings).await {
            Ok(_) => Ok(()),
            // Somebody was quicker.
            Err(Refusal::State(_) | Refusal::Unknown) => Ok(()),
            Err(Refusal::Unfit(why)) => {
                self.fail(campaign, Reason::new(why.code(), why.to_string()))
                    .await
            }
            Err(error) => Err(error),
        }
    }

    async fn fail(&self, campaign: &Campaign, why: Reason) -> Result<(), Refusal> {
        tracing::warn!(campaign = %campaign.id, code = why.code, "a campaign was not sent");
        let order = Move {
            note: Some(why),
            ..Move::just(Order::Fail)
        };
        self.settle(campaign, order).await
    }

    /// Gives an order that a person may have made pointless meanwhile.
    pub(super) async fn settle(&self, campaign: &Campaign, order: Move) -> Result<(), Refusal> {
        let now = self.clock.now();
        let id = campaign.id.as_str();
        match self.store.move_campaign(Scope::All, id, order, now).await {
            Ok(_) | Err(Refused::State(_) | Refused::Unknown) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets campaigns go that wait for room at their sender, and has all gates follow. Answers those
    /// that are under way.
    async fn let_go(&self, settings: &Settings) -> Result<Vec<Campaign>, Refusal> {
        let _moving = self.moving.lock().await;
        let mut under_way = self.store.under_way().await?;
        let mut running = BTreeMap::<AccountName, usize>::new();
        for campaign in under_way.iter().filter(|own| own.state == State::Sending) {
            *running.entry(campaign.sender.clone()).or_default() += 1;
        }
        for campaign in &mut under_way {
            if self.jobs.group_gate(&campaign.tenant, &campaign.id) == GroupGate::Stopped {
                // A stop was interrupted before it was kept.
                self.settle(campaign, Move::just(Order::Stop)).await?;
                campaign.state = State::Stopped;
                continue;
            }
            let running = running.entry(campaign.sender.clone()).or_default();
            if campaign.state == State::Queued && *running < settings.campaigns.max_running {
                let order = Move::just(Order::Admit);
                let now = self.clock.now();
                let id = campaign.id.as_str();
                let moved = self.store.move_campaign(Scope::All, id, order, now).await?;
                *campaign = moved.campaign;
                *running += 1;
            }
            self.follow(campaign).await?;
        }
        under_way.retain(|campaign| campaign.state != State::Stopped);
        Ok(under_way)
    }

    /// Has the gate of a campaign's jobs be as the campaign stands.
    async fn follow(&self, campaign: &Campaign) -> Result<(), Refusal> {
        let wanted = match campaign.state {
            State::Sending => GroupGate::Open,
            _ => GroupGate::Paused,
        };
        match self.jobs.group_gate(&campaign.tenant, &campaign.id) == wanted {
            true => Ok(()),
            false => self.set_gate(campaign, wanted).await,
        }
    }

    /// Whether all jobs of a campaign are made.
    fn is_walked(&self, campaign: &Campaign) -> bool {
        let group = self.jobs.group(&campaign.tenant, &campaign.id);
        group.is_some_and(|group| group.mark.done)
    }

    async fn expand(
        &self,
        campaign: &Campaign,
        settings: &Settings,
        work: &mut Work,
        stop: &CancellationToken,
    ) -> Result<(), Refusal> {
        if work.at.contains(&campaign.id) {
            return Ok(());
        }
        let filling = match self.filling(campaign, settings) {
            Ok(filling) => filling,
            Err(unfit) => {
                let note = Reason::new(unfit.code(), unfit.to_string());
                self.pause(Scope::All, campaign.id.as_str(), Some(note))
                    .await?;
                return Ok(());
            }
        };
        let expander = Expander {
            store: self.store.clone(),
            jobs: Arc::clone(&self.jobs),
            messages: self.messages.clone(),
            clock: self.clock.clone(),
            campaign: campaign.clone(),
            filling: Arc::new(filling),
            walking: self.walking.clone(),
            retries: settings.campaigns.retries,
            retry_delay: settings.campaigns.retry_delay,
            piece: PIECE,
        };
        let (id, stop) = (campaign.id.clone(), stop.clone());
        work.at.insert(id.clone());
        work.tasks
            .spawn(async move { (id, expander.run(stop).await) });
        Ok(())
    }

    /// Ends a campaign that is through; holds one of which too much fails.
    async fn look_at(&self, campaign: &Campaign, settings: &Settings) -> Result<(), Refusal> {
        let (tenant, group) = (&campaign.tenant, &campaign.id);
        let kept = self.jobs.group(tenant, group);
        let figures = self.messages.campaign(tenant, group).await?;
        let walked = kept.filter(|kept| kept.mark.done && kept.pending() == 0);
        if walked.is_some_and(|kept| has_ended(&figures, kept.accepted)) {
            tracing::info!(campaign = %group, "a campaign is through");
            return self.settle(campaign, Move::just(Order::Complete)).await;
        }
        let outcomes = self.outcomes(campaign, &figures).await?;
        let note = match settings.campaigns.hold.judge(outcomes, campaign.forgiven) {
            Verdict::GoOn => return Ok(()),
            Verdict::Hold { rate } => Reason::new(
                "failure_rate",
                format!(
                    "{:.0} % of its messages fail; look at why, then resume it",
                    rate * 100.0
                ),
            ),
            Verdict::Barred => Reason::new(
                "barred_by_provider",
                "its provider refuses what it says for all; look at its template, then resume it",
            ),
            Verdict::Restricted => Reason::new(
                "sender_restricted",
                "the provider restricts its sender: too many people have blocked or reported it; \
                 look at the number's quality there, then resume it",
            ),
        };
        tracing::warn!(campaign = %group, code = note.code, "a campaign is held");
        match self.pause(Scope::All, group.as_str(), Some(note)).await {
            Ok(_) | Err(Refusal::State(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Does what was not done because the process ended, or the store was busy.
    pub(crate) async fn mend(&self) {
        if let Err(error) = self.reopen().await {
            tracing::warn!(%error, "campaigns with messages that were put back are not under way yet");
        }
    }

    /// Forgets what has outlived its time.
    async fn prune(&self, now: Timestamp) {
        if let Err(error) = self.try_prune(now).await {
            tracing::warn!(%error, "old campaigns could not be forgotten; trying again in an hour");
        }
    }

    async fn try_prune(&self, now: Timestamp) -> Result<(), Refusal> {
        // None goes on while its jobs are forgotten: it would be walked again.
        let _moving = self.moving.lock().await;
        loop {
            for old in self.store.outlived_campaigns(now).await? {
                self.jobs.forget_group(old.tenant, old.id, now).await?;
            }
            if self.store.prune_campaigns(now).await? == 0 {
                return Ok(());
            }
        }
    }
}

/// Whether what is known of a campaign's messages has caught up with their jobs, among which are those
/// that applications have sent under its name.
fn has_ended(figures: &CampaignFigures, accepted: u64) -> bool {
    let all = figures.all();
    all.state(MessageState::Queued) == 0 && all.taken() + figures.beside >= accepted
}

/// The send windows of campaigns.
pub(super) fn windows<'a>(
    campaigns: impl IntoIterator<Item = &'a Campaign>,
) -> BTreeMap<String, Window> {
    let with_window = campaigns.into_iter().filter_map(|campaign| {
        let window = plan(campaign)?.window?.hours().ok()?;
        Some((campaign.id.to_string(), window))
    });
    with_window.collect()
}
