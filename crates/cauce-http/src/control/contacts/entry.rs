//! Contacts as they are handed in, checked field by field. Each fault is told with its place.

use cauce_destinations::normalize::country::Country;
use cauce_engine::contacts::{FieldFault, field, number};
use cauce_store::campaigns::{
    contact::OptedBy,
    upsert::{Change, Entry, Refusal, TagChange},
};

use crate::{problem::Fault, wire::contact::ContactBody};

/// All entries of a call, or all that is wrong with them.
pub(super) fn read_all(
    body: Vec<ContactBody>,
    country: Option<Country>,
) -> Result<Vec<Entry>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut entries = Vec::with_capacity(body.len());
    for (place, one) in body.into_iter().enumerate() {
        let mut reading = Reading {
            at: format!("/{place}"),
            faults: &mut faults,
        };
        let id = one.id.as_deref().map(field::id);
        let id = reading.take("id", id.transpose()).flatten();
        let id = id.map(str::to_owned);
        entries.push(reading.entry(id, one, country));
    }
    match faults.is_empty() {
        true => Ok(entries),
        false => Err(faults),
    }
}

/// A contact that comes with something else.
pub(crate) enum Inline {
    /// It can be taken.
    Entry(Box<Entry>),
    /// Its phone is none that can be called.
    BadPhone(Option<String>),
}

/// Reads a contact that comes with something else, at this place in it.
pub(crate) fn inline(
    body: ContactBody,
    at: String,
    country: Option<Country>,
    faults: &mut Vec<Fault>,
) -> Inline {
    if let Some(text) = &body.phone
        && field::phone(text, country).is_err()
    {
        return Inline::BadPhone(body.id);
    }
    let mut reading = Reading { at, faults };
    let id = body.id.as_deref().map(field::id);
    let id = reading.take("id", id.transpose()).flatten();
    let id = id.map(str::to_owned);
    Inline::Entry(Box::new(reading.entry(id, body, country)))
}

/// A change of one contact.
pub(super) fn read_one(
    id: &str,
    fields: ContactBody,
    country: Option<Country>,
) -> Result<Entry, Vec<Fault>> {
    let mut faults = Vec::new();
    if fields.id.as_deref().is_some_and(|other| other != id) {
        let what = "an id cannot be changed; hand in a new contact";
        faults.push(Fault::at("/id", what));
    }
    let mut reading = Reading {
        at: String::new(),
        faults: &mut faults,
    };
    let entry = reading.entry(Some(id.to_owned()), fields, country);
    match faults.is_empty() {
        true => Ok(entry),
        false => Err(faults),
    }
}

/// An entry that was not taken, as a fault of its place in the call.
pub(super) fn refused(place: usize, refusal: &Refusal) -> Fault {
    Fault::at(format!("/{place}{}", pointer(refusal)), refusal.to_string())
}

/// The same for a change of one contact.
pub(super) fn refused_alone(refusal: &Refusal) -> Fault {
    Fault::at(pointer(refusal), refusal.to_string())
}

fn pointer(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoNumber | Refusal::Nobody => "/phone",
        Refusal::TooLarge { .. } => "/attributes",
        Refusal::TooManyTags(_) => "/tags",
    }
}

struct Reading<'a> {
    at: String,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn entry(
        &mut self,
        id: Option<String>,
        fields: ContactBody,
        country: Option<Country>,
    ) -> Entry {
        let phone = fields
            .phone
            .as_deref()
            .map(|text| field::phone(text, country));
        let phone = self.take("phone", phone.transpose()).flatten();
        let owned = |text: &str| field::name(text).map(str::to_owned);
        let language = |text: &str| field::language(text).map(str::to_owned);
        for (name, value) in &fields.attributes {
            let checked = field::attribute_name(name).map(drop);
            let checked = checked.and_then(|()| field::attribute_value(value));
            let name = name.replace('~', "~0").replace('/', "~1");
            self.take(&format!("attributes/{name}"), checked);
        }
        Entry {
            id,
            number: phone.as_ref().map(number),
            name: self.change("name", fields.name, owned),
            attributes: fields.attributes,
            tags: self.tags(fields.tags),
            language: self.change("language", fields.language, language),
            timezone: self.change("timezone", fields.timezone, field::timezone),
            opted_out: (fields.opted_out == Some(true)).then_some(OptedBy::Api),
        }
    }

    fn tags(&mut self, given: Option<Vec<String>>) -> TagChange {
        let Some(given) = given else {
            return TagChange::Keep;
        };
        let mut tags = Vec::with_capacity(given.len());
        for (place, tag) in given.iter().enumerate() {
            let tag = self.take(&format!("tags/{place}"), field::tag(tag));
            tags.extend(tag.map(str::to_owned));
        }
        TagChange::Set(tags)
    }

    fn change(
        &mut self,
        name: &str,
        given: Option<Option<String>>,
        check: impl Fn(&str) -> Result<String, FieldFault>,
    ) -> Change<String> {
        match given {
            None => Change::Keep,
            Some(None) => Change::Clear,
            Some(Some(text)) => self
                .take(name, check(&text))
                .map_or(Change::Keep, Change::Set),
        }
    }

    fn take<T>(&mut self, name: &str, checked: Result<T, FieldFault>) -> Option<T> {
        let fault = match checked {
            Ok(value) => return Some(value),
            Err(fault) => fault,
        };
        let pointer = format!("{}/{name}", self.at);
        self.faults.push(Fault::at(pointer, fault.to_string()));
        None
    }
}
