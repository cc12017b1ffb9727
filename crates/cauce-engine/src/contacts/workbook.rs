//! A workbook of a spreadsheet (XLSX), read row by row by `calamine`.
//!
//! The format wants all of the file before its first row: the list of its parts stands at the end,
//! and texts stand apart from the cells that show them. So the file is held in memory, which its
//! limit allows, together with its texts; the rows are unpacked one after the other.
//!
//! A workbook is a ZIP, and a small ZIP can hold a lot. `unpacked` looks at every part, as it is and
//! not as the archive says it is, before any of it is believed.
//!
//! An error of a formula that `calamine` does not know would be its end. `unknown` makes such
//! errors texts, and the sheet is read on from where it was left.

mod cells;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod packing;
mod scan;
mod unknown;
mod unpacked;

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use calamine::{Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use cauce_destinations::contact::sheet::Cell;
use parking_lot::Mutex;

/// Most bytes of a workbook.
pub const MAX_BYTES: usize = 64 << 20;
/// Held by whoever reads a workbook: the texts of one may take hundreds of megabytes, so that further
/// ones wait.
static READING: Mutex<()> = Mutex::new(());
/// Cells of a row behind which nothing of it is read. More columns than a table may have.
const MAX_CELLS: usize = 512;

/// Why a workbook cannot be read. Nothing of it was taken, unless its rows had begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookFault {
    /// It has too many bytes.
    #[error("the workbook has more than {most} bytes; split it, or save it as CSV (UTF-8)")]
    TooLarge {
        /// How many it may have.
        most: usize,
    },
    /// It is another kind of archive.
    #[error("the file is a ZIP and no XLSX workbook; unpack it, or save the sheet as XLSX or CSV")]
    NoBook,
    /// A part of it unpacks to too much.
    #[error(
        "{part} of the workbook unpacks to more than {most} bytes; split it, or save the sheet as \
         CSV (UTF-8)"
    )]
    TooMuch {
        /// Which.
        part: String,
        /// How many bytes it may have.
        most: u64,
    },
    /// A part of it is not as spreadsheets write it.
    #[error("{part} of the workbook {what}; open it in a spreadsheet and save it again")]
    Odd {
        /// Which.
        part: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It is damaged.
    #[error("the workbook is damaged ({0}); open it in a spreadsheet and save it again")]
    Damaged(String),
    /// A sheet of it is named, and the file is none.
    #[error("the file is no workbook, and has no sheets to choose from; leave `worksheet` out")]
    OfNoBook,
    /// It has no sheet that could be read.
    #[error("the workbook has no sheet with cells")]
    NoSheet,
    /// It has no such sheet.
    #[error("the workbook has no sheet {name:?}; it has {known}")]
    UnknownSheet {
        /// The name that was asked for.
        name: String,
        /// Those that it has.
        known: String,
    },
}

impl From<XlsxError> for BookFault {
    fn from(error: XlsxError) -> BookFault {
        let mut what = error.to_string();
        what.truncate(what.floor_char_boundary(200));
        BookFault::Damaged(what)
    }
}

/// What the bytes of a workbook begin with.
pub(super) const BEGIN: &[u8] = b"PK\x03\x04";

/// Whoever takes the rows of a sheet.
pub(super) trait Rows {
    /// What ends the reading early.
    type Stop: From<BookFault>;
    /// The sheet that is read.
    fn begin(&mut self, sheet: &str);
    /// A row in which something may stand, with its number from 1.
    fn row(&mut self, number: u64, cells: &[Cell<'_>]) -> Result<(), Self::Stop>;
}

/// Reads a sheet of a workbook: the one with this name, or else the first that can be seen.
pub(super) fn read<R: Rows>(bytes: &[u8], name: Option<&str>, rows: &mut R) -> Result<(), R::Stop> {
    let _alone = READING.lock();
    unpacked::check(bytes)?;
    // A file that makes the reader panic is the file's fault; nothing of the reader is used again.
    let read = catch_unwind(AssertUnwindSafe(|| read_checked(bytes, name, rows)));
    read.unwrap_or_else(|_| {
        let what = "its parts contradict each other".to_owned();
        Err(BookFault::Damaged(what).into())
    })
}

fn read_checked<R: Rows>(bytes: &[u8], name: Option<&str>, rows: &mut R) -> Result<(), R::Stop> {
    let mut told = Told {
        rows,
        told: 0,
        seen: 0,
    };
    match read_sheet(bytes, name, &mut told)? {
        Reached::End => Ok(()),
        Reached::UnknownError => {
            let bytes = unknown::as_texts(bytes)?;
            match read_sheet(&bytes, name, &mut told)? {
                Reached::End => Ok(()),
                Reached::UnknownError => {
                    let what = "it holds errors that cannot be told apart".to_owned();
                    Err(BookFault::Damaged(what).into())
                }
            }
        }
    }
}

/// How far a sheet was read.
enum Reached {
    End,
    /// Up to an error of a formula that the reader does not know.
    UnknownError,
}

/// Whoever takes rows, and how many of them were told when the sheet is read once more.
struct Told<'a, R> {
    rows: &'a mut R,
    told: u64,
    /// Rows that this reading has come to.
    seen: u64,
}

impl<R: Rows> Told<'_, R> {
    fn begin(&mut self, sheet: &str) {
        self.seen = 0;
        if self.told == 0 {
            self.rows.begin(sheet);
        }
    }

    fn row(&mut self, place: u32, cells: &[Cell<'_>]) -> Result<(), R::Stop> {
        self.seen += 1;
        if self.seen <= self.told {
            return Ok(());
        }
        self.told = self.seen;
        self.rows.row(u64::from(place) + 1, cells)
    }
}

fn read_sheet<R: Rows>(
    bytes: &[u8],
    name: Option<&str>,
    told: &mut Told<'_, R>,
) -> Result<Reached, R::Stop> {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(BookFault::from)?;
    let sheet = chosen(&book, name)?;
    told.begin(&sheet);
    let mut cells = book
        .worksheet_cells_reader(&sheet)
        .map_err(BookFault::from)?;
    let (mut current, mut row) = (0, Vec::new());
    loop {
        let cell = match cells.next_cell() {
            Ok(Some(cell)) => cell,
            Ok(None) => break,
            Err(XlsxError::CellError(_)) => return Ok(Reached::UnknownError),
            Err(error) => return Err(BookFault::from(error).into()),
        };
        let (number, column) = cell.get_position();
        if number != current {
            told.row(current, &row)?;
            row.clear();
            current = number;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column < MAX_CELLS {
            row.resize(row.len().max(column + 1), Cell::Empty);
            row[column] = cells::read(cell.get_value());
        }
    }
    told.row(current, &row)?;
    Ok(Reached::End)
}

/// The sheet that is meant.
fn chosen(book: &Xlsx<Cursor<&[u8]>>, name: Option<&str>) -> Result<String, BookFault> {
    let sheets = book.sheets_metadata().iter();
    let sheets: Vec<_> = sheets
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .collect();
    let found = match name {
        Some(name) => sheets.iter().find(|sheet| sheet.name == name),
        None => sheets
            .iter()
            .find(|sheet| sheet.visible == SheetVisible::Visible)
            .or(sheets.first()),
    };
    match (found, name) {
        (Some(found), _) => Ok(found.name.clone()),
        (None, None) => Err(BookFault::NoSheet),
        (None, Some(name)) => Err(BookFault::UnknownSheet {
            name: name.to_owned(),
            known: known(sheets.iter().map(|sheet| sheet.name.as_str())),
        }),
    }
}

fn known<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let names: Vec<String> = names.take(MOST).map(|name| format!("{name:?}")).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// Looks at bytes as at a part of a workbook, in one piece and byte by byte, and reads them as a whole
/// workbook and as a part of one that is good.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn fuzz(data: &[u8]) {
    let look = |piece: usize| {
        let mut scan = scan::Scan::default();
        let looked = data.chunks(piece).try_for_each(|piece| scan.take(piece));
        (looked, scan.promised, scan.texts)
    };
    assert_eq!(look(data.len().max(1)), look(1));
    let books = packing::PARTS.map(|part| packing::with(part, data));
    for book in std::iter::once(data).chain(books.iter().map(Vec::as_slice)) {
        // What it says does not matter; that it says something does.
        if unpacked::check(book).is_ok() {
            let _ = read_checked(book, None, &mut Within);
        }
    }
}

/// Takes rows that are within the limits.
#[cfg(any(test, feature = "fuzzing"))]
struct Within;

#[cfg(any(test, feature = "fuzzing"))]
impl Rows for Within {
    type Stop = BookFault;
    fn begin(&mut self, _: &str) {}
    fn row(&mut self, _: u64, cells: &[Cell<'_>]) -> Result<(), BookFault> {
        assert!(cells.len() <= MAX_CELLS);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
