//! Keys: who may call the API, for which tenant, and to do what.
//!
//! A key is 256 random bits. Only its SHA-256 is kept, and since the bits are random a plain hash
//! cannot be guessed back. Here is what a key is; the methods of [`Control`](super::Control) check,
//! make and take back keys.

mod new;
mod scope;
mod secret;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use cauce_flow::{id::TenantId, time::Timestamp};
use sha2::{Digest, Sha256};

pub(super) use self::secret::{random_id, random_secret, random_token};
pub use self::{
    new::{MAX_NAME_BYTES, MAX_ORIGINS, NewKey},
    scope::{KeyScope, ParseScopeError},
    secret::{SECRET_PREFIX, WRITE_PREFIX},
};
use crate::jobs::Scope;

/// The id under which the key of the configuration acts.
pub const CONFIGURED_ID: &str = "key_config";

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
    /// The key that is made of a wish for one.
    pub(super) fn made(id: String, new: NewKey, now: Timestamp) -> Key {
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

    /// Why it may not be used at this time, if so.
    pub(super) fn refusal(&self, now: Timestamp) -> Option<Refusal> {
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

/// A key that was just made, with the secret that is shown this once.
pub struct CreatedKey {
    /// The key.
    pub key: Arc<Key>,
    /// The secret.
    pub secret: String,
}

/// How the owner of something is written in the database.
pub(super) fn tenant_text(tenant: Option<&TenantId>) -> &str {
    tenant.map_or("*", TenantId::as_str)
}
