//! A report: the figures of a period beside those of the period before, in words of a language.
//!
//! ```text
//! figures of two periods --of--> Report --(cauce-report)--> spreadsheet, page, table
//! ```
//!
//! A [`Report`] is typed values in tables, and says which of them are drawn. Whatever it is written
//! as, it says the same: drawings take their numbers from the tables.

pub mod document;
mod make;
mod material;
pub mod period;
mod rows;
pub mod schedule;
mod sections;
mod value;
pub mod words;
mod writing;

pub use self::{
    document::Report,
    material::{Material, Outlook, Series, Side, Told},
    period::{Period, Stretch, StretchError},
    schedule::Schedule,
};
pub use crate::alert::words::Language;

/// The most campaigns that a report lists.
pub const MAX_CAMPAIGNS: usize = 50;

#[cfg(test)]
mod tests;
