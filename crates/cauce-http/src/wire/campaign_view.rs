//! Campaigns as they are shown.

use cauce_destinations::message::Template;
use cauce_engine::campaigns::Draft;
use cauce_flow::{
    campaign::late, id::AccountName, priority::Priority, reason::Reason, time::Timestamp,
};
use cauce_store::campaigns::campaign::{Campaign, SkipCounts};
use serde::Serialize;
use utoipa::ToSchema;

use super::campaign::{SendWindowBody, VariantBody, parted};

/// A campaign.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Campaign)]
pub(crate) struct CampaignView {
    /// Its id.
    #[schema(example = "campaign_01jd8x3k2v7w9y4z6a5b")]
    id: String,
    /// Whose it is.
    #[schema(example = "acme")]
    tenant: String,
    /// What people call it.
    name: String,
    /// `draft`, `scheduled`, `queued`, `sending`, `paused`, `stopped`, `completed` or `failed`.
    #[schema(value_type = String, example = "sending")]
    status: &'static str,
    /// Why it stands where it does, where that needs a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<NoteView>,
    /// The account that sends it.
    #[schema(value_type = String, example = "acme-whatsapp")]
    sender: AccountName,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Its template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    template: Option<Template>,
    /// Several things to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    variants: Vec<VariantBody>,
    /// For whom it is, beside the contacts that were named.
    audience: AudienceView,
    /// The same tags as in `audience`.
    tags: Vec<String>,
    /// When it is to start by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Timestamp>,
    /// How urgent its messages are.
    #[schema(value_type = String, example = "normal")]
    priority: Priority,
    /// The hours in which it may be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_window: Option<SendWindowBody>,
    /// What one message costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    /// In which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// What becomes of it where the server was down at its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    late: Option<late::Policy>,
    /// What its start is known by.
    job_id: Option<String>,
    /// How many contacts it is for: as its start found, or as it is now where it has not started. A
    /// contact with several of the tags may count several times.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_contacts: Option<u64>,
    /// How many were left out by now, by reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"opted_out": 3}))]
    skipped: Option<SkipCounts>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it was started.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

/// Why a campaign stands where it does.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignReason)]
pub(crate) struct NoteView {
    /// For programs.
    #[schema(example = "failure_rate")]
    code: String,
    /// For people.
    detail: String,
}

impl From<Reason> for NoteView {
    fn from(note: Reason) -> NoteView {
        NoteView {
            code: note.code,
            detail: note.detail,
        }
    }
}

/// For whom a campaign is, as it was made.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignAudienceView)]
pub(crate) struct AudienceView {
    /// For the contacts with any of these tags.
    tags: Vec<String>,
}

impl CampaignView {
    /// A campaign; with how many contacts it is for and how many it has left out, where that is
    /// known.
    pub(crate) fn new(
        campaign: Campaign,
        contacts: Option<u64>,
        skipped: Option<SkipCounts>,
    ) -> CampaignView {
        let plan = Draft::of(&campaign).map(|draft| draft.plan);
        let (message, template) = parted(plan.as_ref().and_then(|plan| plan.content.clone()));
        let started = campaign.state.has_started().then_some(campaign.estimate);
        let window = plan.as_ref().and_then(|plan| plan.window.clone());
        let variants = plan.as_ref().map(|plan| plan.variants.clone());
        CampaignView {
            id: campaign.id.to_string(),
            tenant: campaign.tenant.to_string(),
            name: campaign.name,
            status: campaign.state.as_str(),
            reason: campaign.note.map(NoteView::from),
            sender: campaign.sender,
            message,
            template,
            variants: variants
                .into_iter()
                .flatten()
                .map(VariantBody::of)
                .collect(),
            audience: AudienceView {
                tags: campaign.tags.clone(),
            },
            tags: campaign.tags,
            scheduled_at: campaign.scheduled_at,
            priority: plan.as_ref().map_or(Priority::Normal, |plan| plan.priority),
            send_window: window.map(|window| SendWindowBody {
                from: window.from,
                to: window.to,
                time_zone: window.zone,
            }),
            cost: plan.as_ref().and_then(|plan| plan.cost),
            currency: plan.as_ref().and_then(|plan| plan.currency.clone()),
            late: plan.as_ref().and_then(|plan| plan.late),
            job_id: campaign.job,
            estimated_contacts: started.or(contacts),
            skipped,
            created_at: campaign.created_at,
            updated_at: campaign.updated_at,
            started_at: campaign.started_at,
            finished_at: campaign.ended_at,
        }
    }
}
