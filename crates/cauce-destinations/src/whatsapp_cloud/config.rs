//! The account of a number at the WhatsApp Cloud API.

use serde::Deserialize;

use crate::{graph, secret::Secret};

/// The account of a number at the WhatsApp Cloud API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The id of the number (not the number itself).
    pub phone_number_id: String,
    /// A token that may send from it.
    pub access_token: Secret,
    /// The secret of the app; it signs what Meta tells.
    pub app_secret: Secret,
    /// The word with which Meta checks the address of the webhook, as written at the app.
    pub verify_token: Secret,
    /// The version of the Graph API. A version lives for about two years.
    #[serde(default = "default_version")]
    pub api_version: String,
    /// The address of the Graph API.
    #[serde(default = "default_base_url")]
    pub base_url: String,
}

fn default_version() -> String {
    graph::VERSION.to_owned()
}

fn default_base_url() -> String {
    graph::BASE_URL.to_owned()
}
