//! The account of an instance of an Evolution API gateway.

use serde::Deserialize;

use crate::secret::Secret;

/// The account of an instance of an Evolution API gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The instance: one phone that the gateway is connected to.
    pub instance: String,
    /// The gateway's key, or the instance's own.
    pub api_key: Secret,
    /// What the gateway shows to be believed when it tells of messages; without it, it is not heard.
    #[serde(default)]
    pub webhook_secret: Option<Secret>,
    /// The address of the gateway.
    pub base_url: String,
}
