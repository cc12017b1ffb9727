//! What a person allowed to be done with an event.

use serde::{Deserialize, Serialize};

use super::value::UnknownFields;

/// A person's answer to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Allowed.
    Granted,
    /// Refused.
    Denied,
}

/// The answers that came with an event; what is missing is the tenant's default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EventConsent {
    /// Storage for advertising.
    #[serde(alias = "ad_storage")]
    pub ad_storage: Option<Choice>,
    /// Sending personal data to advertising platforms.
    #[serde(alias = "ad_user_data")]
    pub ad_user_data: Option<Choice>,
    /// Personalised advertising.
    #[serde(alias = "ad_personalization")]
    pub ad_personalization: Option<Choice>,
    /// Measuring use.
    pub analytics: Option<Choice>,
    /// Names that are none of these.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// All four answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Storage for advertising.
    pub ad_storage: Choice,
    /// Sending personal data to advertising platforms.
    pub ad_user_data: Choice,
    /// Personalised advertising.
    pub ad_personalization: Choice,
    /// Measuring use.
    pub analytics: Choice,
}

impl Consent {
    /// The same answer to everything.
    pub const fn all(choice: Choice) -> Consent {
        Consent {
            ad_storage: choice,
            ad_user_data: choice,
            ad_personalization: choice,
            analytics: choice,
        }
    }

    /// These answers, with those that came with an event in their place.
    pub fn with(self, event: &EventConsent) -> Consent {
        Consent {
            ad_storage: event.ad_storage.unwrap_or(self.ad_storage),
            ad_user_data: event.ad_user_data.unwrap_or(self.ad_user_data),
            ad_personalization: event.ad_personalization.unwrap_or(self.ad_personalization),
            analytics: event.analytics.unwrap_or(self.analytics),
        }
    }

    /// Whether personal data may go to an advertising platform.
    pub fn allows_advertising(self) -> bool {
        self.ad_storage == Choice::Granted && self.ad_user_data == Choice::Granted
    }

    /// Whether use may be measured.
    pub fn allows_analytics(self) -> bool {
        self.analytics == Choice::Granted
    }
}
