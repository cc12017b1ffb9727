//! The account of a TikTok pixel.

use serde::Deserialize;

use crate::secret::Secret;

/// The account of a TikTok pixel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The code of the pixel.
    pub pixel_code: String,
    /// A token that may send events to it.
    pub access_token: Secret,
    /// Shows the events in the test tool of the Events Manager, and lets the token be checked.
    #[serde(default)]
    pub test_event_code: Option<String>,
    /// The address of the Business API.
    #[serde(default = "default_base_url")]
    pub base_url: String,
}

fn default_base_url() -> String {
    "https://business-api.tiktok.com".to_owned()
}
