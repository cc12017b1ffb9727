//! Reads from a part what an answer needs: entries of its rollup, and rows where those are too
//! coarse.

use std::ops::Range;

use cauce_flow::time::Timestamp;

use super::{
    Source,
    entries::{Entries, Plan},
    missed::Missed,
    tally::{Known, Tally},
    union::Heavy,
};
use crate::{
    columns::{Column, Columns},
    fault::Fault,
    part::Reader,
    rollup::Cache,
    store::{Filter, StatsQuery},
};

/// Where to read.
pub(super) struct Gather<'a> {
    pub(super) sources: &'a [Source<'a>],
    pub(super) query: &'a StatsQuery,
    pub(super) cache: &'a Cache,
}

/// What the rows at the edges are needed for.
const NEEDED: [Column; 9] = [
    Column::SiteId,
    Column::VisitorId,
    Column::SessionId,
    Column::EventType,
    Column::OccurredAt,
    Column::Metadata,
    Column::Count,
    Column::Weight,
    Column::Bot,
];

impl Gather<'_> {
    /// Adds what a part has.
    pub(super) fn part(&self, source: usize, tally: &mut Tally) -> Result<(), Missed> {
        let filter = self.filter(self.query.from.as_millis()..self.query.to.as_millis());
        if !self.sources[source].part.may_hold(&filter) {
            return Ok(());
        }
        let plan = self.entries(source)?.add_to(tally)?;
        self.edges(source, &plan, tally)
    }

    /// The hashes of a set of which there was only the sketch.
    pub(super) fn hashes(&self, heavy: &Heavy) -> Result<Vec<u64>, Missed> {
        self.entries(heavy.source)?.hashes(heavy)
    }

    fn entries(&self, source: usize) -> Result<Entries<'_>, Missed> {
        Entries::open(source, self.sources[source], self.query, self.cache)
    }

    fn filter(&self, range: Range<i64>) -> Filter {
        Filter {
            tenant: Some(self.query.tenant.clone()),
            site: self.query.site,
            visitor: None,
            kind: None,
            from: Timestamp::from_millis(range.start),
            to: Timestamp::from_millis(range.end),
        }
    }

    /// Counts the rows of hours that the range cuts.
    fn edges(&self, source: usize, plan: &Plan, tally: &mut Tally) -> Result<(), Missed> {
        for side in 0..2 {
            let edges = plan.covers.values().map(|cover| &cover.edges[side]);
            let edges = edges.filter(|edge| !edge.is_empty());
            let hull = edges.fold(None, |hull: Option<Range<i64>>, edge| {
                let hull = hull.unwrap_or_else(|| edge.clone());
                Some(hull.start.min(edge.start)..hull.end.max(edge.end))
            });
            if let Some(hull) = hull {
                self.rows(source, hull, plan, tally)
                    .map_err(Missed::Fault)?;
            }
        }
        Ok(())
    }

    fn rows(
        &self,
        source: usize,
        range: Range<i64>,
        plan: &Plan,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let Source { folder, part } = self.sources[source];
        let mut scan = Reader::open(folder, part)?.scan(&self.filter(range));
        let (mut rows, mut known) = (Columns::default(), Known::default());
        while scan.next_columns(&NEEDED, &mut rows)? {
            for row in 0..rows.len() {
                let cover = plan.covers.get(&rows.sites[row]);
                if cover.is_some_and(|cover| cover.is_at_edge(rows.times[row])) {
                    tally.column_row(&rows, row, &mut known);
                }
            }
        }
        Ok(())
    }
}
