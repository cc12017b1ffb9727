//! Sums, read over a range: its middle by long steps, its ends by short ones.

use std::collections::BTreeMap;

use cauce_flow::id::TenantId;
use cauce_observe::analytics::{Cell, Measure, calendar::Range, figures::Sums};
use rusqlite::{Connection, params};

use super::{
    names::{self, Space},
    sums::{DAY, EIGHT_DAYS, Grain, MINUTE_MS, QUARTER, THREE_HOURS},
};

/// A stretch of steps of one length, in minutes since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) grain: Grain,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Stretch {
    /// The first and the last block that it has a part in.
    fn blocks(self) -> [i64; 2] {
        [self.grain.block(self.from), self.grain.block(self.to - 1)]
    }
}

/// The blocks of a stretch, one after the other: so each series is looked up in each of them.
const BLOCKS: &str = "WITH RECURSIVE blocks (block) AS
    (SELECT ?4 UNION ALL SELECT block + 1 FROM blocks WHERE block < ?5)";

/// The first minute of the first days that are kept, whatever they are of; none where none are.
pub(super) fn first_day(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(block) FROM sums WHERE grain = ?1 AND block > 0")?
        .query_row([Grain::Day as i64], |row| row.get(0))?;
    Ok(first.map(|block| block * Grain::Day.block_minutes()))
}

/// The grains that sums of a range are read by, the longest first; those of classes of durations,
/// and all others.
const OF_CLASSES: &[(Grain, i64)] = &[
    (Grain::EightDays, EIGHT_DAYS),
    (Grain::Day, DAY),
    (Grain::ThreeHours, THREE_HOURS),
    (Grain::Quarter, QUARTER),
];
const OF_OTHERS: &[(Grain, i64)] = &[(Grain::Day, DAY), (Grain::Quarter, QUARTER)];

/// The stretches that make up a range, in its order and as few steps as there can be: steps of the
/// longest grain in the middle, and shorter ones at both ends.
fn stretches(range: Range, grains: &[(Grain, i64)]) -> Vec<Stretch> {
    let (from, to) = (
        range.from.div_euclid(MINUTE_MS),
        range.to.div_euclid(MINUTE_MS),
    );
    let mut all = Vec::new();
    cut(from, to, grains, &mut all);
    all
}

fn cut(from: i64, to: i64, grains: &[(Grain, i64)], all: &mut Vec<Stretch>) {
    let Some(((grain, minutes), shorter)) = grains.split_first() else {
        return;
    };
    if from >= to {
        return;
    }
    let grain = *grain;
    if shorter.is_empty() {
        all.push(Stretch { grain, from, to });
        return;
    }
    let first = (from + minutes - 1).div_euclid(*minutes) * minutes;
    let last = to.div_euclid(*minutes) * minutes;
    if first >= last {
        cut(from, to, shorter, all);
        return;
    }
    cut(from, first, shorter, all);
    all.push(Stretch {
        grain,
        from: first,
        to: last,
    });
    cut(last, to, shorter, all);
}

/// The number of a tenant; none where nothing was ever tracked of it.
pub(super) fn tenant(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Option<i64>> {
    names::find(connection, 0, Space::Tenant, tenant.as_str())
}

/// The sums of some measures over a range, of all campaigns and of none together.
pub(super) fn sums(
    connection: &Connection,
    tenant: i64,
    measures: &[Measure],
    range: Range,
) -> rusqlite::Result<Sums> {
    let of = "campaign = 0 AND variant = 0";
    let mut all = Sums::default();
    let (of_classes, others): (Vec<Measure>, Vec<Measure>) = measures
        .iter()
        .copied()
        .partition(|own| own.is_of_classes());
    for (measures, grains) in [(of_classes, OF_CLASSES), (others, OF_OTHERS)] {
        if measures.is_empty() {
            continue;
        }
        let stretches = stretches(range, grains);
        let asked = (tenant, &measures[..], of, "");
        each_of(connection, asked, &stretches, |_, measure, part, sum| {
            all.add(measure, part, sum);
        })?;
    }
    Ok(all)
}

/// The sums of some measures over a range, of each campaign and each of its variants. Of these
/// campaigns, as an array of JSON; without it, of all.
pub(super) fn sums_of_campaigns(
    connection: &Connection,
    tenant: i64,
    measures: &[Measure],
    range: Range,
    campaigns: Option<&str>,
) -> rusqlite::Result<BTreeMap<Cell, Sums>> {
    let of = match campaigns {
        Some(_) => "campaign IN (SELECT value FROM json_each(?7))",
        None => "campaign > 0",
    };
    let mut all: BTreeMap<Cell, Sums> = BTreeMap::new();
    let asked = (tenant, measures, of, campaigns.unwrap_or_default());
    let stretches = stretches(range, OF_OTHERS);
    each_of(connection, asked, &stretches, |cell, measure, part, sum| {
        all.entry(cell).or_default().add(measure, part, sum);
    })?;
    Ok(all)
}

/// Shows each sum of some series in some stretches: its campaign, its measure, its part, the sum.
fn each_of(
    connection: &Connection,
    (tenant, measures, of, campaigns): (i64, &[Measure], &str, &str),
    stretches: &[Stretch],
    mut show: impl FnMut(Cell, Measure, i64, i64),
) -> rusqlite::Result<()> {
    let sql = format!(
        "{BLOCKS} SELECT campaign, variant, measure, part, sum FROM blocks
         CROSS JOIN series ON tenant = ?6 AND measure IN ({}) AND {of}
         CROSS JOIN sums ON sums.grain = ?1 AND sums.block = blocks.block
             AND sums.series = series.id AND start >= ?2 AND start < ?3",
        codes(measures)
    );
    let mut asked = connection.prepare_cached(&sql)?;
    for stretch in stretches {
        let Stretch { grain, from, to } = *stretch;
        let [first, last] = stretch.blocks();
        let values = params![grain as i64, from, to, first, last, tenant, campaigns];
        // Only where campaigns are named is there a place for their names.
        let count = asked.parameter_count();
        let mut rows = asked.query(&values[..count])?;
        while let Some(row) = rows.next()? {
            let code: i64 = row.get(2)?;
            let measure = measures.iter().find(|own| own.code() == code);
            let cell = Cell {
                campaign: row.get(0)?,
                variant: row.get(1)?,
            };
            if let Some(measure) = measure {
                show(cell, *measure, row.get(3)?, row.get(4)?);
            }
        }
    }
    Ok(())
}

/// Shows each sum of a series in a stretch: its minute, its part, the sum.
pub(super) fn each(
    connection: &Connection,
    series: i64,
    stretch: Stretch,
    mut show: impl FnMut(i64, i64, i64),
) -> rusqlite::Result<()> {
    let mut rows = connection.prepare_cached(&format!(
        "{BLOCKS} SELECT start, part, sum FROM blocks
             CROSS JOIN sums ON sums.grain = ?1 AND sums.block = blocks.block
                 AND sums.series = ?6 AND start >= ?2 AND start < ?3"
    ))?;
    let Stretch { grain, from, to } = stretch;
    let [first, last] = stretch.blocks();
    let mut rows = rows.query(params![grain as i64, from, to, first, last, series])?;
    while let Some(row) = rows.next()? {
        show(row.get(0)?, row.get(1)?, row.get(2)?);
    }
    Ok(())
}

/// The variants of a campaign of which any of these was ever counted.
pub(super) fn variants(
    connection: &Connection,
    tenant: i64,
    campaign: i64,
    measures: &[Measure],
) -> rusqlite::Result<Vec<u32>> {
    let sql = format!(
        "SELECT DISTINCT variant FROM series
         WHERE tenant = ?1 AND measure IN ({}) AND campaign = ?2 AND variant > 0",
        codes(measures)
    );
    connection
        .prepare_cached(&sql)?
        .query_map([tenant, campaign], |row| row.get(0))?
        .collect()
}

/// Measures as SQL lists them.
fn codes(measures: &[Measure]) -> String {
    let codes: Vec<String> = measures.iter().map(|own| own.code().to_string()).collect();
    codes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_made_of_whole_days_and_quarter_hours_at_its_ends() {
        let day_ms = DAY * MINUTE_MS;
        let range = |from, to| Range { from, to };
        let parts = |range| {
            let all = stretches(range, OF_OTHERS).into_iter();
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

    #[test]
    fn classes_are_read_by_eight_days_where_they_can_be() {
        let day_ms = DAY * MINUTE_MS;
        let parts = |from: i64, to: i64| {
            let (from, to) = (from * day_ms - 15 * MINUTE_MS, to * day_ms);
            let all = stretches(Range { from, to }, OF_CLASSES).into_iter();
            all.map(|part| (part.grain, part.from, part.to))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            parts(7, 26),
            [
                (Grain::Quarter, 7 * DAY - 15, 7 * DAY),
                (Grain::Day, 7 * DAY, EIGHT_DAYS),
                (Grain::EightDays, EIGHT_DAYS, 3 * EIGHT_DAYS),
                (Grain::Day, 24 * DAY, 26 * DAY),
            ]
        );
        let hour_ms = 60 * MINUTE_MS;
        let (from, to) = (2 * hour_ms, 13 * hour_ms);
        let found = stretches(Range { from, to }, OF_CLASSES).into_iter();
        let found = found.map(|part| (part.grain, part.from / 60, part.to / 60));
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (Grain::Quarter, 2, 3),
                (Grain::ThreeHours, 3, 12),
                (Grain::Quarter, 12, 13),
            ]
        );
        assert_eq!(
            parts(9, 15),
            [
                (Grain::Quarter, 9 * DAY - 15, 9 * DAY),
                (Grain::Day, 9 * DAY, 15 * DAY),
            ]
        );
    }
}
