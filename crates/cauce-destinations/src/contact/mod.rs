//! Contacts as people hand them in: what each field may be, and the tables that they come in.
//!
//! [`field`] says of one value whether it can be taken; [`sheet`] reads a CSV file as spreadsheets
//! and shops write it, whatever its encoding and delimiter, and says of each row what it is or what
//! is wrong with it. Errors hold nothing of a value: it is personal.

pub mod field;
pub mod sheet;
