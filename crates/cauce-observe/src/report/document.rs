//! What a report consists of, whatever it is written as.

use jiff::{ZonedDateTime, civil::Date};

pub use super::value::{Value, rfc3339};
use crate::{alert::words::Language, analytics::calendar::Range};

/// A report: what it is about, what stands out, sections.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The language of all its words.
    pub language: Language,
    /// What it is called.
    pub title: String,
    /// Whose figures they are.
    pub tenant: String,
    /// Its time, in words.
    pub period: String,
    /// What it is compared with, in words.
    pub compared_with: String,
    /// The time zone of its days and hours.
    pub zone: String,
    /// When it was made, in that zone.
    pub made_at: ZonedDateTime,
    /// Its time.
    pub range: Range,
    /// Its first day, in that zone.
    pub first_day: Date,
    /// The time that it is compared with.
    pub before: Range,
    /// The figures that stand out.
    pub tiles: Vec<Tile>,
    /// What it says, by subject.
    pub sections: Vec<Section>,
    /// What is counted how, and what is estimated with which error.
    pub notes: Vec<String>,
}

impl Report {
    /// All tables, in order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.sections.iter().flat_map(|section| &section.tables)
    }

    /// What a file of it is to be called: by its first day, with this ending.
    pub fn file_name(&self, ending: &str) -> String {
        format!("report-{}.{ending}", self.first_day)
    }

    /// The table with this id.
    pub fn table(&self, id: &str) -> Option<&Table> {
        self.tables().find(|table| table.id == id)
    }
}

/// A figure that stands out.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// The figure that it shows, as in the tables.
    pub id: &'static str,
    /// What it is.
    pub name: String,
    /// How much.
    pub now: Value,
    /// How much it was before.
    pub before: Value,
    /// By how much it has changed.
    pub change: Value,
    /// Which change is good.
    pub better: Better,
}

/// Which change of a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Upwards.
    Up,
    /// Downwards.
    Down,
    /// Neither.
    Neither,
}

/// What a report says about one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its name for programs.
    pub id: &'static str,
    /// Its name for people.
    pub title: String,
    /// Its tables, some of which are drawn.
    pub tables: Vec<Table>,
    /// What its reader has to know.
    pub notes: Vec<String>,
}

/// Figures in rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name for programs; no other table of the report has it.
    pub id: &'static str,
    /// Its name for people.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows: each has a value for each column.
    pub rows: Vec<Vec<Value>>,
    /// How it is drawn.
    pub chart: Option<Chart>,
    /// Whether its drawing says enough, so that on paper its rows stand at the end.
    pub is_detail: bool,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name for programs.
    pub id: &'static str,
    /// Its name for people.
    pub name: String,
    /// What is in it.
    pub kind: Kind,
}

/// What is in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A day.
    Day,
    /// A day and a time of it.
    Moment,
    /// Whole numbers.
    Count,
    /// Numbers with a decimal.
    Number,
    /// Shares of a whole, as fractions.
    Share,
    /// Changes: of a share in points, of all else as a fraction of what was before.
    Change,
    /// Amounts of money.
    Money,
    /// Durations.
    Duration,
    /// A figure of any kind.
    Figure,
}

impl Kind {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Day => "date",
            Kind::Moment => "dateTime",
            Kind::Count => "integer",
            Kind::Number => "number",
            Kind::Share => "share",
            Kind::Change => "change",
            Kind::Money => "money",
            Kind::Duration => "duration",
            Kind::Figure => "figure",
        }
    }

    /// Whether it is read as words, from the left.
    pub const fn is_words(self) -> bool {
        matches!(self, Kind::Text | Kind::Day | Kind::Moment)
    }
}

/// How a table is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// As what.
    pub shape: Shape,
    /// The column that names what is drawn.
    pub labels: usize,
    /// The columns that are drawn.
    pub series: Vec<usize>,
}

/// The shape of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Lines over time.
    Lines,
    /// Bars beside each other.
    Bars,
    /// A funnel: bars that become shorter from step to step.
    Funnel,
}
