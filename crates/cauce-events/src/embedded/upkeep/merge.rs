//! Files of a month become fewer and larger.

use std::sync::{Arc, atomic::Ordering};

use cauce_flow::shape::month::Month;

use super::{
    super::{manifest::PartEntry, shared::Shared, state::Change},
    commit::commit,
    told::told,
};
use crate::{
    fault::Fault,
    part::{self, Part},
    store::Error,
};

/// So many files of a size become one of the next. With it a month of a hundred million rows has
/// fewer than thirty files, and each row is written about five times.
const FAN: usize = 8;
/// Files below this many rows are of one size.
const SMALL_ROWS: u64 = 4_096;
/// A file of so many rows is not merged any more.
const MAX_ROWS: u64 = 16 << 20;

/// Merges some files of one size, if there are enough. Answers whether there may be more.
pub(super) fn merge_once(shared: &Shared) -> Result<bool, Error> {
    let _merging = shared.merging.lock();
    let state = shared.state.lock();
    // What is to be erased is cleared file by file, by their numbers.
    let parts = match state.unfinished().next() {
        Some(_) => return Ok(false),
        None => Arc::clone(&state.shown.parts),
    };
    drop(state);
    let bad = shared.bad_parts.lock().clone();
    let good = parts
        .values()
        .filter(|entry| !bad.contains(&entry.part.number));
    let chosen = choose(good.collect());
    let Some(first) = chosen.first() else {
        return Ok(false);
    };
    merge_some(shared, first.month, &chosen)?;
    Ok(true)
}

fn merge_some(shared: &Shared, month: Month, chosen: &[&PartEntry]) -> Result<(), Error> {
    let parts: Vec<Part> = chosen.iter().map(|entry| entry.part.clone()).collect();
    let numbers: Vec<u64> = parts.iter().map(|part| part.number).collect();
    let new = shared.take_file_number();
    // A merge may take half a minute: one that nobody waits for any more keeps nothing, and is undone.
    let going = || !shared.leaving.load(Ordering::Relaxed);
    let merged = part::merge(shared.month(month), &parts, new, &mut |_| going());
    let merged = merged.map_err(|fault| {
        shared.chores.lock().parts_to_go.push((month, vec![new]));
        if matches!(fault, Fault::Damaged { .. } | Fault::Newer { .. }) {
            // It would fail again and again. The files still answer as far as they can be read.
            shared.bad_parts.lock().extend(&numbers);
        }
        told("merging files of events")(fault)
    })?;
    if !going() {
        shared.chores.lock().parts_to_go.push((month, vec![new]));
        return Err(Error::Closed);
    }
    let parts = merged.part.map(|part| PartEntry { month, part });
    let change = Change {
        parts: parts.into_iter().collect(),
        parts_gone: numbers,
        ..Change::default()
    };
    commit(shared, change, Vec::new(), |_| {})
}

/// Files of one month and one size, where there are enough.
fn choose(mut parts: Vec<&PartEntry>) -> Vec<&PartEntry> {
    let of = |entry: &PartEntry| (entry.month, tier(entry.part.rows));
    parts.retain(|entry| entry.part.rows < MAX_ROWS);
    parts.sort_by_key(|entry| (of(entry), entry.part.number));
    let mut tiers = parts.chunk_by(|a, b| of(a) == of(b));
    let full = tiers.find(|parts| parts.len() >= FAN);
    full.map(|parts| parts[..parts.len().min(4 * FAN)].to_vec())
        .unwrap_or_default()
}

fn tier(rows: u64) -> u32 {
    (rows / SMALL_ROWS).max(1).ilog(FAN as u64) + u32::from(rows > SMALL_ROWS)
}
