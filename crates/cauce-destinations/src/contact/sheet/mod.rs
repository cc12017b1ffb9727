//! A CSV file, read piece by piece as it comes.
//!
//! ```text
//! bytes -> encoding -> framing -> cells (csv-core) -> columns -> Row or RowFault, with its line
//! ```
//!
//! What is held does not grow with the file. A file that is no table at all, or whose first row
//! names no phone, is refused as a whole before any row of it was told.

mod columns;
mod encoding;
mod framing;
mod row;
mod sniff;

use encoding_rs::Encoding;

pub use self::{
    columns::{Column, HeaderFault, LINE_COLUMN, REASON_COLUMN},
    row::{Row, RowFault, tags},
};
use self::{
    encoding::{Decoder, NoText},
    framing::{Broken, Framer, MAX_RECORD, Record},
};
use crate::normalize::country::Country;

/// Most columns of a table.
pub const MAX_COLUMNS: usize = 200;

/// What is known of a table beforehand. All of it may be left out.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The country that completes national numbers.
    pub country: Option<Country>,
    /// The encoding.
    pub encoding: Option<Charset>,
    /// What stands between the columns.
    pub delimiter: Option<Delimiter>,
}

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// The encoding with this name, as the web knows it (<https://encoding.spec.whatwg.org/#names-and-labels>).
    pub fn find(name: &str) -> Option<Charset> {
        Encoding::for_label(name.as_bytes()).map(Charset)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

/// What stands between the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(u8);

impl Delimiter {
    /// One of `;`, `,`, `|` and the tab, also by the names that an address can hold.
    pub fn find(name: &str) -> Option<Delimiter> {
        let byte = match name {
            "semicolon" => b';',
            "comma" => b',',
            "tab" | "\\t" => b'\t',
            "pipe" => b'|',
            other => *other.as_bytes().first().filter(|_| other.len() == 1)?,
        };
        sniff::DELIMITERS.contains(&byte).then_some(Delimiter(byte))
    }

    /// It as text.
    pub fn as_char(self) -> char {
        char::from(self.0)
    }
}

/// Why a file is no table of contacts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetFault {
    /// It is something else.
    #[error("{0}")]
    NoText(&'static str),
    /// Nothing is in it.
    #[error("the file is empty; its first row has to name the columns")]
    Empty,
    /// Its first row cannot be read.
    #[error("line {line}: the first row cannot be read: {fault}")]
    First {
        /// Where it begins.
        line: u64,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// Its first row does not name columns as it should.
    #[error("line {line}: {fault}")]
    Header {
        /// Where it begins.
        line: u64,
        /// What is wrong with it.
        fault: HeaderFault,
    },
    /// It has too many columns.
    #[error(
        "line {line}: {columns} columns, more than {MAX_COLUMNS}; leave out what no message needs"
    )]
    TooManyColumns {
        /// Where the first row begins.
        line: u64,
        /// How many there are.
        columns: usize,
    },
}

impl From<NoText> for SheetFault {
    fn from(what: NoText) -> SheetFault {
        SheetFault::NoText(match what {
            NoText::Spreadsheet => {
                "the file is a spreadsheet or a ZIP, not CSV; save it as CSV (UTF-8) and send that"
            }
            NoText::OldSpreadsheet => {
                "the file is a spreadsheet of an old kind, not CSV; save it as CSV (UTF-8) and send that"
            }
            NoText::Compressed => "the file is compressed; unpack it and send the CSV in it",
            NoText::Pdf => "the file is a PDF; export the table as CSV and send that",
            NoText::Binary => "the file holds bytes that stand in no text; save it as CSV (UTF-8)",
        })
    }
}

/// A row of the table, in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The line it begins in, from 1.
    pub number: u64,
    /// The row as it came, at most [`MAX_KEPT`] bytes of it.
    pub text: String,
    /// What it is, or what is wrong with it.
    pub row: Result<Row, RowFault>,
}

/// Most bytes of a row that are kept as they came.
pub const MAX_KEPT: usize = 16 << 10;

/// Reads a table.
pub struct Sheet {
    known: Known,
    decoder: Decoder,
    state: State,
    cells: Cells,
}

enum State {
    /// The first row has not come.
    First(String),
    /// Rows come.
    Rows(Box<Rows>),
}

struct Rows {
    framer: Framer,
    delimiter: Delimiter,
    header: String,
    columns: Vec<Column>,
}

impl Sheet {
    /// A table of which so much is known.
    pub fn new(known: Known) -> Sheet {
        let country = known.country.map(|country| country.lower().to_owned());
        let charset = known.encoding.map(|charset| charset.0);
        Sheet {
            decoder: Decoder::new(charset, country.as_deref()),
            known,
            state: State::First(String::new()),
            cells: Cells::default(),
        }
    }

    /// Takes a piece of the file. Answers the rows that are whole with it.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Line>, SheetFault> {
        let Sheet { decoder, state, .. } = self;
        let text = match state {
            State::First(text) => text,
            State::Rows(rows) => rows.framer.text(),
        };
        decoder.push(bytes, text)?;
        self.read(false)
    }

    /// Ends the file. Answers the last rows.
    pub fn finish(&mut self) -> Result<Vec<Line>, SheetFault> {
        let Sheet { decoder, state, .. } = self;
        let text = match state {
            State::First(text) => text,
            State::Rows(rows) => rows.framer.text(),
        };
        decoder.finish(text)?;
        self.read(true)
    }

    /// The encoding, as far as it is told.
    pub fn charset(&self) -> Charset {
        Charset(self.decoder.encoding())
    }

    /// What stands between the columns; none before the first row.
    pub fn delimiter(&self) -> Option<Delimiter> {
        self.rows().map(|rows| rows.delimiter)
    }

    /// The first row as it came, and what its columns hold; none before it has come.
    pub fn header(&self) -> Option<(&str, &[Column])> {
        let rows = self.rows()?;
        Some((&rows.header, &rows.columns))
    }

    fn rows(&self) -> Option<&Rows> {
        match &self.state {
            State::First(_) => None,
            State::Rows(rows) => Some(rows),
        }
    }

    fn read(&mut self, last: bool) -> Result<Vec<Line>, SheetFault> {
        if let State::First(text) = &mut self.state {
            let Some(rows) = begin(text, &self.known, &mut self.cells, last)? else {
                return Ok(Vec::new());
            };
            self.state = State::Rows(Box::new(rows));
        }
        let encoding = self.charset().name();
        let State::Rows(rows) = &mut self.state else {
            return Ok(Vec::new());
        };
        let mut lines = Vec::new();
        while let Some(record) = rows.framer.next(last) {
            let row = fault_of(&record, encoding).map_or_else(
                || {
                    let cells = self.cells.of(&record.text, rows.delimiter.0);
                    row::read(&rows.columns, cells, self.known.country)
                },
                Err,
            );
            let mut text = record.text;
            text.truncate(text.floor_char_boundary(MAX_KEPT));
            lines.push(Line {
                number: record.line,
                text,
                row,
            });
        }
        Ok(lines)
    }
}

/// Reads the first row, once all of it is there.
fn begin(
    text: &mut String,
    known: &Known,
    cells: &mut Cells,
    last: bool,
) -> Result<Option<Rows>, SheetFault> {
    let (mut rest, mut line) = (&text[..], 1);
    let (mut named, mut first) = (known.delimiter.map(|delimiter| delimiter.0), None);
    for found in text.split_inclusive('\n') {
        let whole = found.ends_with('\n') || last || found.len() > MAX_RECORD;
        let says = sniff::named(found).filter(|_| line == 1);
        match found.trim().is_empty() || says.is_some() {
            _ if !whole => return Ok(None),
            true => {
                named = named.or(says);
                rest = &rest[found.len()..];
                line += 1;
            }
            false => {
                first = Some(found);
                break;
            }
        }
    }
    let Some(first) = first else {
        return if last {
            Err(SheetFault::Empty)
        } else {
            Ok(None)
        };
    };
    let delimiter = named.unwrap_or_else(|| sniff::delimiter(first));
    let mut framer = Framer::new(delimiter, line, rest.to_owned());
    let Some(record) = framer.next(last) else {
        return Ok(None);
    };
    if let Some(fault) = fault_of(&record, "text") {
        return Err(SheetFault::First { line, fault });
    }
    let names = cells.of(&record.text, delimiter);
    if names.len() > MAX_COLUMNS {
        let columns = names.len();
        return Err(SheetFault::TooManyColumns { line, columns });
    }
    let columns = columns::of(names).map_err(|fault| SheetFault::Header { line, fault })?;
    Ok(Some(Rows {
        framer,
        delimiter: Delimiter(delimiter),
        header: record.text,
        columns,
    }))
}

/// What is wrong with a record before its cells are looked at.
fn fault_of(record: &Record, encoding: &'static str) -> Option<RowFault> {
    match record.broken {
        Some(Broken::Unclosed) => Some(RowFault::Unclosed),
        Some(Broken::Stray) => Some(RowFault::Stray),
        Some(Broken::TooLong) => Some(RowFault::TooLong { most: MAX_RECORD }),
        None if record.text.contains(char::REPLACEMENT_CHARACTER) => {
            Some(RowFault::Encoding { encoding })
        }
        None => None,
    }
}

/// The cells of one record at a time, in memory that is used again.
#[derive(Default)]
struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// Takes a record apart. It is known to be whole.
    fn of(&mut self, record: &str, delimiter: u8) -> impl ExactSizeIterator<Item = &str> {
        // Cells are never longer than what they are read from, nor more than its bytes.
        self.text.resize(record.len() + 1, 0);
        self.ends.resize(record.len() + 2, 0);
        let mut reader = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let (_, read, written, ended) =
            reader.read_record(record.as_bytes(), &mut self.text, &mut self.ends);
        debug_assert_eq!(read, record.len(), "a record is read as one");
        let (_, _, more, last) =
            reader.read_record(b"\n", &mut self.text[written..], &mut self.ends[ended..]);
        let _ = more;
        let count = ended + last;
        let text = &self.text;
        let ends = &self.ends[..count];
        (0..count).map(move |cell| {
            let begin = if cell == 0 { 0 } else { ends[cell - 1] };
            std::str::from_utf8(&text[begin..ends[cell]]).unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests;
