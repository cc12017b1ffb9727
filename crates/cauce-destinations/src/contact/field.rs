//! What each field of a contact may be.

use std::sync::LazyLock;

use cauce_flow::campaign::window;
use jiff::tz::TimeZoneDatabase;
use serde_json::Value;

use crate::{
    message::phone::{Phone, PhoneError},
    normalize::country::Country,
};

/// Most bytes of an id.
pub const MAX_ID_BYTES: usize = 128;
/// Most bytes of a name.
pub const MAX_NAME_BYTES: usize = 256;
/// Most bytes of a tag.
pub const MAX_TAG_BYTES: usize = 64;
/// Most bytes of an attribute's name: as many as a place of a text may have.
pub const MAX_ATTRIBUTE_NAME_BYTES: usize = 64;
/// Most bytes of an attribute's value.
pub const MAX_VALUE_BYTES: usize = 4_096;
/// Most bytes of a language tag (RFC 5646 recommends room for 35).
const MAX_LANGUAGE_BYTES: usize = 35;
/// Ids that stand for something else in the addresses of the API.
const RESERVED_IDS: [&str; 5] = ["import", "imports", "opt-in", "opt-out", "tags"];

/// Why a value cannot be taken. The words say what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// It is empty.
    #[error("empty; leave it out, or write something")]
    Empty,
    /// It is too long.
    #[error("{bytes} bytes, more than {most}")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// It holds a control character, a line break say.
    #[error("holds a control character; write plain text in one line")]
    Control,
    /// The id stands for something else.
    #[error("this word has a meaning in the addresses of the API; choose another id")]
    Reserved,
    /// The name of an attribute could stand in no text.
    #[error("an attribute's name has letters, digits and _ - . only, as {{{{city}}}} in a text")]
    AttributeName,
    /// The value of an attribute is a list or an object.
    #[error("a list or an object; an attribute is a text, a number, true or false")]
    AttributeValue,
    /// It is no language.
    #[error("no language tag; write es, pt-BR or es_MX")]
    Language,
    /// It is no time zone.
    #[error("no time zone; write a name like Europe/Madrid")]
    Timezone,
    /// It is neither yes nor no.
    #[error("neither yes nor no; write true or false")]
    YesOrNo,
    /// A spreadsheet has rounded the number.
    #[error(
        "a spreadsheet has turned the number into one with an exponent and lost digits; format the \
         column as text and export it again"
    )]
    Rounded,
    /// It is no phone number.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}

impl FieldFault {
    /// The reason as a short code to group by.
    pub const fn code(&self) -> &'static str {
        match self {
            FieldFault::Empty => "empty",
            FieldFault::TooLong { .. } => "too_long",
            FieldFault::Control => "control_character",
            FieldFault::Reserved => "id_reserved",
            FieldFault::AttributeName => "attribute_name",
            FieldFault::AttributeValue => "attribute_value",
            FieldFault::Language => "language_unknown",
            FieldFault::Timezone => "timezone_unknown",
            FieldFault::YesOrNo => "neither_yes_nor_no",
            FieldFault::Rounded => "phone_rounded",
            FieldFault::Phone(error) => error.code(),
        }
    }
}

/// An id.
pub fn id(text: &str) -> Result<&str, FieldFault> {
    match line(text, MAX_ID_BYTES)? {
        reserved if RESERVED_IDS.contains(&reserved) => Err(FieldFault::Reserved),
        id => Ok(id),
    }
}

/// A name.
pub fn name(text: &str) -> Result<&str, FieldFault> {
    line(text, MAX_NAME_BYTES)
}

/// A tag.
pub fn tag(text: &str) -> Result<&str, FieldFault> {
    line(text, MAX_TAG_BYTES)
}

/// The name of an attribute.
pub fn attribute_name(text: &str) -> Result<&str, FieldFault> {
    let allowed = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    match line(text, MAX_ATTRIBUTE_NAME_BYTES)? {
        name if name.chars().all(allowed) => Ok(name),
        _ => Err(FieldFault::AttributeName),
    }
}

/// The value of an attribute; null takes it away.
pub fn attribute_value(value: &Value) -> Result<(), FieldFault> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => short(text, MAX_VALUE_BYTES).map(drop),
        Value::Array(_) | Value::Object(_) => Err(FieldFault::AttributeValue),
    }
}

/// A language.
pub fn language(text: &str) -> Result<&str, FieldFault> {
    let text = short(text.trim(), MAX_LANGUAGE_BYTES)?;
    let mut parts = text.split(['-', '_']);
    let first = parts.next().unwrap_or_default();
    let is_language =
        (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    (is_language && parts.all(is_part))
        .then_some(text)
        .ok_or(FieldFault::Language)
}

/// A time zone, in the spelling of the time zone database.
pub fn timezone(text: &str) -> Result<String, FieldFault> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(window::zones);
    let zone = ZONES.get(text.trim()).map_err(|_| FieldFault::Timezone)?;
    let name = zone.iana_name().ok_or(FieldFault::Timezone)?;
    Ok(name.to_owned())
}

/// A phone number, in any common form; a national one is completed by the country.
pub fn phone(text: &str, country: Option<Country>) -> Result<Phone, FieldFault> {
    let text = as_typed(text);
    let text = text.strip_prefix('\'').unwrap_or(text).trim();
    if is_rounded(text) {
        return Err(FieldFault::Rounded);
    }
    // A whole number that a spreadsheet has given decimals.
    let text = [".0", ",0"]
        .iter()
        .find_map(|end| text.strip_suffix(end))
        .filter(|whole| whole.bytes().all(|b| b.is_ascii_digit()))
        .unwrap_or(text);
    Ok(Phone::parse(text, country)?)
}

/// Yes or no, as people write it; nothing is no.
pub fn yes(text: &str) -> Result<bool, FieldFault> {
    const YES: [&str; 10] = [
        "true",
        "yes",
        "y",
        "1",
        "x",
        "si",
        "sí",
        "sim",
        "verdadero",
        "oui",
    ];
    const NO: [&str; 8] = ["", "false", "no", "n", "0", "não", "falso", "non"];
    let text = text.trim().to_lowercase();
    match (YES.contains(&text.as_str()), NO.contains(&text.as_str())) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(FieldFault::YesOrNo),
    }
}

/// What somebody has typed into a cell, without what is put around it so that a spreadsheet takes it
/// for a text: `="600111222"`.
pub(crate) fn as_typed(text: &str) -> &str {
    let text = text.trim();
    let formula = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"'));
    formula.unwrap_or(text).trim()
}

/// `3,46E+10`: a number of digits and one exponent.
fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(&mantissa.replacen(['.', ','], "", 1)) && digits(exponent.trim_start_matches('+'))
}

/// A text of one line.
fn line(text: &str, most: usize) -> Result<&str, FieldFault> {
    let text = short(text.trim(), most)?;
    match text {
        "" => Err(FieldFault::Empty),
        text if text.chars().any(char::is_control) => Err(FieldFault::Control),
        text => Ok(text),
    }
}

fn short(text: &str, most: usize) -> Result<&str, FieldFault> {
    match text.len() {
        bytes if bytes > most => Err(FieldFault::TooLong { bytes, most }),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests;
