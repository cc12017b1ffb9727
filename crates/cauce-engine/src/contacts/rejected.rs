//! The file of rows that an import did not take.
//!
//! It is the file that came, with two columns in front: the line, and the reason. Mended, it can be
//! imported as it is: the importer passes over its own columns.

use std::fmt::Write;

use cauce_destinations::contact::sheet::{LINE_COLUMN, REASON_COLUMN};

/// Rows that are kept at most; further ones are counted.
pub(super) const MAX_KEPT_ROWS: u64 = 100_000;
/// Their bytes at most, about.
const MAX_KEPT_BYTES: u64 = 256 << 20;
/// Bytes of a piece, about.
const PIECE_BYTES: usize = 64 << 10;

/// Gathers pieces of the file.
pub(super) struct Rejected {
    delimiter: char,
    text: String,
    pub(super) rows: u64,
    bytes: u64,
    pieces: u32,
}

impl Rejected {
    /// Of a file with this first row.
    pub(super) fn new(header: &str, delimiter: char) -> Rejected {
        // The mark tells Excel that it is UTF-8.
        let text = format!(
            "\u{feff}{LINE_COLUMN}{delimiter}{REASON_COLUMN}{delimiter}{}\r\n",
            header.trim_end()
        );
        Rejected {
            delimiter,
            text,
            rows: 0,
            bytes: 0,
            pieces: 0,
        }
    }

    /// Takes a row as it came.
    pub(super) fn take(&mut self, line: u64, reason: &str, row: &str) {
        if self.rows >= MAX_KEPT_ROWS || self.bytes >= MAX_KEPT_BYTES {
            return;
        }
        self.rows += 1;
        self.bytes += row.len() as u64;
        let (delimiter, reason) = (self.delimiter, reason.replace('"', "\"\""));
        // Writing to a text does not fail.
        let _ = write!(
            self.text,
            "{line}{delimiter}\"{reason}\"{delimiter}{row}\r\n"
        );
    }

    /// The next piece, if there is enough for one, or, at the end, anything.
    pub(super) fn piece(&mut self, last: bool) -> Option<(u32, String)> {
        let enough = self.text.len() >= PIECE_BYTES || (last && self.rows > 0);
        if !enough || self.text.is_empty() {
            return None;
        }
        let number = self.pieces;
        self.pieces += 1;
        Some((number, std::mem::take(&mut self.text)))
    }
}
