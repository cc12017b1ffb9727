//! Campaigns, as callers of the engine see them.

use std::sync::Arc;

use cauce_flow::{id::GroupName, time::Timestamp};
use cauce_store::{
    campaigns::campaign::{Campaign, Made},
    jobs::{self, Replay, Scope},
};

use super::Engine;
use crate::campaigns::{CampaignStatus, Draft, Preview, Refusal, Started, SystemStatus, round};

impl Engine {
    /// Knows the hours of campaigns before anything of them is sent.
    pub(super) async fn recall_campaigns(&self) {
        if let Err(error) = self.inner.campaigning.recall().await {
            tracing::warn!(%error, "the hours of campaigns are not known yet");
        }
    }

    pub(super) fn start_campaign_loop(&self) {
        let inner = &self.inner;
        let (part, stop, weak) = (
            inner.campaigning.clone(),
            inner.stop.clone(),
            Arc::downgrade(inner),
        );
        self.keep("campaigns", move || {
            let weak = weak.clone();
            let settings = move || {
                weak.upgrade()
                    .map(|inner| Arc::clone(&inner.settings.read()))
            };
            round::run(part.clone(), settings, stop.clone())
        });
    }

    /// Makes a campaign, with the contacts that come with it: all of it, or nothing.
    pub async fn make_campaign(&self, draft: Draft) -> Result<Made, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        self.inner.campaigning.make(draft, &settings).await
    }

    /// Replaces a campaign that has not started, unless it was changed after `as_of`.
    pub async fn change_campaign(
        &self,
        id: GroupName,
        draft: Draft,
        as_of: Timestamp,
    ) -> Result<Made, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        let part = &self.inner.campaigning;
        part.change(id, draft, as_of, &settings).await
    }

    /// Takes a campaign away that has not started.
    pub async fn delete_campaign(&self, scope: Scope, id: &GroupName) -> Result<(), Refusal> {
        let store = &self.inner.campaigning.store;
        Ok(store.delete_campaign(scope, id.as_str()).await?)
    }

    /// What the first `limit` contacts of a campaign would be sent.
    pub async fn preview_campaign(
        &self,
        scope: Scope,
        id: &GroupName,
        limit: usize,
    ) -> Result<Vec<Preview>, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        let part = &self.inner.campaigning;
        part.preview(scope, id.as_str(), limit, &settings).await
    }

    /// Starts a campaign now.
    pub async fn start_campaign(&self, scope: Scope, id: &GroupName) -> Result<Started, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        let part = &self.inner.campaigning;
        part.start(scope, id.as_str(), &settings).await
    }

    /// Holds a campaign; no new attempt of it starts after the answer.
    pub async fn pause_campaign(&self, scope: Scope, id: &GroupName) -> Result<Campaign, Refusal> {
        let (part, id) = (self.inner.campaigning.clone(), id.clone());
        self.whole(async move { part.pause(scope, id.as_str(), None).await })
            .await
    }

    /// Lets a paused campaign go on.
    pub async fn resume_campaign(&self, scope: Scope, id: &GroupName) -> Result<Campaign, Refusal> {
        let (part, id) = (self.inner.campaigning.clone(), id.clone());
        self.whole(async move { part.resume(scope, id.as_str()).await })
            .await
    }

    /// Ends a campaign for good; no new attempt of it starts after the answer.
    pub async fn stop_campaign(&self, scope: Scope, id: &GroupName) -> Result<Campaign, Refusal> {
        let (part, id) = (self.inner.campaigning.clone(), id.clone());
        self.whole(async move { part.stop(scope, id.as_str()).await })
            .await
    }

    /// Puts dead letters or unknown jobs back in their line. Campaigns that were through are under
    /// way again when it answers, so that they can be paused and stopped.
    pub async fn replay(&self, replay: Replay) -> Result<u64, jobs::Error> {
        let (part, jobs) = (self.inner.campaigning.clone(), Arc::clone(&self.inner.jobs));
        let (dry_run, now) = (replay.dry_run, self.now());
        let whole = async move {
            let count = jobs.replay(replay, now).await?;
            if count > 0 && !dry_run {
                part.mend().await;
            }
            Ok(count)
        };
        self.whole(whole).await
    }

    /// In a task of its own, so that it is carried out to its end even if the caller waits no longer.
    async fn whole<T, E>(
        &self,
        order: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<jobs::Error> + Send + 'static,
    {
        let done = self.inner.loops.spawn(order).await;
        done.unwrap_or(Err(jobs::Error::Closed.into()))
    }

    /// How a campaign does.
    pub async fn campaign_status(
        &self,
        scope: Scope,
        id: &GroupName,
    ) -> Result<CampaignStatus, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        let part = &self.inner.campaigning;
        part.status(scope, id.as_str(), &settings).await
    }

    /// How all campaigns of a scope do.
    pub async fn campaign_metrics(&self, scope: &Scope) -> Result<SystemStatus, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        self.inner.campaigning.system_status(scope, &settings).await
    }
}
