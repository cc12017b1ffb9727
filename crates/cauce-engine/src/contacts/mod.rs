//! Contacts: files of them, taken while they come.

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod import;
mod reading;
mod rejected;
mod report;
mod workbook;

pub use cauce_destinations::contact::{
    field::{self, FieldFault},
    sheet::{self, Charset, Delimiter, Known, Row, SheetFault},
};
pub use import::{BodyFault, ImportError, Options, import};
pub use reading::{FileFault, is_book, look_at_book};
pub use report::Report;
pub use workbook::{BookFault, MAX_BYTES as MAX_BOOK_BYTES};

use cauce_destinations::message::phone::Phone;
use cauce_store::campaigns::contact::Number;

/// Imports at the same time. Each holds some megabytes and most of a core.
pub(crate) const MAX_IMPORTS: usize = 2;

/// A number as it is kept with a contact.
pub fn number(phone: &Phone) -> Number {
    Number(phone.as_str().to_owned())
}

#[cfg(test)]
mod tests;
