//! Headers that an account names itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use http::{HeaderName, HeaderValue};

use crate::{destination::Header, secret::Secret};

/// Headers that say where a request ends or where it goes; the transport writes them.
const RESERVED: [&str; 6] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "content-type",
    "user-agent",
];

/// Most headers that an account may name.
const MAX_HEADERS: usize = 32;

/// Why a header cannot be sent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HeaderError {
    /// Not a name of HTTP, or one that only the transport writes.
    #[error("a header cannot be named {name:?}; hint: write a name of letters, digits and - that is not {}", RESERVED.join(", "))]
    Name {
        /// The name.
        name: String,
    },
    /// A value with a line end or another character that may not stand there.
    #[error(
        "the value of the header {name} cannot be sent; hint: write printable ASCII on one line"
    )]
    Value {
        /// The name of the header.
        name: String,
    },
    /// Too many.
    #[error("{found} headers are more than {MAX_HEADERS}; hint: write fewer")]
    TooMany {
        /// How many there are.
        found: usize,
    },
}

/// The headers as requests carry them. Their values count as credentials.
pub(crate) fn checked(headers: &BTreeMap<String, Secret>) -> Result<Vec<Header>, HeaderError> {
    if headers.len() > MAX_HEADERS {
        let found = headers.len();
        return Err(HeaderError::TooMany { found });
    }
    headers
        .iter()
        .map(|(name, value)| one(name, value))
        .collect()
}

fn one(name: &str, value: &Secret) -> Result<Header, HeaderError> {
    let bad = || HeaderError::Name {
        name: name.chars().take(64).collect(),
    };
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    if RESERVED.contains(&parsed.as_str()) {
        return Err(bad());
    }
    if HeaderValue::from_str(value.expose()).is_err() {
        let name = parsed.as_str().to_owned();
        return Err(HeaderError::Value { name });
    }
    Ok(Header {
        name: kept(parsed.as_str()),
        value: value.expose().to_owned(),
        secret: true,
    })
}

/// The name for as long as the process lives: requests name their headers without copying them.
/// Each name is kept once, and only configurations bring new ones.
fn kept(name: &str) -> &'static str {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = known.get(name) {
        return kept;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    known.insert(kept);
    kept
}

#[cfg(test)]
mod tests;
