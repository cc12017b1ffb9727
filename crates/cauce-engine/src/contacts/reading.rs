//! A file becomes batches of contacts, on a thread of its own: telling phone numbers costs most of
//! an import, and must not hold up anything else.
//!
//! Its first bytes say what it is: a workbook is gathered and read at its end, everything else is
//! read as a CSV file while it comes.

use bytes::Bytes;
use cauce_destinations::contact::sheet::{
    self, Cell, Column, Grid, Known, Row, RowFault, Sheet, SheetFault,
};
use cauce_store::campaigns::{
    contact::OptedBy,
    upsert::{Change, Entry, TagChange},
};
use tokio::sync::mpsc::{Receiver, Sender};

use super::workbook::{self, BookFault};

/// Rows of a batch, which is one commit.
const BATCH_ROWS: usize = 2_000;
/// What is told as the encoding of a workbook.
const BOOK_ENCODING: &str = "XLSX";
/// Bytes of a batch's rows as they came, about.
const BATCH_BYTES: usize = 1 << 20;

/// What is known of a file, and wanted of it.
pub(super) struct Wanted {
    pub(super) known: Known,
    /// The sheet of a workbook.
    pub(super) worksheet: Option<String>,
    /// Tags that every contact gets.
    pub(super) tags: Vec<String>,
}

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
    Fault(FileFault),
    /// All of it was read.
    End,
}

/// Why a file is no table of contacts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// As a CSV file, or as a sheet.
    #[error(transparent)]
    Sheet(#[from] SheetFault),
    /// As a workbook.
    #[error(transparent)]
    Book(#[from] BookFault),
}

/// What the first row tells.
pub(super) struct Begun {
    pub(super) header: String,
    pub(super) delimiter: char,
    pub(super) columns: Vec<String>,
    /// The sheet of a workbook.
    pub(super) worksheet: Option<String>,
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
pub(super) fn read(wanted: &Wanted, pieces: &mut Receiver<Piece>, out: &Sender<Read>) {
    let mut reading = Reading {
        wanted,
        begun: false,
        batch: Vec::new(),
        bytes: 0,
        out,
    };
    // Whoever listened may be gone; there is nobody else to tell.
    let _ = match reading.file(pieces) {
        Ok(true) => reading.tell(Read::End),
        Err(Stop::Fault(fault)) => reading.tell(Read::Fault(fault)),
        Ok(false) | Err(Stop::Gone) => Ok(()),
    };
}

/// Whether a file that begins so is a workbook.
pub fn is_book(begin: &[u8]) -> bool {
    begin.starts_with(workbook::BEGIN)
}

/// Why a workbook is no table of contacts, if it is none. No row behind the first one is read.
pub fn look_at_book(bytes: &[u8], worksheet: Option<&str>) -> Result<(), FileFault> {
    let most = workbook::MAX_BYTES;
    if bytes.len() > most {
        return Err(BookFault::TooLarge { most }.into());
    }
    let mut first = FirstRow(Grid::new(None));
    match workbook::read(bytes, worksheet, &mut first) {
        Ok(()) => Ok(first.0.finish()?),
        Err(Looked::Enough) => Ok(()),
        Err(Looked::Fault(fault)) => Err(fault),
    }
}

struct FirstRow(Grid);

enum Looked {
    Enough,
    Fault(FileFault),
}

impl From<BookFault> for Looked {
    fn from(fault: BookFault) -> Looked {
        Looked::Fault(fault.into())
    }
}

impl workbook::Rows for FirstRow {
    type Stop = Looked;
    fn begin(&mut self, _: &str) {}
    fn row(&mut self, number: u64, cells: &[Cell<'_>]) -> Result<(), Looked> {
        let pushed = self.0.push(number, cells);
        pushed.map_err(|fault| Looked::Fault(fault.into()))?;
        match self.0.header() {
            Some(_) => Err(Looked::Enough),
            None => Ok(()),
        }
    }
}

enum Stop {
    Fault(FileFault),
    Gone,
}

impl From<SheetFault> for Stop {
    fn from(fault: SheetFault) -> Stop {
        Stop::Fault(fault.into())
    }
}

impl From<BookFault> for Stop {
    fn from(fault: BookFault) -> Stop {
        Stop::Fault(fault.into())
    }
}

struct Reading<'a> {
    wanted: &'a Wanted,
    begun: bool,
    batch: Vec<Line>,
    bytes: usize,
    out: &'a Sender<Read>,
}

impl Reading<'_> {
    /// Reads a file of any kind. Answers whether it has come to its end.
    fn file(&mut self, pieces: &mut Receiver<Piece>) -> Result<bool, Stop> {
        let mut first = Vec::new();
        loop {
            let is_book = is_book(&first);
            match pieces.blocking_recv() {
                None => return Ok(false),
                Some(Piece::End) if is_book => return self.book(&first).map(|()| true),
                Some(Piece::End) => {
                    let mut sheet = self.csv()?;
                    self.piece(&mut sheet, &first)?;
                    return self.end(&mut sheet).map(|()| true);
                }
                Some(Piece::Bytes(bytes)) => first.extend_from_slice(&bytes),
            }
            match self::is_book(&first) {
                true if first.len() > workbook::MAX_BYTES => {
                    let most = workbook::MAX_BYTES;
                    return Err(BookFault::TooLarge { most }.into());
                }
                false if first.len() >= workbook::BEGIN.len() => break,
                _ => {}
            }
        }
        self.sheet(&first, pieces)
    }

    /// Reads a CSV file that begins so.
    fn sheet(&mut self, first: &[u8], pieces: &mut Receiver<Piece>) -> Result<bool, Stop> {
        let mut sheet = self.csv()?;
        self.piece(&mut sheet, first)?;
        while let Some(piece) = pieces.blocking_recv() {
            match piece {
                Piece::Bytes(bytes) => self.piece(&mut sheet, &bytes)?,
                Piece::End => return self.end(&mut sheet).map(|()| true),
            }
        }
        Ok(false)
    }

    /// An empty CSV file, unless a sheet is named that only a workbook could have.
    fn csv(&self) -> Result<Sheet, Stop> {
        match self.wanted.worksheet {
            Some(_) => Err(BookFault::OfNoBook.into()),
            None => Ok(Sheet::new(self.wanted.known.clone())),
        }
    }

    fn piece(&mut self, sheet: &mut Sheet, bytes: &[u8]) -> Result<(), Stop> {
        let lines = sheet.push(bytes)?;
        self.take(sheet, lines)
    }

    fn end(&mut self, sheet: &mut Sheet) -> Result<(), Stop> {
        let lines = sheet.finish()?;
        self.take(sheet, lines)?;
        self.hand_on(true)
    }

    fn take(&mut self, sheet: &Sheet, lines: Vec<sheet::Line>) -> Result<(), Stop> {
        if let (Some(header), Some(delimiter)) = (sheet.header(), sheet.delimiter()) {
            self.begin(header, delimiter, None)?;
        }
        let encoding = sheet.charset().name();
        lines
            .into_iter()
            .try_for_each(|line| self.line(line, encoding))
    }

    /// Reads a workbook.
    fn book(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let wanted = self.wanted;
        let mut rows = BookRows {
            grid: Grid::new(wanted.known.country),
            worksheet: String::new(),
            reading: self,
        };
        workbook::read(bytes, wanted.worksheet.as_deref(), &mut rows)?;
        rows.grid.finish()?;
        rows.begin_once()?;
        self.hand_on(true)
    }

    /// Tells of the first row, once.
    fn begin(
        &mut self,
        (header, columns): (&str, &[Column]),
        delimiter: sheet::Delimiter,
        worksheet: Option<&str>,
    ) -> Result<(), Stop> {
        if self.begun {
            return Ok(());
        }
        let begun = Begun {
            header: header.to_owned(),
            delimiter: delimiter.as_char(),
            columns: columns.iter().map(|c| Column::name(c).to_owned()).collect(),
            worksheet: worksheet.map(str::to_owned),
        };
        self.begun = true;
        self.tell(Read::Begun(begun))
    }

    fn line(&mut self, line: sheet::Line, encoding: &'static str) -> Result<(), Stop> {
        self.bytes += line.text.len();
        self.batch.push(Line {
            number: line.number,
            entry: line.row.map(|row| entry(row, &self.wanted.tags)),
            text: line.text,
            encoding,
        });
        self.hand_on(false)
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

/// The rows of a workbook on their way into batches.
struct BookRows<'a, 'b> {
    grid: Grid,
    worksheet: String,
    reading: &'a mut Reading<'b>,
}

impl BookRows<'_, '_> {
    fn begin_once(&mut self) -> Result<(), Stop> {
        match self.grid.header() {
            Some(header) => self
                .reading
                .begin(header, sheet::DELIMITER, Some(&self.worksheet)),
            None => Ok(()),
        }
    }
}

impl workbook::Rows for BookRows<'_, '_> {
    type Stop = Stop;
    fn begin(&mut self, sheet: &str) {
        sheet.clone_into(&mut self.worksheet);
    }
    fn row(&mut self, number: u64, cells: &[Cell<'_>]) -> Result<(), Stop> {
        let Some(line) = self.grid.push(number, cells)? else {
            return Ok(());
        };
        self.begin_once()?;
        self.reading.line(line, BOOK_ENCODING)
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
