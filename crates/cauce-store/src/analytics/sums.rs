//! Changes of sums, gathered over one transaction and written at its end.

use std::collections::BTreeMap;

use cauce_observe::analytics::{Cell, Effect, Measure};
use rusqlite::{Connection, OptionalExtension, params};

/// Milliseconds of a minute.
pub(super) const MINUTE_MS: i64 = 60_000;
/// Minutes of a quarter-hour and of a day.
pub(super) const QUARTER: i64 = 15;
pub(super) const DAY: i64 = 24 * 60;
/// Minutes of three hours.
pub(super) const THREE_HOURS: i64 = 3 * 60;
/// Minutes of eight days.
pub(super) const EIGHT_DAYS: i64 = 8 * DAY;

/// How long the steps are that sums are kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grain {
    Minute = 0,
    Quarter = 1,
    Day = 2,
    /// Of sums that have a row for each class of durations alone: there are hundreds of each day.
    EightDays = 3,
    /// Of the same: the ends of a range, too, are then few steps.
    ThreeHours = 4,
}

impl Grain {
    /// Minutes of a block: an hour of minutes, six hours of quarter-hours, sixteen days. An event
    /// changes a score of sums; in one block, they stand on few pages.
    pub(super) const fn block_minutes(self) -> i64 {
        match self {
            Grain::Minute => 60,
            Grain::Quarter => 6 * 60,
            Grain::Day | Grain::EightDays => 16 * DAY,
            Grain::ThreeHours => DAY,
        }
    }

    /// The block that a minute is in.
    pub(super) const fn block(self, minute: i64) -> i64 {
        minute.div_euclid(self.block_minutes())
    }
}

/// Where a row of sums stands: its grain and block, its series, start and part.
type Row = (Grain, i64, i64, i64, i64);

/// Which sum, and its minute: a quarter-hour's first where minutes are not kept.
type Key = (i64, Measure, Cell, i64, i64);

/// Changes that are gathered.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<Key, i64>);

impl Changes {
    /// Adds effects for a tenant, or takes them back (`by` is -1).
    pub(super) fn add(&mut self, tenant: i64, effects: &[Effect], by: i64) {
        for effect in effects {
            let step = if effect.measure.is_by_minute() && effect.cell.is_none() {
                1
            } else {
                QUARTER
            };
            let minute = effect.at.div_euclid(MINUTE_MS).div_euclid(step) * step;
            let key = (tenant, effect.measure, effect.cell, effect.part, minute);
            let sum = self.0.entry(key).or_default();
            *sum = sum.saturating_add(by.saturating_mul(effect.by));
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes what has changed.
    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut rows: BTreeMap<Row, i64> = BTreeMap::new();
        let mut change = |grain: Grain, series: i64, start: i64, part: i64, by: i64| {
            let row = (grain, grain.block(start), series, start, part);
            *rows.entry(row).or_default() += by;
        };
        let mut known: Option<((i64, Measure, Cell), i64)> = None;
        for ((tenant, measure, cell, part, minute), by) in self.0 {
            if by == 0 {
                continue;
            }
            let of = (tenant, measure, cell);
            let id = match known.filter(|(known, _)| *known == of) {
                Some((_, id)) => id,
                None => series(connection, tenant, measure, cell)?,
            };
            known = Some((of, id));
            if measure.is_by_minute() && cell.is_none() {
                change(Grain::Minute, id, minute, part, by);
            }
            let grains = [
                (Grain::Quarter, QUARTER),
                (Grain::Day, DAY),
                (Grain::EightDays, EIGHT_DAYS),
                (Grain::ThreeHours, THREE_HOURS),
            ];
            let count = if measure.is_of_classes() { 4 } else { 2 };
            for (grain, minutes) in &grains[..count] {
                let (grain, minutes) = (*grain, *minutes);
                let start = minute.div_euclid(minutes) * minutes;
                change(grain, id, start, part, by);
            }
        }
        let mut upsert = connection.prepare_cached(
            "INSERT INTO sums VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET sum = sum + excluded.sum",
        )?;
        for ((grain, block, series, start, part), by) in rows {
            if by != 0 {
                upsert.execute(params![grain as i64, block, series, start, part, by])?;
            }
        }
        Ok(())
    }
}

/// The number of a series, which is made where there is none.
fn series(
    connection: &Connection,
    tenant: i64,
    measure: Measure,
    cell: Cell,
) -> rusqlite::Result<i64> {
    if let Some(known) = find_series(connection, tenant, measure, cell)? {
        return Ok(known);
    }
    connection
        .prepare_cached(
            "INSERT INTO series (tenant, measure, campaign, variant) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![tenant, measure.code(), cell.campaign, cell.variant])?;
    Ok(connection.last_insert_rowid())
}

/// The number of a series.
pub(super) fn find_series(
    connection: &Connection,
    tenant: i64,
    measure: Measure,
    cell: Cell,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM series
             WHERE tenant = ?1 AND measure = ?2 AND campaign = ?3 AND variant = ?4",
        )?
        .query_row(
            params![tenant, measure.code(), cell.campaign, cell.variant],
            |row| row.get(0),
        )
        .optional()
}
