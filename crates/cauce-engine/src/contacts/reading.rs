//! A file becomes batches of contacts, on a thread of its own: telling phone numbers costs most of
//! an import, and must not hold up anything else.

use bytes::Bytes;
use cauce_destinations::contact::sheet::{Column, Known, Row, RowFault, Sheet, SheetFault};
use cauce_store::campaigns::{
    contact::OptedBy,
    upsert::{Change, Entry, TagChange},
};
use tokio::sync::mpsc::{Receiver, Sender};

/// Rows of a batch, which is one commit.
const BATCH_ROWS: usize = 2_000;
/// Bytes of a batch's rows as they came, about.
const BATCH_BYTES: usize = 1 << 20;

/// What a file is made of.
pub(super) enum Piece {
    /// A part of it.
    Bytes(Bytes),
    /// All of it has come.
    End,
}

/// What is read out of it.
pub(super) enum Read {
    /// Its first row.
    Begun(Begun),
    /// Rows.
    Rows(Vec<Line>),
    /// It is no table.
    Fault(SheetFault),
    /// All of it was read.
    End,
}

/// What the first row tells.
pub(super) struct Begun {
    pub(super) header: String,
    pub(super) delimiter: char,
    pub(super) columns: Vec<String>,
}

/// A row in its place.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) text: String,
    pub(super) entry: Result<Entry, RowFault>,
    /// The encoding that the file was read in, as far as it was known.
    pub(super) encoding: &'static str,
}

/// Reads until the end, or until nobody wants more. A file that ends without [`Piece::End`] has been
/// cut off, and its last row with it.
pub(super) fn read(
    known: Known,
    tags: &[String],
    pieces: &mut Receiver<Piece>,
    out: &Sender<Read>,
) {
    let mut reading = Reading {
        sheet: Sheet::new(known),
        tags,
        begun: false,
        batch: Vec::new(),
        bytes: 0,
        out,
    };
    while let Some(piece) = pieces.blocking_recv() {
        let last = matches!(piece, Piece::End);
        let read = reading.take(piece).and_then(|()| reading.hand_on(last));
        // Whoever listened may be gone; there is nobody else to tell.
        let _ = match read {
            Ok(()) if last => reading.tell(Read::End),
            Ok(()) => continue,
            Err(Stop::Fault(fault)) => reading.tell(Read::Fault(fault)),
            Err(Stop::Gone) => Ok(()),
        };
        return;
    }
}

enum Stop {
    Fault(SheetFault),
    Gone,
}

struct Reading<'a> {
    sheet: Sheet,
    tags: &'a [String],
    begun: bool,
    batch: Vec<Line>,
    bytes: usize,
    out: &'a Sender<Read>,
}

impl Reading<'_> {
    fn take(&mut self, piece: Piece) -> Result<(), Stop> {
        let lines = match piece {
            Piece::Bytes(bytes) => self.sheet.push(&bytes),
            Piece::End => self.sheet.finish(),
        };
        let lines = lines.map_err(Stop::Fault)?;
        self.begin()?;
        let encoding = self.sheet.charset().name();
        for line in lines {
            self.bytes += line.text.len();
            self.batch.push(Line {
                number: line.number,
                entry: line.row.map(|row| entry(row, self.tags)),
                text: line.text,
                encoding,
            });
            self.hand_on(false)?;
        }
        Ok(())
    }

    /// Tells of the first row, once.
    fn begin(&mut self) -> Result<(), Stop> {
        let (Some((header, columns)), Some(delimiter)) =
            (self.sheet.header(), self.sheet.delimiter())
        else {
            return Ok(());
        };
        if self.begun {
            return Ok(());
        }
        let begun = Begun {
            header: header.to_owned(),
            delimiter: delimiter.as_char(),
            columns: columns.iter().map(|c| Column::name(c).to_owned()).collect(),
        };
        self.begun = true;
        self.tell(Read::Begun(begun))
    }

    /// Hands the batch on where it is full, or, at the end, as it is.
    fn hand_on(&mut self, last: bool) -> Result<(), Stop> {
        let full = self.batch.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES;
        let rest = last && !self.batch.is_empty();
        if !full && !rest {
            return Ok(());
        }
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.tell(Read::Rows(batch))
    }

    fn tell(&self, read: Read) -> Result<(), Stop> {
        self.out.blocking_send(read).map_err(|_| Stop::Gone)
    }
}

fn entry(row: Row, tags: &[String]) -> Entry {
    let set = |value: Option<String>| value.map_or(Change::Keep, Change::Set);
    let tags = [&row.tags[..], tags].concat();
    Entry {
        id: row.id,
        number: row.phone.as_ref().map(super::number),
        name: set(row.name),
        attributes: row.attributes.into_iter().collect(),
        tags: match tags.is_empty() {
            true => TagChange::Keep,
            false => TagChange::Add(tags),
        },
        language: set(row.language),
        timezone: set(row.timezone),
        opted_out: row.opted_out.then_some(OptedBy::Import),
    }
}
