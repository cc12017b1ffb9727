//! Makes new files count in place of old ones.

use std::{collections::BTreeMap, sync::Arc};

use cauce_flow::shape::month::Month;

use super::super::{
    ask::Ask,
    known::Run,
    manifest::PartEntry,
    shared::Shared,
    state::{Change, State},
};
use super::told::told_io;
use crate::{part, store::Error};

/// Makes the files of a change count, gives them their names, shows them to readers, and removes
/// those that they replace. `beside` changes what else has to change in the same moment.
///
/// An error says that nothing was changed. What goes wrong later is tried again, as a chore.
pub(super) fn commit(
    shared: &Shared,
    change: Change,
    new_runs: Vec<Arc<Run>>,
    beside: impl FnOnce(&mut State),
) -> Result<(), Error> {
    let new_parts = by_month(change.parts.iter());
    let counted = on_disk(shared, new_parts.keys())
        .and_then(|()| shared.ask_blocking(Ask::Commit(Box::new(change.clone()))));
    if let Err(error) = counted {
        discard(shared, &change);
        return Err(error);
    }
    for (month, numbers) in new_parts {
        if let Err(fault) = part::publish(shared.month(month), &numbers) {
            tracing::warn!(%fault, "files of events have not got their names yet");
            shared.chores.lock().unnamed.push((month, numbers));
        }
    }
    let gone = {
        let mut state = shared.state.lock();
        let parts = Arc::clone(&state.shown.parts);
        state.shown.publish(&change, new_runs);
        beside(&mut state);
        let gone = change
            .parts_gone
            .iter()
            .filter_map(|number| parts.get(number));
        by_month(gone)
    };
    let mut chores = shared.chores.lock();
    chores.parts_to_go.extend(gone);
    chores.runs_to_go.extend(change.runs_gone);
    drop(chores);
    if let Err(error) = super::chores::run(shared) {
        tracing::warn!(%error, "files that do not count any more are still there");
    }
    Ok(())
}

/// The log must not name a file whose name a loss of power can still take.
fn on_disk<'a>(shared: &Shared, months: impl Iterator<Item = &'a Month>) -> Result<(), Error> {
    for month in months {
        let synced = shared.files.sync_dir(&shared.month_dir(*month));
        synced.map_err(told_io("bringing files of events onto the disk"))?;
    }
    Ok(())
}

/// Removes new files that did not come to count.
pub(super) fn discard(shared: &Shared, change: &Change) {
    let mut chores = shared.chores.lock();
    chores.parts_to_go.extend(by_month(change.parts.iter()));
    chores
        .runs_to_go
        .extend(change.runs.iter().map(|(number, _)| *number));
}

fn by_month<'a>(parts: impl Iterator<Item = &'a PartEntry>) -> BTreeMap<Month, Vec<u64>> {
    let mut months: BTreeMap<Month, Vec<u64>> = BTreeMap::new();
    for entry in parts {
        months
            .entry(entry.month)
            .or_default()
            .push(entry.part.number);
    }
    months
}
