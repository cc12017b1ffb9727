//! What each column of a table holds, told from its first row.

use std::collections::BTreeMap;

use super::super::field;
use crate::contact::field::FieldFault;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The contact's id.
    Id,
    /// The phone number.
    Phone,
    /// The name.
    Name,
    /// Tags, with `,`, `;` or `|` between them.
    Tags,
    /// The language.
    Language,
    /// The time zone.
    Timezone,
    /// Whether the number has opted out.
    OptedOut,
    /// An attribute.
    Attribute(String),
    /// Nothing: it has no name, or the importer itself has written it.
    Ignored,
}

/// Columns that the file of rejected rows has in front of those that came.
pub const LINE_COLUMN: &str = "cauce_line";
/// The second of them.
pub const REASON_COLUMN: &str = "cauce_reason";

/// Names of columns in English, Spanish and Portuguese: letters alone, without accents.
const KNOWN: [(Column, &[&str]); 7] = [
    (
        Column::Id,
        &[
            "id",
            "contactid",
            "idcontacto",
            "identificador",
            "externalid",
        ],
    ),
    (
        Column::Phone,
        &[
            "phone",
            "phonenumber",
            "telephone",
            "tel",
            "mobile",
            "mobilephone",
            "cell",
            "cellphone",
            "whatsapp",
            "number",
            "numero",
            "telefono",
            "telefonomovil",
            "telefonocelular",
            "numerodetelefono",
            "movil",
            "celular",
            "telefone",
            "msisdn",
        ],
    ),
    (
        Column::Name,
        &[
            "name",
            "fullname",
            "nombre",
            "nombrecompleto",
            "nome",
            "nomecompleto",
        ],
    ),
    (
        Column::Tags,
        &["tags", "tag", "labels", "etiquetas", "etiqueta"],
    ),
    (Column::Language, &["language", "lang", "idioma", "locale"]),
    (
        Column::Timezone,
        &[
            "timezone",
            "tz",
            "zonahoraria",
            "husohorario",
            "fusohorario",
        ],
    ),
    (
        Column::OptedOut,
        &[
            "optedout",
            "optout",
            "unsubscribed",
            "baja",
            "nomolestar",
            "descadastrado",
        ],
    ),
];

/// Why a first row names no columns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// No column says whose row it is.
    #[error(
        "the first row names no column for the phone; name one `phone` (or teléfono, móvil, celular)"
    )]
    NoPhone,
    /// Two columns would be one field.
    #[error("columns {first} and {second} both mean `{field}`; rename one of them")]
    Twice {
        /// The first of them, from 1.
        first: usize,
        /// The second.
        second: usize,
        /// What both mean.
        field: String,
    },
    /// The name of a column cannot be that of an attribute.
    #[error("the name of column {column}: {fault}")]
    Name {
        /// Which one, from 1.
        column: usize,
        /// What is wrong.
        fault: FieldFault,
    },
}

/// The columns of a first row with these cells.
pub(super) fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Vec<Column>, HeaderFault> {
    let columns: Vec<Column> = (1..)
        .zip(cells)
        .map(|(column, cell)| column_of(cell).map_err(|fault| HeaderFault::Name { column, fault }))
        .collect::<Result<_, _>>()?;
    let mut known = BTreeMap::new();
    for (second, column) in (1..).zip(&columns) {
        let field = column.name();
        if field.is_empty() {
            continue;
        }
        if let Some(first) = known.insert(field.to_owned(), second) {
            let field = field.to_owned();
            return Err(HeaderFault::Twice {
                first,
                second,
                field,
            });
        }
    }
    let says_whose = |column: &Column| matches!(column, Column::Phone | Column::Id);
    match columns.iter().any(says_whose) {
        true => Ok(columns),
        false => Err(HeaderFault::NoPhone),
    }
}

impl Column {
    /// The field as the API calls it; nothing where the column holds nothing.
    pub fn name(&self) -> &str {
        match self {
            Column::Id => "id",
            Column::Phone => "phone",
            Column::Name => "name",
            Column::Tags => "tags",
            Column::Language => "language",
            Column::Timezone => "timezone",
            Column::OptedOut => "optedOut",
            Column::Attribute(name) => name,
            Column::Ignored => "",
        }
    }
}

fn column_of(cell: &str) -> Result<Column, FieldFault> {
    let cell = cell.trim();
    if cell == LINE_COLUMN || cell == REASON_COLUMN {
        return Ok(Column::Ignored);
    }
    let folded = crate::normalize::country::fold(cell);
    let mut known = KNOWN.iter();
    if let Some((column, _)) = known.find(|(_, names)| names.contains(&folded.as_str())) {
        return Ok(column.clone());
    }
    let name = attribute(cell);
    match name.is_empty() {
        true => Ok(Column::Ignored),
        false => Ok(Column::Attribute(field::attribute_name(&name)?.to_owned())),
    }
}

/// The heading as the name of an attribute: `Fecha de cita (2026)` is `Fecha_de_cita_2026`.
fn attribute(cell: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || "-.".contains(c);
    let words = cell
        .split(|c: char| !allowed(c))
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}
