//! One message as the file holds it: read, told anew from what is known, written.

use cauce_flow::{
    campaign::skip::Skip, id::AccountName, queue::settlement::Attempt, reason::Reason,
};
use rusqlite::{OptionalExtension, Row as SqlRow, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{
    change::{Change, Next, What},
    key::Key,
    state::{MessageState, Stage, Word},
    told::Words,
};

/// Most attempts of one message that are kept; a message that is put back again and again has more.
const MAX_TRIES: usize = 50;

/// What of a message the projection works with.
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) place: Option<Place>,
    pub(super) sender: String,
    pub(super) phone_hash: Vec<u8>,
    pub(super) stage: Stage,
    pub(super) word: Option<Word>,
    pub(super) state: MessageState,
    pub(super) provider_id: Option<String>,
    told_id: Option<String>,
    job_error: Option<(String, String)>,
    told_error: Option<(String, String)>,
    pub(super) tries: Vec<Try>,
    due_at: i64,
    completed_at: Option<i64>,
    ended_at: Option<i64>,
    pub(super) sent_at: Option<i64>,
    pub(super) delivered_at: Option<i64>,
    pub(super) read_at: Option<i64>,
    pub(super) failed_at: Option<i64>,
    pub(super) answered_at: Option<i64>,
}

/// Where the figures of a message are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) tenant: String,
    pub(super) campaign: String,
    pub(super) variant: u16,
    pub(super) number: u64,
}

/// One attempt, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Try {
    #[serde(rename = "s")]
    pub(super) started_at: i64,
    #[serde(rename = "e")]
    pub(super) ended_at: i64,
    #[serde(rename = "h")]
    pub(super) status: u16,
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

impl Row {
    /// A message that was taken and waits.
    pub(super) fn taken(
        key: Key,
        sender: &AccountName,
        place: Option<Place>,
        phone_hash: &[u8],
        due_at: i64,
    ) -> Row {
        Row {
            key,
            place,
            sender: sender.to_string(),
            phone_hash: phone_hash.to_vec(),
            stage: Stage::Pending,
            word: None,
            state: MessageState::Queued,
            provider_id: None,
            told_id: None,
            job_error: None,
            told_error: None,
            tries: Vec::new(),
            due_at,
            completed_at: None,
            ended_at: None,
            sent_at: None,
            delivered_at: None,
            read_at: None,
            failed_at: None,
            answered_at: None,
        }
    }

    pub(super) fn load(tx: &Transaction<'_>, key: Key) -> rusqlite::Result<Option<Row>> {
        // By number: a name would be looked for among all others, for each row.
        tx.prepare_cached(
            "SELECT number, tenant, campaign, variant, sender, phone_hash, stage, word, state,
                 provider_id, told_id, job_code, job_detail, told_code, told_detail, tries,
                 due_at, completed_at, ended_at, sent_at, delivered_at, read_at, failed_at,
                 answered_at
             FROM messages WHERE job = ?1",
        )?
        .query_row([key], |row| Row::read(key, row))
        .optional()
    }

    fn read(key: Key, row: &SqlRow<'_>) -> rusqlite::Result<Row> {
        let pair = |code: usize, detail: usize| -> rusqlite::Result<Option<(String, String)>> {
            let (code, detail): (Option<String>, Option<String>) =
                (row.get(code)?, row.get(detail)?);
            Ok(code.zip(detail))
        };
        let number: Option<i64> = row.get(0)?;
        let place = match number {
            None => None,
            Some(number) => Some(Place {
                tenant: row.get(1)?,
                campaign: row.get(2)?,
                variant: row.get(3)?,
                number: number.cast_unsigned(),
            }),
        };
        let word: Option<i64> = row.get(7)?;
        Ok(Row {
            key,
            place,
            sender: row.get(4)?,
            phone_hash: row.get(5)?,
            // Only codes of ours are written.
            stage: Stage::of_code(row.get(6)?).unwrap_or(Stage::Pending),
            word: word.and_then(Word::of_code),
            state: MessageState::of_code(row.get(8)?).unwrap_or(MessageState::Queued),
            provider_id: row.get(9)?,
            told_id: row.get(10)?,
            job_error: pair(11, 12)?,
            told_error: pair(13, 14)?,
            tries: tries(row.get_ref(15)?.as_str()?),
            due_at: row.get(16)?,
            completed_at: row.get(17)?,
            ended_at: row.get(18)?,
            sent_at: row.get(19)?,
            delivered_at: row.get(20)?,
            read_at: row.get(21)?,
            failed_at: row.get(22)?,
            answered_at: row.get(23)?,
        })
    }

    /// Takes what the job log tells.
    pub(super) fn on_change(&mut self, change: &Change) {
        let at = change.at.as_millis();
        match &change.what {
            What::Taken(_) => {}
            What::Tried { attempt, next } => self.on_tried(attempt.as_ref(), next, at),
            What::Moved(state) => self.on_stage(Stage::of(*state), at),
            What::Due(due_at) => self.due_at = due_at.as_millis(),
        }
    }

    fn on_tried(&mut self, attempt: Option<&Attempt>, next: &Next, at: i64) {
        if let Some(attempt) = attempt
            && self.tries.len() < MAX_TRIES
        {
            self.tries.push(Try::from(attempt));
        }
        let failure = attempt.and_then(|attempt| attempt.reason.as_ref());
        self.job_error = failure.map(in_words);
        match next {
            Next::Completed { provider_id } => {
                if provider_id.is_some() {
                    self.provider_id.clone_from(provider_id);
                }
                let ended = attempt.map_or(at, |attempt| attempt.ended_at.as_millis());
                self.on_stage(Stage::Completed, ended);
            }
            Next::Waits { due_at } => {
                self.due_at = due_at.map_or(self.due_at, |due_at| due_at.as_millis());
                self.on_stage(Stage::Pending, at);
            }
            Next::Dead { reason } => {
                self.job_error = Some(in_words(reason));
                self.on_stage(Stage::Dead, at);
            }
            Next::Cancelled { reason } => {
                self.job_error = Some(in_words(reason));
                self.on_stage(Stage::Cancelled, at);
            }
            Next::Unknown { reason } => {
                self.job_error = Some(in_words(reason));
                self.on_stage(Stage::Unknown, at);
            }
        }
    }

    fn on_stage(&mut self, stage: Stage, at: i64) {
        self.stage = stage;
        self.completed_at = (stage == Stage::Completed).then_some(at);
        self.ended_at = (stage != Stage::Pending).then_some(at);
        if stage == Stage::Completed {
            self.job_error = None;
        }
    }

    /// Makes everything that follows from job and words follow from them again.
    pub(super) fn tell_anew(&mut self, words: &Words) {
        let said = words.of(self.provider_id.as_deref());
        self.word = said.word;
        self.state = MessageState::of(self.stage, self.word);
        self.told_id = said.provider_id;
        self.told_error = said.error;
        self.sent_at = [self.completed_at, said.sent_at]
            .into_iter()
            .flatten()
            .min();
        self.delivered_at = said.delivered_at;
        self.read_at = said.read_at;
        self.failed_at = (self.state == MessageState::Failed)
            .then(|| said.failed_at.or(self.ended_at))
            .flatten();
    }

    pub(super) fn insert(&self, tx: &Transaction<'_>, rest: &Rest<'_>) -> rusqlite::Result<bool> {
        let place = self.place.as_ref();
        let inserted = tx
            .prepare_cached(
                "INSERT OR IGNORE INTO messages (job, taken_at, tenant, sender, campaign, number, variant,
                     contact, conversation, metadata, kind, phone_hash, phone, priority,
                     stage, state, tries, due_at, wanted_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, '[]',
                     ?17, ?17, ?18)",
            )?
            .execute(params![
                self.key,
                rest.taken_at,
                rest.tenant,
                self.sender,
                rest.campaign,
                place.map(|place| place.number.cast_signed()),
                place.map(|place| place.variant),
                rest.contact,
                rest.conversation,
                rest.metadata,
                rest.kind,
                self.phone_hash,
                rest.phone,
                rest.priority,
                self.stage.code(),
                self.state.code(),
                self.due_at,
                rest.expires_at,
            ])?;
        Ok(inserted > 0)
    }

    pub(super) fn save(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let (job_error, told_error) = (self.job_error.as_ref(), self.told_error.as_ref());
        tx.prepare_cached(
            "UPDATE messages SET stage = ?2, word = ?3, state = ?4, provider_id = ?5, told_id = ?6,
                 job_code = ?7, job_detail = ?8, told_code = ?9, told_detail = ?10, tries = ?11,
                 due_at = ?12, completed_at = ?13, ended_at = ?14, sent_at = ?15,
                 delivered_at = ?16, read_at = ?17, failed_at = ?18, answered_at = ?19
             WHERE job = ?1",
        )?
        .execute(params![
            self.key,
            self.stage.code(),
            self.word.map(Word::code),
            self.state.code(),
            self.provider_id,
            self.told_id,
            job_error.map(|(code, _)| code),
            job_error.map(|(_, detail)| detail),
            told_error.map(|(code, _)| code),
            told_error.map(|(_, detail)| detail),
            serde_json::to_string(&self.tries).unwrap_or_default(),
            self.due_at,
            self.completed_at,
            self.ended_at,
            self.sent_at,
            self.delivered_at,
            self.read_at,
            self.failed_at,
            self.answered_at,
        ])
        .map(drop)
    }

    /// The code of what made it fail, where it has.
    pub(super) fn failure(&self) -> Option<&str> {
        let has_failed = self.state == MessageState::Failed;
        let error = self.told_error.as_ref().or(self.job_error.as_ref());
        error.filter(|_| has_failed).map(|(code, _)| code.as_str())
    }

    /// Whether it was taken back because its recipient had opted out.
    pub(super) fn is_unwanted(&self) -> bool {
        let why = self.job_error.as_ref().map(|(code, _)| code.as_str());
        self.state == MessageState::Cancelled && why == Some(Skip::OptedOut.as_str())
    }

    /// When the provider took it, as the job knows.
    pub(super) fn completed_at(&self) -> Option<i64> {
        self.completed_at
    }
}

/// What of a message is written once.
pub(super) struct Rest<'a> {
    pub(super) taken_at: i64,
    pub(super) tenant: &'a str,
    pub(super) campaign: Option<&'a str>,
    pub(super) contact: Option<&'a str>,
    pub(super) conversation: Option<&'a str>,
    pub(super) metadata: Option<&'a [u8]>,
    pub(super) kind: &'a str,
    pub(super) phone: &'a [u8],
    pub(super) priority: u8,
    /// None where it does not.
    pub(super) expires_at: Option<i64>,
}

impl From<&Attempt> for Try {
    fn from(attempt: &Attempt) -> Try {
        Try {
            started_at: attempt.started_at.as_millis(),
            ended_at: attempt.ended_at.as_millis(),
            status: attempt.status,
            code: attempt.reason.as_ref().map(|reason| reason.code.clone()),
            detail: attempt.reason.as_ref().map(|reason| reason.detail.clone()),
        }
    }
}

/// The attempts of a message, as they were written.
pub(super) fn tries(text: &str) -> Vec<Try> {
    serde_json::from_str(text).unwrap_or_default()
}

fn in_words(reason: &Reason) -> (String, String) {
    (reason.code.clone(), reason.detail.clone())
}
