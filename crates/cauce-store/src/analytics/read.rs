//! Sums, read over a range: its middle by long steps, its ends by short ones.

use std::collections::BTreeMap;

use cauce_flow::id::TenantId;
use cauce_observe::analytics::{
    Cell, Kind, Measure,
    calendar::Range,
    figures::Sums,
    measure::{funnel_part, of_funnel_part},
};
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use super::{
    names::{self, Space},
    packs::{At, Pack},
    sums::{ALL_OTHERS, Grain, MAX_BLOCK, MINUTE_MS, Series, block_of},
};

/// A stretch of steps of one length, in minutes since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) grain: Grain,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Stretch {
    pub(super) fn of(grain: Grain, range: Range) -> Stretch {
        Stretch {
            grain,
            from: range.from.div_euclid(MINUTE_MS),
            to: range.to.div_euclid(MINUTE_MS),
        }
    }

    /// The steps of a range by two grains, in its order: the long ones in its middle, the short ones at
    /// its ends.
    fn all_of(range: Range, [long, short]: [Grain; 2]) -> Vec<Stretch> {
        let Stretch { from, to, .. } = Stretch::of(short, range);
        let minutes = long.minutes();
        let first = (from + minutes - 1).div_euclid(minutes) * minutes;
        let last = to.div_euclid(minutes) * minutes;
        let parts = match first < last {
            true => vec![(short, from, first), (long, first, last), (short, last, to)],
            false => vec![(short, from, to)],
        };
        let parts = parts.into_iter().filter(|(_, from, to)| from < to);
        parts
            .map(|(grain, from, to)| Stretch { grain, from, to })
            .collect()
    }

    /// The places of a series in the blocks that it has a part in.
    fn places(self, series: i64) -> impl Iterator<Item = i64> {
        let Stretch { grain, from, to } = self;
        let blocks = grain.block(from)..=grain.block(to - 1);
        blocks.map(move |block| grain.place(block, series))
    }
}

/// The first minute of the first days that are kept, whatever they are of; none where none are.
pub(super) fn first_day(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(place) FROM sums WHERE place >= ?1 AND place < ?2")?
        .query_row(Grain::Day.places(1, MAX_BLOCK), |row| row.get(0))?;
    Ok(first.map(|place| block_of(place) * Grain::Day.block_minutes()))
}

/// The number of a tenant; none where nothing was ever tracked of it.
pub(super) fn tenant(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Option<i64>> {
    names::find(connection, 0, Space::Tenant, tenant.as_str())
}

/// Packs, read one after the other.
struct Packs<'a>(CachedStatement<'a>);

impl Packs<'_> {
    fn of(connection: &Connection) -> rusqlite::Result<Packs<'_>> {
        let sql = "SELECT packed FROM sums WHERE place = ?1";
        connection.prepare_cached(sql).map(Packs)
    }

    /// Shows the pack of a series in each block of a stretch, as far as it is of the stretch.
    fn each(
        &mut self,
        series: i64,
        stretch: Stretch,
        mut show: impl FnMut(&mut dyn Iterator<Item = (At, i64)>),
    ) -> rusqlite::Result<()> {
        let Stretch { from, to, .. } = stretch;
        for place in stretch.places(series) {
            let shown = self.0.query_row([place], |row| {
                let packed = row.get_ref(0)?.as_blob()?;
                show(&mut Pack::of(packed).filter(|(at, _)| (from..to).contains(&at.start)));
                Ok(())
            });
            shown.optional()?;
        }
        Ok(())
    }
}

/// The sums of some measures over a range, of all campaigns and of none together.
pub(super) fn sums(
    connection: &Connection,
    tenant: i64,
    measures: &[Measure],
    range: Range,
) -> rusqlite::Result<Sums> {
    let mut packs = Packs::of(connection)?;
    let mut all = Sums::default();
    let (of_classes, others): (Vec<Measure>, Vec<Measure>) = measures
        .iter()
        .copied()
        .partition(|own| own.is_of_classes());
    if let Some(first) = others.first() {
        let series = Series::of(tenant, *first, Cell::NONE).find(connection)?;
        add(&mut packs, series, &others, range, &mut all)?;
    }
    for measure in of_classes {
        let series = Series::of(tenant, measure, Cell::NONE).find(connection)?;
        add_classes(&mut packs, series, measure, range, &mut all)?;
    }
    Ok(all)
}

/// Adds what a series has of some measures.
fn add(
    packs: &mut Packs<'_>,
    series: Option<i64>,
    measures: &[Measure],
    range: Range,
    to: &mut Sums,
) -> rusqlite::Result<()> {
    let Some(series) = series else { return Ok(()) };
    let wanted = Wanted::of(measures);
    for stretch in Stretch::all_of(range, [Grain::Day, Grain::Quarter]) {
        packs.each(series, stretch, |sums| {
            for (at, sum) in sums {
                if let Some(measure) = wanted.measure(at.measure) {
                    to.add(measure, at.part, sum);
                }
            }
        })?;
    }
    Ok(())
}

/// Adds what a series has of classes. There are hundreds in each step, so they are added up by their
/// place, not by a search for each: classes are small numbers, those of each step of the funnel.
fn add_classes(
    packs: &mut Packs<'_>,
    series: Option<i64>,
    measure: Measure,
    range: Range,
    to: &mut Sums,
) -> rusqlite::Result<()> {
    let Some(series) = series else { return Ok(()) };
    let mut classes = Classes::default();
    for stretch in Stretch::all_of(range, [Grain::DayOfClasses, Grain::QuarterOfClasses]) {
        packs.each(series, stretch, |sums| {
            for (at, sum) in sums {
                classes.add(at.part, sum);
            }
        })?;
    }
    classes.each(|part, sum| to.add(measure, part, sum));
    Ok(())
}

/// Sums by class.
#[derive(Default)]
struct Classes(Vec<Vec<i64>>);

impl Classes {
    fn add(&mut self, part: i64, sum: i64) {
        let known = of_funnel_part(part).filter(|(step, _)| *step < Kind::ALL.len());
        let Some((step, class)) = known else { return };
        if self.0.len() <= step {
            self.0.resize_with(step + 1, Vec::new);
        }
        let (classes, class) = (&mut self.0[step], class as usize);
        if classes.len() <= class {
            classes.resize(class + 1, 0);
        }
        classes[class] = classes[class].saturating_add(sum);
    }

    fn each(&self, mut show: impl FnMut(i64, i64)) {
        for (step, classes) in self.0.iter().enumerate() {
            for (class, sum) in (0..).zip(classes).filter(|(_, sum)| **sum != 0) {
                show(funnel_part(step, class), *sum);
            }
        }
    }
}

/// Measures by their numbers.
struct Wanted([Option<Measure>; MAX_CODE]);

/// Numbers of measures are below this.
const MAX_CODE: usize = 128;

impl Wanted {
    fn of(measures: &[Measure]) -> Wanted {
        let mut wanted = [None; MAX_CODE];
        for measure in measures {
            wanted[measure.code() as usize] = Some(*measure);
        }
        Wanted(wanted)
    }

    fn measure(&self, code: i64) -> Option<Measure> {
        *self.0.get(usize::try_from(code).ok()?)?
    }
}

/// The sums of some measures over a range, of each campaign and each of its variants. Of this
/// campaign; without it, of all.
pub(super) fn sums_of_campaigns(
    connection: &Connection,
    tenant: i64,
    measures: &[Measure],
    range: Range,
    campaign: Option<i64>,
) -> rusqlite::Result<BTreeMap<Cell, Sums>> {
    let mut packs = Packs::of(connection)?;
    let mut all: BTreeMap<Cell, Sums> = BTreeMap::new();
    for (series, cell) in cells(connection, tenant, campaign)? {
        let mut own = Sums::default();
        add(&mut packs, Some(series), measures, range, &mut own)?;
        if own != Sums::default() {
            all.insert(cell, own);
        }
    }
    Ok(all)
}

/// The series of campaigns and of their variants: of this one, or of all.
fn cells(
    connection: &Connection,
    tenant: i64,
    campaign: Option<i64>,
) -> rusqlite::Result<Vec<(i64, Cell)>> {
    let [first, last] = campaign.map_or([1, i64::MAX], |one| [one, one]);
    connection
        .prepare_cached(
            "SELECT id, campaign, variant FROM series
             WHERE tenant = ?1 AND measure = ?2 AND campaign >= ?3 AND campaign <= ?4",
        )?
        .query_map([tenant, ALL_OTHERS, first, last], |row| {
            let cell = Cell {
                campaign: row.get(1)?,
                variant: row.get(2)?,
            };
            Ok((row.get(0)?, cell))
        })?
        .collect()
}

/// The variants of a campaign of which anything was ever counted.
pub(super) fn variants(
    connection: &Connection,
    tenant: i64,
    campaign: i64,
) -> rusqlite::Result<Vec<u32>> {
    let cells = cells(connection, tenant, Some(campaign))?.into_iter();
    let variants = cells.map(|(_, cell)| cell.variant);
    Ok(variants.filter(|variant| *variant > 0).collect())
}

/// Shows each sum of a measure in a stretch: its minute, its part, the sum. Of all campaigns and of
/// none together.
pub(super) fn each(
    connection: &Connection,
    (tenant, measure): (i64, Measure),
    stretch: Stretch,
    mut show: impl FnMut(i64, i64, i64),
) -> rusqlite::Result<()> {
    let Some(series) = Series::of(tenant, measure, Cell::NONE).find(connection)? else {
        return Ok(());
    };
    let code = measure.code();
    Packs::of(connection)?.each(series, stretch, |sums| {
        // They stand in the order of their measures.
        let own = sums.take_while(|(at, _)| at.measure <= code);
        for (at, sum) in own.filter(|(at, _)| at.measure == code) {
            show(at.start, at.part, sum);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::sums::DAY;

    #[test]
    fn a_range_is_made_of_whole_days_and_quarter_hours_at_its_ends() {
        let day_ms = DAY * MINUTE_MS;
        let parts = |from, to| {
            let range = Range { from, to };
            let all = Stretch::all_of(range, [Grain::Day, Grain::Quarter]).into_iter();
            all.map(|part| (part.grain, part.from, part.to))
                .collect::<Vec<_>>()
        };
        let hour = 60 * MINUTE_MS;
        assert_eq!(
            parts(hour, 3 * day_ms + hour),
            [
                (Grain::Quarter, 60, DAY),
                (Grain::Day, DAY, 3 * DAY),
                (Grain::Quarter, 3 * DAY, 3 * DAY + 60),
            ]
        );
        assert_eq!(parts(0, day_ms), [(Grain::Day, 0, DAY)]);
        assert_eq!(parts(hour, 2 * hour), [(Grain::Quarter, 60, 120)]);
        assert_eq!(parts(hour, day_ms + hour), [(Grain::Quarter, 60, DAY + 60)]);
        assert_eq!(parts(hour, hour), []);
    }
}
