//! What the first of an audience would be sent, without sending anything.

use cauce_destinations::message::Content;
use cauce_flow::{campaign::skip::Skip, time::Timestamp};
use cauce_store::{
    campaigns::{Walk, campaign::Skipped},
    jobs::Scope,
};

use super::{
    Campaigning, Refusal, Unfit, asked::Asked, members::Members, plan, plan::Script, sender,
};
use crate::settings::Settings;

/// What one contact would be sent.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The contact.
    pub contact: String,
    /// What it would be sent, or why nothing.
    pub outcome: Result<Sent, (Skip, Option<String>)>,
}

/// What would be sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The name of the variant, where there are several.
    pub variant: Option<String>,
    /// What it says.
    pub content: Content,
    /// When it would be due, where its window is closed.
    pub due_at: Option<Timestamp>,
}

impl Campaigning {
    /// What the first `limit` contacts of a campaign would be sent now.
    pub(crate) async fn preview(
        &self,
        scope: Scope,
        id: &str,
        limit: usize,
        settings: &Settings,
    ) -> Result<Vec<Preview>, Refusal> {
        let found = self.store.campaign(scope, id).await?;
        let (campaign, _) = found.ok_or(Refusal::Unknown)?;
        let plan = plan(&campaign).ok_or(Refusal::Unfit(Unfit::Content))?;
        let filling = self.filling(&campaign, settings)?;
        let walk = Walk {
            after: 0,
            upto: self.store.last_row().await?,
            limit,
        };
        let members = Members::read(&self.store, &campaign.audience(), walk).await?;
        let now = self.clock.now();
        let candidates = members.judged(&filling, now)?;
        let mut previews = Vec::with_capacity(candidates.len());
        // Nothing was made before the first of them, so that all there is to ask for is among them.
        let mut asked = Asked::default();
        for (number, candidate) in candidates.iter().enumerate() {
            let member = &candidate.member;
            let filled = asked.fill(&filling, candidate, number as u64, now);
            let outcome = match filled {
                Ok(filled) => {
                    let part = filled.message.campaign.as_ref();
                    let variant = part.map_or(0, |part| usize::from(part.variant));
                    Ok(Sent {
                        variant: plan.variants.get(variant).map(|own| own.name.clone()),
                        content: filled.message.content,
                        due_at: (filled.due_at > now).then_some(filled.due_at),
                    })
                }
                Err(Skipped { why, detail, .. }) => Err((why, detail)),
            };
            previews.push(Preview {
                contact: member.id.clone(),
                outcome,
            });
        }
        Ok(previews)
    }

    /// What all messages of a campaign share, or why there can be none.
    pub(super) fn filling(
        &self,
        campaign: &cauce_store::campaigns::campaign::Campaign,
        settings: &Settings,
    ) -> Result<super::fill::Filling, Unfit> {
        let name = campaign.sender.as_str();
        let sender = sender(settings, &campaign.tenant, name);
        let (account, provider) = sender.ok_or_else(|| Unfit::Sender(name.to_owned()))?;
        let script = plan(campaign).and_then(|plan| Script::of(&plan, provider));
        Ok(super::fill::Filling {
            id: campaign.id.clone(),
            tenant: campaign.tenant.clone(),
            line: account.line(),
            script: script.ok_or(Unfit::Content)?,
            zones: self.zones.clone(),
            default_zone: settings.campaigns.time_zone.clone(),
            max_attempts: account.policy.retry.max_attempts,
            ttl: account.policy.ttl,
            max_payload_bytes: settings.limits.max_payload_bytes,
        })
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Refusal {
        Refusal::Unfit(unfit)
    }
}
