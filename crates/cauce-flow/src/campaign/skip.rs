//! Why somebody in the audience of a campaign is left out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why somebody is left out of a campaign, decided before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// The phone number is none that can be called.
    BadNumber,
    /// Somebody before in the same audience has the number.
    Duplicate,
    /// The person has opted out.
    OptedOut,
    /// The text needs something that is not known of the person.
    MissingVariable,
    /// No contact has this id.
    UnknownContact,
    /// What comes out is more than the provider takes.
    TooLong,
    /// The time zone of the contact is none that is known.
    UnknownZone,
}

impl Skip {
    /// All of them.
    pub const ALL: [Skip; 7] = [
        Skip::BadNumber,
        Skip::Duplicate,
        Skip::OptedOut,
        Skip::MissingVariable,
        Skip::UnknownContact,
        Skip::TooLong,
        Skip::UnknownZone,
    ];

    /// The name in the API and on disk.
    pub const fn as_str(self) -> &'static str {
        match self {
            Skip::BadNumber => "bad_number",
            Skip::Duplicate => "duplicate",
            Skip::OptedOut => "opted_out",
            Skip::MissingVariable => "missing_variable",
            Skip::UnknownContact => "unknown_contact",
            Skip::TooLong => "too_long",
            Skip::UnknownZone => "unknown_zone",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Skip> {
        Skip::ALL.into_iter().find(|skip| skip.as_str() == name)
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
