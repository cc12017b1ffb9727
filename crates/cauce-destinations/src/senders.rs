//! The accounts that messages are sent from: which there are, and how each becomes a destination and
//! something that hears what its provider tells.

use serde::Deserialize;

use crate::{
    destination::Destination,
    evolution::{self, Evolution},
    message::Provider,
    twilio::{self, Twilio},
    whatsapp_cloud::{self, WhatsappCloud},
};

/// The settings of a sender, by its `platform`.
///
/// What all accounts have (`name`, `tenant`, `limits`) is taken off before it is read: any other
/// name that the provider does not know is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "platform", rename_all = "snake_case")]
pub enum SenderAccount {
    /// A Twilio sender.
    Twilio(twilio::Config),
    /// An instance of an Evolution API gateway.
    Evolution(evolution::Config),
    /// A number at the WhatsApp Cloud API.
    WhatsappCloud(whatsapp_cloud::Config),
}

/// Why a sender cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SenderError {
    /// A setting of a Twilio account.
    #[error(transparent)]
    Twilio(#[from] twilio::ConfigError),
}

impl SenderError {
    /// The setting that is wrong.
    pub const fn setting(&self) -> &'static str {
        match self {
            SenderError::Twilio(error) => error.setting(),
        }
    }
}

impl SenderAccount {
    /// Its provider.
    pub const fn provider(&self) -> Provider {
        match self {
            SenderAccount::Twilio(_) => Provider::Twilio,
            SenderAccount::Evolution(_) => Provider::Evolution,
            SenderAccount::WhatsappCloud(_) => Provider::WhatsappCloud,
        }
    }

    /// The address of the provider.
    pub fn base_url(&self) -> &str {
        match self {
            SenderAccount::Twilio(config) => &config.base_url,
            SenderAccount::Evolution(config) => &config.base_url,
            SenderAccount::WhatsappCloud(config) => &config.base_url,
        }
    }
}

/// What it takes to hear what the provider tells of a sender.
#[derive(Clone, Debug)]
pub enum Hears {
    /// Twilio's callbacks.
    Twilio(twilio::Callbacks),
    /// The gateway's webhooks.
    Evolution(evolution::Webhooks),
    /// Meta's webhooks.
    WhatsappCloud(whatsapp_cloud::Webhooks),
}

impl Hears {
    /// The provider that is heard.
    pub const fn provider(&self) -> Provider {
        match self {
            Hears::Twilio(_) => Provider::Twilio,
            Hears::Evolution(_) => Provider::Evolution,
            Hears::WhatsappCloud(_) => Provider::WhatsappCloud,
        }
    }
}

/// The destination behind a sender, and what it takes to hear of it.
pub fn build(account: SenderAccount) -> Result<(Box<dyn Destination>, Hears), SenderError> {
    Ok(match account {
        SenderAccount::Twilio(config) => {
            let twilio = Twilio::new(config)?;
            let hears = Hears::Twilio(twilio.callbacks());
            (Box::new(twilio), hears)
        }
        SenderAccount::Evolution(config) => {
            let evolution = Evolution::new(config);
            let hears = Hears::Evolution(evolution.webhooks());
            (Box::new(evolution), hears)
        }
        SenderAccount::WhatsappCloud(config) => {
            let cloud = WhatsappCloud::new(config);
            let hears = Hears::WhatsappCloud(cloud.webhooks());
            (Box::new(cloud), hears)
        }
    })
}

#[cfg(test)]
mod tests;
