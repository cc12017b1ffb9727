//! `[tracking]`: events of web sites: how they are sampled, kept, streamed and exported.

mod conversions;
mod export;

use std::{collections::BTreeMap, time::Duration};

use cauce_engine::settings::tracking::{Buffer, Maintenance, Stream, Tracking};
use cauce_flow::{
    event::EventKind,
    id::TenantId,
    shape::{
        allowance::Limits,
        consent::Policy,
        sampler::{Rule, SampleBy},
    },
};

use crate::config::{
    read::{boolean, choice, filled, number, size, time, whole},
    reader::{Section, Wrong},
    tree::{Node, Value},
};

/// Months that events can be kept.
const MONTHS: std::ops::RangeInclusive<u32> = 1..=1_200;

/// Reads the section.
pub(crate) fn read(section: Section<'_>) -> Option<Tracking> {
    backend(&section);
    let sampling = section.need("enable_throttling", boolean);
    let by = [("event", SampleBy::Event), ("session", SampleBy::Session)];
    let sample_by = section.need("sample_by", choice(&by));
    let aggregation = section.need("enable_aggregation", boolean);
    let auto_cleanup = section.need("auto_cleanup", boolean);
    let (retention, cleanup) = months(&section);
    let max_metadata = section.need("max_metadata", size(64..=256 << 10));
    let consent = consent(&section);
    let buffer = section.section("buffer").and_then(buffer);
    let rules = section.section("throttling").map(rules);
    let quota = section.section("quota").map(limits);
    let by_tenant = section.section("quota_by_tenant").map(limits_by_tenant);
    let maintenance = section.section("maintenance").and_then(maintenance);
    let stream = section.section("stream").and_then(stream);
    let export = section.section("export").map(export::read);
    let conversions = conversions::read(&section);
    section.finish();
    Some(Tracking {
        buffer: buffer?,
        sampling: sampling?,
        sample_by: sample_by?,
        rules: rules.unwrap_or_default(),
        aggregation: aggregation?,
        max_metadata_bytes: usize::try_from(max_metadata?).ok()?,
        auto_cleanup: auto_cleanup?,
        retention_months: retention?,
        cleanup_older_than_months: cleanup?,
        maintenance: maintenance?,
        consent: consent?,
        quota: quota.unwrap_or_default(),
        quota_by_tenant: by_tenant.unwrap_or_default(),
        stream: stream?,
        conversions,
        export: export.unwrap_or_default(),
    })
}

fn backend(section: &Section<'_>) {
    let store = section.node("store").map(|node| &node.value);
    if let Some(Value::Text(word) | Value::Loose(word)) = store
        && word == "mongodb"
    {
        let what = "`tracking.store = \"mongodb\"` is not available in this version";
        section.fault("store", what, "\"embedded\"");
    } else {
        section.need("store", choice(&[("embedded", ())]));
    }
    section.unavailable("mongodb_url", "events are kept in the data folder");
}

/// How long events are taken, and how long they are kept: never less.
fn months(section: &Section<'_>) -> (Option<u32>, Option<u32>) {
    let retention = section.need("retention_months", whole(MONTHS));
    let cleanup = section.need("cleanup_older_than_months", whole(MONTHS));
    if let (Some(retention), Some(cleanup)) = (retention, cleanup)
        && cleanup < retention
    {
        let what = format!(
            "`{}` is less than `retention_months`: events would be taken and dropped at once",
            section.name_of("cleanup_older_than_months")
        );
        section.fault(
            "cleanup_older_than_months",
            what,
            format!("at least {retention}"),
        );
    }
    (retention, cleanup)
}

fn consent(section: &Section<'_>) -> Option<Policy> {
    let ask_first = section.need("ask_first", boolean);
    let heed_gpc = section.need("heed_gpc", boolean);
    let heed_dnt = section.need("heed_dnt", boolean);
    Some(Policy {
        heed_gpc: heed_gpc?,
        heed_dnt: heed_dnt?,
        ask_first: ask_first?,
    })
}

fn buffer(section: Section<'_>) -> Option<Buffer> {
    let patience = Duration::from_millis(100)..=Duration::from_secs(3_600);
    let max_events = section.need("max_events", whole(1..=1_000_000_u32));
    let flush_interval = section.need("flush_interval", time(patience));
    let max_waiting = section.need("max_waiting", whole(1_000..=10_000_000_u32));
    if let (Some(events), Some(waiting)) = (max_events, max_waiting)
        && waiting < events
    {
        let what = format!(
            "`{}` is less than `max_events`: the buffer would be full before it is written",
            section.name_of("max_waiting")
        );
        section.fault("max_waiting", what, format!("at least {events}"));
    }
    section.finish();
    Some(Buffer {
        max_events: usize::try_from(max_events?).ok()?,
        flush_interval: flush_interval?,
        max_waiting: usize::try_from(max_waiting?).ok()?,
    })
}

fn rules(section: Section<'_>) -> BTreeMap<EventKind, Rule> {
    let mut rules = BTreeMap::new();
    for name in section.names() {
        let kind = EventKind::new(name);
        if let Err(why) = &kind {
            section.fault(name, format!("`{name}` {why}"), "the name of an event type");
        }
        let rule = section.section(name).and_then(rule);
        rules.extend(kind.ok().zip(rule));
    }
    section.finish();
    rules
}

fn rule(section: Section<'_>) -> Option<Rule> {
    let rate = section.need("sampling_rate", number(0.0..=100.0));
    let always_keep = section.find("always_keep", boolean).unwrap_or(false);
    section.finish();
    Some(Rule {
        sampling_rate: rate?,
        always_keep,
    })
}

fn limits(section: Section<'_>) -> Limits {
    let events = || whole(1..=1_000_000_000_i64);
    let count = |name| {
        section
            .find(name, events())
            .and_then(|n| u64::try_from(n).ok())
    };
    let bytes = |name| section.find(name, size(1_024..=1 << 40));
    let limits = Limits {
        max_events_per_second: count("max_events_per_second"),
        max_events_per_minute: count("max_events_per_minute"),
        max_bytes_per_second: bytes("max_bytes_per_second"),
        max_bytes_per_minute: bytes("max_bytes_per_minute"),
    };
    section.finish();
    limits
}

fn limits_by_tenant(section: Section<'_>) -> BTreeMap<TenantId, Limits> {
    let mut found = BTreeMap::new();
    for name in section.names() {
        let limits = section.section(name).map(limits);
        match TenantId::new(name) {
            Ok(tenant) => found.extend(limits.map(|limits| (tenant, limits))),
            Err(why) => section.fault(name, why.to_string(), "the name of a tenant"),
        }
    }
    section.finish();
    found
}

fn maintenance(section: Section<'_>) -> Option<Maintenance> {
    let at = section.need("at", time_of_day);
    let zone = section.need("zone", zone);
    section.finish();
    let (hour, minute) = at?;
    Some(Maintenance {
        hour,
        minute,
        zone: zone?,
    })
}

fn time_of_day(node: &Node) -> Result<(i8, i8), Wrong> {
    let wrong = || Wrong::new("is no time of day", "hours and minutes: \"03:00\"");
    let text = filled(node)?;
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let part = |text: &str, below| {
        let number = text.parse::<i8>().ok().filter(|n| (0..below).contains(n));
        number.filter(|_| text.len() == 2)
    };
    part(hour, 24).zip(part(minute, 60)).ok_or_else(wrong)
}

fn zone(node: &Node) -> Result<String, Wrong> {
    let name = filled(node)?;
    match cauce_engine::tracking::is_zone(&name) {
        true => Ok(name),
        false => Err(Wrong::new(
            "is no time zone that is known here",
            "a name of the IANA database: \"UTC\", \"Europe/Madrid\", \"America/Lima\"",
        )),
    }
}

fn stream(section: Section<'_>) -> Option<Stream> {
    let max_readers = section.need("max_readers", whole(0..=100_000_u32));
    let max_events = section.need("max_events", whole(0..=1_000_000_u32));
    section.finish();
    Some(Stream {
        max_readers: usize::try_from(max_readers?).ok()?,
        max_events: usize::try_from(max_events?).ok()?,
    })
}
