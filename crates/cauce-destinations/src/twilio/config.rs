//! The account of a Twilio sender.

use serde::Deserialize;

use crate::secret::Secret;

/// The account of a Twilio sender.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The id of the account: `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// The account's token. It also signs what Twilio tells.
    pub auth_token: Secret,
    /// The number that messages come from, as `whatsapp:+…`; either this or a service.
    #[serde(default)]
    pub from: Option<String>,
    /// The messaging service that chooses the number: `MG` and 32 hexadecimal digits.
    #[serde(default)]
    pub messaging_service_sid: Option<String>,
    /// The address of Twilio.
    #[serde(default = "default_base_url")]
    pub base_url: String,
    /// The address under which Twilio reaches this server; without it, nothing is told back.
    #[serde(default)]
    pub public_url: Option<String>,
}

/// Why an account is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// An account id that is none.
    #[error("is not the id of an account; hint: write AC and 32 hexadecimal digits")]
    AccountSid,
    /// Neither a number nor a service, or both.
    #[error("is missing, or is there beside messaging_service_sid; hint: write one of the two")]
    Origin,
    /// A number that is none.
    #[error("is not a sender of WhatsApp; hint: write \"whatsapp:+34600123456\"")]
    From,
    /// A service id that is none.
    #[error("is not the id of a messaging service; hint: write MG and 32 hexadecimal digits")]
    Service,
}

impl ConfigError {
    /// The setting that is wrong.
    pub const fn setting(&self) -> &'static str {
        match self {
            ConfigError::AccountSid => "account_sid",
            ConfigError::Origin | ConfigError::From => "from",
            ConfigError::Service => "messaging_service_sid",
        }
    }
}

fn default_base_url() -> String {
    "https://api.twilio.com".to_owned()
}
