//! `[sessions]`: QR codes and statuses of a gateway's sessions.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use cauce_destinations::secret::Secret;
use cauce_engine::settings::{Backend, CacheTtl, Evolution, SessionSettings};

use super::found::tenant;
use crate::config::{
    read::{filled, size, text, time, whole},
    reader::{Section, Wrong},
    tree::{Node, Value},
};

/// How long anything here may last.
const TIME: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(30 * 86_400);

/// Reads the section.
pub(crate) fn read(section: Section<'_>, backends: Vec<Backend>) -> Option<SessionSettings> {
    let qr_throttle = section.need("qr_throttle", time(TIME));
    let qr_expires = section.need("qr_expires", time(Duration::from_secs(1)..=*TIME.end()));
    let cache_ttl = section.section("cache_ttl").and_then(cache_ttl);
    let stale_for = section.need("stale_for", time(TIME));
    let max_cached = section.need("max_cached", whole(1..=10_000_000_i64));
    let lookup_path = section.need("lookup_path", lookup_path);
    let high = section.need("high", words);
    let active = section.need("active", words);
    let max_qr = section.need("max_qr", size(64..=1 << 20));
    let evolution = section
        .section("evolution")
        .map(evolution)
        .unwrap_or_default();
    section.finish();
    Some(SessionSettings {
        backends,
        qr_throttle: qr_throttle?,
        qr_expires: qr_expires?,
        cache_ttl: cache_ttl?,
        stale_for: stale_for?,
        max_cached: usize::try_from(max_cached?).ok()?,
        lookup_path: lookup_path?,
        high: high?,
        active: active?,
        max_qr_bytes: usize::try_from(max_qr?).ok()?,
        evolution,
    })
}

fn cache_ttl(section: Section<'_>) -> Option<CacheTtl> {
    let qr = section.need("qr", time(TIME));
    let status = section.need("status", time(TIME));
    let connection = section.need("connection", time(TIME));
    let session = section.need("session", time(TIME));
    section.finish();
    Some(CacheTtl {
        qr: qr?,
        status: status?,
        connection: connection?,
        session: session?,
    })
}

fn evolution(section: Section<'_>) -> BTreeMap<String, Evolution> {
    let mut senders = BTreeMap::new();
    for name in section.names() {
        let Some(inner) = section.section(name) else {
            continue;
        };
        let tenant = inner.need("tenant", tenant);
        let secret = inner.need("secret", filled);
        inner.finish();
        if let Some((tenant, secret)) = tenant.zip(secret) {
            let secret = Secret::new(secret);
            senders.insert(name.clone(), Evolution { tenant, secret });
        }
    }
    section.finish();
    senders
}

fn lookup_path(node: &Node) -> Result<String, Wrong> {
    let path = text(node)?;
    match path.starts_with('/') && path.contains("{session_id}") {
        true => Ok(path),
        false => Err(Wrong::new(
            "names no session",
            "a path with its place: \"/api/sessions/{session_id}\"",
        )),
    }
}

/// A list of texts.
fn words(node: &Node) -> Result<Vec<String>, Wrong> {
    let wrong = || {
        Wrong::new(
            "is not a list of texts",
            "words: [\"connected\", \"disconnected\"]",
        )
    };
    let Value::List(items) = &node.value else {
        return Err(wrong());
    };
    items
        .iter()
        .map(|item| filled(item).map_err(|_| wrong()))
        .collect()
}
