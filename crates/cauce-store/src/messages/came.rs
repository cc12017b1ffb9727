//! The messages that came in, as they are looked at.

use cauce_flow::{id::JobId, time::Timestamp};
use rusqlite::{Connection, Row as SqlRow, params};

use super::{Error, Messages, change::Opt, hidden, key::Key};
use crate::{jobs::Scope, personal::Personal};

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundView {
    /// Its number here; later ones are larger.
    pub id: i64,
    /// Whose account it came to.
    pub tenant: String,
    /// The account.
    pub account: String,
    /// The provider's id of it.
    pub provider_id: String,
    /// Who sent it.
    pub from: String,
    /// What it is.
    pub kind: String,
    /// What it says.
    pub text: Option<String>,
    /// The message that it answers.
    pub answers: Option<JobId>,
    /// Whether it opts out or in.
    pub opt: Option<Opt>,
    /// When it was sent.
    pub at: Timestamp,
    /// When it was heard.
    pub received_at: Timestamp,
}

impl Messages {
    /// A page of the messages that came in, newest first, before this number.
    pub async fn inbound(
        &self,
        scope: Scope,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<InboundView>, Error> {
        let personal = self.personal.clone();
        let read = move |connection: &Connection| {
            let tenant = match &scope {
                Scope::All => None,
                Scope::Tenant(tenant) => Some(tenant.to_string()),
            };
            // Two statements, so that each is served by one index from its end.
            let sql = match tenant {
                None => {
                    "SELECT inbound.*, messages.taken_at FROM inbound
                     LEFT JOIN messages ON messages.job = answers
                     WHERE ?1 IS NULL AND id < ?2 ORDER BY id DESC LIMIT ?3"
                }
                Some(_) => {
                    "SELECT inbound.*, messages.taken_at FROM inbound
                     LEFT JOIN messages ON messages.job = answers
                     WHERE inbound.tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
                }
            };
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = connection.prepare_cached(sql)?;
            let rows = rows
                .query_map(params![tenant, before.unwrap_or(i64::MAX), limit], |row| {
                    inbound_view(row, &personal)
                })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        self.database.read(read).await
    }
}

fn inbound_view(row: &SqlRow<'_>, personal: &Personal) -> rusqlite::Result<InboundView> {
    let (account, provider_id): (String, String) = (row.get("account")?, row.get("provider_id")?);
    let place = hidden::inbound_id(&account, &provider_id);
    let (phone, text): (Vec<u8>, Option<Vec<u8>>) = (row.get("phone")?, row.get("text")?);
    let answers: Option<Key> = row.get("answers")?;
    let taken_at: Option<i64> = row.get("taken_at")?;
    let opt: Option<i64> = row.get("opt")?;
    Ok(InboundView {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        from: hidden::shown(personal, b"from", &place, &phone),
        kind: row.get("kind")?,
        text: text.map(|sealed| hidden::shown(personal, b"text", &place, &sealed)),
        answers: answers
            .zip(taken_at)
            .map(|(key, taken_at)| key.job(taken_at)),
        opt: opt.map(|opt| if opt == 1 { Opt::In } else { Opt::Out }),
        at: Timestamp::from_millis(row.get("at")?),
        received_at: Timestamp::from_millis(row.get("received_at")?),
        account,
        provider_id,
    })
}
