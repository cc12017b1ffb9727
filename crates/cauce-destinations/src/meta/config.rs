//! The account of a Meta dataset.

use serde::Deserialize;

use crate::{graph, secret::Secret};

/// The account of a Meta dataset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The id of the dataset (of the pixel).
    pub dataset_id: String,
    /// A token that may send events to it.
    pub access_token: Secret,
    /// The version of the Graph API. A version lives for about two years.
    #[serde(default = "default_version")]
    pub api_version: String,
    /// Shows the events in the test tool of the Events Manager. They count all the same.
    #[serde(default)]
    pub test_event_code: Option<String>,
    /// The secret of the app that the token is of; with it, requests carry a proof of it.
    #[serde(default)]
    pub app_secret: Option<Secret>,
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
