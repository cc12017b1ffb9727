//! A visitor is forgotten, everywhere.
//!
//! ```text
//! tombstone (durable) --> memory --> new segment --> flush --> files --> known ids --> old segments
//!         \______________ a crash or a fault anywhere: goes on from here ______________/   --> done
//! ```
//!
//! The tombstone holds a keyed digest of the visitor, so that what remembers the erasure does not
//! name whom it forgot.

use std::{collections::HashSet, sync::Arc};

use cauce_flow::{event::VisitorId, id::TenantId, time::Timestamp};

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
    store::{Erased, Error},
};

use std::sync::atomic::Ordering;

const DOING: &str = "erasing a visitor";

/// Forgets a visitor, and what else was to be forgotten.
pub(in super::super) fn erase(
    shared: &Shared,
    tenant: &TenantId,
    visitor: VisitorId,
    now: Timestamp,
) -> Result<Erased, Error> {
    let _merging = shared.merging.lock();
    let _sealing = shared.sealing.lock();
    let _flushing = shared.flushing.lock();
    let digest = shared
        .secret()
        .visitor(tenant.as_str(), visitor, &mut Vec::new());
    let erasing = Erasing {
        visitor: digest,
        at: now,
        before_file: shared.next_file.load(Ordering::Relaxed),
    };
    let mut receipt = Erased::default();
    if let Reply::Forgotten { rows, ids } = shared.ask_blocking(Ask::Erase(erasing))? {
        (receipt.rows, receipt.ids) = (rows, ids);
    }
    finish(shared, Some((tenant, visitor)), &mut receipt, now)?;
    Ok(receipt)
}

/// Goes on with erasures that were interrupted.
pub(super) fn go_on(shared: &Shared, now: Timestamp) -> Result<(), Error> {
    if shared.state.lock().unfinished().next().is_none() {
        return Ok(());
    }
    let _merging = shared.merging.lock();
    let _sealing = shared.sealing.lock();
    let _flushing = shared.flushing.lock();
    finish(shared, None, &mut Erased::default(), now)
}

/// Removes all that is left of visitors who are to be forgotten. Where only one is, and it is known
/// who, files without him are told by their filters.
fn finish(
    shared: &Shared,
    known: Option<(&TenantId, VisitorId)>,
    receipt: &mut Erased,
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
            clear_part(shared, entry, known, &theirs, receipt)?;
        }
    }
    clear_ids(shared, &visitors, receipt, now)?;
    super::flush::cover_alone(shared)?;
    if let Reply::Removed(segments) = shared.ask_blocking(Ask::Cut(segment))? {
        receipt.segments += segments;
    }
    chores::run(shared)?;
    empty_quarantine(&*shared.files, &shared.options.dir).map_err(told_io(DOING))?;
    for visitor in visitors {
        shared.ask_blocking(Ask::Erased(visitor))?;
    }
    Ok(())
}

fn clear_part(
    shared: &Shared,
    entry: &PartEntry,
    known: Option<(&TenantId, VisitorId)>,
    visitors: &HashSet<u128>,
    receipt: &mut Erased,
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
    let mut last: Option<(String, VisitorId, bool)> = None;
    let mut keep = |who: Who<'_>| {
        if let Some((tenant, visitor, keep)) = &last
            && *visitor == who.visitor
            && tenant == who.tenant
        {
            return *keep;
        }
        let digest = secret.visitor(who.tenant, who.visitor, &mut scratch);
        let keep = !visitors.contains(&digest);
        last = Some((who.tenant.to_owned(), who.visitor, keep));
        keep
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
        ..Change::default()
    };
    receipt.rows += merged.dropped;
    receipt.files += 1;
    commit(shared, change, Vec::new(), |_| {})
}

fn clear_ids(
    shared: &Shared,
    visitors: &HashSet<u128>,
    receipt: &mut Erased,
    now: Timestamp,
) -> Result<(), Error> {
    let prints: HashSet<u64> = visitors.iter().map(|visitor| *visitor as u64).collect();
    let runs = Arc::clone(&shared.state.lock().shown.runs);
    shared.state.lock().seal_ids(now, true);
    let keep = |id: &cauce_flow::shape::deduplicator::Entry| !prints.contains(&id.visitor_print);
    ids::write_all(shared, &keep)?;
    for run in runs.values() {
        let theirs = count(run, &keep).map_err(told_io(DOING))?;
        if theirs > 0 {
            ids::rewrite(shared, std::slice::from_ref(run), &keep)?;
            receipt.ids += theirs;
        }
    }
    Ok(())
}

fn count(
    run: &Arc<Run>,
    keep: &dyn Fn(&cauce_flow::shape::deduplicator::Entry) -> bool,
) -> std::io::Result<u64> {
    let run = [Arc::clone(run)];
    let mut theirs = 0;
    for id in super::super::known::merged(&run, &|_| true) {
        theirs += u64::from(!keep(&id?));
    }
    Ok(theirs)
}
