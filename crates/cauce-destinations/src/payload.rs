//! From the payloads of jobs to the body of a request.
//!
//! What a platform wants of an event is written once, when the event is accepted. Encoding copies
//! those bytes; it neither reads nor builds them again.

use std::time::Duration;

use cauce_flow::{job::LeasedJob, reason::Reason, time::Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::pixel::Message;

/// The `data` of a payload for a platform that takes events one by one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Ready<E> {
    /// When it happened, in milliseconds since the Unix epoch.
    pub(crate) occurred_at: i64,
    /// The event as the platform wants it.
    pub(crate) event: E,
}

/// The payload of a job whose `data` is read as `D`.
pub(crate) fn read<'a, D: Deserialize<'a>>(job: &'a LeasedJob) -> Result<Message<'a, D>, Reason> {
    serde_json::from_slice(&job.payload)
        .map_err(|_| Reason::new("bad_payload", "the payload is not one of a pixel event"))
}

/// Refuses what happened longer ago than the platform takes.
pub(crate) fn screen_age(
    occurred_at: i64,
    max_age: Duration,
    now: Timestamp,
) -> Result<(), Reason> {
    if now.since(Timestamp::from_millis(occurred_at)) <= max_age {
        return Ok(());
    }
    let hours = max_age.as_secs() / 3600;
    let detail = format!("it happened more than {hours} hours ago, which the platform refuses");
    Err(Reason::new("too_old", detail))
}

/// Writes the events of `jobs` with commas between them. A payload that cannot be read, which
/// screening does not let through, leaves an empty object: places in the answer still fit.
pub(crate) fn join(
    body: &mut Vec<u8>,
    jobs: &[LeasedJob],
    mut write: impl FnMut(&mut Vec<u8>, &str, &str),
) {
    for (place, job) in jobs.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        match read::<Ready<&RawValue>>(job) {
            Ok(message) => write(body, message.event_type, message.data.event.get()),
            Err(_) => body.extend_from_slice(b"{}"),
        }
    }
}

/// Room for a request: its payloads, and what stands around them.
pub(crate) fn room(jobs: &[LeasedJob]) -> Vec<u8> {
    Vec::with_capacity(jobs.iter().map(|job| job.payload.len()).sum::<usize>() + 256)
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    // A string of text always serialises.
    serde_json::to_string(text).unwrap_or_default()
}
