//! A report, as it is shown to programs.

use cauce_observe::report::{
    Report,
    document::{Better, Column, Section, Table, Tile, Value, rfc3339},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::analytics_out::RangeView;

/// A report. Its words are in its language; its ids are the same in every language.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Report)]
pub(crate) struct ReportView {
    /// What it is called.
    title: String,
    /// Whose figures they are.
    tenant: String,
    /// `en` or `es`.
    #[schema(value_type = String, example = "en")]
    language: &'static str,
    /// Its time, in words.
    period: String,
    /// What it is compared with, in words.
    compared_with: String,
    /// Its time.
    range: RangeView,
    /// The time before.
    before: RangeView,
    /// The time zone of its hours and days.
    time_zone: String,
    /// When it was made, with the offset of that zone.
    #[schema(format = DateTime)]
    made_at: String,
    /// The figures that stand out.
    tiles: Vec<TileView>,
    /// What it says, by subject.
    sections: Vec<SectionView>,
    /// What is counted how, and what is estimated with which error.
    notes: Vec<String>,
}

/// A figure that stands out.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportTile)]
pub(crate) struct TileView {
    /// Its name for programs.
    #[schema(value_type = String)]
    id: &'static str,
    /// Its name for people.
    name: String,
    /// How much.
    now: serde_json::Value,
    /// How much it was before.
    before: serde_json::Value,
    /// By how much it has changed: of a share the difference of fractions, else a fraction of what was
    /// before.
    change: serde_json::Value,
    /// Which change is good: `up`, `down` or `neither`.
    #[schema(value_type = String)]
    better: &'static str,
}

/// What a report says about one subject.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportSection)]
pub(crate) struct SectionView {
    /// Its name for programs.
    #[schema(value_type = String)]
    id: &'static str,
    /// Its name for people.
    title: String,
    /// Its tables.
    tables: Vec<TableView>,
    /// What its reader has to know.
    notes: Vec<String>,
}

/// A table of a report.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportTable)]
pub(crate) struct TableView {
    /// Its name for programs.
    #[schema(value_type = String)]
    id: &'static str,
    /// Its name for people.
    title: String,
    /// Its columns.
    columns: Vec<ColumnView>,
    /// Its rows, each with a value for each column: null where nothing can be said, numbers, fractions
    /// of shares, seconds of durations, days, RFC 3339 of times, text, or money with its currency.
    rows: Vec<Vec<serde_json::Value>>,
}

/// A column of a table.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportColumn)]
pub(crate) struct ColumnView {
    /// Its name for programs.
    #[schema(value_type = String)]
    id: &'static str,
    /// Its name for people.
    name: String,
    /// What is in it: `text`, `date`, `dateTime`, `integer`, `number`, `share`, `change`, `money`,
    /// `duration`, or `figure` for any of them.
    #[schema(value_type = String)]
    kind: &'static str,
}

impl From<&Report> for ReportView {
    fn from(report: &Report) -> ReportView {
        ReportView {
            title: report.title.clone(),
            tenant: report.tenant.clone(),
            language: report.language.as_str(),
            period: report.period.clone(),
            compared_with: report.compared_with.clone(),
            range: report.range.into(),
            before: report.before.into(),
            time_zone: report.zone.clone(),
            made_at: rfc3339(&report.made_at),
            tiles: report.tiles.iter().map(TileView::from).collect(),
            sections: report.sections.iter().map(SectionView::from).collect(),
            notes: report.notes.clone(),
        }
    }
}

impl From<&Tile> for TileView {
    fn from(tile: &Tile) -> TileView {
        TileView {
            id: tile.id,
            name: tile.name.clone(),
            now: value(&tile.now),
            before: value(&tile.before),
            change: value(&tile.change),
            better: match tile.better {
                Better::Up => "up",
                Better::Down => "down",
                Better::Neither => "neither",
            },
        }
    }
}

impl From<&Section> for SectionView {
    fn from(section: &Section) -> SectionView {
        SectionView {
            id: section.id,
            title: section.title.clone(),
            tables: section.tables.iter().map(TableView::from).collect(),
            notes: section.notes.clone(),
        }
    }
}

impl From<&Table> for TableView {
    fn from(table: &Table) -> TableView {
        let rows = table.rows.iter();
        TableView {
            id: table.id,
            title: table.title.clone(),
            columns: table.columns.iter().map(ColumnView::from).collect(),
            rows: rows.map(|row| row.iter().map(value).collect()).collect(),
        }
    }
}

impl From<&Column> for ColumnView {
    fn from(column: &Column) -> ColumnView {
        ColumnView {
            id: column.id,
            name: column.name.clone(),
            kind: column.kind.as_str(),
        }
    }
}

fn value(value: &Value) -> serde_json::Value {
    match value {
        Value::None => serde_json::Value::Null,
        Value::Text(text) => json!(text),
        Value::Day(date) => json!(date.to_string()),
        Value::Moment(moment) => json!(rfc3339(moment)),
        Value::Count(count) => json!(count),
        Value::Number(number)
        | Value::Share(number)
        | Value::Change(number)
        | Value::Points(number) => json!(number),
        Value::Money(money) => json!({
            "currency": money.currency,
            "amount": money.currency.in_words(money.units),
            "units": money.units,
        }),
        Value::Duration(ms) => json!(ms / 1_000.0),
    }
}
