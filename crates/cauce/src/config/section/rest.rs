//! The small sections: `[storage]`, `[limits]`, `[history]`, `[transport]`.

use std::{ops::RangeInclusive, time::Duration};

use cauce_engine::settings::{History, Limits, MinFree, Transport};

use crate::config::{
    read::{choice, size, text, time, whole},
    reader::{Section, Wrong},
    tree::{Node, Value},
    units::parse_size,
};

/// The shortest to the longest deadline of an outgoing request.
const DEADLINE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(300);
/// How long something finished can be kept.
const KEPT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3_650 * 86_400);
/// Largest size of a queue in bytes.
const MAX_QUEUE_BYTES: u64 = 1 << 50;

/// Reads `[storage]`: whether an answer waits for fsync.
pub(crate) fn storage(section: Section<'_>) -> Option<bool> {
    let backend = section.node("backend");
    if let Some(Value::Text(word) | Value::Loose(word)) = backend.map(|node| &node.value)
        && word == "redis"
    {
        let what = "`storage.backend = \"redis\"` is not available in this version";
        section.fault("backend", what, "\"embedded\"");
    } else {
        section.need("backend", choice(&[("embedded", ())]));
    }
    section.unavailable("redis_url", "queues are kept in the data folder");
    section.unavailable("fallback", "it belongs to the backend redis");
    let fsync = section.need("durability", choice(&[("fsync", true), ("os", false)]));
    section.finish();
    fsync
}

/// Reads `[limits]`.
pub(crate) fn limits(section: Section<'_>) -> Option<Limits> {
    let max_jobs = section.need("max_jobs", whole(1..=1_000_000_000_u64));
    let max_bytes = section.need("max_bytes", size(1..=MAX_QUEUE_BYTES));
    let tenant_reserve = section.need("tenant_reserve", share);
    let min_free = section.need("min_free", min_free);
    let max_payload_bytes = section.need("max_payload", size(1_024..=16 << 20));
    section.finish();
    Some(Limits {
        max_jobs: max_jobs?,
        max_bytes: max_bytes?,
        tenant_reserve: tenant_reserve?,
        min_free: min_free?,
        max_payload_bytes: usize::try_from(max_payload_bytes?).ok()?,
    })
}

/// A share, `"10%"`, from none to all.
fn share(node: &Node) -> Result<f64, Wrong> {
    let wrong = || Wrong::new("is no share", "a share from 0% to 100%: \"10%\"");
    let (Value::Text(text) | Value::Loose(text)) = &node.value else {
        return Err(wrong());
    };
    let percent = text.trim().strip_suffix('%').ok_or_else(wrong)?;
    let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
    let fits = (0.0..=100.0).contains(&percent);
    fits.then_some(percent / 100.0).ok_or_else(wrong)
}

/// A share of the disk, `"10%"`, or a size.
fn min_free(node: &Node) -> Result<MinFree, Wrong> {
    let wrong = || {
        Wrong::new(
            "is neither a share nor a size",
            "\"10%\", or a size: \"5 GiB\"",
        )
    };
    let (Value::Text(text) | Value::Loose(text)) = &node.value else {
        return Err(wrong());
    };
    let Some(share) = text.trim().strip_suffix('%') else {
        return parse_size(text).map(MinFree::Bytes).ok_or_else(wrong);
    };
    let share: f64 = share.trim().parse().map_err(|_| wrong())?;
    if (0.0..=90.0).contains(&share) {
        return Ok(MinFree::Percent(share));
    }
    Err(Wrong::new("is out of range", "a share from 0% to 90%"))
}

/// Reads `[history]`.
pub(crate) fn history(section: Section<'_>) -> Option<History> {
    let completed = section.need("completed", whole(0..=1_000_000_i64));
    let dead = section.need("dead", time(KEPT));
    let ended = section.need("ended", time(KEPT));
    let idempotency = section.need("idempotency", time(KEPT));
    section.finish();
    Some(History {
        completed: usize::try_from(completed?).ok()?,
        dead: dead?,
        ended: ended?,
        idempotency: idempotency?,
    })
}

/// Reads `[transport]`.
pub(crate) fn transport(section: Section<'_>) -> Option<Transport> {
    let connect = section.need("connect", time(DEADLINE));
    let first_byte = section.need("first_byte", time(DEADLINE));
    let total = section.need("total", time(DEADLINE));
    let max_answer_bytes = section.need("max_answer", size(1_024..=64 << 20));
    let max_idle = section.need("max_idle_connections", whole(0..=1_024_i64));
    let roots = section.find("ca", roots);
    if let (Some(connect), Some(total)) = (connect, total)
        && connect > total
    {
        let what = "`transport.connect` is longer than `transport.total`";
        section.fault("connect", what, "a time that is not longer than `total`");
    }
    section.finish();
    Some(Transport {
        connect: connect?,
        first_byte: first_byte?,
        total: total?,
        max_answer_bytes: usize::try_from(max_answer_bytes?).ok()?,
        max_idle_connections: usize::try_from(max_idle?).ok()?,
        roots: roots.unwrap_or_default(),
    })
}

/// Certificates in PEM, as roots to be trusted.
fn roots(node: &Node) -> Result<Vec<Vec<u8>>, Wrong> {
    let pem = text(node)?;
    cauce_engine::transport::roots(&pem).map_err(|why| {
        let why = why.to_string();
        let (what, write) = why
            .split_once("; hint: write ")
            .unwrap_or((&why, "another"));
        Wrong::new(what, write)
    })
}
