//! What is done beside the writer: rows go from the buffer into files, files are merged, known ids
//! become runs, old segments and months go, erasures are completed.
//!
//! Each piece of work looks at the state and does what is due, so that it may be repeated after a
//! fault or a crash. All of it makes new files first, then one commit by which they count, and only
//! then takes the old ones away.

mod chores;
mod commit;
mod erase;
mod flush;
mod ids;
mod merge;
mod recover;
mod retention;
mod told;

use cauce_flow::time::Timestamp;

pub(super) use self::{
    erase::erase,
    flush::flush,
    recover::{Found, has_parts, recover},
    retention::maintain,
};
use super::{ask::Ask, cutting, shared::Shared};
use crate::store::Error;

/// Empties the memory where that is due: rows and ids go to files. Nothing that takes long, for
/// events are refused when it comes too late.
pub(super) fn empty(shared: &Shared, now: Timestamp) -> Result<(), Error> {
    if shared.is_flush_due(now) {
        let flushed = flush(shared, now);
        shared.note("writing events to files", flushed, now)?;
    }
    shared.note("writing known ids", ids::write_sealed(shared, now), now)
}

/// Does one round of everything else that is due. Answers whether there may be more.
pub(super) fn round(shared: &Shared, now: Timestamp) -> Result<bool, Error> {
    shared.note("tidying up files", chores::run(shared), now)?;
    shared.note("erasing a visitor", erase::go_on(shared, now), now)?;
    let runs = shared.note("merging known ids", ids::merge(shared, now), now)?;
    let parts = shared.note("merging files of events", merge::merge_once(shared), now)?;
    trim(shared, now)?;
    Ok(runs || parts)
}

/// Removes segments of the log that nobody needs.
fn trim(shared: &Shared, now: Timestamp) -> Result<(), Error> {
    if shared.reader.segments().len() > 1 {
        flush::cover(shared)?;
        let max_bytes = shared.options.max_log_bytes;
        let state = shared.state.lock();
        let unneeded = cutting::unneeded(&state, &shared.reader, max_bytes, now);
        drop(state);
        if unneeded > 0 {
            shared.ask_blocking(Ask::Trim(now))?;
        }
    }
    Ok(())
}
