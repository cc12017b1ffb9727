//! Rows go from the buffer into files.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Instant};

use cauce_flow::{shape::month::Month, time::Timestamp};

use super::{
    super::{ask::Ask, buffer::Leaving, manifest::PartEntry, shared::Shared, state::Change},
    commit::{commit, discard},
    told::{told, told_io},
};
use crate::{part, row::Row, store::Error};

impl Shared {
    /// Whether the buffer is to be written to files.
    pub(super) fn is_flush_due(&self, now: Timestamp) -> bool {
        let options = &self.options;
        let last = self.figures.told.lock().last_flush_at;
        let state = self.state.lock();
        let crowded = state.buffer.len() * 4 >= options.max_waiting;
        let rested = last.is_none_or(|last| now >= last + options.flush_pause || now < last);
        let full = state.buffer.waiting() >= options.max_events && (rested || crowded);
        let since = state.buffer.since();
        full || state.buffer.is_leaving()
            || since.is_some_and(|since| now >= since + options.flush_interval)
    }
}

/// Writes what is in the buffer to files.
pub(in super::super) fn flush(shared: &Shared, now: Timestamp) -> Result<(), Error> {
    let _flushing = shared.flushing.lock();
    flush_alone(shared, now)
}

/// The same for whoever holds the lock already.
pub(super) fn flush_alone(shared: &Shared, now: Timestamp) -> Result<(), Error> {
    // Once for what could not be written before, and once for what came since.
    for _ in 0..2 {
        let leaving = {
            let mut state = shared.state.lock();
            let through = state.last_events;
            state.buffer.take(through)
        };
        let Some(leaving) = leaving else {
            return Ok(());
        };
        let began = Instant::now();
        write(shared, &leaving)?;
        shared.figures.flushes.fetch_add(1, Ordering::Relaxed);
        let mut told = shared.figures.told.lock();
        told.flushed(now, began.elapsed());
    }
    Ok(())
}

/// Says that files cover the whole log, where nothing is left to be written.
pub(super) fn cover(shared: &Shared) -> Result<(), Error> {
    let _flushing = shared.flushing.lock();
    cover_alone(shared)
}

/// The same for whoever holds the lock already.
pub(super) fn cover_alone(shared: &Shared) -> Result<(), Error> {
    let change = {
        let state = shared.state.lock();
        let last = state.last_events;
        let behind = |through: u64, empty: bool| (empty && through < last).then_some(last);
        let no_ids = state.recent.is_empty() && state.sealed.is_empty();
        Change {
            rows_through: behind(state.manifest.rows_through, state.buffer.is_empty()),
            ids_through: behind(state.manifest.ids_through, no_ids),
            ..Change::default()
        }
    };
    if change.rows_through.is_some() || change.ids_through.is_some() {
        shared.ask_blocking(Ask::Commit(Box::new(change)))?;
    }
    Ok(())
}

fn write(shared: &Shared, leaving: &Leaving) -> Result<(), Error> {
    let mut change = Change {
        rows_through: Some(leaving.through),
        flushed: leaving.rows.len() as u64,
        ..Change::default()
    };
    for (month, mut rows) in by_month(&leaving.rows) {
        rows.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
        match write_part(shared, month, &rows) {
            Ok(entry) => change.parts.push(entry),
            Err(error) => {
                discard(shared, &change);
                return Err(error);
            }
        }
    }
    commit(shared, change, Vec::new(), |state| state.buffer.left())
}

fn write_part(shared: &Shared, month: Month, rows: &[&Row]) -> Result<PartEntry, Error> {
    const DOING: &str = "writing events to files";
    let dir = shared.month_dir(month);
    shared.files.create_dir(&dir).map_err(told_io(DOING))?;
    let number = shared.take_file_number();
    match part::write(shared.month(month), number, rows) {
        Ok(part) => Ok(PartEntry { month, part }),
        Err(fault) => {
            shared.chores.lock().parts_to_go.push((month, vec![number]));
            Err(told(DOING)(fault))
        }
    }
}

fn by_month(rows: &[Row]) -> BTreeMap<Month, Vec<&Row>> {
    let mut months: BTreeMap<Month, Vec<&Row>> = BTreeMap::new();
    let mut last: Option<(Month, Timestamp, Timestamp)> = None;
    for row in rows {
        let at = row.occurred_at;
        let month = match last {
            Some((month, from, to)) if from <= at && at <= to => month,
            _ => {
                let month = Month::of(at);
                last = Some((month, month.first(), month.last()));
                month
            }
        };
        months.entry(month).or_default().push(row);
    }
    months
}
