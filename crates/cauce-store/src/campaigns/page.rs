//! Members of an audience as they come out of the file, before what is encrypted of them is read: that
//! can be done elsewhere, while the next ones are found.

use cauce_flow::id::TenantId;
use rusqlite::Rows;

use super::{
    Error,
    contact::{Attributes, Number},
    numbers,
    reading::Sealed,
};
use crate::personal::Personal;

/// One contact of an audience, as a message needs it.
#[derive(Clone, PartialEq)]
pub struct Member {
    /// Its row.
    pub row: u64,
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: Number,
    /// Its name.
    pub name: Option<String>,
    /// Its free fields.
    pub attributes: Attributes,
    /// Its language.
    pub language: Option<String>,
    /// Its time zone.
    pub timezone: Option<String>,
    /// Whether its number has opted out.
    pub opted_out: bool,
    /// Whether a contact of the same audience with a lower row has the same number, in any of its
    /// forms, as contacts are stored now.
    pub duplicate: bool,
    /// Whether a contact that has the number, or had it, was changed since the campaign was
    /// started: then [`Member::duplicate`] does not say whether the number has got a message.
    pub touched: bool,
}

/// Members in the order of their rows.
pub struct Page {
    personal: Personal,
    tenant: TenantId,
    found: Vec<Found>,
}

/// A member with what is encrypted of it.
struct Found {
    row: u64,
    id: String,
    sealed: Vec<u8>,
    language: Option<String>,
    timezone: Option<String>,
    opted_out: bool,
    duplicate: bool,
    touched: bool,
}

impl Page {
    /// Nobody.
    pub(super) fn new(personal: &Personal, tenant: &TenantId) -> Page {
        Page {
            personal: personal.clone(),
            tenant: tenant.clone(),
            found: Vec::new(),
        }
    }

    /// Takes rows with row, id, personal data, language, time zone, and whether the number has opted
    /// out, is there twice, or belongs to a contact that was changed.
    pub(super) fn take(&mut self, mut rows: Rows<'_>) -> Result<(), Error> {
        while let Some(row) = rows.next()? {
            self.found.push(Found {
                row: numbers::of(row.get(0)?),
                id: row.get(1)?,
                sealed: row.get_ref(2)?.as_blob().unwrap_or_default().to_vec(),
                language: row.get(3)?,
                timezone: row.get(4)?,
                opted_out: row.get(5)?,
                duplicate: row.get(6)?,
                touched: row.get(7)?,
            });
        }
        Ok(())
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// The row of the last one; none where there is nobody.
    pub fn last_row(&self) -> Option<u64> {
        self.found.last().map(|found| found.row)
    }

    /// The rows of those whose number an earlier one has, too, where that says something.
    pub fn duplicates(&self) -> Vec<u64> {
        let twice = self.found.iter();
        let twice = twice.filter(|found| found.duplicate && !found.touched);
        twice.map(|found| found.row).collect()
    }

    /// Reads what is encrypted.
    pub fn open(self) -> Result<Vec<Member>, Error> {
        let sealed = Sealed {
            personal: &self.personal,
            tenant: &self.tenant,
        };
        let opened = self.found.into_iter().map(|found| found.open(&sealed));
        opened.collect()
    }
}

impl Found {
    fn open(self, sealed: &Sealed<'_>) -> Result<Member, Error> {
        let person = sealed.open(&self.id, &self.sealed)?;
        Ok(Member {
            row: self.row,
            id: self.id,
            number: Number(person.phone),
            name: person.name,
            attributes: person.attributes,
            language: self.language,
            timezone: self.timezone,
            opted_out: self.opted_out,
            duplicate: self.duplicate,
            touched: self.touched,
        })
    }
}
