//! The account of a Google Analytics data stream.

use serde::Deserialize;

use crate::secret::Secret;

/// The account of a Google Analytics data stream.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The id of a web stream (`G-…`), or the Firebase app id of an app stream (with colons). For
    /// an app stream, the browser's id in an event is the app's instance id.
    pub measurement_id: String,
    /// The secret of the stream.
    pub api_secret: Secret,
    /// Sends to the validation endpoint, which says what is wrong with an event and records nothing.
    #[serde(default)]
    pub debug: bool,
    /// The address; `https://region1.google-analytics.com` keeps the data in the EU.
    #[serde(default = "default_base_url")]
    pub base_url: String,
}

impl Config {
    /// Whether the stream is that of an app.
    pub(super) fn is_app(&self) -> bool {
        self.measurement_id.contains(':')
    }
}

fn default_base_url() -> String {
    "https://www.google-analytics.com".to_owned()
}
