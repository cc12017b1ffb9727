//! How the projection takes what it is fed: inside a transaction, row by row.
//!
//! Nothing here depends on the order in which the two sources are heard. The job log is read in its
//! order and once, by the position that is written in the same transaction; the words of providers
//! are a set; and all that follows from both is told anew whenever one of them has grown.

use std::sync::Arc;

use cauce_flow::{id::GroupName, time::Timestamp};
use rusqlite::{OptionalExtension, params};

use super::{
    answered,
    applying::Applying,
    change::{Change, Heard, What},
    counting,
    deltas::Counted,
    hidden::Hidden,
    key::Key,
    row::{Place, Rest, Row},
    state::Stage,
    told::Words,
};

/// Changes of one log, ready to be written.
pub(super) struct Batch {
    pub(super) log: u32,
    pub(super) through: u64,
    pub(super) changes: Arc<[Change]>,
    /// What each of them hides.
    pub(super) hidden: Vec<Option<Hidden>>,
}

/// Changes that are taken in one transaction at least, whoever waits.
const MIN_CHANGES: usize = 16;

impl Batch {
    /// Whether this change is the first of its place in the log. All of one place is taken together,
    /// because places are what is remembered.
    fn begins_place(&self, next: usize) -> bool {
        let place = |at: usize| self.changes[at].position;
        next == 0 || place(next - 1) < place(next)
    }
}

impl Applying<'_> {
    /// Takes what the job log tells, from the place on that was reached before; it may stop early
    /// where it has done its least and `is_awaited`. Answers the next change.
    pub(super) fn project(
        &mut self,
        batch: &Batch,
        from: usize,
        is_awaited: impl Fn() -> bool,
    ) -> rusqlite::Result<usize> {
        let reached = self.reached(batch.log)?;
        let (mut next, mut through) = (from, batch.through);
        while let Some(change) = batch.changes.get(next) {
            if next >= from + MIN_CHANGES && batch.begins_place(next) && is_awaited() {
                through = batch.changes[next - 1].position;
                break;
            }
            if reached.is_none_or(|reached| change.position > reached) {
                let (key, hidden) = (Key::at(batch.log, change.number), &batch.hidden[next]);
                self.change(key, change, hidden.as_ref())?;
            }
            next += 1;
        }
        if reached.is_none_or(|reached| through > reached) {
            self.tx
                .prepare_cached("INSERT OR REPLACE INTO through VALUES (?1, ?2)")?
                .execute(params![batch.log, through.cast_signed()])?;
        }
        Ok(next)
    }

    fn reached(&self, log: u32) -> rusqlite::Result<Option<u64>> {
        let position: Option<i64> = self
            .tx
            .prepare_cached("SELECT position FROM through WHERE log = ?1")?
            .query_row([log], |row| row.get(0))
            .optional()?;
        Ok(position.map(i64::cast_unsigned))
    }

    fn change(
        &mut self,
        key: Key,
        change: &Change,
        hidden: Option<&Hidden>,
    ) -> rusqlite::Result<()> {
        match &change.what {
            What::Taken(_) => return self.take(change, hidden),
            What::Due(due_at) => counting::wanted(self.tx, key, due_at.as_millis())?,
            What::Tried { .. } | What::Moved(_) => {}
        }
        // Of a message from before there was a projection, or of one that is pruned.
        let Some(mut row) = Row::load(self.tx, key)? else {
            return Ok(());
        };
        let before = Before::of(&row);
        row.on_change(change);
        if let What::Tried { attempt, .. } = &change.what {
            if let Some(attempt) = attempt {
                let took = attempt.ended_at.since(attempt.started_at).as_millis();
                let took_ms = i64::try_from(took).unwrap_or(i64::MAX);
                self.deltas.tried(&row, took_ms, attempt.reason.is_some());
                let refusal = attempt.reason.as_ref();
                if let Some(reason) = refusal.filter(|_| row.stage == Stage::Pending) {
                    self.on_refusal(&row, &reason.code)?;
                }
            }
            if row.stage == Stage::Completed
                && let Some(at) = row.completed_at()
            {
                self.deltas.sent(&row, at);
            }
        }
        self.settle(row, before)
    }

    fn take(&mut self, change: &Change, hidden: Option<&Hidden>) -> rusqlite::Result<()> {
        let (What::Taken(taken), Some(hidden)) = (&change.what, hidden) else {
            return Ok(());
        };
        let campaign = taken.campaign.as_ref();
        let place = campaign
            .zip(taken.part.as_ref())
            .map(|(campaign, part)| Place {
                tenant: taken.tenant.to_string(),
                campaign: campaign.to_string(),
                variant: part.variant,
                number: part.number,
            });
        let due_at = taken.due_at.as_millis();
        let row = Row::taken(
            Key::of(taken.job),
            &taken.sender,
            place,
            &hidden.phone_hash,
            due_at,
        );
        let contact = taken.part.as_ref().map(|part| part.contact.as_str());
        let rest = Rest {
            taken_at: taken.job.taken_at().as_millis(),
            tenant: taken.tenant.as_str(),
            campaign: campaign.map(GroupName::as_str),
            contact,
            conversation: taken.conversation.as_deref(),
            metadata: hidden.metadata.as_deref(),
            kind: &taken.kind,
            phone: &hidden.phone,
            priority: taken.priority.index() as u8,
            expires_at: Some(taken.expires_at)
                .filter(|at| *at < Timestamp::NEVER)
                .map(Timestamp::as_millis),
        };
        if !row.insert(self.tx, &rest)? {
            return Ok(());
        }
        match (campaign, &row.place) {
            (Some(campaign), None) => self
                .deltas
                .came_beside(taken.tenant.as_str(), campaign.as_str()),
            _ => self.deltas.came(self.tx, &row)?,
        }
        if self.is_spoken_of(row.key)? {
            let before = Before::of(&row);
            self.settle(row, before)?;
        }
        Ok(())
    }

    fn is_spoken_of(&self, key: Key) -> rusqlite::Result<bool> {
        self.tx
            .prepare_cached("SELECT 1 FROM told WHERE job = ?1")?
            .exists([key])
    }

    /// Tells a row anew, writes it, and lets everything follow that hangs on it.
    pub(super) fn settle(&mut self, mut row: Row, before: Before) -> rusqlite::Result<()> {
        let words = Words::gather(self.tx, row.key, &row.sender, row.provider_id.as_deref())?;
        row.tell_anew(&words);
        row.save(self.tx)?;
        self.settles |= row.stage == Stage::Unknown && row.word.is_some();
        self.on_failure(&row, &before)?;
        if before.told != counting::told_of(&row) {
            counting::note_message(self.tx, row.key)?;
        }
        self.deltas.moved(self.tx, &row, before.counted)?;
        if before.sent_at != row.sent_at || before.provider_id != row.provider_id {
            let from = before.sent_at.into_iter().chain(row.sent_at).min();
            if let Some(from) = from {
                answered::look_again(self, &row.phone_hash, &row.sender, from)?;
            }
        }
        Ok(())
    }

    /// Tells all messages anew that a word under this provider's id can be about.
    pub(super) fn on_word(
        &mut self,
        account: &str,
        provider_id: &str,
        named: Option<Key>,
        heard: &mut Heard,
    ) -> rusqlite::Result<()> {
        let mut keys = self.keys_of(
            "SELECT job FROM messages WHERE provider_id = ?1 AND sender = ?2
             UNION SELECT job FROM told WHERE provider_id = ?1 AND account = ?2 AND job IS NOT NULL",
            provider_id,
            account,
        )?;
        keys.extend(named);
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let Some(row) = Row::load(self.tx, key)? else {
                continue;
            };
            if row.sender != account {
                continue;
            }
            heard.settles |= row.stage == Stage::Unknown;
            let before = Before::of(&row);
            self.settle(row, before)?;
        }
        Ok(())
    }

    fn keys_of(&self, sql: &str, id: &str, account: &str) -> rusqlite::Result<Vec<Key>> {
        let mut found = self.tx.prepare_cached(sql)?;
        let keys = found.query_map([id, account], |row| row.get(0))?;
        keys.collect()
    }
}

/// What a row was before it changed, as far as others hang on it.
pub(super) struct Before {
    counted: Counted,
    told: counting::ToldOf,
    sent_at: Option<i64>,
    provider_id: Option<String>,
}

impl Before {
    pub(super) fn of(row: &Row) -> Before {
        Before {
            counted: Counted::of(row),
            told: counting::told_of(row),
            sent_at: row.sent_at,
            provider_id: row.provider_id.clone(),
        }
    }

    /// The code of its failure.
    pub(super) fn failure(&self) -> Option<&str> {
        self.counted.failure()
    }
}
