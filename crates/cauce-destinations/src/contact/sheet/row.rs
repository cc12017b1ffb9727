//! A row becomes a contact, or the first thing that is wrong with it.

use serde_json::Value;

use super::columns::Column;
use crate::{
    contact::field::{self, FieldFault},
    message::phone::Phone,
    normalize::country::Country,
};

/// What spreadsheets write in place of a formula that could not be worked out, in English and in
/// Spanish. A CSV file has nothing but this text to tell it by.
const FAILED_FORMULAS: [&str; 17] = [
    "#N/A",
    "#REF!",
    "#NAME?",
    "#VALUE!",
    "#DIV/0!",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#CALC!",
    "#N/D",
    "#¡REF!",
    "#¿NOMBRE?",
    "#¡VALOR!",
    "#¡DIV/0!",
    "#¡NUM!",
    "#¡NULO!",
    "#¡DESBORDAMIENTO!",
];

/// A contact as a row tells it. An empty cell tells nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: Option<String>,
    /// Its number.
    pub phone: Option<Phone>,
    /// Its name.
    pub name: Option<String>,
    /// Its attributes, all of them texts.
    pub attributes: Vec<(String, Value)>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its language.
    pub language: Option<String>,
    /// Its time zone.
    pub timezone: Option<String>,
    /// That its number wants no messages.
    pub opted_out: bool,
}

/// Why a row is not taken. Holds nothing of its cells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// A quote opens and is not closed.
    #[error(
        "a quote opens in this line and is not closed; close it, or write it twice where it is meant"
    )]
    Unclosed,
    /// Text follows a quote that is closed.
    #[error("text follows a closing quote; write a quote twice where it is meant")]
    Stray,
    /// It is too long.
    #[error("the row has more than {most} bytes")]
    TooLong {
        /// How many it may have.
        most: usize,
    },
    /// It has fewer or more cells than the first row.
    #[error("the row has {found} cells, the first row {wanted}")]
    Cells {
        /// How many it has.
        found: usize,
        /// How many the first row has.
        wanted: usize,
    },
    /// It holds bytes that are no text in the encoding of the file.
    #[error(
        "the row holds bytes that are no {encoding}; save the file in one encoding, UTF-8 at best"
    )]
    Encoding {
        /// The encoding of the file.
        encoding: &'static str,
    },
    /// A cell of a spreadsheet holds a formula that could not be worked out.
    #[error("{column}: the formula in the cell could not be worked out")]
    Formula {
        /// The name of the field.
        column: String,
    },
    /// Neither an id nor a number is in it.
    #[error("the row has no phone")]
    NoPhone,
    /// A cell cannot be taken.
    #[error("{column}: {fault}")]
    Cell {
        /// The name of the field.
        column: String,
        /// What is wrong with it.
        fault: FieldFault,
    },
}

impl RowFault {
    /// The reason as a short code to group by.
    pub const fn code(&self) -> &'static str {
        match self {
            RowFault::Unclosed => "quote_not_closed",
            RowFault::Stray => "text_after_quote",
            RowFault::TooLong { .. } => "row_too_long",
            RowFault::Cells { .. } => "wrong_number_of_cells",
            RowFault::Encoding { .. } => "not_in_the_encoding",
            RowFault::Formula { .. } => "formula_failed",
            RowFault::NoPhone => "phone_missing",
            RowFault::Cell { fault, .. } => fault.code(),
        }
    }
}

/// The contact of a row with these cells.
pub(super) fn read<'a>(
    columns: &[Column],
    cells: impl ExactSizeIterator<Item = &'a str>,
    country: Option<Country>,
) -> Result<Row, RowFault> {
    let (found, wanted) = (cells.len(), columns.len());
    if found < wanted {
        return Err(RowFault::Cells { found, wanted });
    }
    let mut row = Row::default();
    for (place, cell) in cells.enumerate() {
        let cell = field::as_typed(cell);
        match columns.get(place) {
            _ if cell.is_empty() => {}
            None => return Err(RowFault::Cells { found, wanted }),
            Some(Column::Ignored) => {}
            Some(column) if FAILED_FORMULAS.contains(&cell) => {
                let column = column.name().to_owned();
                return Err(RowFault::Formula { column });
            }
            Some(column) => take(&mut row, column, cell, country).map_err(|fault| {
                let column = column.name().to_owned();
                RowFault::Cell { column, fault }
            })?,
        }
    }
    match row.id.is_none() && row.phone.is_none() {
        true => Err(RowFault::NoPhone),
        false => Ok(row),
    }
}

fn take(
    row: &mut Row,
    column: &Column,
    cell: &str,
    country: Option<Country>,
) -> Result<(), FieldFault> {
    match column {
        Column::Id => row.id = Some(field::id(cell)?.to_owned()),
        Column::Phone => row.phone = Some(field::phone(cell, country)?),
        Column::Name => row.name = Some(field::name(cell)?.to_owned()),
        Column::Tags => row.tags = tags(cell)?,
        Column::Language => row.language = Some(field::language(cell)?.to_owned()),
        Column::Timezone => row.timezone = Some(field::timezone(cell)?),
        Column::OptedOut => row.opted_out = field::yes(cell)?,
        Column::Attribute(name) => {
            let value = Value::String(cell.to_owned());
            field::attribute_value(&value)?;
            row.attributes.push((name.clone(), value));
        }
        Column::Ignored => {}
    }
    Ok(())
}

/// Tags with `,`, `;` or `|` between them.
pub fn tags(cell: &str) -> Result<Vec<String>, FieldFault> {
    let parts = cell.split([',', ';', '|']).map(str::trim);
    let given = parts.filter(|part| !part.is_empty());
    given
        .map(|part| field::tag(part).map(str::to_owned))
        .collect()
}
