//! Statistics of a range of time, over parts and rows that are in no part yet.
//!
//! ```text
//!        from                                                  to
//!          |···|   hour   hour |  day   day   day  | hour  |···|
//!           rows   rollup hours     rollup days      hours  rows
//! ```
//!
//! What a part has of a site within the range as a whole is one entry. Only hours that the range
//! cuts are counted row by row; where the part has nothing beyond the cut, they are not cut.

mod missed;

mod cover;
mod ranks;
mod series;
mod union;

mod tally;

mod entries;
mod gather;

use self::{gather::Gather, missed::Missed, series::Steps, tally::Tally};
use crate::{
    fault::Fault,
    folder::Folder,
    part::{Part, rebuild_rollup, rollup_path},
    rollup::Cache,
    row::Row,
    store::{Stats, StatsQuery},
};

/// Most points of a time series.
pub const MAX_POINTS: u64 = 10_000;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A time series of more than [`MAX_POINTS`].
    #[error(
        "the time series would have {points} points, more than {MAX_POINTS}; \
         hint: ask for a longer interval or a shorter range"
    )]
    TooManyPoints {
        /// How many there would be.
        points: u64,
    },
    /// A part cannot be read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A published part, and the folder that it is in.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The folder.
    pub folder: &'a Folder,
    /// The part.
    pub part: &'a Part,
}

/// Answers a question. `rows` are those that are in none of the parts. A rollup that cannot be used
/// is made again first.
pub fn answer<'a>(
    sources: &[Source<'_>],
    rows: impl Iterator<Item = &'a Row> + Clone,
    query: &StatsQuery,
    cache: &Cache,
) -> Result<Stats, Error> {
    let steps = Steps::new(query)?;
    let mut rebuilt = vec![false; sources.len()];
    loop {
        match try_answer(sources, rows.clone(), query, steps, cache) {
            Ok(stats) => return Ok(stats),
            Err(Missed::Fault(fault)) => return Err(fault.into()),
            Err(Missed::Rollup(place, why)) => {
                let Source { folder, part } = sources[place];
                let path = rollup_path(folder, part.number);
                if std::mem::replace(&mut rebuilt[place], true) {
                    return Err(Fault::damaged(&path, why).into());
                }
                tracing::warn!(path = %path.display(), why, "making a rollup again from its rows");
                cache.forget(&path);
                cache.one_at_a_time(|| rebuild_rollup(folder, part))?;
            }
        }
    }
}

fn try_answer<'a>(
    sources: &[Source<'_>],
    rows: impl Iterator<Item = &'a Row>,
    query: &StatsQuery,
    steps: Steps,
    cache: &Cache,
) -> Result<Stats, Missed> {
    let mut tally = Tally::new(steps);
    let range = query.from..query.to;
    let of_query = |row: &&Row| {
        row.tenant == query.tenant
            && query.site.is_none_or(|site| site == row.site)
            && range.contains(&row.occurred_at)
    };
    rows.filter(of_query).for_each(|row| tally.row(row));
    let gather = Gather {
        sources,
        query,
        cache,
    };
    for place in 0..sources.len() {
        gather.part(place, &mut tally)?;
    }
    tally.finish(query.max_top, |heavy| gather.hashes(heavy))
}

#[cfg(test)]
mod tests;
