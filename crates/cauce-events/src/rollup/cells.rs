//! Events by kind, of an hour, a day or a whole part; and by minute.

use crate::coding::{Bytes, put_bytes, put_number, put_signed};

/// Some events, and what they stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    /// Events kept, equal ones counted each.
    pub(crate) events: u64,
    /// What they stand for, sampling undone.
    pub(crate) estimated: f64,
}

impl Cell {
    pub(crate) fn add(&mut self, other: Cell) {
        self.events += other.events;
        self.estimated += other.estimated;
    }
}

/// Events by kind, without bots.
pub(crate) type Kinds<'a> = Vec<(&'a [u8], Cell)>;

/// The events of an hour, a day or a whole part.
#[derive(Debug, PartialEq)]
pub(crate) struct Summary<'a> {
    pub(crate) kinds: Kinds<'a>,
    pub(crate) bots: u64,
    /// The time of the first event and of the last one.
    pub(crate) span: (i64, i64),
    /// The one shorter stretch that has all of it, where there is but one: a day of the whole, or an
    /// hour of the day. Uniques and rankings are kept there alone.
    pub(crate) only: Option<i64>,
}

/// How the estimates of a list of cells are written.
const AS_COUNTED: u8 = 0;
const TIMES: u8 = 1;
const EACH: u8 = 2;

impl<'a> Summary<'a> {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_number(self.bots, out);
        put_signed(self.span.0, out);
        put_signed(self.span.1 - self.span.0, out);
        out.push(u8::from(self.only.is_some()));
        put_signed(self.only.unwrap_or(0), out);
        put_number(self.kinds.len() as u64, out);
        for (kind, cell) in &self.kinds {
            put_bytes(kind, out);
            put_cells(std::slice::from_ref(cell), out);
        }
    }

    pub(crate) fn read(bytes: &mut Bytes<'a>) -> Option<Summary<'a>> {
        let bots = bytes.number()?;
        let first = bytes.signed()?;
        let last = first.checked_add(bytes.signed()?)?;
        let (is_only, only) = (bytes.byte()? == 1, bytes.signed()?);
        let mut kinds = Vec::new();
        for _ in 0..bytes.count()? {
            let kind = bytes.bytes()?;
            let mut cells = Cells::read(bytes)?;
            kinds.push((kind, cells.next(bytes)?));
        }
        Some(Summary {
            kinds,
            bots,
            span: (first, last),
            only: is_only.then_some(only),
        })
    }
}

/// Events by minute.
pub(crate) type Minutes = Vec<(u8, Cell)>;

/// The events of an hour by minute.
#[derive(Debug, PartialEq)]
pub(crate) struct Hour<'a> {
    /// For each kind the minutes that have any, in order.
    pub(crate) kinds: Vec<(&'a [u8], Minutes)>,
    pub(crate) bots: u64,
}

impl<'a> Hour<'a> {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_number(self.bots, out);
        put_number(self.kinds.len() as u64, out);
        for (kind, minutes) in &self.kinds {
            put_bytes(kind, out);
            put_number(minutes.len() as u64, out);
            out.extend(minutes.iter().map(|(minute, _)| minute));
            let cells: Vec<Cell> = minutes.iter().map(|(_, cell)| *cell).collect();
            put_cells(&cells, out);
        }
    }

    pub(crate) fn read(bytes: &mut Bytes<'a>) -> Option<Hour<'a>> {
        let bots = bytes.number()?;
        let mut kinds = Vec::new();
        for _ in 0..bytes.count()? {
            let kind = bytes.bytes()?;
            let count = bytes.count()?;
            let minutes = bytes.take(count)?;
            let mut cells = Cells::read(bytes)?;
            let minutes: Option<Minutes> = minutes
                .iter()
                .map(|minute| cells.next(bytes).map(|cell| (*minute, cell)))
                .collect();
            kinds.push((kind, minutes?));
        }
        Some(Hour { kinds, bots })
    }
}

/// Counts of one kind. Most kinds are kept whole, and most others all at one rate; so there is one
/// factor for the list where that gives every estimate to the last bit.
fn put_cells(cells: &[Cell], out: &mut Vec<u8>) {
    let factor = cells
        .first()
        .map_or(1.0, |cell| cell.estimated / cell.events as f64);
    let exact = |factor: f64| move |cell: &Cell| cell.events as f64 * factor == cell.estimated;
    let way = match () {
        () if cells.iter().all(exact(1.0)) => AS_COUNTED,
        () if cells.iter().all(exact(factor)) => TIMES,
        () => EACH,
    };
    out.push(way);
    if way == TIMES {
        out.extend_from_slice(&factor.to_le_bytes());
    }
    for cell in cells {
        put_number(cell.events, out);
        if way == EACH {
            out.extend_from_slice(&cell.estimated.to_le_bytes());
        }
    }
}

/// A list of cells while it is read.
struct Cells {
    each: bool,
    factor: f64,
}

impl Cells {
    fn read(bytes: &mut Bytes<'_>) -> Option<Cells> {
        let way = bytes.byte()?;
        let factor = if way == TIMES { bytes.f64()? } else { 1.0 };
        let each = way == EACH;
        Some(Cells { each, factor })
    }

    fn next(&mut self, bytes: &mut Bytes<'_>) -> Option<Cell> {
        let events = bytes.number()?;
        let estimated = match self.each {
            true => bytes.f64()?,
            false => events as f64 * self.factor,
        };
        Some(Cell { events, estimated })
    }
}
