//! Sums, read over a range: whole days in one piece, quarter-hours at its ends.

use cauce_flow::id::TenantId;
use cauce_observe::analytics::{Cell, Measure, calendar::Range, figures::Sums};
use rusqlite::{Connection, params};

use super::{
    names::{self, Space},
    sums::{DAY, Grain, MINUTE_MS, find_series},
};

/// A stretch of steps of one length, in minutes since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) grain: Grain,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The stretches that make up a range, as few steps as there can be.
pub(super) fn stretches(range: Range) -> Vec<Stretch> {
    let (from, to) = (
        range.from.div_euclid(MINUTE_MS),
        range.to.div_euclid(MINUTE_MS),
    );
    let first_day = (from + DAY - 1).div_euclid(DAY) * DAY;
    let last_day = to.div_euclid(DAY) * DAY;
    let stretch = |grain, from, to| Stretch { grain, from, to };
    let all = if first_day >= last_day {
        vec![stretch(Grain::Quarter, from, to)]
    } else {
        vec![
            stretch(Grain::Quarter, from, first_day),
            stretch(Grain::Day, first_day, last_day),
            stretch(Grain::Quarter, last_day, to),
        ]
    };
    all.into_iter().filter(|part| part.from < part.to).collect()
}

/// The number of a tenant; none where nothing was ever tracked of it.
pub(super) fn tenant(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Option<i64>> {
    names::find(connection, 0, Space::Tenant, tenant.as_str())
}

/// The sums of some measures over a range.
pub(super) fn sums(
    connection: &Connection,
    tenant: i64,
    cell: Cell,
    measures: &[Measure],
    range: Range,
) -> rusqlite::Result<Sums> {
    let mut sums = Sums::default();
    let stretches = stretches(range);
    for measure in measures {
        let Some(series) = find_series(connection, tenant, *measure, cell)? else {
            continue;
        };
        for stretch in &stretches {
            each(connection, series, *stretch, |_, part, sum| {
                sums.add(*measure, part, sum);
            })?;
        }
    }
    Ok(sums)
}

/// Shows each sum of a series in a stretch: its minute, its part, the sum.
pub(super) fn each(
    connection: &Connection,
    series: i64,
    stretch: Stretch,
    mut show: impl FnMut(i64, i64, i64),
) -> rusqlite::Result<()> {
    let mut rows = connection.prepare_cached(
        "SELECT start, part, sum FROM sums
         WHERE series = ?1 AND grain = ?2 AND start >= ?3 AND start < ?4",
    )?;
    let mut rows = rows.query(params![
        series,
        stretch.grain as i64,
        stretch.from,
        stretch.to
    ])?;
    while let Some(row) = rows.next()? {
        show(row.get(0)?, row.get(1)?, row.get(2)?);
    }
    Ok(())
}

/// The variants of a campaign of which anything was counted.
pub(super) fn variants(
    connection: &Connection,
    tenant: i64,
    campaign: i64,
) -> rusqlite::Result<Vec<u32>> {
    connection
        .prepare_cached(
            "SELECT DISTINCT variant FROM series
             WHERE tenant = ?1 AND campaign = ?2 ORDER BY variant",
        )?
        .query_map([tenant, campaign], |row| row.get(0))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_made_of_whole_days_and_quarter_hours_at_its_ends() {
        let day_ms = DAY * MINUTE_MS;
        let range = |from, to| Range { from, to };
        let parts = |range| {
            let all = stretches(range).into_iter();
            all.map(|part| (part.grain, part.from, part.to))
                .collect::<Vec<_>>()
        };
        let hour = 60 * MINUTE_MS;
        assert_eq!(
            parts(range(hour, 3 * day_ms + hour)),
            [
                (Grain::Quarter, 60, DAY),
                (Grain::Day, DAY, 3 * DAY),
                (Grain::Quarter, 3 * DAY, 3 * DAY + 60),
            ]
        );
        assert_eq!(parts(range(0, day_ms)), [(Grain::Day, 0, DAY)]);
        assert_eq!(parts(range(hour, 2 * hour)), [(Grain::Quarter, 60, 120)]);
        assert_eq!(parts(range(hour, hour)), []);
    }
}
