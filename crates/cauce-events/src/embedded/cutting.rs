//! Removes old segments of the log.
//!
//! A segment goes when files hold its rows, runs hold its ids, its follow-ups are handed on, and it is
//! so old that no new event is equal to one of its own. An erasure waits for neither of the last two:
//! it copies the follow-ups forward. Where the last is not waited for, a crash costs rows and no
//! counts: an event that is equal to one from before the crash gets a row of its own.

use std::time::Duration;

use cauce_flow::time::Timestamp;
use cauce_log::{Position, Reader, SegmentState, Writer};

use super::{
    following::follows,
    record::{Follow, encode_moved},
    state::{Last, State},
};

/// How old a segment has to be: longer than the aggregator remembers.
pub(super) const HORIZON: Duration = Duration::from_secs(150);

/// How many of the oldest segments nobody needs. Those that only the aggregator would want are kept
/// up to `max_bytes` of log in all, which bounds how long a start takes.
pub(super) fn unneeded(state: &State, reader: &Reader, max_bytes: u64, now: Timestamp) -> usize {
    let segments = reader.segments();
    let mut bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let followed = state.follows.front().copied().unwrap_or(u64::MAX);
    let mut is_unneeded = |segment: &&SegmentState| {
        let old = |last: &Last| last.at + HORIZON <= now;
        let forgotten = state.segments.get(&segment.number).is_none_or(old) || bytes > max_bytes;
        bytes -= segment.bytes;
        forgotten
            && Position::from_u64(followed).segment() > segment.number
            && state.is_covered(segment.number)
    };
    let sealed = segments.iter().filter(|segment| segment.sealed);
    sealed.take_while(|segment| is_unneeded(segment)).count()
}

/// Removes the oldest segments. They go with the next flush.
pub(super) fn remove(
    count: usize,
    state: &mut State,
    writer: &mut Writer,
) -> Result<(), cauce_log::Error> {
    for _ in 0..count {
        let number = writer.remove_oldest()?;
        state.segments.remove(&number);
    }
    Ok(())
}

/// Follow-ups that were not handed on and stand in segments before this one, but for those of
/// visitors that are being erased, as records to be written anew.
pub(super) fn left_behind(before: u32, state: &State, reader: &Reader) -> Vec<Vec<u8>> {
    let erased: Vec<u64> = state
        .unfinished()
        .map(|(visitor, _)| visitor as u64)
        .collect();
    let behind = |at: &&u64| Position::from_u64(**at).segment() < before;
    let mut records = Vec::new();
    for at in state.follows.iter().filter(behind) {
        let record = match reader.read(Position::from_u64(*at)) {
            Ok(record) => record,
            Err(error) => {
                tracing::error!(%error, "follow-ups that were not handed on are lost");
                continue;
            }
        };
        let follows = follows(record.kind, &record.body);
        let kept: Vec<Follow<'_>> = follows
            .unwrap_or_default()
            .into_iter()
            .filter(|follow| !erased.contains(&follow.visitor))
            .collect();
        if !kept.is_empty() {
            let mut body = Vec::new();
            encode_moved(&kept, &mut body);
            records.push(body);
        }
    }
    records
}
