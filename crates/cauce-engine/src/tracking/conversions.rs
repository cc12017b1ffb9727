//! Tracked events that are conversions for the ad platforms.
//!
//! ```text
//! kept event --> follow-up, in the same commit --> [ this loop ] --> jobs, one commit --> acknowledged
//! ```
//!
//! The follow-up is kept with the event until its jobs are durable. After a crash it may come again;
//! its jobs are known by the event's id, then. What holds for conversions holds for these: consent,
//! age, required fields, hashing. No IP address is in them, because tracking keeps none.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_destinations::pixel::PixelEvent;
use cauce_events::store::{EventStore, FollowUp};
use cauce_flow::{event::Event, id::TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    settings::tracking::{CLIENT_FIELDS, Conversion},
    status::{PixelOutcome, PixelRefusal},
};

/// Follow-ups that are handed on at once.
const MAX_AT_ONCE: usize = 500;
/// After a refusal it waits so long: a queue is full, say.
const AFTER_REFUSAL: Duration = Duration::from_secs(5);
/// It looks at least so often, whether or not it was told.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What a call says of itself that conversions need.
pub(crate) struct Origin<'a> {
    /// What the client calls itself.
    pub(crate) user_agent: Option<&'a str>,
    /// Whether the browser objects to being followed, where that is not heeded for counting.
    pub(crate) objects: bool,
    /// Whether the visitor allowed to be counted, where that was said.
    pub(crate) analytics: Option<bool>,
}

/// A conversion on its way.
#[derive(Serialize, Deserialize)]
struct Pending {
    tenant: TenantId,
    event: Value,
}

/// What is to go on from an event, if anything: the first conversion that is made of its kind. Bots
/// convert nothing.
pub(crate) fn follow_up(
    conversions: &[Conversion],
    tenant: &TenantId,
    event: &Event,
    origin: &Origin<'_>,
) -> Option<Bytes> {
    let fits = |conversion: &&Conversion| {
        conversion.event == event.kind && conversion.tenant.as_ref().is_none_or(|own| own == tenant)
    };
    let conversion = conversions.iter().find(fits).filter(|_| !event.bot)?;
    let pending = Pending {
        tenant: tenant.clone(),
        event: conversion_of(conversion, event, origin),
    };
    Some(serde_json::to_vec(&pending).ok()?.into())
}

/// The conversion as the API of pixels would be told it.
fn conversion_of(conversion: &Conversion, event: &Event, origin: &Origin<'_>) -> Value {
    let metadata: Map<String, Value> =
        serde_json::from_str(event.metadata.as_str()).unwrap_or_default();
    let (mut client, mut data) = (Map::new(), Map::new());
    client.extend(
        origin
            .user_agent
            .map(|text| ("userAgent".to_owned(), text.into())),
    );
    for (field, from) in &conversion.fields {
        let Some(value) = metadata.get(from).filter(|value| !value.is_null()) else {
            continue;
        };
        let of_client = CLIENT_FIELDS.contains(&field.as_str());
        let into = if of_client { &mut client } else { &mut data };
        into.insert(field.clone(), value.clone());
    }
    let page: Map<String, Value> = ["url", "referrer", "title"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), metadata.get(name)?.as_str()?.into())))
        .collect();
    let mut consent = Map::new();
    if origin.objects {
        for name in ["adStorage", "adUserData", "adPersonalization"] {
            consent.insert(name.to_owned(), "denied".into());
        }
    }
    consent.extend(origin.analytics.map(|yes| {
        let answer = if yes { "granted" } else { "denied" };
        ("analytics".to_owned(), answer.into())
    }));
    let mut told = json!({
        "eventId": event.id.to_string(),
        "eventType": conversion.event_type,
        "occurredAt": event.occurred_at.as_millis(),
        "client": client,
        "page": page,
        "data": data,
        "consent": consent,
    });
    if let Some(platforms) = &conversion.platforms {
        told["platforms"] = json!(platforms);
    }
    told
}

/// What the pixels part says of conversions that it is handed; none where it is gone.
pub(crate) type Answer = Option<Result<Vec<PixelOutcome>, PixelRefusal>>;

/// Hands follow-ups on to `take` until the engine stops.
pub(crate) async fn run<F: Future<Output = Answer>>(
    take: impl Fn(Vec<(TenantId, PixelEvent)>) -> F,
    events: Arc<dyn EventStore>,
    stop: CancellationToken,
) {
    let wakeup = events.follow_up_wakeup();
    loop {
        let handed = hand_on(&take, &*events).await;
        let wait = match handed {
            Handed::Some => continue,
            Handed::All => LOOK_EVERY,
            Handed::Refused => AFTER_REFUSAL,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = wakeup.notified(), if matches!(handed, Handed::All) => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// How far it came.
enum Handed {
    /// Some were handed on; there may be more.
    Some,
    /// There are none.
    All,
    /// They stay where they are for a while.
    Refused,
}

async fn hand_on<F: Future<Output = Answer>>(
    take: &impl Fn(Vec<(TenantId, PixelEvent)>) -> F,
    events: &dyn EventStore,
) -> Handed {
    let found = match events.follow_ups(MAX_AT_ONCE).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "conversions of tracked events cannot be read; trying again");
            return Handed::Refused;
        }
    };
    let Some(through) = found.last().map(|last| last.position) else {
        return Handed::All;
    };
    // One tenant whose queue is full holds the position up, and nobody else's conversions: they are
    // handed on all the same, and known when they come again.
    let mut refused = false;
    for (tenant, conversions) in by_tenant(found) {
        let events = conversions.into_iter().map(|event| (tenant.clone(), event));
        refused |= !is_taken(&tenant, take(events.collect()).await);
    }
    if refused {
        return Handed::Refused;
    }
    match events.followed(through).await {
        Ok(()) => Handed::Some,
        Err(error) => {
            tracing::warn!(%error, "conversions were handed on, which could not be noted");
            Handed::Refused
        }
    }
}

fn by_tenant(found: Vec<FollowUp>) -> BTreeMap<TenantId, Vec<PixelEvent>> {
    let mut groups: BTreeMap<TenantId, Vec<PixelEvent>> = BTreeMap::new();
    for follow_up in found {
        let read = serde_json::from_slice::<Pending>(&follow_up.bytes)
            .and_then(|pending| Ok((pending.tenant, serde_json::from_value(pending.event)?)));
        match read {
            Ok((tenant, event)) => groups.entry(tenant).or_default().push(event),
            Err(error) => {
                tracing::error!(event = %follow_up.event, %error, "a conversion cannot be read and is left out");
            }
        }
    }
    groups
}

/// Whether the conversions of one tenant were taken.
fn is_taken(tenant: &TenantId, answer: Answer) -> bool {
    let outcomes = match answer {
        Some(Ok(outcomes)) => outcomes,
        Some(Err(refusal)) => {
            tracing::warn!(%tenant, error = %refusal.error, "conversions of tracked events wait");
            return false;
        }
        None => return false,
    };
    // Withheld and rejected ones are counted with their queues; a mapping that makes only bad ones
    // should be seen, too.
    let rejected = outcomes.into_iter().filter_map(|outcome| match outcome {
        PixelOutcome::Rejected { faults } => Some(faults),
        PixelOutcome::Taken { .. } => None,
    });
    let rejected: Vec<_> = rejected.collect();
    if let Some(first) = rejected.first() {
        let fields: Vec<&str> = first.iter().map(|(_, what)| what.as_str()).collect();
        let count = rejected.len();
        tracing::warn!(%tenant, count, ?fields, "tracked events make no conversion; look at tracking.conversions");
    }
    true
}

#[cfg(test)]
mod tests {
    use cauce_flow::{
        event::{EventId, EventKind, Metadata, SessionId, VisitorId},
        time::Timestamp,
    };

    use super::*;

    fn conversion(tenant: Option<&str>, event_type: &str) -> Conversion {
        let fields = [
            ("value", "total"),
            ("orderId", "order"),
            ("gaClientId", "ga"),
            ("currency", "money"),
        ];
        let fields = fields.map(|(field, from)| (field.to_owned(), from.to_owned()));
        Conversion {
            event: EventKind::new("PURCHASE").expect("a kind"),
            tenant: tenant.map(|name| TenantId::new(name).expect("a name")),
            event_type: event_type.to_owned(),
            platforms: Some(vec!["meta".to_owned()]),
            fields: fields.into(),
        }
    }

    fn event(kind: &str) -> Event {
        let metadata = r#"{"total":12.5,"order":null,"ga":"1.2","money":"EUR","url":"https://shop.example/x","ip":"203.0.113.9"}"#;
        Event {
            id: EventId::from_u128(7),
            visitor: VisitorId::from_u128(0xabcdef),
            session: SessionId::from_u128(2),
            kind: EventKind::new(kind).expect("a kind"),
            occurred_at: Timestamp::from_millis(1_760_000_000_000),
            metadata: Metadata::parse(metadata).expect("an object"),
            bot: false,
        }
    }

    const ORIGIN: Origin<'_> = Origin {
        user_agent: Some("Mozilla/5.0"),
        objects: false,
        analytics: Some(true),
    };

    fn made(conversions: &[Conversion], event: &Event, origin: &Origin<'_>) -> Option<Value> {
        let tenant = TenantId::new("acme").expect("a name");
        let bytes = follow_up(conversions, &tenant, event, origin)?;
        Some(serde_json::from_slice(&bytes).expect("JSON"))
    }

    #[test]
    fn conversion_has_what_was_mapped_and_neither_visitor_nor_address() {
        let made = made(&[conversion(None, "purchase")], &event("PURCHASE"), &ORIGIN).expect("one");
        let expected = json!({
            "tenant": "acme",
            "event": {
                "eventId": "00000000-0000-0000-0000-000000000007",
                "eventType": "purchase", "occurredAt": 1_760_000_000_000_i64,
                "platforms": ["meta"],
                "client": { "userAgent": "Mozilla/5.0", "gaClientId": "1.2" },
                "page": { "url": "https://shop.example/x" },
                "data": { "value": 12.5, "currency": "EUR" },
                "consent": { "analytics": "granted" },
            },
        });
        assert_eq!(made, expected);
        let read: PixelEvent = serde_json::from_value(made["event"].clone()).expect("an event");
        let now = Timestamp::from_millis(1_760_000_000_000);
        assert!(read.check(now).is_empty(), "{:?}", read.check(now));
        assert!(!made.to_string().contains("abcdef") && !made.to_string().contains("203.0.113.9"));
    }

    #[test]
    fn first_conversion_that_fits_counts_and_bots_convert_nothing() {
        let all = [
            conversion(Some("globex"), "lead"),
            conversion(Some("acme"), "purchase"),
            conversion(None, "contact"),
        ];
        let made_of = |event: &Event| {
            made(&all, event, &ORIGIN).map(|made| made["event"]["eventType"].clone())
        };
        assert_eq!(made_of(&event("PURCHASE")), Some(json!("purchase")));
        assert_eq!(made_of(&event("CLICK")), None);
        let bot = Event {
            bot: true,
            ..event("PURCHASE")
        };
        assert_eq!(made_of(&bot), None);
    }

    #[test]
    fn objection_that_is_not_heeded_for_counting_is_heeded_for_advertising() {
        let origin = Origin {
            objects: true,
            analytics: None,
            user_agent: None,
        };
        let made = made(&[conversion(None, "purchase")], &event("PURCHASE"), &origin).expect("one");
        let denied =
            json!({ "adStorage": "denied", "adUserData": "denied", "adPersonalization": "denied" });
        assert_eq!(made["event"]["consent"], denied);
    }
}
