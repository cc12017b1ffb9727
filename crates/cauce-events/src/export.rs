//! Rows on their way out: CSV, NDJSON or Parquet, to anything that takes bytes.
//!
//! The columns have the same names in all three: those of the Parquet files of the store. Nothing
//! but a piece of the rows is held in memory; for Parquet a row group.

mod text;

use std::{
    io::{self, Write},
    str::FromStr,
};

use parquet::errors::ParquetError;

use crate::{
    columns::{COLUMNS, Columns},
    part::Encoder,
    row::Row,
};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values between commas, with a header. A name that begins with `+`, `-` or `@` has a `'`
    /// before it, since a spreadsheet would take it for a formula; no other value can be one.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet, as the store itself has it.
    Parquet,
}

/// The text names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format of an export; choose csv, ndjson or parquet")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        match text {
            "csv" => Ok(Format::Csv),
            "ndjson" => Ok(Format::Ndjson),
            "parquet" => Ok(Format::Parquet),
            other => Err(UnknownFormat(other.chars().take(32).collect())),
        }
    }
}

impl Format {
    /// The media type of what is written.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Ndjson => "application/x-ndjson",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// What the names of such files end in.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Parquet => "parquet",
        }
    }
}

/// Writes rows as they come.
pub struct Exporter<W: Write + Send> {
    writer: Writer<W>,
    rows: u64,
}

enum Writer<W: Write + Send> {
    Csv(Box<csv::Writer<W>>),
    Ndjson(W),
    Parquet(Box<Encoder<W, ()>>),
}

impl<W: Write + Send> Exporter<W> {
    /// Begins an export.
    pub fn new(format: Format, out: W) -> io::Result<Exporter<W>> {
        let writer = match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(COLUMNS.map(|column| column.name()))?;
                Writer::Csv(Box::new(writer))
            }
            Format::Ndjson => Writer::Ndjson(out),
            Format::Parquet => {
                let encoder = Encoder::new(out, ()).map_err(unwritten)?;
                Writer::Parquet(Box::new(encoder))
            }
        };
        Ok(Exporter { writer, rows: 0 })
    }

    /// Writes the next rows.
    pub fn push(&mut self, rows: &[Row]) -> io::Result<()> {
        match &mut self.writer {
            Writer::Csv(writer) => {
                for row in rows {
                    text::csv(row, writer)?;
                }
            }
            Writer::Ndjson(out) => {
                let mut lines = Vec::with_capacity(rows.len() * 512);
                for row in rows {
                    text::ndjson(row, &mut lines)?;
                }
                out.write_all(&lines)?;
            }
            Writer::Parquet(encoder) => {
                let columns = Columns::from_rows(rows);
                encoder.push(&columns, 0..rows.len()).map_err(unwritten)?;
            }
        }
        self.rows += rows.len() as u64;
        Ok(())
    }

    /// Rows that have been taken.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what is left. Hands back what was written to.
    pub fn finish(self) -> io::Result<W> {
        match self.writer {
            Writer::Csv(writer) => (*writer)
                .into_inner()
                .map_err(csv::IntoInnerError::into_error),
            Writer::Ndjson(mut out) => out.flush().map(|()| out),
            Writer::Parquet(encoder) => encoder.finish().map(|(out, ())| out).map_err(unwritten),
        }
    }
}

fn unwritten(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(source) => *source,
            Err(source) => io::Error::other(source),
        },
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;
