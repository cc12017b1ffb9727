//! An event of analytics, judged: every bad field by its pointer.

use std::time::Duration;

use cauce_destinations::{message::Phone, normalize::country::Country};
use cauce_flow::{currency::Currency, id::TenantId, time::Timestamp};
use cauce_observe::analytics::{Kind, What, event::Money};
use cauce_store::analytics::{EventId, Tracked, Who};

use crate::{
    problem::Fault,
    wire::analytics::{AmountText, EventBody, EventType},
};

/// Clocks differ by this much at most.
const MAX_AHEAD: Duration = Duration::from_secs(60);
/// Most bytes of an id.
const MAX_ID_BYTES: usize = 200;
/// Most bytes of a name that figures are shown by.
const MAX_LABEL_BYTES: usize = 64;

/// What an event is judged by.
pub(super) struct Rules<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) now: Timestamp,
    /// Older events are not taken.
    pub(super) oldest: Timestamp,
    pub(super) country: Option<Country>,
}

/// Faults that are gathered.
#[derive(Default)]
struct Faults(Vec<Fault>);

/// The event, or all that is wrong with it.
pub(super) fn read(body: EventBody, rules: &Rules<'_>) -> Result<Tracked, Vec<Fault>> {
    let mut faults = Faults::default();
    let Some(event_type) = body.event_type else {
        return Err(vec![Fault::at("/type", "missing; say what happened")]);
    };
    faults.texts(&body);
    faults.strangers(&body, event_type);
    let at = faults.time(body.at, rules);
    let person = body.phone.as_deref().and_then(|phone| {
        let parsed = Phone::parse(phone, rules.country);
        faults.take("/phone", parsed.map_err(|error| error.to_string()))
    });
    let what = faults.what(&body, event_type);
    let Some(what) = what.filter(|_| faults.0.is_empty()) else {
        return Err(faults.0);
    };
    Ok(Tracked {
        tenant: rules.tenant.clone(),
        id: id(&body, event_type),
        at,
        person: person.map(|phone| Who::Phone(phone.as_str().to_owned())),
        conversation: body.conversation_id,
        campaign: body.campaign_id,
        variant: body.variant,
        label: body.message_type.or(body.error).or(body.ended_by),
        channel: body.channel,
        what,
    })
}

/// What a repeat is known by. The two kinds of ids never meet: one has a line break in it.
fn id(body: &EventBody, event_type: EventType) -> EventId {
    match (&body.id, &body.message_id) {
        (Some(id), _) => EventId::Named(id.clone()),
        (None, Some(message)) => EventId::Named(format!("{event_type:?}\n{message}")),
        (None, None) => EventId::None,
    }
}

impl Faults {
    fn add(&mut self, pointer: &str, what: impl Into<String>) {
        self.0.push(Fault::at(pointer, what));
    }

    fn take<T>(&mut self, pointer: &str, found: Result<T, String>) -> Option<T> {
        found.map_err(|what| self.add(pointer, what)).ok()
    }

    fn texts(&mut self, body: &EventBody) {
        let ids = [
            ("/id", &body.id),
            ("/conversationId", &body.conversation_id),
            ("/messageId", &body.message_id),
        ];
        let labels = [
            ("/campaignId", &body.campaign_id),
            ("/variant", &body.variant),
            ("/channel", &body.channel),
            ("/messageType", &body.message_type),
            ("/error", &body.error),
            ("/endedBy", &body.ended_by),
        ];
        let ids = ids.map(|(pointer, text)| (pointer, text, MAX_ID_BYTES));
        let labels = labels.map(|(pointer, text)| (pointer, text, MAX_LABEL_BYTES));
        for (pointer, text, max) in ids.into_iter().chain(labels) {
            let Some(text) = text else { continue };
            if text.is_empty() || text.len() > max || text.chars().any(char::is_control) {
                let what = format!("write from 1 to {max} bytes without control characters");
                self.add(pointer, what);
            }
        }
        if body.variant.is_some() && body.campaign_id.is_none() {
            self.add("/variant", "a variant of which campaign? add `campaignId`");
        }
    }

    /// Fields that such an event does not have: left alone, they would be lost without a word.
    fn strangers(&mut self, body: &EventBody, event_type: EventType) {
        use EventType::{
            Campaign, ConversationEnded, Conversion, MessageFailed, MessageReceived, MessageSent,
        };
        let own: [(&str, bool, &[EventType]); 7] = [
            (
                "/messageType",
                body.message_type.is_some(),
                &[MessageSent, MessageReceived],
            ),
            ("/error", body.error.is_some(), &[MessageFailed]),
            ("/wasSent", body.was_sent.is_some(), &[MessageFailed]),
            ("/endedBy", body.ended_by.is_some(), &[ConversationEnded]),
            ("/kind", body.kind.is_some(), &[Conversion]),
            ("/value", body.value.is_some(), &[Conversion]),
            ("/cost", body.cost.is_some(), &[Campaign]),
        ];
        for (pointer, is_there, types) in own {
            if is_there && !types.contains(&event_type) {
                self.add(pointer, "not a field of such an event; leave it out");
            }
        }
        let has_money = [Conversion, Campaign].contains(&event_type);
        if body.currency.is_some() && !has_money {
            self.add("/currency", "not a field of such an event; leave it out");
        }
    }

    fn time(&mut self, at: Option<Timestamp>, rules: &Rules<'_>) -> Timestamp {
        let at = at.unwrap_or(rules.now);
        if at > rules.now + MAX_AHEAD {
            self.add("/at", "more than one minute in the future");
        }
        if at < rules.oldest {
            let what = format!(
                "before {}; older events are not kept (setting analytics.events_kept)",
                rules.oldest
            );
            self.add("/at", what);
        }
        at
    }

    fn what(&mut self, body: &EventBody, event_type: EventType) -> Option<What> {
        Some(match event_type {
            EventType::MessageSent => What::Sent {
                reached: true,
                took_ms: None,
                retried: false,
            },
            EventType::MessageReceived => What::Received,
            EventType::MessageFailed => What::Failed {
                was_sent: body.was_sent.unwrap_or(false),
            },
            EventType::MessageDelivered => What::Delivered { took_ms: None },
            EventType::MessageRead => What::Read,
            EventType::ConversationStarted => self.of_conversation(body, What::Started)?,
            EventType::ConversationEnded => self.of_conversation(body, What::Ended)?,
            EventType::Handoff => What::HandedOff,
            EventType::Conversion => {
                let kind = self.kind(body.kind.as_deref());
                let value = match &body.value {
                    Some(value) => self.money("/value", value, body.currency.as_deref()),
                    None => self.no_value(kind, body),
                };
                What::Converted { kind: kind?, value }
            }
            EventType::Campaign => {
                if body.campaign_id.is_none() {
                    self.add("/campaignId", "missing; which campaign has cost this?");
                }
                let Some(cost) = &body.cost else {
                    self.add("/cost", "missing; write what the campaign has cost");
                    return None;
                };
                What::Spent(self.money("/cost", cost, body.currency.as_deref())?)
            }
        })
    }

    /// What is told of a conversation has to say of which.
    fn of_conversation(&mut self, body: &EventBody, what: What) -> Option<What> {
        if body.conversation_id.is_none() && body.phone.is_none() {
            let what = "missing; name the conversation, or write the person's number in `phone`";
            self.add("/conversationId", what);
            return None;
        }
        Some(what)
    }

    fn kind(&mut self, name: Option<&str>) -> Option<Kind> {
        let kinds = Kind::ALL.map(Kind::as_str).join(", ");
        match name.map(Kind::of_name) {
            Some(Some(kind)) => Some(kind),
            Some(None) => {
                self.add(
                    "/kind",
                    format!("not a kind of conversion; use one of {kinds}"),
                );
                None
            }
            None => {
                self.add("/kind", format!("missing; use one of {kinds}"));
                None
            }
        }
    }

    fn no_value(&mut self, kind: Option<Kind>, body: &EventBody) -> Option<Money> {
        if kind == Some(Kind::Sale) {
            self.add("/value", "missing; write what the sale is worth, or 0");
        }
        if body.currency.is_some() {
            self.add(
                "/currency",
                "a currency of no value; leave it out, or add `value`",
            );
        }
        None
    }

    fn money(&mut self, pointer: &str, amount: &AmountText, code: Option<&str>) -> Option<Money> {
        let Some(code) = code else {
            self.add(
                "/currency",
                "missing; write a code of ISO 4217, such as EUR",
            );
            return None;
        };
        let Some(currency) = Currency::new(code) else {
            self.add(
                "/currency",
                "not a currency; write a code of ISO 4217, such as EUR",
            );
            return None;
        };
        let units = currency.units(&amount.0);
        let units = self.take(pointer, units.map_err(|error| error.to_string()))?;
        Some(Money { currency, units })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

    fn judged(text: &str) -> Result<Tracked, Vec<String>> {
        let tenant = TenantId::new("acme").unwrap();
        let rules = Rules {
            tenant: &tenant,
            now: NOW,
            oldest: NOW - Duration::from_secs(30 * 86_400),
            country: None,
        };
        let body = crate::body::parse_at(text).map_err(|(_, fault)| vec![fault]);
        let read = body.and_then(|body| read(body, &rules));
        let shown =
            |fault: Fault| format!("{}: {}", fault.pointer.unwrap_or_default(), fault.detail);
        read.map_err(|faults| faults.into_iter().map(shown).collect())
    }

    #[test]
    fn good_events_are_read() {
        let sale = r#"{"type":"conversion","kind":"sale","value":49.9,"currency":"eur",
            "phone":"+34 600 111 222","messageId":"m1"}"#;
        let found = judged(sale).unwrap();
        let euros = Money {
            currency: Currency::new("EUR").unwrap(),
            units: 4_990,
        };
        let expected = What::Converted {
            kind: Kind::Sale,
            value: Some(euros),
        };
        assert_eq!((found.what, found.at), (expected, NOW));
        assert_eq!(found.id, EventId::Named("Conversion\nm1".to_owned()));
        let text = judged(r#"{"type":"campaign","campaignId":"c","cost":"0.10","currency":"EUR"}"#);
        let cost = Money { units: 10, ..euros };
        assert_eq!(text.unwrap().what, What::Spent(cost));
        let lead = judged(r#"{"type":"conversion","kind":"lead"}"#).unwrap();
        assert_eq!(lead.id, EventId::None);
    }

    #[test]
    fn every_bad_field_is_named() {
        for (text, expected) in [
            (r#"{}"#, "/type: missing"),
            (r#"{"type":"messageSeen"}"#, "/type: expected one of"),
            (r#"{"type":"conversion"}"#, "/kind: missing"),
            (
                r#"{"type":"conversion","kind":"buyer"}"#,
                "/kind: not a kind",
            ),
            (r#"{"type":"conversion","kind":"sale"}"#, "/value: missing"),
            (
                r#"{"type":"conversion","kind":"sale","value":1}"#,
                "/currency: missing",
            ),
            (
                r#"{"type":"conversion","kind":"sale","value":1,"currency":"EURO"}"#,
                "/currency: not a currency",
            ),
            (
                r#"{"type":"conversion","kind":"sale","value":1.005,"currency":"EUR"}"#,
                "/value: too fine",
            ),
            (
                r#"{"type":"conversion","kind":"sale","value":-1,"currency":"EUR"}"#,
                "/value: not an amount",
            ),
            (
                r#"{"type":"conversion","kind":"sale","value":true,"currency":"EUR"}"#,
                "/value: expected a number or a text, such as 49.90",
            ),
            (
                r#"{"type":"conversion","kind":"sale","value":1e18,"currency":"EUR"}"#,
                "/value: too large; one amount is at most 10000000000.00",
            ),
            (
                r#"{"type":"conversion","kind":"sale","value":1e-7,"currency":"EUR"}"#,
                "/value: too fine",
            ),
            (
                r#"{"type":"conversion","kind":"lead","currency":"EUR"}"#,
                "/currency: a currency of no value",
            ),
            (r#"{"type":"campaign","campaignId":"c"}"#, "/cost: missing"),
            (
                r#"{"type":"campaign","cost":1,"currency":"EUR"}"#,
                "/campaignId: missing",
            ),
            (
                r#"{"type":"messageSent","at":1760000061000}"#,
                "/at: more than one minute in the future",
            ),
            (
                r#"{"type":"conversationEnded"}"#,
                "/conversationId: missing",
            ),
            (r#"{"type":"messageSent","at":1}"#, "/at: before "),
            (r#"{"type":"messageSent","phone":"12"}"#, "/phone: "),
            (
                r#"{"type":"messageSent","kind":"lead"}"#,
                "/kind: not a field",
            ),
            (
                r#"{"type":"messageRead","error":"x"}"#,
                "/error: not a field",
            ),
            (
                r#"{"type":"messageSent","currency":"EUR"}"#,
                "/currency: not a field",
            ),
            (
                r#"{"type":"messageSent","variant":"a"}"#,
                "/variant: a variant of which",
            ),
            (
                r#"{"type":"messageSent","channel":""}"#,
                "/channel: write from 1",
            ),
            (r#"{"type":"messageSent","amount":1}"#, "unknown field"),
        ] {
            let faults = judged(text).unwrap_err().join("\n");
            assert!(faults.contains(expected), "{text}: {faults}");
        }
    }
}
