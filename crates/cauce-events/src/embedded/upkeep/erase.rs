//! A visitor is forgotten, everywhere.
//!
//! ```text
//! tombstone (durable) --> memory --> new segment --> flush --> files --> known ids --> old segments
//!         \______________ a crash or a fault anywhere: goes on from here ______________/   --> done
//! ```
//!
//! The tombstone holds a keyed digest of the visitor, so that what remembers the erasure does not
//! name whom it forgot.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
};

use cauce_flow::{event::VisitorId, id::TenantId, shape::deduplicator::Entry, time::Timestamp};

use super::{
    super::{
        ask::{Ask, Reply},
        known::Run,
        manifest::{Left, PartEntry},
        record::Erasing,
        shared::Shared,
        state::Change,
    },
    chores,
    commit::commit,
    flush::flush_alone,
    ids,
    recover::empty_quarantine,
    told::{told, told_io},
};
use crate::{
    fault::Fault,
    part::{self, Reader, Who},
    store::{Erased, Error, Removed},
};

const DOING: &str = "erasing a visitor";

/// Forgets a visitor, and what else was to be forgotten.
pub(in super::super) fn erase(
    shared: &Shared,
    tenant: &TenantId,
    visitor: VisitorId,
    id: u128,
    now: Timestamp,
) -> Result<Erased, Error> {
    let _merging = shared.merging.lock();
    let _sealing = shared.sealing.lock();
    let _flushing = shared.flushing.lock();
    let digest = shared
        .secret()
        .visitor(tenant.as_str(), visitor, &mut Vec::new());
    let erasing = {
        let state = shared.state.lock();
        let known = state.erased.get(&digest);
        Erasing {
            visitor: digest,
            at: known.map_or(now, |known| known.at.max(now)),
            before_file: shared.next_file.load(Ordering::Relaxed),
            id: known.map_or(id, |known| known.id),
            earlier: known.map_or_else(Removed::default, |known| known.removed),
            removed: state
                .manifest
                .erasing
                .get(&digest)
                .copied()
                .unwrap_or_default(),
        }
    };
    shared.ask_blocking(Ask::Erase(Box::new(erasing)))?;
    finish(shared, Some((tenant, visitor)), now)?;
    let receipt = shared.state.lock().receipt(digest);
    Ok(receipt.expect("the tombstone is kept for as long as the erasure is not done, and beyond"))
}

/// Goes on with erasures that were interrupted.
pub(super) fn go_on(shared: &Shared, now: Timestamp) -> Result<(), Error> {
    if shared.state.lock().unfinished().next().is_none() {
        return Ok(());
    }
    let _merging = shared.merging.lock();
    let _sealing = shared.sealing.lock();
    let _flushing = shared.flushing.lock();
    finish(shared, None, now)
}

/// Removes all that is left of visitors who are to be forgotten. Where only one is, and it is known
/// who, files without him are told by their filters.
fn finish(
    shared: &Shared,
    known: Option<(&TenantId, VisitorId)>,
    now: Timestamp,
) -> Result<(), Error> {
    let unfinished: Vec<(u128, u64)> = shared.state.lock().unfinished().collect();
    let known = known.filter(|_| unfinished.len() == 1);
    let visitors: HashSet<u128> = unfinished.iter().map(|(visitor, _)| *visitor).collect();
    let Reply::Rolled(segment) = shared.ask_blocking(Ask::Roll)? else {
        unreachable!("asked to begin a segment");
    };
    flush_alone(shared, now)?;
    let parts = Arc::clone(&shared.state.lock().shown.parts);
    for entry in parts.values() {
        // What is in younger files came after the tombstone.
        let older = unfinished
            .iter()
            .filter(|(_, file)| entry.part.number < *file);
        let theirs: HashSet<u128> = older.map(|(visitor, _)| *visitor).collect();
        if !theirs.is_empty() {
            clear_part(shared, entry, known, &theirs)?;
        }
    }
    clear_ids(shared, &visitors, now)?;
    super::flush::cover_alone(shared)?;
    let Reply::Removed(segments) = shared.ask_blocking(Ask::Cut(segment))? else {
        unreachable!("asked to remove segments");
    };
    chores::run(shared)?;
    empty_quarantine(&*shared.files, &shared.options.dir).map_err(told_io(DOING))?;
    for visitor in visitors {
        shared.ask_blocking(Ask::Erased { visitor, segments })?;
    }
    Ok(())
}

fn clear_part(
    shared: &Shared,
    entry: &PartEntry,
    known: Option<(&TenantId, VisitorId)>,
    visitors: &HashSet<u128>,
) -> Result<(), Error> {
    let (month, number) = (entry.month, entry.part.number);
    let dir = shared.month(month);
    if let Some((tenant, visitor)) = known {
        let reader = Reader::open(&dir, &entry.part).map_err(told(DOING))?;
        if !reader.has_visitor(tenant, visitor).map_err(told(DOING))? {
            return Ok(());
        }
    }
    let secret = shared.secret();
    let mut scratch = Vec::new();
    let mut last: Option<(String, VisitorId, u128)> = None;
    let mut removed: HashMap<u128, Removed> = HashMap::new();
    let mut keep = |who: Who<'_>| {
        let digest = match &last {
            Some((tenant, visitor, digest)) if *visitor == who.visitor && tenant == who.tenant => {
                *digest
            }
            _ => {
                let digest = secret.visitor(who.tenant, who.visitor, &mut scratch);
                last = Some((who.tenant.to_owned(), who.visitor, digest));
                digest
            }
        };
        let is_theirs = visitors.contains(&digest);
        if is_theirs {
            let theirs = removed.entry(digest).or_default();
            theirs.rows += 1;
            theirs.files = 1;
        }
        !is_theirs
    };
    let new = shared.take_file_number();
    let undo = |fault: Fault| {
        shared.chores.lock().parts_to_go.push((month, vec![new]));
        told(DOING)(fault)
    };
    let merged =
        part::merge(&dir, std::slice::from_ref(&entry.part), new, &mut keep).map_err(undo)?;
    if merged.dropped == 0 {
        return part::remove(&dir, &[new]).map_err(told(DOING));
    }
    let kept = merged.part.as_ref().map_or(0, |part| part.events);
    let change = Change {
        parts: merged
            .part
            .into_iter()
            .map(|part| PartEntry { month, part })
            .collect(),
        parts_gone: vec![number],
        left: Left {
            erased: entry.part.events - kept,
            ..Left::default()
        },
        removed: removed.into_iter().collect(),
        ..Change::default()
    };
    commit(shared, change, Vec::new(), |_| {})
}

fn clear_ids(shared: &Shared, visitors: &HashSet<u128>, now: Timestamp) -> Result<(), Error> {
    let prints: HashMap<u64, u128> = visitors.iter().map(|v| (*v as u64, *v)).collect();
    let runs = Arc::clone(&shared.state.lock().shown.runs);
    shared.state.lock().seal_ids(now, true);
    let keep = |id: &Entry| !prints.contains_key(&id.visitor_print);
    ids::write_all(shared, &keep)?;
    for run in runs.values() {
        let theirs = count(run, &prints).map_err(told_io(DOING))?;
        if !theirs.is_empty() {
            ids::rewrite(shared, std::slice::from_ref(run), &keep, theirs)?;
        }
    }
    Ok(())
}

/// How many ids of each visitor a run holds.
fn count(run: &Arc<Run>, prints: &HashMap<u64, u128>) -> std::io::Result<Vec<(u128, Removed)>> {
    let run = [Arc::clone(run)];
    let mut theirs: HashMap<u128, Removed> = HashMap::new();
    for id in super::super::known::merged(&run, &|_| true) {
        if let Some(visitor) = prints.get(&id?.visitor_print) {
            theirs.entry(*visitor).or_default().ids += 1;
        }
    }
    Ok(theirs.into_iter().collect())
}
