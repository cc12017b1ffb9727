//! Merges parts into one, row by row in their order, however large they are.

use std::ops::Range;

use cauce_flow::{event::VisitorId, time::Timestamp};

use super::{
    Part,
    reader::{Reader, Scan},
    writer::Writer,
};
use crate::{
    columns::{COLUMNS, Columns},
    fault::Fault,
    folder::Folder,
};

/// Whose a row is, and when it happened: what decides whether it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The visitor.
    pub visitor: VisitorId,
    /// The time of the event.
    pub occurred_at: Timestamp,
}

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The new part; none where no row was kept.
    pub part: Option<Part>,
    /// Rows that were not kept.
    pub dropped: u64,
}

/// Writes the rows of several parts of one folder into a new one. Rows of equal key are added up;
/// those that `keep` refuses are left out. The old parts stay. Holds a piece of each part in memory,
/// and a row group of the new one.
pub fn merge(
    folder: impl Into<Folder>,
    parts: &[Part],
    new: u64,
    keep: &mut dyn FnMut(Who<'_>) -> bool,
) -> Result<Merged, Fault> {
    let folder = &folder.into();
    let inputs: Result<Vec<Input>, Fault> =
        parts.iter().map(|part| Input::open(folder, part)).collect();
    let mut inputs: Vec<Input> = inputs?
        .into_iter()
        .filter(|input| input.has_rows())
        .collect();
    let mut writer = Writer::create(folder, new)?;
    let mut dropped = 0;
    while let Some((first, run)) = next_run(&inputs) {
        let input = &mut inputs[first];
        dropped += copy(&input.rows, run.clone(), &mut writer, keep)?;
        input.at = run.end;
        if !input.fill()? {
            inputs.swap_remove(first);
        }
    }
    let part = writer.finish()?;
    Ok(Merged { part, dropped })
}

/// A part that is merged, and the piece of it that is next.
struct Input {
    scan: Scan,
    rows: Columns,
    at: usize,
}

impl Input {
    fn open(folder: &Folder, part: &Part) -> Result<Input, Fault> {
        let mut input = Input {
            scan: Reader::open(folder, part)?.scan_all(),
            rows: Columns::default(),
            at: 0,
        };
        input.fill()?;
        Ok(input)
    }

    fn has_rows(&self) -> bool {
        self.at < self.rows.len()
    }

    /// Reads the next piece where this one is used up. Answers whether there is a next row.
    fn fill(&mut self) -> Result<bool, Fault> {
        while !self.has_rows() {
            self.at = 0;
            if !self.scan.next_columns(&COLUMNS, &mut self.rows)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The input with the least next row, and as many of its rows as come before all others' rows.
fn next_run(inputs: &[Input]) -> Option<(usize, Range<usize>)> {
    let key = |place: usize| inputs[place].rows.key(inputs[place].at);
    let first = (0..inputs.len()).min_by(|a, b| key(*a).cmp(&key(*b)))?;
    let others = (0..inputs.len()).filter(|place| *place != first);
    let bound = others.map(key).min();
    let Input { rows, at, .. } = &inputs[first];
    let end = match bound {
        None => rows.len(),
        Some(bound) => gallop(*at + 1, rows.len(), |row| rows.key(row) < bound),
    };
    Some((first, *at..end))
}

/// The first place from `from` on where `before` no longer holds. Looks in steps that double, since
/// most runs are short and some very long.
fn gallop(from: usize, end: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut step) = (from, 1);
    while low + step <= end && before(low + step - 1) {
        low += step;
        step *= 2;
    }
    let mut high = end.min(low + step);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Hands the rows that are kept to the writer. Answers how many are not.
fn copy(
    rows: &Columns,
    run: Range<usize>,
    writer: &mut Writer,
    keep: &mut dyn FnMut(Who<'_>) -> bool,
) -> Result<u64, Fault> {
    let (mut dropped, mut from) = (0, run.start);
    for at in run.clone() {
        let who = Who {
            tenant: std::str::from_utf8(rows.tenants.get(at)).unwrap_or_default(),
            visitor: VisitorId::from_u128(rows.visitors[at]),
            occurred_at: Timestamp::from_millis(rows.times[at]),
        };
        if !keep(who) {
            writer.push(rows, from..at)?;
            from = at + 1;
            dropped += 1;
        }
    }
    writer.push(rows, from..run.end)?;
    Ok(dropped)
}
