//! The account of an endpoint of one's own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{signature::SecretError, template::TemplateError};
use crate::{headers::HeaderError, secret::Secret};

/// The account of an endpoint of one's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where batches go.
    pub url: String,
    /// Signs every request by Standard Webhooks: `whsec_` and 24 to 64 bytes in base64.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// Headers that every request carries. Their values count as credentials.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// The body as JSON, with `"$items"` where the items go.
    #[serde(default = "default_body")]
    pub body: String,
    /// Where the answer holds one result for each item, as a JSON Pointer.
    #[serde(default = "default_results")]
    pub results: String,
}

/// Why an account is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A header that cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A secret that signs nothing.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A body that is no template.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl ConfigError {
    /// The setting that is wrong.
    pub const fn setting(&self) -> &'static str {
        match self {
            ConfigError::Header(_) => "headers",
            ConfigError::Secret(_) => "secret",
            ConfigError::Template(_) => "body",
        }
    }
}

/// The body of an account that names none.
pub fn default_body() -> String {
    r#"{"items":"$items"}"#.to_owned()
}

/// Where results are looked for by an account that does not say.
pub fn default_results() -> String {
    "/results".to_owned()
}
