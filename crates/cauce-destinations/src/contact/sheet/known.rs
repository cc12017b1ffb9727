//! What is known of a table before it is read.

use encoding_rs::Encoding;

use super::sniff;
use crate::normalize::country::Country;

/// What is known of a table beforehand. All of it may be left out.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The country that completes national numbers.
    pub country: Option<Country>,
    /// The encoding.
    pub encoding: Option<Charset>,
    /// What stands between the columns.
    pub delimiter: Option<Delimiter>,
}

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(pub(super) &'static Encoding);

impl Charset {
    /// The encoding with this name, as the web knows it (<https://encoding.spec.whatwg.org/#names-and-labels>).
    pub fn find(name: &str) -> Option<Charset> {
        Encoding::for_label(name.as_bytes()).map(Charset)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

/// What stands between the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(pub(super) u8);

impl Delimiter {
    /// One of `;`, `,`, `|` and the tab, also by the names that an address can hold.
    pub fn find(name: &str) -> Option<Delimiter> {
        let byte = match name {
            "semicolon" => b';',
            "comma" => b',',
            "tab" | "\\t" => b'\t',
            "pipe" => b'|',
            other => *other.as_bytes().first().filter(|_| other.len() == 1)?,
        };
        sniff::DELIMITERS.contains(&byte).then_some(Delimiter(byte))
    }

    /// It as text.
    pub fn as_char(self) -> char {
        char::from(self.0)
    }
}
