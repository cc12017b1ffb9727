//! Campaigns as they are handed in.

use cauce_destinations::message::{Content, Template};
use cauce_engine::campaigns::{Draft, Plan, SendWindow, Variant};
use cauce_flow::{
    campaign::{late, window::Clock},
    currency::Currency,
    id::{AccountName, TenantId},
    priority::Priority,
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::contact::ContactBody;
use crate::problem::Fault;

/// A campaign as it is handed in. What is left out of a change stays as it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = CampaignBody)]
pub(crate) struct CampaignBody {
    /// Whose it is, for a new campaign; the same as `?tenant=` in the address.
    #[schema(value_type = Option<String>, example = "acme")]
    pub(crate) tenant: Option<TenantId>,
    /// What people call it; a new campaign needs one.
    #[schema(max_length = 200, example = "Black Friday")]
    pub(crate) name: Option<String>,
    /// The account that sends it; may be left out where the tenant has one that sends messages.
    #[schema(value_type = Option<String>, example = "acme-whatsapp")]
    pub(crate) sender: Option<AccountName>,
    /// A text with places: `{{name}}`, or `{{name|amigo}}` with a word for those of whom it is not
    /// known. Instead of `template`; null takes away what it says.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Hola {{name|amigo}}, 50 % de descuento hoy")]
    pub(crate) message: Option<Option<String>>,
    /// A template of the provider, whose texts may have places, too: `contentSid` and `variables`
    /// for Twilio; `name`, `language` and `components` for WhatsApp. Instead of `message`; null
    /// takes away what it says.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>, example = json!({"contentSid": "HXb5b62575e6e4ff6129ad7c8efe1f983e", "variables": {"1": "{{name|amigo}}"}}))]
    pub(crate) template: Option<Option<Template>>,
    /// Several things to say, of which each person is said one. An empty list takes them away.
    #[schema(max_items = 20)]
    pub(crate) variants: Option<Vec<VariantBody>>,
    /// Contacts by their id, or as objects that are taken as `POST /api/contacts` takes them. Where
    /// the number of one is none, it is left out and counted.
    #[schema(max_items = 10000, example = json!(["customer-1042", {"phone": "+34 600 111 222", "name": "Ana"}]))]
    pub(crate) contacts: Option<Vec<ContactRef>>,
    /// Contacts by what they have.
    pub(crate) audience: Option<AudienceBody>,
    /// When it is to start by itself; null takes that away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-11-26T10:00:00Z")]
    pub(crate) scheduled_at: Option<Option<Timestamp>>,
    /// How urgent its messages are: `critical`, `high`, `normal` or `low`.
    #[schema(value_type = Option<String>, example = "normal")]
    pub(crate) priority: Option<Priority>,
    /// The hours in which it may be sent, on each contact's own clock; null takes that away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<SendWindowBody>)]
    pub(crate) send_window: Option<Option<SendWindowBody>>,
    /// What one message costs; null takes that away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>, minimum = 0, example = 0.05)]
    pub(crate) cost: Option<Option<f64>>,
    /// In which currency; null takes that away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "EUR")]
    pub(crate) currency: Option<Option<String>>,
    /// What becomes of it where the server was down at its time: `send`, `skip` or `ask`; null
    /// takes that away, and the setting `campaigns.late` holds.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "send")]
    pub(crate) late: Option<Option<late::Policy>>,
    /// The `updatedAt` that a change began from: where the campaign was changed since, nothing is
    /// done, and the answer says so.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-11-20T10:00:00.000Z")]
    pub(crate) unchanged_since: Option<Timestamp>,
}

/// One of several things to say.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = CampaignVariant)]
pub(crate) struct VariantBody {
    /// What people call it.
    #[schema(max_length = 200, example = "corto")]
    name: String,
    /// How many of all weights together get it.
    #[serde(default = "one")]
    #[schema(minimum = 0, maximum = 1000000, example = 1)]
    weight: u64,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Its template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    template: Option<Template>,
}

fn one() -> u64 {
    1
}

/// Contacts by what they have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = CampaignAudience)]
pub(crate) struct AudienceBody {
    /// Those with any of these tags.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["customers"]))]
    tags: Vec<String>,
}

/// The hours of a day.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = SendWindow)]
pub(crate) struct SendWindowBody {
    /// From this time of day.
    #[schema(value_type = String, example = "09:00")]
    pub(super) from: Clock,
    /// To before this one, 24:00 for the end of the day. Before `from`, it is that of the next day.
    #[schema(value_type = String, example = "20:00")]
    pub(super) to: Clock,
    /// The zone of contacts of whom none is known; without it, the setting `campaigns.time_zone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "America/Lima")]
    pub(super) time_zone: Option<String>,
}

/// A contact: its id, or as it is handed in.
#[derive(ToSchema)]
#[schema(as = CampaignContact)]
#[serde(untagged)]
pub(crate) enum ContactRef {
    Id(String),
    Entry(Box<ContactBody>),
}

impl<'de> Deserialize<'de> for ContactRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ContactRef, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ContactRef;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the id of a contact, or a contact")
            }
            fn visit_str<E: de::Error>(self, id: &str) -> Result<ContactRef, E> {
                Ok(ContactRef::Id(id.to_owned()))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<ContactRef, A::Error> {
                let fields = de::value::MapAccessDeserializer::new(map);
                ContactBody::deserialize(fields).map(|entry| ContactRef::Entry(Box::new(entry)))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Tells a field that is null from one that is left out.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl CampaignBody {
    /// A new campaign of which nothing is said yet.
    pub(crate) fn empty(tenant: TenantId) -> Draft {
        Draft {
            tenant,
            name: String::new(),
            sender: None,
            plan: Plan {
                content: None,
                variants: Vec::new(),
                window: None,
                priority: Priority::Normal,
                late: None,
                cost: None,
                currency: None,
            },
            tags: Vec::new(),
            contacts: None,
            scheduled_at: None,
        }
    }

    /// Changes a campaign by all that is said but its contacts.
    pub(crate) fn apply(self, draft: &mut Draft) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        let plan = &mut draft.plan;
        let says = self.message.is_some() || self.template.is_some();
        match content(self.message.flatten(), self.template.flatten()) {
            Ok(content) if says => plan.content = content,
            Ok(_) => {}
            Err(what) => faults.push(Fault::at("/template", what)),
        }
        if let Some(variants) = self.variants {
            plan.variants.clear();
            for (place, variant) in variants.into_iter().enumerate() {
                match variant.read(place) {
                    Ok(variant) => plan.variants.push(variant),
                    Err(fault) => faults.push(fault),
                }
            }
        }
        if let Some(window) = self.send_window {
            plan.window = window.map(|window| SendWindow {
                from: window.from,
                to: window.to,
                zone: window.time_zone,
            });
        }
        plan.priority = self.priority.unwrap_or(plan.priority);
        plan.cost = self.cost.unwrap_or(plan.cost);
        plan.late = self.late.unwrap_or(plan.late);
        if let Some(currency) = self.currency {
            plan.currency = currency.map(|code| match Currency::new(&code) {
                Some(known) => known.as_str().to_owned(),
                None => code,
            });
        }
        draft.name = self.name.unwrap_or(std::mem::take(&mut draft.name));
        draft.sender = self.sender.or(draft.sender.take());
        draft.scheduled_at = self.scheduled_at.unwrap_or(draft.scheduled_at);
        if let Some(audience) = self.audience {
            draft.tags = audience.tags;
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(faults),
        }
    }
}

fn content(
    message: Option<String>,
    template: Option<Template>,
) -> Result<Option<Content>, &'static str> {
    match (message, template) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some(Content::Text(text))),
        (None, Some(template)) => Ok(Some(Content::Template(template))),
        (Some(_), Some(_)) => Err("stands beside message; give one of the two"),
    }
}

impl VariantBody {
    fn read(self, place: usize) -> Result<Variant, Fault> {
        let fault = |what: &str| Fault::at(format!("/variants/{place}/message"), what);
        match content(self.message, self.template) {
            Ok(Some(content)) => Ok(Variant {
                name: self.name,
                weight: self.weight,
                content,
            }),
            Ok(None) => Err(fault("missing; give a message or a template")),
            Err(_) => Err(fault("stands beside template; give one of the two")),
        }
    }

    pub(super) fn of(variant: Variant) -> VariantBody {
        let (message, template) = parted(Some(variant.content));
        VariantBody {
            name: variant.name,
            weight: variant.weight,
            message,
            template,
        }
    }
}

pub(super) fn parted(content: Option<Content>) -> (Option<String>, Option<Template>) {
    match content {
        Some(Content::Text(text)) => (Some(text), None),
        Some(Content::Template(template)) => (None, Some(template)),
        _ => (None, None),
    }
}
