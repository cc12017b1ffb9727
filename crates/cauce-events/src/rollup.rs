//! What statistics need of a part, counted once when the part is written: the rollup beside it.
//!
//! ```text
//! rows, sorted --> hour --> day --> whole part      of each tenant's site
//!                   |        |          |
//!                   cells (events by kind), uniques, top pages and referrers
//!                   minutes (cells of an hour by minute)
//! ```
//!
//! A rollup is a `table` with the site and the hour or day as key, so that a question reads the
//! pieces that it needs. Everything in it can be made again from the rows, and is, where a rollup is
//! missing, damaged, of another version, or not of this very part.

mod cells;
mod names;
mod set;
mod table;
mod top;

mod stretch;

mod builder;
mod cache;

pub(crate) use self::{
    builder::Builder,
    cache::Opened,
    cells::{Cell, Hour, Summary},
    names::{Facts, facts, is_page_view},
    set::{MAX_EXACT, Sketch, Uniques, all_hashes, hash},
    table::{Key, Unusable, Wanted},
    top::Ranking,
};
pub use self::{cache::Cache, names::MAX_NAME};

const HOUR_MS: i64 = 3_600_000;

/// How much time one entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Level {
    /// An hour of UTC.
    Hour,
    /// A day of UTC.
    Day,
    /// All that the part has of a site.
    Whole,
}

/// What an entry holds. An entry's key is a site of a tenant and the number of its hour or day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Section {
    /// Events by kind: [`Summary`].
    Cells(Level),
    /// Events of an hour by kind and minute: [`Hour`].
    Minutes,
    /// Visitors: [`Uniques`].
    Visitors(Level),
    /// Sessions: [`Uniques`].
    Sessions(Level),
    /// The hashes of visitors where they are too many for [`Section::Visitors`].
    VisitorHashes(Level),
    /// The hashes of sessions where they are too many for [`Section::Sessions`].
    SessionHashes(Level),
    /// Pages: [`Ranking`].
    Pages(Level),
    /// Referrers: [`Ranking`].
    Referrers(Level),
}

impl Section {
    /// All of them; the place is the number in the file.
    pub(crate) fn all() -> Vec<Section> {
        let mut sections = vec![Section::Minutes];
        for level in [Level::Hour, Level::Day, Level::Whole] {
            sections.extend([
                Section::Cells(level),
                Section::Visitors(level),
                Section::Sessions(level),
                Section::VisitorHashes(level),
                Section::SessionHashes(level),
                Section::Pages(level),
                Section::Referrers(level),
            ]);
        }
        sections
    }
}

/// The number of the hour that a moment belongs to.
pub(crate) fn hour_of(ms: i64) -> i64 {
    ms.div_euclid(HOUR_MS)
}

/// The number of the day that an hour belongs to.
pub(crate) fn day_of(hour: i64) -> i64 {
    hour.div_euclid(24)
}

/// When an hour begins.
pub(crate) fn hour_start(hour: i64) -> i64 {
    hour.saturating_mul(HOUR_MS)
}

#[cfg(test)]
mod tests;
