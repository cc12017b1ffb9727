//! Statistics over files and buffer, as of one moment.

use std::{collections::BTreeMap, io, sync::Arc};

use super::{manifest::PartEntry, shared::Shared};
use crate::{
    fault::{Fault, in_one_line},
    folder::Folder,
    row::Row,
    stats::{self, Source, answer},
    store::{Error, Stats, StatsQuery},
};

impl Shared {
    /// Statistics of a range.
    pub(super) fn stats(&self, query: &StatsQuery) -> Result<Stats, Error> {
        /// Files may be replaced between the look at the list and their opening.
        const MAX_TRIES: usize = 10;
        let mut tries = 1;
        loop {
            let (parts, rows) = self.counted(query);
            match self.try_stats(&parts, &rows, query) {
                Err(stats::Error::Fault(Fault::Io { source, .. }))
                    if source.kind() == io::ErrorKind::NotFound && tries < MAX_TRIES =>
                {
                    self.remove_again(&parts);
                    tries += 1;
                }
                done => return done.map_err(told),
            }
        }
    }

    fn try_stats(
        &self,
        parts: &[PartEntry],
        rows: &[Row],
        query: &StatsQuery,
    ) -> Result<Stats, stats::Error> {
        let months = parts.iter().map(|entry| entry.month);
        let folders: BTreeMap<_, Folder> = months.map(|month| (month, self.month(month))).collect();
        let sources: Vec<Source<'_>> = parts
            .iter()
            .map(|entry| Source {
                folder: &folders[&entry.month],
                part: &entry.part,
            })
            .collect();
        answer(&sources, rows.iter(), query, &self.cache)
    }

    /// The files and the rows of the buffer that a question is about.
    fn counted(&self, query: &StatsQuery) -> (Vec<PartEntry>, Vec<Row>) {
        let state = self.state.lock();
        let asked = |row: &&Row| {
            row.tenant == query.tenant && (query.from..query.to).contains(&row.occurred_at)
        };
        let rows = state.buffer.rows().filter(asked).cloned().collect();
        let parts = Arc::clone(&state.shown.parts);
        drop(state);
        let overlaps = |entry: &&PartEntry| entry.part.overlaps(query.from, query.to);
        (parts.values().filter(overlaps).cloned().collect(), rows)
    }

    /// A rollup that was made again while its file went would stay behind.
    fn remove_again(&self, parts: &[PartEntry]) {
        let shown = Arc::clone(&self.state.lock().shown.parts);
        let gone = parts
            .iter()
            .filter(|entry| !shown.contains_key(&entry.part.number));
        let gone = gone.map(|entry| (entry.month, vec![entry.part.number]));
        self.chores.lock().parts_to_go.extend(gone);
    }
}

fn told(error: stats::Error) -> Error {
    match error {
        stats::Error::TooManyPoints { points } => Error::TooManyPoints {
            points,
            max_points: stats::MAX_POINTS,
        },
        stats::Error::Fault(fault) => Error::Files {
            doing: "counting stored events",
            why: in_one_line(&fault).into(),
        },
    }
}
