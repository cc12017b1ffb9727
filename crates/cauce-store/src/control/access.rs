//! Who gets in: keys are checked, listed, made and taken back.
//!
//! All keys are in memory by their hash, so that a request costs one hash and one look into a map.

use std::sync::{Arc, atomic::Ordering};

use cauce_flow::time::Timestamp;
use rusqlite::params;

use super::{
    Control, Error, keyring,
    keys::{CONFIGURED_ID, CreatedKey, Key, KeyHash, NewKey, Refusal, random_id, random_secret},
};
use crate::jobs::Scope;

impl Control {
    /// The key with this hash, if it may be used. Reads no disk.
    pub fn verify(&self, hash: &KeyHash, now: Timestamp) -> Result<Arc<Key>, Refusal> {
        let key = self.keyring.find(hash).ok_or(Refusal::Unknown)?;
        if let Some(refusal) = key.refusal(now) {
            return Err(refusal);
        }
        key.last_used.store(now.as_millis(), Ordering::Relaxed);
        Ok(key)
    }

    /// The key with this hash, if it may be used; looking at it is no use of it.
    pub fn peek(&self, hash: &KeyHash, now: Timestamp) -> Option<Arc<Key>> {
        let key = self.keyring.find(hash)?;
        key.refusal(now).is_none().then_some(key)
    }

    /// Whether any key that may be used is of that kind. Reads no disk.
    pub fn any_key(&self, now: Timestamp, is_of: impl Fn(&Key) -> bool) -> bool {
        let known = self.keyring.known.read();
        let mut usable = known.values().filter(|key| key.refusal(now).is_none());
        usable.any(|key| is_of(key))
    }

    /// Whether a key that was verified before may still be used. Reads no disk.
    pub fn is_usable(&self, key: &Key, now: Timestamp) -> bool {
        if key.id == CONFIGURED_ID {
            let configured = self.keyring.configured.read();
            return configured
                .as_ref()
                .is_some_and(|(_, known)| known.created_at == key.created_at);
        }
        self.any_key(now, |known| known.id == key.id)
    }

    /// Every key of the scope, newest first, revoked ones too.
    pub fn keys(&self, scope: &Scope) -> Vec<Arc<Key>> {
        let mut keys: Vec<Arc<Key>> = {
            let known = self.keyring.known.read();
            known
                .values()
                .filter(|key| covers(scope, &key.tenant))
                .cloned()
                .collect()
        };
        keys.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        keys
    }

    /// Makes a key. Its secret is in the answer and nowhere else.
    pub async fn create_key(&self, new: NewKey, now: Timestamp) -> Result<CreatedKey, Error> {
        let faults = new.faults(now);
        if !faults.is_empty() {
            return Err(Error::BadKey(faults));
        }
        let secret = random_secret(new.site.is_some())?;
        let hash = KeyHash::of(&secret);
        let key = Arc::new(Key::made(random_id()?, new, now));
        let (row, keyring) = (Arc::clone(&key), Arc::clone(&self.keyring));
        self.run(move |tx| {
            keyring::insert(tx, &hash, &row)?;
            keyring.put(hash, row);
            Ok(())
        })
        .await?;
        Ok(CreatedKey { key, secret })
    }

    /// Takes a key back at once. A key that was taken back before keeps its time.
    pub async fn revoke_key(
        &self,
        id: &str,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Arc<Key>, Error> {
        let no_key = || Error::NoKey(id.to_owned());
        if !self.keys(scope).iter().any(|key| key.id == id) {
            return Err(no_key());
        }
        let (row_id, keyring) = (id.to_owned(), Arc::clone(&self.keyring));
        self.run(move |tx| {
            tx.execute(
                "UPDATE keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
                params![row_id, now.as_millis()],
            )?;
            keyring.load(tx)
        })
        .await?;
        self.keys(scope)
            .into_iter()
            .find(|key| key.id == id)
            .ok_or_else(no_key)
    }

    /// Makes a key for everything where there is no key at all.
    pub async fn ensure_first_admin(&self, now: Timestamp) -> Result<Option<CreatedKey>, Error> {
        if !self.keyring.known.read().is_empty() {
            return Ok(None);
        }
        let new = NewKey::for_everything("first key");
        self.create_key(new, now).await.map(Some)
    }

    /// Accepts the key of the configuration for everything, in place of the one before. It is
    /// never written to disk.
    pub fn accept_configured_key(&self, secret: Option<&str>, now: Timestamp) {
        *self.keyring.configured.write() = secret.map(|secret| {
            let new = NewKey::for_everything("http.admin_key");
            let key = Key::made(CONFIGURED_ID.to_owned(), new, now);
            (KeyHash::of(secret), Arc::new(key))
        });
    }
}

fn covers(scope: &Scope, owner: &Scope) -> bool {
    match owner {
        Scope::All => *scope == Scope::All,
        Scope::Tenant(tenant) => scope.covers(tenant),
    }
}
