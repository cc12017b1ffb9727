//! What is known of a contact.

use std::{collections::BTreeMap, fmt, str::FromStr};

use cauce_flow::time::Timestamp;
use serde_json::Value;

/// Free fields of a contact, by name: texts, numbers, truth values.
pub type Attributes = BTreeMap<String, Value>;

/// Most bytes of a contact's phone, name and attributes together, as JSON.
pub const MAX_PERSONAL_BYTES: usize = 16 << 10;
/// Most tags of a contact.
pub const MAX_TAGS: usize = 50;

/// A phone number: `+` and digits (E.164), in the one form that stands for its person. Whoever knows
/// phone numbers makes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub String);

/// Without the digits: they are personal.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(…)")
    }
}

/// A contact.
#[derive(Clone, PartialEq)]
pub struct Contact {
    /// Its place in the order in which contacts came; never used twice.
    pub row: u64,
    /// Its id, unique for its tenant.
    pub id: String,
    /// Its number. Two contacts may share one.
    pub number: Number,
    /// Its name.
    pub name: Option<String>,
    /// Its free fields.
    pub attributes: Attributes,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// A language tag: `es`, `pt-BR`.
    pub language: Option<String>,
    /// A name of the time zone database: `Europe/Madrid`.
    pub timezone: Option<String>,
    /// Whether its number has opted out, and how.
    pub opted_out: Option<OptOut>,
    /// When it came.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact({})", self.id)
    }
}

/// That a number wants no messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// Since when.
    pub at: Timestamp,
    /// What said so.
    pub by: OptedBy,
}

/// What said that a number wants no messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptedBy {
    /// A word that came from the number: STOP, BAJA.
    Word,
    /// A call of the API.
    Api,
    /// A row of an import.
    Import,
    /// The provider, which knew of it.
    Provider,
}

impl OptedBy {
    const ALL: [OptedBy; 4] = [
        OptedBy::Word,
        OptedBy::Api,
        OptedBy::Import,
        OptedBy::Provider,
    ];

    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            OptedBy::Word => "word",
            OptedBy::Api => "api",
            OptedBy::Import => "import",
            OptedBy::Provider => "provider",
        }
    }
}

impl FromStr for OptedBy {
    type Err = ();
    fn from_str(text: &str) -> Result<OptedBy, ()> {
        let mut all = OptedBy::ALL.into_iter();
        all.find(|by| by.as_str() == text).ok_or(())
    }
}
