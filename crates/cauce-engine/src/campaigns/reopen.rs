//! Campaigns that were through and go on, because messages of theirs were put back into their line.
//!
//! Whoever puts messages back asks for this afterwards. So that a crash in between is mended, the loop
//! asks at its start, too.

use cauce_flow::campaign::state::Order;
use cauce_store::{
    campaigns::campaign::{Campaign, Move},
    messages::MessageState,
};

use super::{Campaigning, Refusal, round::windows};

impl Campaigning {
    /// Has campaigns that are through be under way again where they have something to send.
    pub(crate) async fn reopen(&self) -> Result<(), Refusal> {
        let _moving = self.moving.lock().await;
        let mut over = self.store.completed_campaigns().await?;
        over.retain(|campaign| self.has_work(campaign));
        if over.is_empty() {
            return Ok(());
        }
        // Their hours first: what was put back may leave at once.
        let under_way = self.store.under_way().await?;
        self.hours
            .follow(windows(under_way.iter().chain(over.iter())));
        let is_told = self.catch_up.wait().await;
        for campaign in &over {
            self.reopen_one(campaign, is_told).await?;
        }
        self.nudge.notify_one();
        Ok(())
    }

    /// Whether jobs of its group have work before them. A group that is not kept, or of which the
    /// walk is not known to have ended, would be walked again.
    fn has_work(&self, campaign: &Campaign) -> bool {
        let group = self.jobs.group(&campaign.tenant, &campaign.id);
        group.is_some_and(|group| group.mark.done && group.pending() > 0)
    }

    /// What is still failed is not held against it: somebody knew of that and let it go on.
    async fn reopen_one(&self, campaign: &Campaign, is_told: bool) -> Result<(), Refusal> {
        let figures = self
            .messages
            .campaign(&campaign.tenant, &campaign.id)
            .await?;
        // The jobs may be of messages that others have sent under its name.
        if is_told && figures.all().state(MessageState::Queued) == 0 {
            return Ok(());
        }
        tracing::info!(campaign = %campaign.id, "a campaign goes on: messages of it were put back");
        let order = Move {
            forgiven: Some(self.outcomes(campaign, &figures).await?),
            ..Move::just(Order::Reopen)
        };
        self.settle(campaign, order).await
    }
}
