//! Contacts come, and are changed, many at once.
//!
//! An entry is for the contact with its id; without an id, for the oldest contact with its number.
//! Where there is none, it makes one. What an entry does not name stays as it is.

use std::{collections::BTreeMap, io};

use cauce_flow::{id::TenantId, time::Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{
    Error,
    contact::{MAX_PERSONAL_BYTES, MAX_TAGS, Number, OptOut, OptedBy},
    opt_outs,
    reading::{Person, Sealed},
    tagging::{self, Tagging},
    tenants,
    walks::Walks,
};
use crate::{
    personal::{Personal, PhoneHash},
    seal,
};

/// What an entry says of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Nothing.
    #[default]
    Keep,
    /// That there is none.
    Clear,
    /// What it is.
    Set(T),
}

/// What an entry says of the tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TagChange {
    /// Nothing.
    #[default]
    Keep,
    /// That there are these beside those that are there.
    Add(Vec<String>),
    /// That there are these and no others.
    Set(Vec<String>),
}

/// A contact as it is handed in, well formed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: Option<String>,
    /// Its number; a new contact needs one.
    pub number: Option<Number>,
    /// Its name.
    pub name: Change<String>,
    /// Its free fields; null takes one away.
    pub attributes: BTreeMap<String, Value>,
    /// Its tags.
    pub tags: TagChange,
    /// Its language.
    pub language: Change<String>,
    /// Its time zone.
    pub timezone: Change<String>,
    /// That its number wants no messages. Not saying so opts nobody in again.
    pub opted_out: Option<OptedBy>,
}

/// Entries that come together.
#[derive(Clone, Debug, PartialEq)]
pub struct Upsert {
    /// Whose contacts.
    pub tenant: TenantId,
    /// The entries; of two for one contact, the later one changes what the earlier one has made.
    pub entries: Vec<Entry>,
    /// Whether nothing is taken where one of them is refused.
    pub all_or_none: bool,
}

/// What became of an entry that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upserted {
    /// The id of the contact.
    pub id: String,
    /// Whether it is new.
    pub made: bool,
}

/// Why an entry was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has no number, and there is no such contact.
    #[error("no contact has this id yet, and a new one needs a phone")]
    NoNumber,
    /// It names nobody.
    #[error("neither an id nor a phone says whose it is")]
    Nobody,
    /// The contact would hold too much.
    #[error(
        "phone, name and attributes would have {bytes} bytes together, more than \
         {MAX_PERSONAL_BYTES}; leave out what no message needs"
    )]
    TooLarge {
        /// How much it would hold.
        bytes: usize,
    },
    /// The contact would have too many tags.
    #[error("the contact would have {0} tags, more than {MAX_TAGS}")]
    TooManyTags(usize),
}

/// What became of each entry, in their order.
pub type Outcome = Vec<Result<Upserted, Refusal>>;

/// A contact as it is stored.
struct Known {
    row: i64,
    id: String,
    person: Person,
    phone: PhoneHash,
    tags: Vec<String>,
    language: Option<String>,
    timezone: Option<String>,
}

/// Entries on their way into the tables.
pub(super) struct Batch<'a> {
    tx: &'a Transaction<'a>,
    sealed: Sealed<'a>,
    tenant: i64,
    tagging: Tagging,
    walks: Walks,
    new: i64,
    opted_out: Vec<PhoneHash>,
    now: Timestamp,
}

impl<'a> Batch<'a> {
    pub(super) fn begin(
        tx: &'a Transaction<'a>,
        personal: &'a Personal,
        tenant: &'a TenantId,
        now: Timestamp,
    ) -> Result<Batch<'a>, Error> {
        let number = tenants::number(tx, tenant)?;
        Ok(Batch {
            tenant: number,
            walks: Walks::of(tx, number)?,
            tx,
            sealed: Sealed { personal, tenant },
            tagging: Tagging::default(),
            new: 0,
            opted_out: Vec::new(),
            now,
        })
    }

    pub(super) fn take(&mut self, entry: Entry) -> Result<Result<Upserted, Refusal>, Error> {
        let hash = entry.number.as_ref().map(|number| self.hash(number));
        let known = match (&entry.id, &hash) {
            (Some(id), _) => self.find("c.tenant = ?1 AND c.id = ?2", (self.tenant, id))?,
            (None, Some(hash)) => self.find(
                "c.phone = ?2 AND +c.tenant = ?1 ORDER BY c.row LIMIT 1",
                (self.tenant, hash.0),
            )?,
            (None, None) => return Ok(Err(Refusal::Nobody)),
        };
        match known {
            Some(known) => self.change(known, entry, hash),
            None => self.make(entry, hash),
        }
    }

    fn make(
        &mut self,
        entry: Entry,
        hash: Option<PhoneHash>,
    ) -> Result<Result<Upserted, Refusal>, Error> {
        let (Some(number), Some(hash)) = (entry.number, hash) else {
            return Ok(Err(Refusal::NoNumber));
        };
        let mut attributes = entry.attributes;
        attributes.retain(|_, value| !value.is_null());
        let person = Person::new(number, changed(None, entry.name), attributes);
        let tags = tags_after(&[], entry.tags);
        let text = person.to_text()?;
        if let Some(refusal) = too_much(&text, &tags) {
            return Ok(Err(refusal));
        }
        self.opt_out(&hash, entry.opted_out)?;
        let id = match entry.id {
            Some(id) => id,
            None => new_id()?,
        };
        let now = self.now.as_millis();
        self.tx
            .prepare_cached(
                "INSERT INTO contacts (tenant, id, phone, personal, tags, language, timezone,
                    opted_out, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
            )?
            .execute(params![
                self.tenant,
                id,
                hash.0,
                self.sealed.seal(&id, &text)?,
                tagging::to_text(&tags),
                changed(None, entry.language),
                changed(None, entry.timezone),
                opt_outs::is_noted(self.tx, &hash)?,
                now,
            ])?;
        let row = self.tx.last_insert_rowid();
        self.tagging
            .change(self.tx, (self.tenant, row), &[], &tags)?;
        self.new += 1;
        Ok(Ok(Upserted { id, made: true }))
    }

    fn change(
        &mut self,
        known: Known,
        entry: Entry,
        hash: Option<PhoneHash>,
    ) -> Result<Result<Upserted, Refusal>, Error> {
        let phone = hash.unwrap_or(known.phone);
        let before = match self.walks.may_meet(known.row) {
            true => Some(known.person.to_text()?),
            false => None,
        };
        let mut attributes = known.person.attributes.clone();
        for (name, value) in entry.attributes {
            match value {
                Value::Null => attributes.remove(&name),
                value => attributes.insert(name, value),
            };
        }
        let number = entry.number.unwrap_or_else(|| known.person.number());
        let person = Person::new(number, changed(known.person.name, entry.name), attributes);
        let tags = tags_after(&known.tags, entry.tags);
        let text = person.to_text()?;
        if let Some(refusal) = too_much(&text, &tags) {
            return Ok(Err(refusal));
        }
        let language = changed(known.language.clone(), entry.language);
        let timezone = changed(known.timezone.clone(), entry.timezone);
        if let Some(before) = before
            && (&before, &known.tags, &known.language, &known.timezone)
                != (&text, &tags, &language, &timezone)
        {
            self.walks.touch(self.tx, known.row, &known.phone)?;
            self.walks.touch(self.tx, known.row, &phone)?;
        }
        self.opt_out(&phone, entry.opted_out)?;
        self.tx
            .prepare_cached(
                "UPDATE contacts SET phone = ?2, personal = ?3, tags = ?4, language = ?5,
                    timezone = ?6, opted_out = ?7, updated_at = ?8 WHERE row = ?1",
            )?
            .execute(params![
                known.row,
                phone.0,
                self.sealed.seal(&known.id, &text)?,
                tagging::to_text(&tags),
                language,
                timezone,
                opt_outs::is_noted(self.tx, &phone)?,
                self.now.as_millis(),
            ])?;
        self.tagging
            .change(self.tx, (self.tenant, known.row), &known.tags, &tags)?;
        Ok(Ok(Upserted {
            id: known.id,
            made: false,
        }))
    }

    fn hash(&self, number: &Number) -> PhoneHash {
        let personal = self.sealed.personal;
        personal.hash(self.sealed.tenant, &number.0)
    }

    fn opt_out(&mut self, phone: &PhoneHash, by: Option<OptedBy>) -> Result<(), Error> {
        let Some(by) = by else { return Ok(()) };
        let opt_out = OptOut { at: self.now, by };
        if opt_outs::note(self.tx, self.tenant, phone, opt_out)? {
            self.opted_out.push(*phone);
        }
        Ok(())
    }

    fn find(&self, which: &str, by: impl rusqlite::Params) -> Result<Option<Known>, Error> {
        let mut find = self.tx.prepare_cached(&format!(
            "SELECT c.row, c.id, c.personal, c.phone, c.tags, c.language, c.timezone
             FROM contacts c WHERE {which}"
        ))?;
        let found = find.query_row(by, |row| {
            let id: String = row.get(1)?;
            let person = self.sealed.open(&id, row.get_ref(2)?.as_blob()?);
            let known = |person| -> rusqlite::Result<Known> {
                Ok(Known {
                    row: row.get(0)?,
                    person,
                    phone: PhoneHash(row.get(3)?),
                    tags: tagging::of_text(row.get_ref(4)?.as_str()?),
                    language: row.get(5)?,
                    timezone: row.get(6)?,
                    id,
                })
            };
            person
                .map(known)
                .map_or_else(|error| Ok(Err(error)), |known| Ok(Ok(known?)))
        });
        found.optional()?.transpose()
    }

    /// Writes the counts. Answers the numbers that have opted out.
    pub(super) fn finish(self) -> Result<Vec<PhoneHash>, Error> {
        self.tagging.finish(self.tx)?;
        tenants::count(self.tx, self.tenant, self.new)?;
        Ok(self.opted_out)
    }
}

fn changed<T>(known: Option<T>, change: Change<T>) -> Option<T> {
    match change {
        Change::Keep => known,
        Change::Clear => None,
        Change::Set(value) => Some(value),
    }
}

fn tags_after(known: &[String], change: TagChange) -> Vec<String> {
    let mut tags = match change {
        TagChange::Keep => known.to_vec(),
        TagChange::Set(tags) => tags,
        TagChange::Add(more) => [known, &more].concat(),
    };
    tags.sort_unstable();
    tags.dedup();
    tags
}

fn too_much(text: &[u8], tags: &[String]) -> Option<Refusal> {
    let bytes = text.len();
    if bytes > MAX_PERSONAL_BYTES {
        return Some(Refusal::TooLarge { bytes });
    }
    (tags.len() > MAX_TAGS).then_some(Refusal::TooManyTags(tags.len()))
}

fn new_id() -> io::Result<String> {
    let random = seal::random::<10>()?;
    let id = data_encoding::BASE32_NOPAD.encode(&random);
    Ok(format!("con_{}", id.to_ascii_lowercase()))
}
