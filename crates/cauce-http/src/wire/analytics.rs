//! Events of analytics, as they are handed in.

use std::fmt::{self, Formatter};

use cauce_flow::time::Timestamp;
use serde::{Deserialize, Deserializer, de::Visitor};
use utoipa::ToSchema;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsEventType)]
pub(crate) enum EventType {
    /// A message went to a person.
    MessageSent,
    /// A person has written.
    MessageReceived,
    /// A message will not arrive.
    MessageFailed,
    /// A message is on the person's device.
    MessageDelivered,
    /// A message was read.
    MessageRead,
    /// A conversation has begun.
    ConversationStarted,
    /// A conversation is over.
    ConversationEnded,
    /// A conversation went from a program to a person.
    Handoff,
    /// A person has taken a step towards a sale.
    Conversion,
    /// A campaign has cost something.
    Campaign,
}

/// An event of analytics. Fields that its type does not have are refused.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AnalyticsEvent)]
pub(crate) struct EventBody {
    /// What a repeat is known by, unique within the tenant; without it `messageId` is, with the type.
    #[schema(max_length = 200)]
    pub(crate) id: Option<String>,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(required = true, value_type = EventType)]
    pub(crate) event_type: Option<EventType>,
    /// When; without it, now.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) at: Option<Timestamp>,
    /// The person's number. Only a keyed hash of it is kept.
    #[schema(example = "+34600111222")]
    pub(crate) phone: Option<String>,
    /// Your name of the conversation; without it, all that goes to and fro with the person is one.
    #[schema(max_length = 200)]
    pub(crate) conversation_id: Option<String>,
    /// The campaign that it belongs to.
    #[schema(max_length = 64)]
    pub(crate) campaign_id: Option<String>,
    /// The campaign's variant.
    #[schema(max_length = 64)]
    pub(crate) variant: Option<String>,
    /// Where it happened: `whatsapp`, `web`, …
    #[schema(max_length = 64, example = "whatsapp")]
    pub(crate) channel: Option<String>,
    /// Your id of the message.
    #[schema(max_length = 200)]
    pub(crate) message_id: Option<String>,
    /// Of messages sent and received: `text`, `image`, …
    #[schema(max_length = 64, example = "text")]
    pub(crate) message_type: Option<String>,
    /// Of messages that failed: why.
    #[schema(max_length = 64)]
    pub(crate) error: Option<String>,
    /// Of messages that failed: whether they were told as sent before.
    pub(crate) was_sent: Option<bool>,
    /// Of conversations that ended: who ended it: `agent`, `bot`, `customer`, …
    #[schema(max_length = 64, example = "agent")]
    pub(crate) ended_by: Option<String>,
    /// Of conversions: `lead`, `qualified_lead`, `appointment` or `sale`.
    #[schema(example = "sale")]
    pub(crate) kind: Option<String>,
    /// Of conversions: what it is worth, as a number or as text; a sale has to say it.
    #[schema(value_type = Option<f64>, example = 49.9)]
    pub(crate) value: Option<AmountText>,
    /// Of campaigns: what it cost, as a number or as text.
    #[schema(value_type = Option<f64>, example = 120.5)]
    pub(crate) cost: Option<AmountText>,
    /// The currency of `value` or `cost`, by its code of ISO 4217.
    #[schema(example = "EUR")]
    pub(crate) currency: Option<String>,
}

/// An amount as it was written: in decimals, without an exponent.
#[derive(Clone, Debug)]
pub(crate) struct AmountText(pub(crate) String);

impl<'de> Deserialize<'de> for AmountText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AmountText, D::Error> {
        deserializer.deserialize_any(Amount)
    }
}

struct Amount;

impl Visitor<'_> for Amount {
    type Value = AmountText;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text, such as 49.90")
    }
    fn visit_u64<E>(self, number: u64) -> Result<AmountText, E> {
        Ok(AmountText(number.to_string()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<AmountText, E> {
        Ok(AmountText(number.to_string()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<AmountText, E> {
        // The shortest text that reads as the same number: what was written, up to 15 digits.
        Ok(AmountText(number.to_string()))
    }
    fn visit_str<E>(self, text: &str) -> Result<AmountText, E> {
        Ok(AmountText(text.trim().to_owned()))
    }
}

/// One event, or an array of up to 1,000.
#[derive(ToSchema)]
#[schema(as = AnalyticsEvents)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum Events {
    /// One event.
    One(Box<EventBody>),
    /// Several events.
    Many(Vec<EventBody>),
}
