//! Everything that an answer is made of, summed up.

use std::collections::{BTreeMap, HashMap};

use cauce_flow::event::EventKind;

use super::{
    missed::Missed,
    ranks::Ranks,
    series::Steps,
    union::{Heavy, Union},
};
use crate::{
    columns::Columns,
    rollup::{Cell, Facts, facts, hash, is_page_view},
    row::Row,
    store::{KindStats, Stats},
};

/// The sums so far.
pub(super) struct Tally {
    pub(super) steps: Steps,
    kinds: HashMap<Vec<u8>, Cell>,
    pub(super) bots: u64,
    series: Vec<Cell>,
    pub(super) visitors: Union,
    pub(super) sessions: Union,
    pub(super) pages: Ranks,
    pub(super) referrers: Ranks,
}

/// What was found out about the metadata of a batch, by place.
#[derive(Default)]
pub(super) struct Known {
    of: Option<u64>,
    facts: Vec<Option<Facts>>,
}

impl Tally {
    pub(super) fn new(steps: Steps) -> Tally {
        Tally {
            steps,
            kinds: HashMap::new(),
            bots: 0,
            series: steps.cells(),
            visitors: Union::default(),
            sessions: Union::default(),
            pages: Ranks::default(),
            referrers: Ranks::default(),
        }
    }

    /// A row that is in no part.
    pub(super) fn row(&mut self, row: &Row) {
        let events = u64::from(row.count);
        if row.bot {
            self.bots += events;
            return;
        }
        let cell = Cell {
            events,
            estimated: events as f64 * row.weight,
        };
        let kind = row.kind.as_str().as_bytes();
        self.cell(kind, Some(row.occurred_at.as_millis()), cell);
        self.visitors.add(&[hash(row.visitor.as_u128())]);
        self.sessions.add(&[hash(row.session.as_u128())]);
        if is_page_view(kind) {
            self.facts(&facts(row.metadata.as_str().as_bytes()), events);
        }
    }

    /// A row of a part.
    pub(super) fn column_row(&mut self, rows: &Columns, row: usize, known: &mut Known) {
        let events = u64::from(rows.counts[row]);
        if rows.bots[row] {
            self.bots += events;
            return;
        }
        let cell = Cell {
            events,
            estimated: events as f64 * rows.weights[row],
        };
        let kind = rows.kinds.get(row);
        self.cell(kind, Some(rows.times[row]), cell);
        // Rows of one visit stand together.
        if row == 0 || rows.bots[row - 1] || rows.visitors[row] != rows.visitors[row - 1] {
            self.visitors.add(&[hash(rows.visitors[row])]);
        }
        if row == 0 || rows.bots[row - 1] || rows.sessions[row] != rows.sessions[row - 1] {
            self.sessions.add(&[hash(rows.sessions[row])]);
        }
        if is_page_view(kind) {
            self.facts(known.facts(rows, row), events);
        }
    }

    /// Events of one kind; at a time, where they belong into the series.
    pub(super) fn cell(&mut self, kind: &[u8], at: Option<i64>, cell: Cell) {
        match self.kinds.get_mut(kind) {
            Some(sum) => sum.add(cell),
            None => {
                self.kinds.insert(kind.to_vec(), cell);
            }
        }
        if let Some(place) = at.and_then(|at| self.steps.place(at)) {
            self.series[place].add(cell);
        }
    }

    fn facts(&mut self, facts: &Facts, events: u64) {
        if let Some(page) = &facts.page {
            self.pages.add(page, events);
        }
        if let Some(referrer) = &facts.referrer {
            self.referrers.add(referrer, events);
        }
    }

    pub(super) fn finish(
        self,
        max_top: usize,
        hashes: impl Fn(&Heavy) -> Result<Vec<u64>, Missed>,
    ) -> Result<Stats, Missed> {
        let mut total = Cell::default();
        let mut by_kind = BTreeMap::new();
        for (kind, cell) in self.kinds {
            total.add(cell);
            let name = std::str::from_utf8(&kind).ok();
            let name = name.and_then(|name| EventKind::new(name).ok());
            let stats = KindStats {
                events: cell.events,
                estimated: cell.estimated,
            };
            by_kind.insert(name.ok_or_else(|| Missed::damaged(0))?, stats);
        }
        Ok(Stats {
            total_events: total.events,
            estimated_events: total.estimated,
            by_kind,
            visitors: self.visitors.finish(&hashes)?,
            sessions: self.sessions.finish(&hashes)?,
            bot_events: self.bots,
            series: self.steps.points(&self.series),
            top_pages: self.pages.finish(max_top),
            top_referrers: self.referrers.finish(max_top),
        })
    }
}

impl Known {
    fn facts(&mut self, rows: &Columns, row: usize) -> &Facts {
        if self.of != Some(rows.metadata.texts.id()) {
            self.of = Some(rows.metadata.texts.id());
            self.facts.clear();
            self.facts.resize_with(rows.metadata.texts.len(), || None);
        }
        let place = rows.metadata.places[row] as usize;
        self.facts[place].get_or_insert_with(|| facts(rows.metadata.get(row)))
    }
}
