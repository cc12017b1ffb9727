//! Writes a [`Report`] as a spreadsheet, a document or a table.
//!
//! What is written depends on the report alone: the same report makes the same bytes.

mod csv;
mod pdf;
mod raw;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
mod xlsx;

use cauce_observe::report::Report;

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One table with a row for each value, or one table of the report.
    Csv,
    /// A workbook with a sheet for each table.
    Xlsx,
    /// A document.
    Pdf,
}

/// Why a report is not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The report has no such table.
    #[error("the report has no table {wanted:?}; hint: it has {known}")]
    UnknownTable {
        /// The id that was asked for.
        wanted: String,
        /// The ids that there are.
        known: String,
    },
    /// The table cannot be written.
    #[error("the table cannot be written")]
    Csv(#[from] ::csv::Error),
    /// The workbook cannot be written.
    #[error("the workbook cannot be written")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 3] = [Format::Csv, Format::Xlsx, Format::Pdf];

    /// The name in the API, and the ending of a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::Pdf => "pdf",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Pdf => "application/pdf",
        }
    }

    /// The format with this name.
    pub fn of_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|own| own.as_str() == name)
    }
}

/// The report, written.
pub fn write(report: &Report, format: Format) -> Result<Vec<u8>, Error> {
    match format {
        Format::Csv => csv::write(report),
        Format::Xlsx => xlsx::write(report),
        Format::Pdf => Ok(pdf::write(report)),
    }
}

/// One table of a report as CSV, with its own columns.
pub fn write_table(report: &Report, id: &str) -> Result<Vec<u8>, Error> {
    let table = report.table(id).ok_or_else(|| Error::UnknownTable {
        wanted: id.to_owned(),
        known: report
            .tables()
            .map(|table| table.id)
            .collect::<Vec<_>>()
            .join(", "),
    })?;
    csv::write_table(table)
}

pub use self::raw::raw;

#[cfg(test)]
mod tests;
