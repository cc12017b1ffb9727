//! A table that comes as rows of cells: the sheet of a spreadsheet.
//!
//! It is read as a CSV file is, from the names in its first row to what is wrong with each other one.
//! A row that is not taken is told as the text of a CSV file, so that it can be mended and sent as
//! one.

use std::borrow::Cow;

use super::{
    Column, Delimiter, Line, MAX_COLUMNS, MAX_KEPT, Row, RowFault, SheetFault, columns,
    framing::MAX_RECORD, row,
};
use crate::normalize::country::Country;

/// What stands between the cells of a row that is told as text.
pub const DELIMITER: Delimiter = Delimiter(b';');

/// What a cell of a spreadsheet holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    #[default]
    Empty,
    /// A text, or a number or a time as text.
    Text(Cow<'a, str>),
    /// What is left of a formula that could not be worked out: `#N/A`, say.
    Error(String),
}

impl Cell<'_> {
    fn text(&self) -> &str {
        match self {
            Cell::Empty => "",
            Cell::Text(text) => text,
            Cell::Error(text) => text,
        }
    }
}

/// Reads a table row by row.
pub struct Grid {
    country: Option<Country>,
    first: Option<First>,
}

struct First {
    text: String,
    columns: Vec<Column>,
}

impl Grid {
    /// A table in which this country completes national numbers.
    pub fn new(country: Option<Country>) -> Grid {
        Grid {
            country,
            first: None,
        }
    }

    /// Takes a row. Answers nothing for the first one, which names the columns, and for one in which
    /// nothing stands.
    pub fn push(&mut self, number: u64, cells: &[Cell<'_>]) -> Result<Option<Line>, SheetFault> {
        let last = cells
            .iter()
            .rposition(|cell| !cell.text().trim().is_empty());
        let Some(last) = last else { return Ok(None) };
        let cells = &cells[..=last];
        let Some(first) = &self.first else {
            self.first = Some(begin(number, cells)?);
            return Ok(None);
        };
        // What stands beside the table is no part of it.
        let cells = &cells[..cells.len().min(first.columns.len())];
        let row = read(&first.columns, cells, self.country);
        let mut text = written(cells, first.columns.len(), MAX_KEPT);
        text.truncate(text.floor_char_boundary(MAX_KEPT));
        Ok(Some(Line { number, text, row }))
    }

    /// Ends the table.
    pub fn finish(&self) -> Result<(), SheetFault> {
        match self.first {
            Some(_) => Ok(()),
            None => Err(SheetFault::Empty),
        }
    }

    /// The first row as text, and what its columns hold; none before it has come.
    pub fn header(&self) -> Option<(&str, &[Column])> {
        let first = self.first.as_ref()?;
        Some((&first.text, &first.columns))
    }
}

fn begin(line: u64, cells: &[Cell<'_>]) -> Result<First, SheetFault> {
    if cells.len() > MAX_COLUMNS {
        let columns = cells.len();
        return Err(SheetFault::TooManyColumns { line, columns });
    }
    let named = columns::of(cells.iter().map(Cell::text));
    let columns = named.map_err(|fault| SheetFault::Header { line, fault })?;
    let text = written(cells, cells.len(), usize::MAX);
    Ok(First { text, columns })
}

fn read(columns: &[Column], cells: &[Cell<'_>], country: Option<Country>) -> Result<Row, RowFault> {
    if cells.iter().map(|cell| cell.text().len()).sum::<usize>() > MAX_RECORD {
        return Err(RowFault::TooLong { most: MAX_RECORD });
    }
    let mut named = columns.iter().zip(cells);
    let error =
        named.find(|(column, cell)| **column != Column::Ignored && matches!(cell, Cell::Error(_)));
    if let Some((column, _)) = error {
        let column = column.name().to_owned();
        return Err(RowFault::Formula { column });
    }
    // A spreadsheet does not keep the empty cells at the end of a row.
    let missing = columns.len().saturating_sub(cells.len());
    let texts = cells.iter().map(Cell::text);
    let texts: Vec<&str> = texts.chain(std::iter::repeat_n("", missing)).collect();
    row::read(columns, texts.into_iter(), country)
}

/// A row as the text of a CSV file, with so many cells at least; not much more of it than so many
/// bytes.
fn written(cells: &[Cell<'_>], least: usize, most: usize) -> String {
    let missing = least.saturating_sub(cells.len());
    let texts = cells.iter().map(Cell::text);
    let texts = texts.chain(std::iter::repeat_n("", missing));
    let mut text = String::new();
    for (place, cell) in texts.enumerate() {
        if text.len() > most {
            break;
        }
        if place > 0 {
            text.push(DELIMITER.as_char());
        }
        let cell = &cell[..cell.floor_char_boundary(most)];
        match cell.contains([DELIMITER.as_char(), '"', '\n', '\r']) {
            true => text.push_str(&format!("\"{}\"", cell.replace('"', "\"\""))),
            false => text.push_str(cell),
        }
    }
    text
}
