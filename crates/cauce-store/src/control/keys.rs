//! Keys: who may call the API, for which tenant, and to do what.
//!
//! A key is 256 random bits. Only its SHA-256 is kept, and since the bits are random a plain hash
//! cannot be guessed back. All keys are in memory by their hash, so that a request costs one hash
//! and one look into a map.

use std::{
    collections::BTreeSet,
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use cauce_flow::{id::TenantId, time::Timestamp};
use data_encoding::BASE32_NOPAD;
use rusqlite::params;
use sha2::{Digest, Sha256};

use super::{Control, Error, keyring};
use crate::jobs::Scope;

/// Most bytes in the name of a key.
pub const MAX_NAME_BYTES: usize = 100;
/// Most origins of a public write key.
pub const MAX_ORIGINS: usize = 20;
/// What a secret key begins with.
pub const SECRET_PREFIX: &str = "ck_live_";
/// What a public write key begins with.
pub const WRITE_PREFIX: &str = "cw_";
/// The id under which the key of the configuration acts.
pub const CONFIGURED_ID: &str = "key_config";

/// What a key allows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum KeyScope {
    /// Hand in events and states.
    Ingest,
    /// Send messages and campaigns.
    Send,
    /// Look at everything.
    Read,
    /// Control queues, jobs and dead letters.
    Manage,
    /// Make and revoke keys; read the audit log.
    Admin,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [KeyScope; 5] = [
        KeyScope::Ingest,
        KeyScope::Send,
        KeyScope::Read,
        KeyScope::Manage,
        KeyScope::Admin,
    ];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyScope::Ingest => "ingest",
            KeyScope::Send => "send",
            KeyScope::Read => "read",
            KeyScope::Manage => "manage",
            KeyScope::Admin => "admin",
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a scope.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a scope; use ingest, send, read, manage or admin")]
pub struct ParseScopeError(String);

impl FromStr for KeyScope {
    type Err = ParseScopeError;
    fn from_str(text: &str) -> Result<Self, ParseScopeError> {
        let found = KeyScope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text);
        found.ok_or_else(|| ParseScopeError(text.to_owned()))
    }
}

/// The SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub(super) [u8; 32]);

impl KeyHash {
    /// The hash of a key as it is presented.
    pub fn of(secret: &str) -> KeyHash {
        KeyHash(Sha256::digest(secret.as_bytes()).into())
    }
}

/// A key as it is known; the key itself is not.
#[derive(Debug)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Whose things it reaches.
    pub tenant: Scope,
    /// What it allows.
    pub scopes: BTreeSet<KeyScope>,
    /// For a public write key: the site it is bound to.
    pub site: Option<String>,
    /// For a public write key: the origins that may use it.
    pub origins: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    pub(super) last_used: AtomicI64,
}

impl Key {
    /// Whether it allows this.
    pub fn allows(&self, scope: KeyScope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether it is a public write key, which stands in web pages for all to see.
    pub fn is_public(&self) -> bool {
        self.site.is_some()
    }

    /// When it was last used. After a restart this may be a minute old.
    pub fn last_used_at(&self) -> Option<Timestamp> {
        match self.last_used.load(Ordering::Relaxed) {
            0 => None,
            ms => Some(Timestamp::from_millis(ms)),
        }
    }

    fn refusal(&self, now: Timestamp) -> Option<Refusal> {
        if self.revoked_at.is_some() {
            return Some(Refusal::Revoked);
        }
        self.expires_at
            .is_some_and(|end| end <= now)
            .then_some(Refusal::Expired)
    }
}

/// Why a key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody knows it.
    Unknown,
    /// It was taken back.
    Revoked,
    /// Its time has run out.
    Expired,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its name, for people.
    pub name: String,
    /// Whose things it reaches.
    pub tenant: Scope,
    /// What it allows.
    pub scopes: BTreeSet<KeyScope>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Makes it a public write key, bound to this site.
    pub site: Option<String>,
    /// The origins that may use a public write key.
    pub origins: Vec<String>,
}

impl NewKey {
    /// What is wrong with it: the field, and the fault in words.
    pub fn faults(&self, now: Timestamp) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let mut fault = |field, what: String| faults.push((field, what));
        if self.name.trim().is_empty() || self.name.len() > MAX_NAME_BYTES {
            fault("name", format!("give it 1 to {MAX_NAME_BYTES} bytes"));
        }
        if self.scopes.is_empty() {
            fault(
                "scopes",
                "name at least one of ingest, send, read, manage, admin".to_owned(),
            );
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            fault("expiresAt", "lies in the past".to_owned());
        }
        if self.origins.len() > MAX_ORIGINS {
            fault("origins", format!("holds more than {MAX_ORIGINS}"));
        }
        if self.origins.iter().any(|origin| !is_origin(origin)) {
            fault(
                "origins",
                "write each as https://host or https://host:port".to_owned(),
            );
        }
        self.public_faults(&mut fault);
        faults
    }

    /// A public write key can be read by anybody, so it can do nothing but hand in events of one
    /// tenant from pages that are known.
    fn public_faults(&self, fault: &mut impl FnMut(&'static str, String)) {
        let Some(site) = &self.site else {
            if !self.origins.is_empty() {
                fault(
                    "site",
                    "is missing; only a public write key has origins".to_owned(),
                );
            }
            return;
        };
        if site.is_empty() || site.len() > MAX_NAME_BYTES {
            fault("site", format!("give it 1 to {MAX_NAME_BYTES} bytes"));
        }
        if self.scopes != BTreeSet::from([KeyScope::Ingest]) {
            fault(
                "scopes",
                "a public write key (one with a site) has the scope ingest alone".into(),
            );
        }
        if self.tenant == Scope::All {
            fault(
                "tenant",
                "a public write key belongs to one tenant".to_owned(),
            );
        }
        if self.origins.is_empty() {
            fault(
                "origins",
                "name the origins whose pages may use the key".to_owned(),
            );
        }
    }
}

/// Scheme, host and port without anything after (RFC 6454).
fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|host| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        !host.is_empty() && host.len() <= 255 && host.chars().all(allowed)
    })
}

/// A key that was just made, with the secret that is shown this once.
pub struct CreatedKey {
    /// The key.
    pub key: Arc<Key>,
    /// The secret.
    pub secret: String,
}

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
        let key = Arc::new(made(random_id()?, new, now));
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
        let new = NewKey {
            name: "first key".to_owned(),
            tenant: Scope::All,
            scopes: KeyScope::ALL.into(),
            expires_at: None,
            site: None,
            origins: Vec::new(),
        };
        self.create_key(new, now).await.map(Some)
    }

    /// Accepts the key of the configuration for everything, in place of the one before. It is
    /// never written to disk.
    pub fn accept_configured_key(&self, secret: Option<&str>, now: Timestamp) {
        *self.keyring.configured.write() = secret.map(|secret| {
            let new = NewKey {
                name: "http.admin_key".to_owned(),
                tenant: Scope::All,
                scopes: KeyScope::ALL.into(),
                expires_at: None,
                site: None,
                origins: Vec::new(),
            };
            (
                KeyHash::of(secret),
                Arc::new(made(CONFIGURED_ID.to_owned(), new, now)),
            )
        });
    }
}

fn covers(scope: &Scope, owner: &Scope) -> bool {
    match owner {
        Scope::All => *scope == Scope::All,
        Scope::Tenant(tenant) => scope.covers(tenant),
    }
}

fn made(id: String, new: NewKey, now: Timestamp) -> Key {
    Key {
        id,
        name: new.name,
        tenant: new.tenant,
        scopes: new.scopes,
        site: new.site,
        origins: new.origins,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used: AtomicI64::new(0),
    }
}

fn random_secret(public: bool) -> Result<String, Error> {
    let prefix = if public { WRITE_PREFIX } else { SECRET_PREFIX };
    Ok(format!("{prefix}{}", random_text::<32>()?))
}

fn random_id() -> Result<String, Error> {
    Ok(format!("key_{}", random_text::<10>()?))
}

fn random_text<const BYTES: usize>() -> Result<String, Error> {
    let mut bytes = [0u8; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|why| Error::Database(format!("no random bytes: {why}").into()))?;
    Ok(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}

pub(super) fn tenant_text(tenant: Option<&TenantId>) -> &str {
    tenant.map_or("*", TenantId::as_str)
}
