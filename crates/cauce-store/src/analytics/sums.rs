//! Changes of sums, gathered over one transaction and written at its end.

use std::collections::BTreeMap;

use cauce_observe::analytics::{Cell, Effect, Measure};
use rusqlite::{Connection, OptionalExtension, params};

/// Milliseconds of a minute.
pub(super) const MINUTE_MS: i64 = 60_000;
/// Minutes of a quarter-hour and of a day.
pub(super) const QUARTER: i64 = 15;
pub(super) const DAY: i64 = 24 * 60;

/// How long the steps are that sums are kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grain {
    Minute = 0,
    Quarter = 1,
    Day = 2,
}

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
            *self.0.entry(key).or_default() += by * effect.by;
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes what has changed.
    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut rows: BTreeMap<(i64, Grain, i64, i64), i64> = BTreeMap::new();
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
                *rows.entry((id, Grain::Minute, minute, part)).or_default() += by;
            }
            for (grain, minutes) in [(Grain::Quarter, QUARTER), (Grain::Day, DAY)] {
                let start = minute.div_euclid(minutes) * minutes;
                *rows.entry((id, grain, start, part)).or_default() += by;
            }
        }
        let mut upsert = connection.prepare_cached(
            "INSERT INTO sums VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET sum = sum + excluded.sum",
        )?;
        for ((series, grain, start, part), by) in rows {
            if by != 0 {
                upsert.execute(params![series, grain as i64, start, part, by])?;
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
