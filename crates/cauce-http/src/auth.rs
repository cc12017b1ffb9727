//! Who is calling, and what that key may see.
//!
//! The tenant always comes from the key. A key for all tenants may narrow itself to one; a key of
//! one tenant that names another learns nothing, not even whether that one exists.

pub(crate) mod signed_in;

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::{
    control::{Control, Key, KeyHash, KeyScope, Refusal},
    jobs::Scope,
};

use crate::problem::{Code, Problem};

/// Longer than any key; nothing longer is hashed.
const MAX_KEY_BYTES: usize = 512;

/// Whoever holds the key of a request.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) key: Arc<Key>,
    /// The sign-in by which the key is used, where it is no bearer token.
    sign_in: Option<KeyHash>,
}

impl Caller {
    /// Who brings the key itself.
    pub(crate) fn with_key(key: Arc<Key>) -> Caller {
        Caller { key, sign_in: None }
    }

    /// Whether what let the caller in still does: the key, and the sign-in where there is one.
    pub(crate) fn is_still_let_in(&self, control: &Control, now: Timestamp) -> bool {
        let lasts = |sign_in| control.lasts(sign_in, now);
        control.is_usable(&self.key, now) && self.sign_in.as_ref().is_none_or(lasts)
    }

    /// The key's tenant; none for a key for all.
    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        match &self.key.tenant {
            Scope::All => None,
            Scope::Tenant(tenant) => Some(tenant),
        }
    }

    /// What the caller may see, narrowed to a tenant where one is asked for.
    pub(crate) fn scope(&self, asked: Option<&TenantId>) -> Result<Scope, Problem> {
        match (&self.key.tenant, asked) {
            (own, None) => Ok(own.clone()),
            (Scope::All, Some(tenant)) => Ok(Scope::Tenant(tenant.clone())),
            (Scope::Tenant(own), Some(tenant)) if own == tenant => Ok(Scope::Tenant(own.clone())),
            (Scope::Tenant(_), Some(tenant)) => Err(Problem::not_found("tenant", tenant.as_str())),
        }
    }

    /// The tenant whose something is: the key's own, or the one that is asked for. A key for all
    /// tenants has to name one.
    pub(crate) fn owner(&self, asked: Option<&TenantId>) -> Result<TenantId, Problem> {
        self.target(asked)?.ok_or_else(|| {
            Problem::bad_parameter("tenant", "missing; a key for all tenants has to name one")
        })
    }

    /// The tenant that an action is meant for: the key's own, or the one that is asked for; none
    /// for all.
    pub(crate) fn target(&self, asked: Option<&TenantId>) -> Result<Option<TenantId>, Problem> {
        Ok(match self.scope(asked)? {
            Scope::All => None,
            Scope::Tenant(tenant) => Some(tenant),
        })
    }
}

/// The caller, put there by the gate that every protected route is behind.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| Problem::internal(&"a route that needs a caller has no gate"))
    }
}

/// Finds out who is calling and whether the key allows this.
pub(crate) fn authenticate(
    headers: &HeaderMap,
    control: &Control,
    needed: KeyScope,
    now: Timestamp,
) -> Result<Caller, Problem> {
    let secret = bearer(headers)?;
    let key = control.verify(&KeyHash::of(secret), now).map_err(refused)?;
    // A public write key stands in web pages; it is no bearer token.
    if key.is_public() {
        return Err(refused(Refusal::Unknown));
    }
    allowed(Caller::with_key(key), needed)
}

/// The caller, if the key allows this.
fn allowed(caller: Caller, needed: KeyScope) -> Result<Caller, Problem> {
    match caller.key.allows(needed) {
        true => Ok(caller),
        false => Err(missing_scope(needed)),
    }
}

/// The key with this secret, whatever it allows.
pub(crate) fn verify(secret: &str, control: &Control, now: Timestamp) -> Result<Arc<Key>, Problem> {
    if secret.len() > MAX_KEY_BYTES {
        return Err(refused(Refusal::Unknown));
    }
    control.verify(&KeyHash::of(secret), now).map_err(refused)
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let no_key = || {
        Problem::new(
            Code::NoKey,
            "send a key in the header `Authorization: Bearer ck_live_…`; `cauce keys create` makes one",
        )
    };
    let value = headers.get(header::AUTHORIZATION).ok_or_else(no_key)?;
    let (scheme, secret) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(no_key)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(no_key());
    }
    match secret.trim() {
        "" => Err(no_key()),
        long if long.len() > MAX_KEY_BYTES => Err(refused(Refusal::Unknown)),
        secret => Ok(secret),
    }
}

fn refused(refusal: Refusal) -> Problem {
    Problem::new(
        Code::BadKey,
        match refusal {
            Refusal::Unknown => {
                "no such key; check that it was copied as a whole, or make a new one"
            }
            Refusal::Revoked => "the key was revoked; ask for a new one",
            Refusal::Expired => "the key has expired; ask for a new one",
        },
    )
}

fn missing_scope(needed: KeyScope) -> Problem {
    Problem::new(
        Code::MissingScope,
        format!("the key lacks the scope `{needed}`; use a key that has it, or have one made"),
    )
}

#[cfg(test)]
mod tests;
