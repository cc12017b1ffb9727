//! The account of a company's own backend.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{headers::HeaderError, secret::Secret};

/// The account of a company's own backend.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Sent as a bearer token, if there is one.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Headers that every request carries. Their values count as credentials.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// The address of the backend; the routes stand behind it.
    pub base_url: String,
}

/// Why an account is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A header that cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
}
