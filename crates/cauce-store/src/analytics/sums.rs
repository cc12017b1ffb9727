//! Changes of sums, gathered over one transaction and written at its end.

use cauce_observe::analytics::{Cell, Effect, Measure};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    aside::step_aside,
    packs::{At, Pack, merged, pack},
};

/// Milliseconds of a minute.
pub(super) const MINUTE_MS: i64 = 60_000;
/// Minutes of a quarter-hour and of a day.
pub(super) const QUARTER: i64 = 15;
pub(super) const DAY: i64 = 24 * 60;
/// Minutes of eight days: every block ends where they do.
pub(super) const EIGHT_DAYS: i64 = 8 * DAY;

/// How long the steps are that sums are kept by, and which of them stand in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grain {
    Minute = 0,
    Quarter = 1,
    Day = 2,
    /// Of classes of durations, of which there are hundreds in a step: few steps make a block.
    QuarterOfClasses = 3,
    DayOfClasses = 4,
}

impl Grain {
    pub(super) const ALL: [Grain; 5] = [
        Grain::Minute,
        Grain::Quarter,
        Grain::Day,
        Grain::QuarterOfClasses,
        Grain::DayOfClasses,
    ];

    /// Minutes of a step.
    pub(super) const fn minutes(self) -> i64 {
        match self {
            Grain::Minute => 1,
            Grain::Quarter | Grain::QuarterOfClasses => QUARTER,
            Grain::Day | Grain::DayOfClasses => DAY,
        }
    }

    /// Minutes of a block: what is packed together is read and written together, and less than a
    /// page of SQLite.
    pub(super) const fn block_minutes(self) -> i64 {
        match self {
            Grain::Minute => 60,
            Grain::Quarter => 3 * 60,
            Grain::Day => EIGHT_DAYS,
            Grain::QuarterOfClasses => 60,
            Grain::DayOfClasses => DAY,
        }
    }

    /// The block that a minute is in.
    pub(super) const fn block(self, minute: i64) -> i64 {
        minute.div_euclid(self.block_minutes())
    }

    /// Where the pack of a series stands in a block: those of one grain and block are neighbours.
    pub(super) fn place(self, block: i64, series: i64) -> i64 {
        let block = block.clamp(0, MAX_BLOCK);
        (self as i64) << (BLOCK_BITS + SERIES_BITS) | block << SERIES_BITS | series
    }

    /// The places of blocks, from one to before another.
    pub(super) fn places(self, from: i64, to: i64) -> [i64; 2] {
        [self.place(from, 0), self.place(to, 0)]
    }
}

/// Bits of a place that tell the series, and those that tell the block.
const SERIES_BITS: u32 = 32;
const BLOCK_BITS: u32 = 28;
/// Past all blocks that anything is in: thousands of years.
pub(super) const MAX_BLOCK: i64 = (1 << BLOCK_BITS) - 1;

/// The block of a place.
pub(super) const fn block_of(place: i64) -> i64 {
    place >> SERIES_BITS & MAX_BLOCK
}

/// The bits of a place that tell the series.
pub(super) const EVERY_SERIES: i64 = (1 << SERIES_BITS) - 1;

/// The series of a place.
pub(super) const fn series_of(place: i64) -> i64 {
    place & EVERY_SERIES
}

/// Sums that are packed together: the classes of one measure, or all other measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Series {
    tenant: i64,
    /// Of classes.
    measure: Option<Measure>,
    cell: Cell,
}

impl Series {
    /// The series that a measure is in.
    pub(super) fn of(tenant: i64, measure: Measure, cell: Cell) -> Series {
        Series {
            tenant,
            measure: measure.is_of_classes().then_some(measure),
            cell,
        }
    }

    /// The number of this series.
    pub(super) fn find(self, connection: &Connection) -> rusqlite::Result<Option<i64>> {
        connection
            .prepare_cached(
                "SELECT id FROM series
                 WHERE tenant = ?1 AND measure = ?2 AND campaign = ?3 AND variant = ?4",
            )?
            .query_row(self.values(), |row| row.get(0))
            .optional()
    }

    /// The number of this series, which is given one where it has none.
    fn number(self, connection: &Connection) -> rusqlite::Result<i64> {
        if let Some(known) = self.find(connection)? {
            return Ok(known);
        }
        connection
            .prepare_cached(
                "INSERT INTO series (tenant, measure, campaign, variant) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(self.values())?;
        Ok(connection.last_insert_rowid())
    }

    fn values(self) -> [i64; 4] {
        let measure = self.measure.map_or(ALL_OTHERS, Measure::code);
        let Cell { campaign, variant } = self.cell;
        [self.tenant, measure, campaign.into(), variant.into()]
    }

    /// The grains that it is kept by, the longest first.
    const fn grains(self) -> [Grain; 2] {
        match self.measure {
            Some(_) => [Grain::DayOfClasses, Grain::QuarterOfClasses],
            None => [Grain::Day, Grain::Quarter],
        }
    }
}

/// The measure of series that hold all measures but those of classes.
pub(super) const ALL_OTHERS: i64 = 0;

/// Which sum, and its minute: a quarter-hour's first where minutes are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    series: Series,
    measure: Measure,
    minute: i64,
    part: i64,
}

impl Key {
    fn of(tenant: i64, effect: &Effect) -> Key {
        let Effect { measure, cell, .. } = *effect;
        let step = match is_by_minute(measure, cell) {
            true => Grain::Minute.minutes(),
            false => QUARTER,
        };
        Key {
            series: Series::of(tenant, measure, cell),
            measure,
            minute: effect.at.div_euclid(MINUTE_MS).div_euclid(step) * step,
            part: effect.part,
        }
    }

    /// Which sum it is of a grain, and the block that this stands in.
    fn in_steps_of(self, grain: Grain) -> (i64, At) {
        let start = self.minute.div_euclid(grain.minutes()) * grain.minutes();
        let at = At {
            measure: self.measure.code(),
            start,
            part: self.part,
        };
        (grain.block(start), at)
    }
}

fn is_by_minute(measure: Measure, cell: Cell) -> bool {
    measure.is_by_minute() && cell.is_none()
}

/// Changes that are gathered.
#[derive(Default)]
pub(super) struct Changes(Vec<(Key, i64)>);

impl Changes {
    /// Adds effects for a tenant, or takes them back (`by` is -1).
    pub(super) fn add(&mut self, tenant: i64, effects: &[Effect], by: i64) {
        let effects = effects.iter();
        let changes = effects.map(|own| (Key::of(tenant, own), by.saturating_mul(own.by)));
        self.0.extend(changes);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds up those of the same sum.
    pub(super) fn add_up(&mut self) {
        add_up(&mut self.0);
    }

    /// Writes what has changed.
    pub(super) fn write(mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.add_up();
        let mut changes: Vec<((i64, At), i64)> = Vec::with_capacity(self.0.len() * 3);
        let mut known: Option<(Series, i64)> = None;
        for (key, by) in self.0 {
            let series = key.series;
            let number = match known.filter(|(known, _)| *known == series) {
                Some((_, number)) => number,
                None => series.number(connection)?,
            };
            known = Some((series, number));
            let mut change = |grain: Grain| {
                let (block, at) = key.in_steps_of(grain);
                changes.push(((grain.place(block, number), at), by));
            };
            series.grains().into_iter().for_each(&mut change);
            if is_by_minute(key.measure, series.cell) {
                change(Grain::Minute);
            }
        }
        add_up(&mut changes);
        let packs = changes.chunk_by(|((one, _), _), ((other, _), _)| one == other);
        for own in packs {
            let ((place, _), _) = own[0];
            let own = own.iter().map(|((_, at), by)| (*at, *by));
            change_pack(connection, place, own)?;
            step_aside();
        }
        Ok(())
    }
}

/// Puts changes in order, those of one key together; what comes to nothing goes.
fn add_up<K: Ord + Copy>(changes: &mut Vec<(K, i64)>) {
    changes.sort_unstable_by_key(|(key, _)| *key);
    changes.dedup_by(|(next, by), (kept, sum)| {
        let is_same = next == kept;
        if is_same {
            *sum = sum.saturating_add(*by);
        }
        is_same
    });
    changes.retain(|(_, by)| *by != 0);
}

/// Adds to the sums of a pack, in their order. A pack of nothing goes.
pub(super) fn change_pack(
    connection: &Connection,
    place: i64,
    changes: impl Iterator<Item = (At, i64)>,
) -> rusqlite::Result<()> {
    let before: Option<Vec<u8>> = connection
        .prepare_cached("SELECT packed FROM sums WHERE place = ?1")?
        .query_row([place], |row| row.get(0))
        .optional()?;
    let all = merged(Pack::of(before.as_deref().unwrap_or_default()), changes);
    if all.is_empty() {
        return connection
            .prepare_cached("DELETE FROM sums WHERE place = ?1")?
            .execute([place])
            .map(drop);
    }
    connection
        .prepare_cached("REPLACE INTO sums VALUES (?1, ?2)")?
        .execute(params![place, pack(&all)])
        .map(drop)
}
