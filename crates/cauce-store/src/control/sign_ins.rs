//! Who is signed in with a browser.
//!
//! Signing in with a key gives a token of 256 random bits that a browser keeps in place of the key.
//! Only the token's SHA-256 is kept. A token is bound to the very key it was given for, by a hash
//! over both, so that it ends when the key does, and so that the key of the configuration leaves
//! nothing on disk by which it could be guessed.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use cauce_flow::time::Timestamp;
use parking_lot::RwLock;
use rusqlite::{Connection, Row, Transaction, params};
use sha2::{Digest, Sha256};

use super::{
    Control, Error,
    keys::{Key, KeyHash, Refusal, random_token},
};

/// How long a sign-in lasts without being used.
pub const MAX_IDLE: Duration = Duration::from_secs(12 * 3_600);
/// How long a sign-in lasts at most.
pub const MAX_AGE: Duration = Duration::from_secs(7 * 86_400);
/// Sign-ins of one key at the same time; past them the oldest ends.
pub const MAX_OF_A_KEY: usize = 100;

/// All sign-ins, in memory.
#[derive(Default)]
pub(super) struct SignIns {
    known: RwLock<HashMap<KeyHash, Arc<SignIn>>>,
}

struct SignIn {
    key_id: String,
    bound: Vec<u8>,
    begun_at: Timestamp,
    used_at: AtomicI64,
}

/// A sign-in that has just begun.
pub struct SignedIn {
    /// The key that was signed in with.
    pub key: Arc<Key>,
    /// What the browser keeps, shown this once.
    pub token: String,
}

impl Control {
    /// Signs in with a key.
    pub async fn sign_in(
        &self,
        key: Arc<Key>,
        of: KeyHash,
        now: Timestamp,
    ) -> Result<SignedIn, Error> {
        let token = random_token()?;
        let hash = KeyHash::of(&token);
        let sign_in = Arc::new(SignIn {
            key_id: key.id.clone(),
            bound: bound(&token, &of),
            begun_at: now,
            used_at: AtomicI64::new(now.as_millis()),
        });
        let sign_ins = Arc::clone(&self.sign_ins);
        self.run(move |tx| {
            insert(tx, &hash, &sign_in)?;
            for ended in sign_ins.take(hash, sign_in) {
                forget(tx, &ended)?;
            }
            Ok(())
        })
        .await?;
        Ok(SignedIn { key, token })
    }

    /// The key that this token was given for, if both may be used. Reads no disk.
    pub fn signed_in(&self, token: &str, now: Timestamp) -> Result<Arc<Key>, Refusal> {
        let known = self.sign_ins.known.read().get(&KeyHash::of(token)).cloned();
        let sign_in = known.ok_or(Refusal::Unknown)?;
        if sign_in.has_ended(now) {
            return Err(Refusal::Expired);
        }
        let (hash, key) = self
            .keyring
            .of_id(&sign_in.key_id)
            .ok_or(Refusal::Unknown)?;
        if bound(token, &hash) != sign_in.bound {
            return Err(Refusal::Unknown);
        }
        if let Some(refusal) = key.refusal(now) {
            return Err(refusal);
        }
        sign_in
            .used_at
            .fetch_max(now.as_millis(), Ordering::Relaxed);
        key.last_used.store(now.as_millis(), Ordering::Relaxed);
        Ok(key)
    }

    /// Whether a sign-in still lasts. Asking is no use of it. Reads no disk.
    pub fn lasts(&self, sign_in: &KeyHash, now: Timestamp) -> bool {
        let known = self.sign_ins.known.read();
        known
            .get(sign_in)
            .is_some_and(|sign_in| !sign_in.has_ended(now))
    }

    /// Ends a sign-in; one that is not there has ended already.
    pub async fn sign_out(&self, token: &str) -> Result<(), Error> {
        let hash = KeyHash::of(token);
        let sign_ins = Arc::clone(&self.sign_ins);
        self.run(move |tx| {
            sign_ins.known.write().remove(&hash);
            forget(tx, &hash)
        })
        .await
    }
}

impl SignIns {
    pub(super) fn load(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare("SELECT * FROM sign_ins")?;
        let rows = statement.query_map([], read)?;
        *self.known.write() = rows.collect::<rusqlite::Result<_>>()?;
        Ok(())
    }

    /// Writes down when sign-ins were last used, and forgets those that have ended.
    pub(super) fn settle(&self, tx: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<u64> {
        let mut known = self.known.write();
        let mut gone = 0;
        for (hash, sign_in) in known.iter() {
            if sign_in.has_ended(now) {
                forget(tx, hash)?;
                gone += 1;
            } else {
                tx.prepare_cached("UPDATE sign_ins SET used_at = ?2 WHERE hash = ?1")?
                    .execute(params![hash.0, sign_in.used_at.load(Ordering::Relaxed)])?;
            }
        }
        known.retain(|_, sign_in| !sign_in.has_ended(now));
        Ok(gone)
    }

    /// Takes a sign-in in; answers those of the same key that had to end for it.
    fn take(&self, hash: KeyHash, new: Arc<SignIn>) -> Vec<KeyHash> {
        let mut known = self.known.write();
        let mut of_key: Vec<(Timestamp, KeyHash)> = known
            .iter()
            .filter(|(_, sign_in)| sign_in.key_id == new.key_id)
            .map(|(hash, sign_in)| (sign_in.begun_at, *hash))
            .collect();
        of_key.sort_by_key(|(begun_at, _)| *begun_at);
        let over = (of_key.len() + 1).saturating_sub(MAX_OF_A_KEY);
        let ended: Vec<KeyHash> = of_key
            .into_iter()
            .take(over)
            .map(|(_, hash)| hash)
            .collect();
        for hash in &ended {
            known.remove(hash);
        }
        known.insert(hash, new);
        ended
    }
}

impl SignIn {
    fn has_ended(&self, now: Timestamp) -> bool {
        let used_at = Timestamp::from_millis(self.used_at.load(Ordering::Relaxed));
        now.since(used_at) >= MAX_IDLE || now.since(self.begun_at) >= MAX_AGE
    }
}

fn bound(token: &str, key: &KeyHash) -> Vec<u8> {
    Sha256::new()
        .chain_update(token)
        .chain_update(key.0)
        .finalize()
        .to_vec()
}

fn insert(tx: &Transaction<'_>, hash: &KeyHash, sign_in: &SignIn) -> rusqlite::Result<()> {
    let used_at = sign_in.used_at.load(Ordering::Relaxed);
    tx.execute(
        "INSERT INTO sign_ins (hash, key_id, bound, begun_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            hash.0,
            sign_in.key_id,
            sign_in.bound,
            sign_in.begun_at.as_millis(),
            used_at
        ],
    )
    .map(drop)
}

fn forget(tx: &Transaction<'_>, hash: &KeyHash) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM sign_ins WHERE hash = ?1", params![hash.0])
        .map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(KeyHash, Arc<SignIn>)> {
    let sign_in = SignIn {
        key_id: row.get("key_id")?,
        bound: row.get("bound")?,
        begun_at: Timestamp::from_millis(row.get("begun_at")?),
        used_at: AtomicI64::new(row.get("used_at")?),
    };
    Ok((KeyHash(row.get("hash")?), Arc::new(sign_in)))
}

#[cfg(test)]
mod tests;
