//! How the projection hears what providers tell: the words of a message are a set, and an inbound
//! message is known by its id, so that a repeat has no effect.

use cauce_flow::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{
    answered,
    applying::Applying,
    change::{Heard, Inbound, Opt, Told},
    counting,
    hidden::Hidden,
    key::Key,
};

impl Applying<'_> {
    /// Hears a word about a message, whether the message is known yet or not.
    pub(super) fn hear(
        &mut self,
        told: &Told,
        now: Timestamp,
        heard: &mut Heard,
    ) -> rusqlite::Result<()> {
        let account = told.account.as_str();
        if self.keep(told, now, heard)? {
            self.on_word(account, &told.provider_id, told.job.map(Key::of), heard)?;
        }
        Ok(())
    }

    /// Keeps a word. A repeat adds at most what it alone knows: an earlier time, the job. Answers
    /// whether there is anything new.
    fn keep(&self, told: &Told, now: Timestamp, heard: &mut Heard) -> rusqlite::Result<bool> {
        let (account, id, word) = (told.account.as_str(), &told.provider_id, told.word.code());
        let known: Option<(i64, bool)> = self
            .tx
            .prepare_cached(
                "SELECT at, job IS NOT NULL FROM told
                 WHERE provider_id = ?1 AND account = ?2 AND word = ?3",
            )?
            .query_row(params![id, account, word], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let at = told.at.as_millis();
        match known {
            None => heard.new += 1,
            Some(_) => heard.repeated += 1,
        }
        if known
            .is_some_and(|(known_at, has_job)| known_at <= at && (has_job || told.job.is_none()))
        {
            return Ok(false);
        }
        let reason = told.reason.as_ref();
        self.tx
            .prepare_cached(
                "INSERT INTO told VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT DO UPDATE SET job = coalesce(job, excluded.job),
                     code = CASE WHEN excluded.at < at THEN excluded.code ELSE code END,
                     detail = CASE WHEN excluded.at < at THEN excluded.detail ELSE detail END,
                     at = min(at, excluded.at)",
            )?
            .execute(params![
                account,
                id,
                word,
                told.job.map(Key::of),
                reason.map(|reason| &reason.code),
                reason.map(|reason| &reason.detail),
                at,
                now.as_millis(),
            ])?;
        Ok(true)
    }

    /// Hears a message from a person.
    pub(super) fn hear_inbound(
        &mut self,
        inbound: &Inbound,
        hidden: &Hidden,
        now: Timestamp,
        heard: &mut Heard,
    ) -> rusqlite::Result<()> {
        let at = inbound.at.as_millis();
        let inserted = self
            .tx
            .prepare_cached(
                "INSERT OR IGNORE INTO inbound (tenant, account, provider_id, phone_hash, phone,
                     kind, text, reply_to, at, received_at, opt, opt_done)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                inbound.tenant.as_str(),
                inbound.account.as_str(),
                inbound.provider_id,
                hidden.phone_hash,
                hidden.phone,
                inbound.kind,
                hidden.metadata,
                inbound.reply_to,
                at,
                now.as_millis(),
                inbound.opt.map(|opt| i64::from(opt == Opt::In)),
                inbound.opt.is_none(),
            ])?;
        if inserted == 0 {
            heard.repeated += 1;
            return Ok(());
        }
        heard.new += 1;
        counting::note_inbound(self.tx, self.tx.last_insert_rowid())?;
        answered::look_again(self, &hidden.phone_hash, inbound.account.as_str(), at)
    }
}
