use cauce_flow::{
    event::{EventKind, Metadata},
    id::TenantId,
};
use serde_json::Value;

use super::{Exporter, Format};
use crate::{
    columns::COLUMNS,
    row::Row,
    testing::{Dice, World},
};

/// Some rows, among them those that are hard to write.
fn rows() -> Vec<Row> {
    let mut rows = World::default().rows(500, 1);
    let odd = World::default().row(&mut Dice(2));
    rows.push(Row {
        tenant: TenantId::new("@SUM").unwrap(),
        kind: EventKind::new("-1-cmd").unwrap(),
        metadata: Metadata::parse(r#"{"a":"=1+1","b":"two\nlines, \"quoted\" ñ 💡"}"#).unwrap(),
        weight: 100.0 / 3.0,
        count: u32::MAX,
        ..odd
    });
    rows
}

fn export(format: Format, rows: &[Row]) -> Vec<u8> {
    let mut exporter = Exporter::new(format, Vec::new()).unwrap();
    for piece in rows.chunks(77) {
        exporter.push(piece).unwrap();
    }
    assert_eq!(exporter.rows(), rows.len() as u64);
    exporter.finish().unwrap()
}

/// The values of a row by the names of their columns, as text.
fn texts(row: &Row) -> [String; 11] {
    [
        row.id.to_string(),
        row.tenant.to_string(),
        row.site.to_string(),
        row.visitor.to_string(),
        row.session.to_string(),
        row.kind.to_string(),
        row.occurred_at.to_string(),
        row.metadata.as_str().to_owned(),
        row.count.to_string(),
        row.weight.to_string(),
        row.bot.to_string(),
    ]
}

#[test]
fn csv_has_every_value_and_no_formula() {
    let rows = rows();
    let bytes = export(Format::Csv, &rows);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let names = COLUMNS.map(|column| column.name());
    assert!(reader.headers().unwrap().iter().eq(names));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), rows.len());
    for (record, row) in records.iter().zip(&rows) {
        let cells = record
            .iter()
            .map(|cell| cell.strip_prefix('\'').unwrap_or(cell));
        assert!(cells.eq(texts(row)), "{record:?}");
        assert!(
            !record
                .iter()
                .any(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']))
        );
    }
}

#[test]
fn ndjson_has_every_value() {
    let rows = rows();
    let text = String::from_utf8(export(Format::Ndjson, &rows)).unwrap();
    assert_eq!(text.lines().count(), rows.len());
    for (line, row) in text.lines().zip(&rows) {
        let object: Value = serde_json::from_str(line).unwrap();
        for (column, wanted) in COLUMNS.iter().zip(texts(row)) {
            let found = &object[column.name()];
            let text = found
                .as_str()
                .map_or_else(|| found.to_string(), str::to_owned);
            let same = text == wanted || found.as_f64().is_some_and(|n| wanted.parse() == Ok(n));
            assert!(same, "{} is {text}, not {wanted}", column.name());
        }
        assert_eq!(object.as_object().unwrap().len(), COLUMNS.len());
    }
}

#[test]
fn parquet_has_every_value_for_a_reader_of_another_make() {
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::RowAccessor,
    };
    let rows = rows();
    let bytes = bytes::Bytes::from(export(Format::Parquet, &rows));
    let reader = SerializedFileReader::new(bytes).unwrap();
    let found = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let mut count = 0;
    for (found, row) in found.zip(&rows) {
        let id = u128::from_be_bytes(found.get_bytes(0).unwrap().data().try_into().unwrap());
        assert_eq!(id, row.id.as_u128());
        assert_eq!(found.get_string(1).unwrap(), row.tenant.as_str());
        let visitor = u128::from_be_bytes(found.get_bytes(3).unwrap().data().try_into().unwrap());
        assert_eq!(visitor, row.visitor.as_u128());
        assert_eq!(found.get_string(5).unwrap(), row.kind.as_str());
        assert_eq!(
            found.get_timestamp_millis(6).unwrap(),
            row.occurred_at.as_millis()
        );
        assert_eq!(found.get_string(7).unwrap(), row.metadata.as_str());
        assert_eq!(found.get_uint(8).unwrap(), row.count);
        assert_eq!(found.get_double(9).unwrap(), row.weight);
        assert_eq!(found.get_bool(10).unwrap(), row.bot);
        count += 1;
    }
    assert_eq!(count, rows.len());
}

#[test]
fn format_is_named_in_lower_case() {
    for format in [Format::Csv, Format::Ndjson, Format::Parquet] {
        assert_eq!(format.extension().parse(), Ok(format));
    }
    let fault = "xlsx".parse::<Format>().unwrap_err().to_string();
    assert!(
        fault.contains("xlsx") && fault.contains("parquet"),
        "{fault}"
    );
}
