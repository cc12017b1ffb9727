//! The rules that a key must keep before it is made.

use std::collections::BTreeSet;

use cauce_flow::time::Timestamp;

use super::KeyScope;
use crate::jobs::Scope;

/// Most bytes in the name of a key.
pub const MAX_NAME_BYTES: usize = 100;
/// Most origins of a public write key.
pub const MAX_ORIGINS: usize = 20;

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
    /// A key for everything, without an end.
    pub(in crate::control) fn for_everything(name: &str) -> NewKey {
        NewKey {
            name: name.to_owned(),
            tenant: Scope::All,
            scopes: KeyScope::ALL.into(),
            expires_at: None,
            site: None,
            origins: Vec::new(),
        }
    }

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
