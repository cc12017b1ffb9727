//! A table of contacts: a CSV file, read piece by piece as it comes, or the rows of a spreadsheet
//! (`grid`).
//!
//! ```text
//! bytes -> encoding -> framing -> cells (csv-core) -> columns -> Row or RowFault, with its line
//! ```
//!
//! What is held does not grow with the file. A file that is no table at all, or whose first row
//! names no phone, is refused as a whole before any row of it was told.

mod cells;
mod columns;
mod encoding;
mod fault;
mod framing;
mod grid;
mod known;
mod row;
mod sniff;

use self::{
    cells::Cells,
    encoding::Decoder,
    framing::{Broken, Framer, MAX_RECORD, Record},
};
pub use self::{
    columns::{Column, HeaderFault, LINE_COLUMN, REASON_COLUMN},
    fault::SheetFault,
    grid::{Cell, DELIMITER, Grid},
    known::{Charset, Delimiter, Known},
    row::{Row, RowFault, tags},
};

/// Most columns of a table.
pub const MAX_COLUMNS: usize = 200;

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
    text: &str,
    known: &Known,
    cells: &mut Cells,
    last: bool,
) -> Result<Option<Rows>, SheetFault> {
    let (mut rest, mut line) = (text, 1);
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

#[cfg(test)]
mod tests;
