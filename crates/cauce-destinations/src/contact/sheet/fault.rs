//! Why a file as a whole cannot be read.

use super::{HeaderFault, MAX_COLUMNS, RowFault, encoding::NoText};

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
            NoText::OldSpreadsheet => {
                "the file is a spreadsheet of an old kind, or one with a password; save it without one as XLSX, or as CSV (UTF-8), and send that"
            }
            NoText::Compressed => "the file is compressed; unpack it and send the CSV in it",
            NoText::Pdf => "the file is a PDF; export the table as CSV and send that",
            NoText::Binary => "the file holds bytes that stand in no text; save it as CSV (UTF-8)",
        })
    }
}
