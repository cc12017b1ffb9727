//! A batch of tracked events, read straight from the bytes of the body.
//!
//! This is the way that every good batch goes: texts are borrowed from the body, metadata is one
//! span of it, nothing is built that is not kept. Where anything at all is wrong the answer is none,
//! and [`careful`](super::careful) reads the body again and names every fault.

use cauce_flow::{
    event::{EventKind, Metadata, SiteId},
    id::TenantId,
    shape::shaper::Told,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{limits::Limits, names::Names};
use crate::body;

/// A batch as it was handed in.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Whose events they are, where the batch says so.
    pub(super) tenant: Option<TenantId>,
    /// The site, where the batch says so.
    pub(super) site: Option<SiteId>,
    /// When the client sent it, by its own clock.
    pub(super) sent_at: Option<Timestamp>,
    /// Whether the visitor allows to be counted, where the batch says so.
    pub(super) consent: Option<bool>,
    /// The good events.
    pub(super) events: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope<'a> {
    tenant_id: Option<&'a str>,
    site_id: Option<&'a str>,
    sent_at: Option<Timestamp>,
    consent: Option<Consent>,
    #[serde(borrow)]
    events: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    analytics: Option<Choice>,
}

/// A visitor's answer, as a word or as yes and no.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Choice {
    Word(Word),
    Flag(bool),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Granted,
    Denied,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry<'a> {
    event_id: Option<&'a str>,
    visitor_id: &'a str,
    session_id: &'a str,
    event_type: &'a str,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    occurred_at: Option<Timestamp>,
    consent: Option<Consent>,
}

/// Reads a batch in which nothing is wrong.
pub(super) fn read(text: &str, limits: &Limits, names: &Names) -> Option<Batch> {
    let envelope: Envelope<'_> = body::parse_fast(text)?;
    let count = envelope.events.len();
    if count == 0 || count > limits.max_events {
        return None;
    }
    let mut kinds = Kinds::default();
    let entries = envelope.events.into_iter().enumerate();
    let mut told = |(index, entry): (usize, Entry<'_>)| {
        Some(Told {
            id: match entry.event_id {
                Some(id) => id.parse().ok()?,
                None => names.of(index),
            },
            visitor: entry.visitor_id.parse().ok()?,
            session: entry.session_id.parse().ok()?,
            kind: kinds.get(entry.event_type)?,
            occurred_at: entry.occurred_at,
            metadata: metadata(entry.metadata, limits)?,
            consent: answer(entry.consent),
        })
    };
    Some(Batch {
        tenant: envelope.tenant_id.map(TenantId::new).transpose().ok()?,
        site: envelope.site_id.map(str::parse).transpose().ok()?,
        sent_at: envelope.sent_at,
        consent: answer(envelope.consent),
        events: entries.map(&mut told).collect::<Option<_>>()?,
    })
}

fn answer(consent: Option<Consent>) -> Option<bool> {
    let choice = consent?.analytics?;
    Some(match choice {
        Choice::Word(Word::Granted) | Choice::Flag(true) => true,
        Choice::Word(Word::Denied) | Choice::Flag(false) => false,
    })
}

fn metadata(raw: Option<&RawValue>, limits: &Limits) -> Option<Metadata> {
    let Some(raw) = raw.map(RawValue::get).filter(|raw| *raw != "{}") else {
        return Some(Metadata::none());
    };
    let fits = raw.len() <= limits.max_metadata_bytes && !limits.is_too_deep(raw);
    fits.then(|| Metadata::parse(raw).ok())?
}

/// The kinds of one batch: they are few, and each is made once.
#[derive(Default)]
struct Kinds(Vec<EventKind>);

impl Kinds {
    fn get(&mut self, text: &str) -> Option<EventKind> {
        if let Some(known) = self.0.iter().find(|kind| kind.as_str() == text) {
            return Some(known.clone());
        }
        let kind = EventKind::new(text).ok()?;
        self.0.push(kind.clone());
        Some(kind)
    }
}
