//! Rows between log and files.
//!
//! ```text
//! push --> rows --take--> leaving (being written to files) --left--> gone
//! ```
//!
//! Every row has a number, counted upwards for as long as the process lives, by which the row of an
//! earlier event is found while it is still here.

use std::sync::Arc;

use cauce_flow::{event::VisitorId, id::TenantId, time::Timestamp};

use crate::row::Row;

/// Rows between log and files.
#[derive(Default)]
pub(super) struct Buffer {
    rows: Vec<Row>,
    /// The number of the first of them.
    first: u64,
    /// When the first of them came.
    since: Option<Timestamp>,
    leaving: Option<Leaving>,
}

/// Rows that are being written to files.
#[derive(Clone)]
pub(super) struct Leaving {
    pub(super) rows: Arc<Vec<Row>>,
    /// The last place in the log that they come from.
    pub(super) through: u64,
}

impl Buffer {
    /// An empty one. Rows are numbered from 1 on, so that 0 is the number of none.
    pub(super) fn new() -> Buffer {
        Buffer {
            first: 1,
            ..Buffer::default()
        }
    }

    /// Rows in it, those that are being written counted.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
            + self
                .leaving
                .as_ref()
                .map_or(0, |leaving| leaving.rows.len())
    }

    /// Whether no row is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether rows are being written, or could not be.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Rows that nobody writes yet.
    pub(super) fn waiting(&self) -> usize {
        self.rows.len()
    }

    /// When the first of those came.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// The number that the next row gets.
    pub(super) fn next_number(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    /// Takes a row in.
    pub(super) fn push(&mut self, row: Row, now: Timestamp) {
        self.since.get_or_insert(now);
        self.rows.push(row);
    }

    /// Counts one more event of a row; answers whether the row is still here to be counted.
    pub(super) fn raise(&mut self, number: u64) -> bool {
        let place = number.checked_sub(self.first);
        let row = place.and_then(|place| self.rows.get_mut(usize::try_from(place).ok()?));
        match row.filter(|row| row.count > 0) {
            Some(row) => {
                row.count += 1;
                true
            }
            None => false,
        }
    }

    /// What is to be written next: what could not be written before, or else all that waits.
    pub(super) fn take(&mut self, through: u64) -> Option<Leaving> {
        if self.leaving.is_none() && !self.rows.is_empty() {
            self.first += self.rows.len() as u64;
            self.since = None;
            // About as many will come until the next time.
            let next = Vec::with_capacity(self.rows.len());
            let mut rows = std::mem::replace(&mut self.rows, next);
            rows.retain(|row| row.count > 0);
            self.leaving = Some(Leaving {
                rows: Arc::new(rows),
                through,
            });
        }
        self.leaving.clone()
    }

    /// What was being written is in files.
    pub(super) fn left(&mut self) {
        self.leaving = None;
    }

    /// Removes the rows of a visitor; answers how many events and rows that were.
    pub(super) fn erase(
        &mut self,
        is_theirs: &mut dyn FnMut(&TenantId, VisitorId) -> bool,
    ) -> (u64, u64) {
        let (mut events, mut rows) = (0, 0);
        let mut keep = |row: &Row| {
            let theirs = row.count > 0 && is_theirs(&row.tenant, row.visitor);
            if theirs {
                events += u64::from(row.count);
                rows += 1;
            }
            !theirs
        };
        if let Some(leaving) = &mut self.leaving {
            let kept = leaving
                .rows
                .iter()
                .filter(|row| keep(row))
                .cloned()
                .collect();
            leaving.rows = Arc::new(kept);
        }
        for row in &mut self.rows {
            if !keep(row) {
                blank(row);
            }
        }
        (events, rows)
    }

    /// All rows that count.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        let leaving = self.leaving.iter().flat_map(|leaving| leaving.rows.iter());
        leaving.chain(&self.rows).filter(|row| row.count > 0)
    }

    /// Forgets the first rows, because files hold them.
    pub(super) fn drop_first(&mut self, rows: usize) {
        self.rows.drain(..rows);
        self.first += rows as u64;
        if self.rows.is_empty() {
            self.since = None;
        }
    }
}

/// A row that keeps its place, because those behind it are found by theirs, and nothing else.
fn blank(row: &mut Row) {
    row.count = 0;
    row.visitor = VisitorId::from_u128(0);
    row.metadata = cauce_flow::event::Metadata::none();
}
