//! The words that providers said of one message, gathered from the file and summed up.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};

use super::{key::Key, state::Word};

/// All words of the sends of one message.
#[derive(Default)]
pub(super) struct Words {
    /// By the provider's id of the send.
    sends: BTreeMap<String, Vec<Spoken>>,
}

struct Spoken {
    word: Word,
    at: i64,
    error: Option<(String, String)>,
}

/// What the words come to.
#[derive(Default)]
pub(super) struct Said {
    pub(super) word: Option<Word>,
    /// The provider's id that they name, where the job knows none.
    pub(super) provider_id: Option<String>,
    pub(super) error: Option<(String, String)>,
    pub(super) sent_at: Option<i64>,
    pub(super) delivered_at: Option<i64>,
    pub(super) read_at: Option<i64>,
    pub(super) failed_at: Option<i64>,
}

impl Words {
    /// Gathers what was said of a message: by its job, by its provider's id, and under every id
    /// that is known to be one of its sends.
    pub(super) fn gather(
        tx: &Transaction<'_>,
        key: Key,
        account: &str,
        provider_id: Option<&str>,
    ) -> rusqlite::Result<Words> {
        let mut ids: BTreeSet<String> = tx
            .prepare_cached("SELECT provider_id FROM told WHERE job = ?1 AND account = ?2")?
            .query_map(params![key, account], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        ids.extend(provider_id.map(str::to_owned));
        let mut words = Words::default();
        for id in ids {
            let spoken = Words::under(tx, account, &id)?;
            if !spoken.is_empty() {
                words.sends.insert(id, spoken);
            }
        }
        Ok(words)
    }

    fn under(tx: &Transaction<'_>, account: &str, id: &str) -> rusqlite::Result<Vec<Spoken>> {
        tx.prepare_cached(
            "SELECT word, at, code, detail FROM told WHERE provider_id = ?1 AND account = ?2",
        )?
        .query_map([id, account], |row| {
            let (code, detail): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
            Ok(Spoken {
                // Only codes of ours are written.
                word: Word::of_code(row.get(0)?).unwrap_or(Word::Sent),
                at: row.get(1)?,
                error: code.zip(detail),
            })
        })?
        .collect()
    }

    /// What they come to, where the job knows its send by this id. That another send failed says
    /// nothing of that one.
    pub(super) fn of(&self, own: Option<&str>) -> Said {
        let best: Vec<(&String, &Vec<Spoken>, Word)> = self
            .sends
            .iter()
            .filter_map(|(id, spoken)| {
                let word = Word::best_of_one(spoken.iter().map(|spoken| spoken.word))?;
                Some((id, spoken, word))
            })
            .filter(|(id, _, word)| *word != Word::Failed || own.is_none_or(|own| own == *id))
            .collect();
        let word = Word::best_of_all(best.iter().map(|(_, _, word)| *word));
        let at = |wanted: Word| {
            let spoken = best.iter().flat_map(|(_, spoken, _)| spoken.iter());
            let of_word = spoken.filter(|spoken| spoken.word == wanted);
            of_word.map(|spoken| spoken.at).min()
        };
        let (sent, delivered, read) = (at(Word::Sent), at(Word::Delivered), at(Word::Read));
        let failed = (word == Some(Word::Failed)).then(|| {
            let spoken = best.iter().flat_map(|(_, spoken, _)| spoken.iter());
            let failed = spoken.filter(|spoken| spoken.word == Word::Failed);
            failed.min_by_key(|spoken| spoken.at)
        });
        let failed = failed.flatten();
        Said {
            word,
            provider_id: best.first().map(|(id, ..)| (*id).clone()),
            error: failed.and_then(|spoken| spoken.error.clone()),
            sent_at: sent.or(delivered).or(read),
            delivered_at: delivered.or(read),
            read_at: read,
            failed_at: failed.map(|spoken| spoken.at),
        }
    }
}
