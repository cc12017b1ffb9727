//! `[http]`: where the server listens, and what it lets a client do.

use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use cauce_http::ServerSettings;

use crate::config::{
    read::{boolean, filled, listen, size, time, whole},
    reader::{Section, Wrong},
    tree::Node,
};

/// The shortest to the longest time that a client is given.
const PATIENCE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3_600);
/// The longest time that a stop may wait: the whole of it takes 25 seconds.
const DRAIN: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24);

/// Reads the section: the server's settings and the first key.
pub(crate) fn read(section: Section<'_>) -> (Option<ServerSettings>, Option<String>) {
    let admin_key = section.find("admin_key", admin_key);
    let server = server(&section);
    section.finish();
    (server, admin_key)
}

fn server(section: &Section<'_>) -> Option<ServerSettings> {
    let listen = section.need("listen", listen);
    let max_body = section.need("max_body", size(1_024..=256 << 20));
    let max_entries = section.need("max_entries", whole(1..=100_000_u32));
    let max_depth = section.need("max_depth", whole(4..=120_u32));
    let max_header = section.need("max_header", size(4_096..=1 << 20));
    let header_timeout = section.need("header_timeout", time(PATIENCE));
    let body_timeout = section.need("body_timeout", time(PATIENCE));
    let request_timeout = section.need("request_timeout", time(PATIENCE));
    let idle_timeout = section.need("idle_timeout", time(PATIENCE));
    let write_timeout = section.need("write_timeout", time(PATIENCE));
    let max_connections = section.need("max_connections", whole(1..=1_000_000_u32));
    let max_in_flight = section.need("max_in_flight", whole(1..=1_000_000_u32));
    let max_stream_readers = section.need("max_stream_readers", whole(1..=1_000_000_u32));
    let requests_per_second = section.need("requests_per_second", whole(1..=1_000_000_u32));
    let metrics_public = section.need("metrics_public", boolean);
    let drain_timeout = section.need("drain_timeout", time(DRAIN));
    Some(ServerSettings {
        max_body_bytes: usize::try_from(max_body?).ok()?,
        max_entries: usize::try_from(max_entries?).ok()?,
        max_depth: usize::try_from(max_depth?).ok()?,
        max_header_bytes: usize::try_from(max_header?).ok()?,
        header_timeout: header_timeout?,
        body_timeout: body_timeout?,
        request_timeout: request_timeout?,
        idle_timeout: idle_timeout?,
        write_timeout: write_timeout?,
        max_connections: usize::try_from(max_connections?).ok()?,
        max_in_flight: usize::try_from(max_in_flight?).ok()?,
        max_stream_readers: usize::try_from(max_stream_readers?).ok()?,
        requests_per_second: NonZeroU32::new(requests_per_second?)?,
        metrics_public: metrics_public?,
        drain_timeout: drain_timeout?,
        ..ServerSettings::new(listen?)
    })
}

/// Fewest characters of a key that was made up by a person.
const MIN_KEY_CHARS: usize = 16;

fn admin_key(node: &Node) -> Result<String, Wrong> {
    let key = filled(node)?;
    let shown = |c: char| c.is_ascii_graphic();
    if key.chars().count() < MIN_KEY_CHARS || !key.chars().all(shown) {
        let write = format!("at least {MIN_KEY_CHARS} letters, digits and signs without spaces");
        return Err(Wrong::new("is too weak for a key", write));
    }
    Ok(key)
}
