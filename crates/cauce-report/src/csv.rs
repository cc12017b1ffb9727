//! A report as CSV: a row for each value, so that the whole is one table; or one of its tables.

use cauce_observe::report::{
    Report,
    document::{Kind, Section, Table, Value},
};
use csv::{Terminator, Writer, WriterBuilder};

use crate::{
    Error,
    raw::{raw, unit},
};

/// The columns of a whole report.
const HEAD: [&str; 7] = [
    "section", "table", "row", "label", "column", "value", "unit",
];

/// A byte order mark: without it spreadsheets take UTF-8 for something older.
const BOM: &[u8] = "\u{feff}".as_bytes();

pub(crate) fn write(report: &Report) -> Result<Vec<u8>, Error> {
    let mut out = writer();
    out.write_record(HEAD)?;
    for section in &report.sections {
        for table in &section.tables {
            write_values(&mut out, section, table)?;
        }
    }
    finish(out)
}

fn write_values(out: &mut Writer<Vec<u8>>, section: &Section, table: &Table) -> Result<(), Error> {
    for (number, row) in table.rows.iter().enumerate() {
        let number = (number + 1).to_string();
        let label = row.first().map(cell).unwrap_or_default();
        for (column, value) in table.columns.iter().zip(row).skip(1) {
            let value_text = cell(value);
            let record = [
                section.id,
                table.id,
                &number,
                &label,
                column.id,
                &value_text,
                unit(value),
            ];
            out.write_record(record)?;
        }
    }
    Ok(())
}

/// A table with its own columns. A column of money has one with its currency beside it.
pub(crate) fn write_table(table: &Table) -> Result<Vec<u8>, Error> {
    let mut out = writer();
    let heads = table.columns.iter().flat_map(|column| {
        let currency = (column.kind == Kind::Money).then(|| format!("{}Currency", column.id));
        std::iter::once(column.id.to_owned()).chain(currency)
    });
    out.write_record(heads)?;
    for row in &table.rows {
        let cells = table.columns.iter().zip(row).flat_map(|(column, value)| {
            let currency = (column.kind == Kind::Money).then(|| unit(value).to_owned());
            std::iter::once(cell(value)).chain(currency)
        });
        out.write_record(cells)?;
    }
    finish(out)
}

fn writer() -> Writer<Vec<u8>> {
    let mut made = WriterBuilder::new();
    made.terminator(Terminator::CRLF).from_writer(BOM.to_vec())
}

fn finish(out: Writer<Vec<u8>>) -> Result<Vec<u8>, Error> {
    let done = out.into_inner();
    done.map_err(|fault| Error::Csv(fault.into_error().into()))
}

/// A value as a cell. A text that a spreadsheet would take for a formula is kept from it by a quote
/// in front (OWASP, "CSV Injection").
fn cell(value: &Value) -> String {
    let text = raw(value);
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    match value {
        Value::Text(_) if is_formula => format!("'{text}"),
        _ => text,
    }
}
