//! Messages as they are looked at: one with all that happened to it, and lists.

use cauce_flow::{
    id::{AccountName, GroupName, JobId},
    priority::Priority,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, ToSql, params};

use super::{
    Error, Messages, hidden,
    key::Key,
    row,
    state::{MessageState, Word},
};
use crate::{jobs::Scope, personal::Personal};

/// A message, as it can be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its job.
    pub job: JobId,
    /// Whose it is.
    pub tenant: String,
    /// The account that sends it.
    pub sender: String,
    /// Its recipient.
    pub to: String,
    /// What it is: `text`, `template`, …
    pub kind: String,
    /// The campaign that it belongs to.
    pub campaign: Option<String>,
    /// Its place among the recipients of that campaign.
    pub place: Option<Place>,
    /// The caller's conversation.
    pub conversation: Option<String>,
    /// The caller's own JSON.
    pub metadata: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Where it stands.
    pub state: MessageState,
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// Why it failed, or why its last attempt did: a code and a sentence.
    pub error: Option<(String, String)>,
    /// Requests that were made for it, oldest first.
    pub tries: Vec<Tried>,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it expires if it has not been sent, as it was taken.
    pub expires_at: Option<Timestamp>,
    /// When the provider had it.
    pub sent_at: Option<Timestamp>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}

/// A recipient's place in a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The recipient's number.
    pub number: u64,
    /// The place of its variant.
    pub variant: u16,
    /// The contact.
    pub contact: String,
}

/// A request that was made for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// When it left.
    pub started_at: Timestamp,
    /// When it was answered, or failed.
    pub ended_at: Timestamp,
    /// The HTTP status; 0 where no answer came.
    pub status: u16,
    /// What went wrong: a code and a sentence.
    pub error: Option<(String, String)>,
}

/// A word that the provider said of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// What it said.
    pub word: Word,
    /// Under which id.
    pub provider_id: String,
    /// Why it failed.
    pub error: Option<(String, String)>,
    /// When it was so, by the provider's clock.
    pub at: Timestamp,
    /// When it was heard.
    pub received_at: Timestamp,
}

/// Which messages to list: all that is given has to fit.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whose.
    pub scope: Scope,
    /// In one of these states; in any where there is none.
    pub states: Vec<MessageState>,
    /// Or queued and due after this.
    pub due_after: Option<Timestamp>,
    /// Only those to the audience of a campaign, and none that others have sent under its name.
    pub of_audience: bool,
    /// Of this account.
    pub sender: Option<AccountName>,
    /// Of this campaign.
    pub campaign: Option<GroupName>,
    /// Of this conversation.
    pub conversation: Option<String>,
    /// To this person, in the one form that stands for one; within one tenant alone.
    pub to: Option<String>,
    /// Answered, or not.
    pub answered: Option<bool>,
    /// Only those that were taken before this one.
    pub before: Option<JobId>,
    /// At most so many.
    pub limit: usize,
}

/// A page of messages, newest first.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The messages.
    pub messages: Vec<MessageView>,
    /// Where the next page begins; none at the end.
    pub next: Option<JobId>,
}

impl Messages {
    /// One message and every word of it, oldest first.
    pub async fn one(
        &self,
        job: JobId,
        scope: Scope,
    ) -> Result<Option<(MessageView, Vec<Spoken>)>, Error> {
        let personal = self.personal.clone();
        let read = move |connection: &Connection| {
            let found = connection
                .prepare_cached("SELECT * FROM messages WHERE job = ?1")?
                .query_row([Key::of(job)], |row| view(row, &personal))
                .optional()?;
            let own = |view: &MessageView| match &scope {
                Scope::All => true,
                Scope::Tenant(tenant) => tenant.as_str() == view.tenant,
            };
            let Some(view) = found.filter(own) else {
                return Ok(None);
            };
            let spoken = spoken(connection, &view)?;
            Ok(Some((view, spoken)))
        };
        self.database.read(read).await
    }

    /// A page of messages, newest first.
    pub async fn list(&self, filter: Filter) -> Result<Listed, Error> {
        let personal = self.personal.clone();
        let read = move |connection: &Connection| Ok(list(connection, &filter, &personal)?);
        self.database.read(read).await
    }
}

fn list(connection: &Connection, filter: &Filter, personal: &Personal) -> rusqlite::Result<Listed> {
    let mut conditions = Vec::new();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut wants = |condition: &str, value: Box<dyn ToSql>| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("?{}", values.len())));
    };
    if let Scope::Tenant(tenant) = &filter.scope {
        wants("tenant = ?", Box::new(tenant.to_string()));
        if let Some(phone) = &filter.to {
            let hash = hidden::phone_hash(personal, tenant, phone);
            wants("phone_hash = ?", Box::new(hash));
        }
    }
    if let Some(sender) = &filter.sender {
        wants("sender = ?", Box::new(sender.to_string()));
    }
    if let Some(campaign) = &filter.campaign {
        wants("campaign = ?", Box::new(campaign.to_string()));
    }
    if let Some(conversation) = &filter.conversation {
        wants("conversation = ?", Box::new(conversation.clone()));
    }
    if let Some(answered) = filter.answered {
        wants("(answered_at IS NOT NULL) = ?", Box::new(answered));
    }
    if let Some(before) = filter.before {
        wants("job < ?", Box::new(Key::of(before)));
    }
    if filter.of_audience {
        conditions.push("number IS NOT NULL".to_owned());
    }
    if !filter.states.is_empty() || filter.due_after.is_some() {
        let codes = filter.states.iter().map(|state| state.code().to_string());
        let codes = codes.collect::<Vec<_>>().join(", ");
        let queued = MessageState::Queued.code();
        let due_after = filter.due_after.map_or(i64::MAX, Timestamp::as_millis);
        conditions.push(format!(
            "(state IN ({codes}) OR (state = {queued} AND due_at > {due_after}))"
        ));
    }
    let conditions = match conditions.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", conditions.join(" AND ")),
    };
    let sql = format!(
        "SELECT * FROM messages {conditions} ORDER BY job DESC LIMIT {}",
        filter.limit + 1
    );
    let mut rows = connection.prepare_cached(&sql)?;
    let values = rusqlite::params_from_iter(values.iter());
    let rows = rows.query_map(values, |row| view(row, personal))?;
    let mut messages: Vec<MessageView> = rows.collect::<rusqlite::Result<_>>()?;
    let more = messages.len() > filter.limit;
    messages.truncate(filter.limit);
    let next = messages.last().filter(|_| more).map(|last| last.job);
    Ok(Listed { messages, next })
}

fn view(row: &SqlRow<'_>, personal: &Personal) -> rusqlite::Result<MessageView> {
    let key: Key = row.get("job")?;
    let sealed: Vec<u8> = row.get("phone")?;
    let metadata: Option<Vec<u8>> = row.get("metadata")?;
    let at = |name: &str| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(name)?.map(Timestamp::from_millis))
    };
    let pair = |code: &str, detail: &str| -> rusqlite::Result<Option<(String, String)>> {
        let (code, detail): (Option<String>, Option<String>) = (row.get(code)?, row.get(detail)?);
        Ok(code.zip(detail))
    };
    let state = MessageState::of_code(row.get("state")?).unwrap_or(MessageState::Queued);
    let (told, of_job) = (
        pair("told_code", "told_detail")?,
        pair("job_code", "job_detail")?,
    );
    let error = match state {
        MessageState::Failed => told.or(of_job),
        MessageState::Queued | MessageState::Unknown | MessageState::Cancelled => of_job,
        _ => None,
    };
    let number: Option<i64> = row.get("number")?;
    let place = match number {
        None => None,
        Some(number) => Some(Place {
            number: number.cast_unsigned(),
            variant: row.get("variant")?,
            contact: row.get("contact")?,
        }),
    };
    let provider_id: Option<String> = row.get("provider_id")?;
    let told_id: Option<String> = row.get("told_id")?;
    let tries = row::tries(&row.get::<_, String>("tries")?);
    Ok(MessageView {
        job: key.job(row.get("taken_at")?),
        tenant: row.get("tenant")?,
        sender: row.get("sender")?,
        to: hidden::shown(personal, b"to", key.as_bytes(), &sealed),
        kind: row.get("kind")?,
        campaign: row.get("campaign")?,
        place,
        conversation: row.get("conversation")?,
        metadata: metadata
            .map(|sealed| hidden::shown(personal, b"metadata", key.as_bytes(), &sealed)),
        priority: Priority::from_index(usize::from(row.get::<_, u8>("priority")?))
            .unwrap_or(Priority::Normal),
        state,
        provider_id: provider_id.or(told_id),
        error,
        tries: tries.into_iter().map(Tried::from).collect(),
        due_at: Timestamp::from_millis(row.get("due_at")?),
        expires_at: at("expires_at")?,
        sent_at: at("sent_at")?,
        delivered_at: at("delivered_at")?,
        read_at: at("read_at")?,
        failed_at: at("failed_at")?,
        answered_at: at("answered_at")?,
    })
}

impl From<row::Try> for Tried {
    fn from(tried: row::Try) -> Tried {
        Tried {
            started_at: Timestamp::from_millis(tried.started_at),
            ended_at: Timestamp::from_millis(tried.ended_at),
            status: tried.status,
            error: tried.code.zip(tried.detail),
        }
    }
}

fn spoken(connection: &Connection, of: &MessageView) -> rusqlite::Result<Vec<Spoken>> {
    let mut rows = connection.prepare_cached(
        "SELECT word, provider_id, code, detail, at, received_at FROM told
         WHERE account = ?1 AND provider_id IN (
             SELECT provider_id FROM told WHERE job = ?2 UNION SELECT ?3)
         ORDER BY at, received_at, word",
    )?;
    let rows = rows.query_map(params![of.sender, Key::of(of.job), of.provider_id], |row| {
        let (code, detail): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
        Ok(Spoken {
            // Only codes of ours are written.
            word: Word::of_code(row.get(0)?).unwrap_or(Word::Sent),
            provider_id: row.get(1)?,
            error: code.zip(detail),
            at: Timestamp::from_millis(row.get(4)?),
            received_at: Timestamp::from_millis(row.get(5)?),
        })
    })?;
    rows.collect()
}
