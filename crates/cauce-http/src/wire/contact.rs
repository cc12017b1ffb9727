//! Contacts and imports of them.

use cauce_engine::contacts::Report;
use cauce_flow::time::Timestamp;
use cauce_store::campaigns::{
    contact::{Attributes, Contact},
    imports::Import,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A contact as it is handed in. What is left out stays as it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = ContactBody)]
pub(crate) struct ContactBody {
    /// Its id. Without one, the entry is for the oldest contact with the phone; where there is
    /// none, the new contact is given an id.
    #[schema(max_length = 128, example = "customer-1042")]
    pub(crate) id: Option<String>,
    /// Its phone number in any common form; a new contact needs one.
    #[schema(example = "+34 600 111 222")]
    pub(crate) phone: Option<String>,
    /// Its name; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 256, example = "Ana")]
    pub(crate) name: Option<Option<String>>,
    /// Free fields, which texts can name: texts, numbers, true and false. They are merged with those
    /// that are there; null takes one away.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"city": "Jaén"}))]
    pub(crate) attributes: BTreeMap<String, Value>,
    /// Its tags, in place of those that are there.
    #[schema(max_items = 50, example = json!(["customers"]))]
    pub(crate) tags: Option<Vec<String>>,
    /// A language tag; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "es")]
    pub(crate) language: Option<Option<String>>,
    /// A name of the time zone database; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Europe/Madrid")]
    pub(crate) timezone: Option<Option<String>>,
    /// Whether its number wants no messages. Only a change of one contact opts it in again.
    pub(crate) opted_out: Option<bool>,
}

/// Tells a field that is null from one that is left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A contact.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contact)]
pub(crate) struct ContactView {
    /// Its id.
    #[schema(example = "con_mfrggzdfmztwq2lk")]
    id: String,
    /// Its phone number in E.164.
    #[schema(example = "+34600111222")]
    phone: String,
    /// Its name.
    name: Option<String>,
    /// Its free fields.
    #[schema(value_type = Object)]
    attributes: Attributes,
    /// Its tags, sorted.
    tags: Vec<String>,
    /// Its language.
    language: Option<String>,
    /// Its time zone.
    timezone: Option<String>,
    /// Whether its number wants no messages.
    opted_out: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    opted_out_at: Option<Timestamp>,
    /// What said so: `word` (that came from the number), `api`, `import` or `provider`.
    #[schema(value_type = Option<String>, example = "word")]
    opted_out_by: Option<&'static str>,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> ContactView {
        ContactView {
            id: contact.id,
            phone: contact.number.0,
            name: contact.name,
            attributes: contact.attributes,
            tags: contact.tags,
            language: contact.language,
            timezone: contact.timezone,
            opted_out: contact.opted_out.is_some(),
            opted_out_at: contact.opted_out.map(|out| out.at),
            opted_out_by: contact.opted_out.map(|out| out.by.as_str()),
            created_at: contact.created_at,
            updated_at: contact.updated_at,
        }
    }
}

/// What became of contacts that were handed in together.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactsTaken {
    /// How many were made.
    pub(crate) created: u64,
    /// How many were changed.
    pub(crate) updated: u64,
    /// Each of them, in the order of the call.
    pub(crate) items: Vec<ContactTaken>,
}

/// What became of one contact.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactTaken {
    /// Its id.
    pub(crate) id: String,
    /// Whether it was made.
    pub(crate) created: bool,
}

/// Phone numbers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phones {
    /// In any common form.
    #[schema(min_items = 1, example = json!(["+34600111222"]))]
    pub(crate) phones: Vec<String>,
}

/// A tag and how many contacts have it.
#[derive(Serialize, ToSchema)]
#[schema(as = ContactTag)]
pub(crate) struct TagView {
    /// The tag.
    pub(crate) tag: String,
    /// How many contacts have it.
    pub(crate) contacts: u64,
}

/// An import of contacts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactImport)]
pub(crate) struct ImportView {
    /// Its id.
    #[schema(example = "imp_mfrggzdfmztwq2lk")]
    id: String,
    /// `running`, `done`, `interrupted`: it was cut off, or `failed`: from some row on, it could not be
    /// read or kept. What had been taken until then stays.
    #[schema(value_type = String, example = "done")]
    state: &'static str,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Whether it only looked and changed nothing.
    dry_run: bool,
    /// The encoding of the file; `XLSX` for a workbook.
    #[schema(example = "windows-1252")]
    encoding: String,
    /// What stands between its columns; of a workbook, between those of its rejected rows.
    #[schema(example = ";")]
    delimiter: String,
    /// The sheet of a workbook that was read.
    worksheet: Option<String>,
    /// What each of its columns becomes; empty for those that are left out.
    #[schema(example = json!(["phone", "name", "city"]))]
    columns: Vec<String>,
    /// Rows that were looked at.
    rows: u64,
    /// Contacts that were made.
    created: u64,
    /// Contacts that were changed.
    updated: u64,
    /// Rows that were not taken.
    rejected: u64,
    /// Those of them that `rejectedUrl` holds.
    rejected_kept: u64,
    /// How many rows were not taken for each reason.
    #[schema(example = json!({"phone_invalid": 3}))]
    reasons: BTreeMap<String, u64>,
    /// Why it ended before the last row of the file; null where it did not.
    reason: Option<String>,
    /// Where the rows that were not taken can be had, for a week; null where there are none.
    rejected_url: Option<String>,
}

impl From<Import> for ImportView {
    fn from(import: Import) -> ImportView {
        let report = Report::of(&import);
        let path = format!("/api/contacts/imports/{}/rejected", import.id);
        ImportView {
            rejected_url: (report.rejected_kept > 0).then_some(path),
            id: import.id,
            state: import.state.as_str(),
            created_at: import.created_at,
            ended_at: import.ended_at,
            dry_run: report.dry_run,
            encoding: report.encoding,
            delimiter: report.delimiter,
            worksheet: report.worksheet,
            columns: report.columns,
            rows: report.rows,
            created: report.created,
            updated: report.updated,
            rejected: report.rejected,
            rejected_kept: report.rejected_kept,
            reasons: report.reasons,
            reason: report.fault,
        }
    }
}
