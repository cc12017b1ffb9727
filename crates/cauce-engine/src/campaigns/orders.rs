//! What people want of a campaign: that it starts, waits, goes on, ends.
//!
//! An order is kept first, then the gate of the campaign's jobs follows it, then the line. A crash in
//! between leaves a gate that does not follow; the first round of the next start mends that.

use std::collections::BTreeSet;

use cauce_flow::{
    campaign::{
        failing::Outcomes,
        state::{Order, State},
    },
    reason::Reason,
};
use cauce_store::{
    campaigns::{
        Walk,
        campaign::{Begin, Campaign, Move, Moved},
    },
    jobs::{GroupGate, Scope},
};

use super::{Campaigning, Refusal, Unfit, estimated_ms, fill};
use crate::settings::Settings;

/// Contacts that are looked at for what the text of a campaign asks for.
const SAMPLE: usize = 500;

/// A campaign that was started.
#[derive(Clone, Debug)]
pub struct Started {
    /// What the start is known by.
    pub job: String,
    /// How many contacts it is for.
    pub contacts: u64,
    /// How long it takes at the rate of its sender, in milliseconds.
    pub takes_ms: u64,
    /// It.
    pub campaign: Campaign,
}

impl Campaigning {
    /// Starts a campaign now.
    pub(crate) async fn start(
        &self,
        scope: Scope,
        id: &str,
        settings: &Settings,
    ) -> Result<Started, Refusal> {
        let found = self.store.campaign(scope.clone(), id).await?;
        let (campaign, _) = found.ok_or(Refusal::Unknown)?;
        // What is told of a campaign that has started is that, not what is wrong with it now.
        campaign.state.on(Order::Start)?;
        let filling = self.filling(&campaign, settings)?;
        self.look_for_names(&campaign, &filling.script.required())
            .await?;
        let now = self.clock.now();
        let job = format!("{}_{}", campaign.id, now.as_millis());
        let start = Move {
            begin: Some(Begin { job: job.clone() }),
            forgiven: Some(self.forgiven_at_start(&campaign).await?),
            ..Move::just(Order::Start)
        };
        let moved = self.store.move_campaign(scope, id, start, now).await?;
        self.nudge.notify_one();
        let contacts = moved.campaign.estimate;
        Ok(Started {
            job,
            contacts,
            takes_ms: estimated_ms(settings, &moved.campaign, contacts),
            campaign: moved.campaign,
        })
    }

    /// Refuses a text that asks for what nobody has: it is misspelt rather than missing. Of an
    /// audience of which only a part is looked at the rest may have it.
    async fn look_for_names(&self, campaign: &Campaign, names: &[&str]) -> Result<(), Refusal> {
        if names.is_empty() {
            return Ok(());
        }
        let walk = Walk {
            after: 0,
            upto: self.store.last_row().await?,
            limit: SAMPLE,
        };
        let members = self.store.walk(&campaign.audience(), walk).await?;
        if members.len() == SAMPLE {
            return Ok(());
        }
        let has = |name: &str| {
            let mut values = members.iter().map(|member| fill::known(member, name));
            values.any(|value| value.is_some_and(|value| !value.trim().is_empty()))
        };
        let missing = names.iter().find(|name| !has(name));
        let (Some(missing), false) = (missing, members.is_empty()) else {
            return Ok(());
        };
        let attributes = members.iter().flat_map(|member| member.attributes.keys());
        let mut known: BTreeSet<&str> = attributes.map(String::as_str).collect();
        known.extend(["id", "phone"]);
        known.extend(
            ["name", "language", "timezone"]
                .into_iter()
                .filter(|name| has(name)),
        );
        let known: Vec<&str> = known.into_iter().take(30).collect();
        Err(Refusal::Unfit(Unfit::Variable {
            name: (*missing).to_owned(),
            looked: members.len(),
            known: known.join(", "),
        }))
    }

    /// Holds a campaign. What is in flight is finished; no new attempt starts after the answer.
    pub(crate) async fn pause(
        &self,
        scope: Scope,
        id: &str,
        note: Option<Reason>,
    ) -> Result<Campaign, Refusal> {
        let order = Move {
            note,
            ..Move::just(Order::Pause)
        };
        Ok(self
            .order(scope, id, order, Some(GroupGate::Paused))
            .await?
            .campaign)
    }

    /// Lets a campaign go on, as soon as its sender has room for it. What has failed by now is not
    /// held against it again.
    pub(crate) async fn resume(&self, scope: Scope, id: &str) -> Result<Campaign, Refusal> {
        // What has failed and is not in the figures yet would be held against it.
        self.catch_up.wait().await;
        let forgiven = self.outcomes_of(scope.clone(), id).await?;
        let order = Move {
            forgiven: Some(forgiven),
            ..Move::just(Order::Resume)
        };
        Ok(self.order(scope, id, order, None).await?.campaign)
    }

    /// Ends a campaign for good. What is in flight is finished; no new attempt starts after the
    /// answer.
    pub(crate) async fn stop(&self, scope: Scope, id: &str) -> Result<Campaign, Refusal> {
        let order = Move::just(Order::Stop);
        Ok(self
            .order(scope, id, order, Some(GroupGate::Stopped))
            .await?
            .campaign)
    }

    async fn order(
        &self,
        scope: Scope,
        id: &str,
        order: Move,
        gate: Option<GroupGate>,
    ) -> Result<Moved, Refusal> {
        let _moving = self.moving.lock().await;
        let now = self.clock.now();
        let moved = self.store.move_campaign(scope, id, order, now).await?;
        // A campaign that had not started has no jobs that could need a gate.
        if let Some(gate) = gate.filter(|_| moved.before.has_started()) {
            self.set_gate(&moved.campaign, gate).await?;
        }
        self.nudge.notify_one();
        Ok(moved)
    }

    /// Moves the gate of a campaign's jobs and has its line follow.
    pub(super) async fn set_gate(
        &self,
        campaign: &Campaign,
        gate: GroupGate,
    ) -> Result<(), Refusal> {
        let (tenant, group) = (campaign.tenant.clone(), campaign.id.clone());
        let now = self.clock.now();
        let set = self
            .jobs
            .set_group(tenant.clone(), group.clone(), gate, now);
        set.await?;
        for looked in self.lines.ask_to_look_at_group(&tenant, &group) {
            // A line that has ended starts no attempt either.
            let _ = looked.await;
        }
        Ok(())
    }

    /// Whoever starts a campaign knows of what its sender was restricted for before.
    async fn forgiven_at_start(&self, campaign: &Campaign) -> Result<Outcomes, Refusal> {
        let restricted = self.messages.restrictions(&campaign.sender).await?;
        Ok(Outcomes {
            restricted,
            ..Outcomes::default()
        })
    }

    async fn outcomes_of(&self, scope: Scope, id: &str) -> Result<Outcomes, Refusal> {
        let found = self.store.campaign(scope, id).await?;
        let (campaign, _) = found.ok_or(Refusal::Unknown)?;
        match campaign.state {
            State::Draft | State::Scheduled => Ok(Outcomes::default()),
            _ => {
                let figures = self
                    .messages
                    .campaign(&campaign.tenant, &campaign.id)
                    .await?;
                self.outcomes(&campaign, &figures).await
            }
        }
    }
}
