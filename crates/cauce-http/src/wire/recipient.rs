//! Recipients of campaigns: what each would be sent, and what became of each.

use cauce_destinations::message::Content;
use cauce_engine::campaigns::Preview;
use cauce_flow::{campaign::skip::Skip, time::Timestamp};
use cauce_store::{campaigns::campaign::Skipped, messages::MessageView};
use serde::Serialize;
use utoipa::ToSchema;

/// What one contact would be sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignPreview)]
pub(crate) struct PreviewView {
    /// The contact.
    contact_id: String,
    /// The variant that it would get.
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    /// What it would be sent: `text` or `template`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"text": "Hola Ana"}))]
    content: Option<Content>,
    /// When it would be due, where its send window is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// Why it would be left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "missing_variable")]
    skipped: Option<Skip>,
    /// What was missing, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> PreviewView {
        let mut view = PreviewView {
            contact_id: preview.contact,
            variant: None,
            content: None,
            due_at: None,
            skipped: None,
            detail: None,
        };
        match preview.outcome {
            Ok(sent) => {
                view.variant = sent.variant;
                view.content = Some(sent.content);
                view.due_at = sent.due_at;
            }
            Err((why, detail)) => {
                view.skipped = Some(why);
                view.detail = detail;
            }
        }
        view
    }
}

/// One recipient of a campaign: somebody whose message was made, or who was left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignRecipient)]
pub(crate) struct RecipientView {
    /// The contact; null for somebody who was named and is none.
    pub(crate) contact_id: Option<String>,
    /// The number that it was sent to.
    pub(crate) phone: Option<String>,
    /// `queued`, `sent`, `delivered`, `read`, `failed`, `unknown`, `expired`, `cancelled` or
    /// `skipped`.
    #[schema(value_type = String, example = "delivered")]
    pub(crate) state: &'static str,
    /// The place of the variant among those of the campaign, from 0 on; null for a campaign without
    /// variants. With `format=csv`, its name.
    pub(crate) variant: Option<u16>,
    /// The message.
    pub(crate) message_id: Option<String>,
    /// The provider's id of it.
    pub(crate) provider_id: Option<String>,
    /// Why it failed, or was left out: for programs.
    pub(crate) reason: Option<String>,
    /// The same for people.
    pub(crate) detail: Option<String>,
    /// When the provider had it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) sent_at: Option<Timestamp>,
    /// When it was delivered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) delivered_at: Option<Timestamp>,
    /// When it was read.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) read_at: Option<Timestamp>,
    /// When it was answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) answered_at: Option<Timestamp>,
    /// When it failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) failed_at: Option<Timestamp>,
}

impl From<MessageView> for RecipientView {
    fn from(message: MessageView) -> RecipientView {
        let (reason, detail) = message.error.unzip();
        let place = message.place;
        RecipientView {
            contact_id: place.as_ref().map(|place| place.contact.clone()),
            phone: Some(message.to),
            state: message.state.as_str(),
            variant: place.map(|place| place.variant),
            message_id: Some(message.job.to_string()),
            provider_id: message.provider_id,
            reason,
            detail,
            sent_at: message.sent_at,
            delivered_at: message.delivered_at,
            read_at: message.read_at,
            answered_at: message.answered_at,
            failed_at: message.failed_at,
        }
    }
}

impl From<Skipped> for RecipientView {
    fn from(skipped: Skipped) -> RecipientView {
        RecipientView {
            contact_id: skipped.id,
            phone: None,
            state: "skipped",
            variant: None,
            message_id: None,
            provider_id: None,
            reason: Some(skipped.why.as_str().to_owned()),
            detail: skipped.detail,
            sent_at: None,
            delivered_at: None,
            read_at: None,
            answered_at: None,
            failed_at: None,
        }
    }
}
