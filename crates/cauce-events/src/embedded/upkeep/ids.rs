//! Known ids go from memory into runs, and runs into larger ones.

use std::{io, sync::Arc};

use cauce_flow::{
    shape::deduplicator::{Entry, Sealed},
    time::Timestamp,
};

use super::{
    super::{
        known::{self, Run},
        manifest::RunEntry,
        shared::{Shared, run_path},
        state::Change,
    },
    commit::{commit, discard},
    told::told_io,
};
use crate::store::{Error, Removed};

const DOING: &str = "writing known ids";
/// So many runs of a size become one of the next.
const FAN: usize = 4;

/// Writes the tables that are full or old enough as runs.
pub(super) fn write_sealed(shared: &Shared, now: Timestamp) -> Result<(), Error> {
    let _sealing = shared.sealing.lock();
    shared.state.lock().seal_ids(now, false);
    write_all(shared, &|_| true)
}

/// Writes all tables as runs that are sealed, but for the ids that are not to be kept. For whoever
/// holds `sealing`.
pub(super) fn write_all(shared: &Shared, keep: &dyn Fn(&Entry) -> bool) -> Result<(), Error> {
    loop {
        let next = shared.state.lock().sealed.front().cloned();
        let Some((sealed, through)) = next else {
            return Ok(());
        };
        write_one(shared, sealed, through, keep)?;
    }
}

fn write_one(
    shared: &Shared,
    sealed: Sealed,
    through: u64,
    keep: &dyn Fn(&Entry) -> bool,
) -> Result<(), Error> {
    let entries = sealed.entries();
    let mut ids = entries.into_iter().filter(|id| keep(id)).map(Ok);
    let mut change = Change {
        ids_through: Some(through),
        ..Change::default()
    };
    let new = new_run(shared, &mut ids, &mut change)?;
    commit(shared, change, new, |state| {
        state.sealed.pop_front();
        state.recent.release(sealed);
    })
}

/// Writes a run and opens it, and notes it in the change; none where there are no ids.
pub(super) fn new_run(
    shared: &Shared,
    ids: &mut dyn Iterator<Item = io::Result<Entry>>,
    change: &mut Change,
) -> Result<Vec<Arc<Run>>, Error> {
    let files = &*shared.files;
    files
        .create_dir(&shared.ids_dir())
        .map_err(told_io(DOING))?;
    let number = shared.take_file_number();
    let path = run_path(&shared.options.dir, number);
    let written = known::write(files, &path, ids);
    change.runs.push((
        number,
        RunEntry {
            ids: 0,
            newest: Timestamp::EPOCH,
        },
    ));
    let opened = written.and_then(|entry| {
        let Some(entry) = entry else {
            return Ok(None);
        };
        files.sync_dir(&shared.ids_dir())?;
        let room = shared.filter_room();
        Ok(Some((entry, Run::open(files, &path, (number, room))?)))
    });
    match opened {
        Ok(Some((entry, run))) => {
            *change.runs.last_mut().expect("just pushed") = (number, entry);
            Ok(vec![Arc::new(run)])
        }
        Ok(None) => {
            change.runs.pop();
            Ok(Vec::new())
        }
        Err(error) => {
            discard(shared, change);
            Err(told_io(DOING)(error))
        }
    }
}

impl Shared {
    /// Bytes that filters may still take in memory.
    pub(super) fn filter_room(&self) -> usize {
        let runs = Arc::clone(&self.state.lock().shown.runs);
        let used = runs.values().map(|run| run.memory_bytes()).sum();
        self.options.max_filter_bytes.saturating_sub(used)
    }
}

/// Drops runs that are too old, and merges some of equal size. Answers whether there may be more.
pub(super) fn merge(shared: &Shared, now: Timestamp) -> Result<bool, Error> {
    let _merging = shared.merging.lock();
    let since = shared.options.known_since(now);
    let old = shared.state.lock().manifest.runs_before(since);
    if !old.is_empty() {
        let change = Change {
            runs_gone: old,
            ..Change::default()
        };
        commit(shared, change, Vec::new(), |_| {})?;
    }
    let runs = alike(shared);
    if runs.is_empty() {
        return Ok(false);
    }
    rewrite(shared, &runs, &|id| id.received_at > since, Vec::new())?;
    Ok(true)
}

/// Writes some runs as one, but for the ids that are not to be kept: those of visitors who are being
/// erased are told.
pub(super) fn rewrite(
    shared: &Shared,
    runs: &[Arc<Run>],
    keep: &dyn Fn(&Entry) -> bool,
    removed: Vec<(u128, Removed)>,
) -> Result<(), Error> {
    let mut change = Change {
        removed,
        runs_gone: runs.iter().map(|run| run.number()).collect(),
        ..Change::default()
    };
    let new = new_run(shared, &mut known::merged(runs, keep), &mut change)?;
    commit(shared, change, new, |_| {})
}

/// Runs of one size, if there are enough.
fn alike(shared: &Shared) -> Vec<Arc<Run>> {
    let runs = Arc::clone(&shared.state.lock().shown.runs);
    let tier = |run: &Arc<Run>| run.ids().max(1).ilog(FAN as u64);
    let mut sorted: Vec<_> = runs.values().cloned().collect();
    sorted.sort_by_key(|run| (tier(run), run.number()));
    let mut tiers = sorted.chunk_by(|a, b| tier(a) == tier(b));
    let full = tiers.find(|runs| runs.len() >= FAN);
    full.map(<[_]>::to_vec).unwrap_or_default()
}
