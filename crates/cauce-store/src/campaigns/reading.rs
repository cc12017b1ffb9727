//! Contacts, to and from their rows.

use std::io;

use cauce_flow::{id::TenantId, time::Timestamp};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::{
    Error,
    contact::{Attributes, Contact, Number, OptOut},
    numbers, tagging,
};
use crate::personal::Personal;

/// The columns of a whole contact, with how its number has opted out.
pub(super) const COLUMNS: &str = "c.row, c.id, c.personal, c.tags, c.language, c.timezone, \
    c.created_at, c.updated_at, o.at, o.by";
/// Where they come from.
pub(super) const FROM: &str = "contacts c LEFT JOIN opt_outs o ON o.phone = c.phone";

/// What is encrypted of a contact.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Person {
    #[serde(rename = "p")]
    pub(super) phone: String,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(rename = "a", default, skip_serializing_if = "Attributes::is_empty")]
    pub(super) attributes: Attributes,
}

impl Person {
    pub(super) fn new(number: Number, name: Option<String>, attributes: Attributes) -> Person {
        Person {
            phone: number.0,
            name,
            attributes,
        }
    }

    pub(super) fn number(&self) -> Number {
        Number(self.phone.clone())
    }

    /// As JSON, which is what is encrypted.
    pub(super) fn to_text(&self) -> Result<Vec<u8>, Error> {
        Ok(serde_json::to_vec(self).map_err(io::Error::from)?)
    }
}

/// Seals and opens what is personal in the contacts of one tenant.
pub(super) struct Sealed<'a> {
    pub(super) personal: &'a Personal,
    pub(super) tenant: &'a TenantId,
}

impl Sealed<'_> {
    pub(super) fn seal(&self, id: &str, text: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.personal.seal(&self.place(id), text)?)
    }

    pub(super) fn open(&self, id: &str, sealed: &[u8]) -> Result<Person, Error> {
        let text = self.personal.open(&self.place(id), sealed);
        let person = text.and_then(|text| serde_json::from_slice(&text).ok());
        person.ok_or(Error::Sealed)
    }

    /// What is sealed for one contact can be read for no other. No tenant's name holds a NUL.
    fn place(&self, id: &str) -> Vec<u8> {
        [
            b"contact\0",
            self.tenant.as_str().as_bytes(),
            b"\0",
            id.as_bytes(),
        ]
        .concat()
    }

    /// A contact from a row of [`COLUMNS`].
    pub(super) fn contact(&self, row: &Row<'_>) -> Result<Contact, Error> {
        let id: String = row.get(1)?;
        let person = self.open(&id, row.get_ref(2)?.as_blob().unwrap_or_default())?;
        let (at, by): (Option<i64>, Option<String>) = (row.get(8)?, row.get(9)?);
        let opted_out = at.zip(by.and_then(|by| by.parse().ok()));
        Ok(Contact {
            row: numbers::of(row.get(0)?),
            number: person.number(),
            id,
            name: person.name,
            attributes: person.attributes,
            tags: tagging::of_text(row.get_ref(3)?.as_str().unwrap_or_default()),
            language: row.get(4)?,
            timezone: row.get(5)?,
            opted_out: opted_out.map(|(at, by)| OptOut {
                at: Timestamp::from_millis(at),
                by,
            }),
            created_at: Timestamp::from_millis(row.get(6)?),
            updated_at: Timestamp::from_millis(row.get(7)?),
        })
    }
}
