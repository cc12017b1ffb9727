//! Reads a batch of tracked events in which something is wrong, and names every fault with the
//! pointer of where it stands.

use std::borrow::Cow;

use cauce_flow::{
    event::{EventKind, Metadata, ParseIdError},
    id::TenantId,
    shape::shaper::Told,
    time::Timestamp,
};
use serde_json::value::RawValue;

use super::{
    batch::Batch,
    limits::Limits,
    names::Names,
    object::{self, Object},
};
use crate::problem::{Code, Fault, Problem};

/// A batch and what is wrong in it.
#[derive(Debug, Default)]
pub(super) struct Careful {
    /// What is right in it.
    pub(super) batch: Batch,
    /// The places of its events in the call.
    pub(super) places: Vec<usize>,
    /// What is wrong with the batch itself.
    pub(super) faults: Vec<Fault>,
    /// What is wrong with single events: their place in the batch, and each fault.
    pub(super) bad: Vec<(usize, Vec<Fault>)>,
}

impl Careful {
    /// A batch in which nothing is wrong.
    pub(super) fn whole(batch: Batch) -> Careful {
        Careful {
            places: (0..batch.events.len()).collect(),
            batch,
            ..Careful::default()
        }
    }

    /// Notes that a field of the batch is missing, unless something else is wrong with it.
    pub(super) fn missing(&mut self, pointer: &str, what: &str) {
        let is_there = |fault: &Fault| fault.pointer.as_deref() == Some(pointer);
        if !self.faults.iter().any(is_there) {
            self.faults.insert(0, Fault::at(pointer, what));
        }
    }
}

const OF_BATCH: [&str; 5] = ["tenantId", "siteId", "sentAt", "consent", "events"];
const OF_EVENT: [&str; 7] = [
    "eventId",
    "visitorId",
    "sessionId",
    "eventType",
    "metadata",
    "occurredAt",
    "consent",
];

/// Reads what can be read. A body that is no JSON, or too much of it, is refused as a whole.
pub(super) fn read(text: &str, limits: &Limits, names: &Names) -> Result<Careful, Problem> {
    let mut read = Careful::default();
    let fields = match object::read(text)? {
        Ok(fields) => fields,
        Err(expected) => {
            read.faults.push(Fault::at("", expected));
            return Ok(read);
        }
    };
    let mut look = Look {
        at: String::new(),
        fields: &fields,
        faults: Vec::new(),
    };
    look.known(&OF_BATCH);
    read.batch.tenant = look.find("tenantId", tenant);
    read.batch.site = look.find("siteId", id);
    read.batch.sent_at = look.find("sentAt", time);
    let given = look.find("consent", Ok);
    read.batch.consent = given.and_then(|raw| consent_of(raw.get(), &mut look));
    let events = look.need("events", |raw| Ok(raw.get()));
    read.faults = look.faults;
    if let Some(events) = events {
        read_events(events, limits, names, &mut read)?;
    }
    Ok(read)
}

fn read_events(
    text: &str,
    limits: &Limits,
    names: &Names,
    read: &mut Careful,
) -> Result<(), Problem> {
    let entries = match object::read_list(text, limits.max_events) {
        Ok(entries) => entries,
        Err(object::NoList::TooLong) => return Err(too_many(limits.max_events)),
        Err(object::NoList::Other) => {
            read.faults
                .push(Fault::at("/events", "expected a list of events"));
            return Ok(());
        }
    };
    if entries.is_empty() {
        let what = format!("empty; from 1 to {} events", limits.max_events);
        read.faults.push(Fault::at("/events", what));
    }
    for (index, entry) in entries.into_iter().enumerate() {
        match event(index, entry, limits, names)? {
            Ok(event) => {
                read.batch.events.push(event);
                read.places.push(index);
            }
            Err(faults) => read.bad.push((index, faults)),
        }
    }
    Ok(())
}

fn too_many(max: usize) -> Problem {
    Problem::new(
        Code::TooManyEntries,
        format!(
            "the batch holds more than {max} events (setting http.max_entries); split it into several requests"
        ),
    )
    .with_faults(vec![Fault::at("/events", format!("more than {max} events"))])
}

fn event(
    index: usize,
    raw: &RawValue,
    limits: &Limits,
    names: &Names,
) -> Result<Result<Told, Vec<Fault>>, Problem> {
    let at = format!("/events/{index}");
    let fields = match object::read(raw.get())? {
        Ok(fields) => fields,
        Err(expected) => return Ok(Err(vec![Fault::at(at, expected)])),
    };
    let mut look = Look {
        at,
        fields: &fields,
        faults: Vec::new(),
    };
    look.known(&OF_EVENT);
    let given = look.find("eventId", id);
    let visitor = look.need("visitorId", id);
    let session = look.need("sessionId", id);
    let kind = look.need("eventType", kind);
    let metadata = look.find("metadata", |raw| metadata(raw, limits));
    let occurred_at = look.find("occurredAt", time);
    let consent = look.find("consent", Ok);
    let consent = consent.and_then(|raw| consent_of(raw.get(), &mut look));
    let (Some(visitor), Some(session), Some(kind), []) = (visitor, session, kind, &look.faults[..])
    else {
        return Ok(Err(look.faults));
    };
    Ok(Ok(Told {
        id: given.unwrap_or_else(|| names.of(index)),
        visitor,
        session,
        kind,
        occurred_at,
        metadata: metadata.unwrap_or_else(Metadata::none),
        consent,
    }))
}

/// One object that is being looked at.
struct Look<'a> {
    at: String,
    fields: &'a Object<'a>,
    faults: Vec<Fault>,
}

impl<'a> Look<'a> {
    fn fault(&mut self, name: &str, what: impl Into<String>) {
        let name = name.replace('~', "~0").replace('/', "~1");
        self.faults
            .push(Fault::at(format!("{}/{name}", self.at), what));
    }

    /// Every name has to be one of these, and stand there once.
    fn known(&mut self, names: &[&str]) {
        for (place, (name, _)) in self.fields.iter().enumerate() {
            if !names.contains(&&**name) {
                let shown: String = name.chars().take(64).collect();
                self.fault(
                    &shown,
                    format!("unknown field; there are {}", names.join(", ")),
                );
            } else if self.fields[..place]
                .iter()
                .any(|(before, _)| before == name)
            {
                self.fault(name, "given twice");
            }
        }
    }

    /// A field that may be left out, or be null.
    fn find<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'a RawValue) -> Result<T, String>,
    ) -> Option<T> {
        let (_, raw) = self.fields.iter().find(|(known, _)| known == name)?;
        if raw.get() == "null" {
            return None;
        }
        read(raw).map_err(|what| self.fault(name, what)).ok()
    }

    /// A field that has to be there.
    fn need<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'a RawValue) -> Result<T, String>,
    ) -> Option<T> {
        let known = self.fields.iter().find(|(known, _)| known == name);
        if known.is_none_or(|(_, raw)| raw.get() == "null") {
            self.fault(name, "missing");
            return None;
        }
        self.find(name, read)
    }
}

fn text(raw: &RawValue) -> Result<Cow<'_, str>, String> {
    object::text(raw.get()).ok_or_else(|| "expected a text".to_owned())
}

fn id<T: std::str::FromStr<Err = ParseIdError>>(raw: &RawValue) -> Result<T, String> {
    let parsed = text(raw)?.parse();
    parsed.map_err(|error: ParseIdError| error.to_string())
}

fn tenant(raw: &RawValue) -> Result<TenantId, String> {
    TenantId::new(&text(raw)?).map_err(|error| error.to_string())
}

fn kind(raw: &RawValue) -> Result<EventKind, String> {
    EventKind::new(&text(raw)?).map_err(|error| error.to_string())
}

/// The parser's own message shows the value.
fn time(raw: &RawValue) -> Result<Timestamp, String> {
    serde_json::from_str(raw.get()).map_err(|_| {
        "not a time; write RFC 3339 (2026-01-31T09:00:00Z) or epoch milliseconds".to_owned()
    })
}

fn metadata(raw: &RawValue, limits: &Limits) -> Result<Metadata, String> {
    let raw = raw.get();
    if raw.len() > limits.max_metadata_bytes {
        return Err(format!(
            "has {} bytes, more than {} (setting tracking.max_metadata)",
            raw.len(),
            limits.max_metadata_bytes
        ));
    }
    if limits.is_too_deep(raw) {
        return Err(format!(
            "the batch is nested deeper than {} levels here (setting http.max_depth)",
            limits.max_depth
        ));
    }
    Metadata::parse(raw).map_err(|_| "expected an object".to_owned())
}

fn consent_of(raw: &str, look: &mut Look<'_>) -> Option<bool> {
    let Ok(Ok(fields)) = object::read(raw) else {
        look.fault("consent", "expected an object with `analytics`");
        return None;
    };
    let mut inner = Look {
        at: format!("{}/consent", look.at),
        fields: &fields,
        faults: Vec::new(),
    };
    inner.known(&["analytics"]);
    let answer = inner.find("analytics", |raw| match raw.get() {
        "\"granted\"" | "true" => Ok(true),
        "\"denied\"" | "false" => Ok(false),
        _ => Err("expected `granted` or `denied`".to_owned()),
    });
    look.faults.append(&mut inner.faults);
    answer
}
