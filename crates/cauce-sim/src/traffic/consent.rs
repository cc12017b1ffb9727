//! What shoppers say when they are asked.

use serde_json::{Value, json};

use crate::Random;

/// What a shopper denies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Whether it was asked for at all; if not, the event carries no consent.
    pub asked: bool,
    /// Nothing may go to Google.
    pub analytics_denied: bool,
    /// Nothing may go to Meta, LinkedIn and TikTok.
    pub ads_denied: bool,
    /// Google is told not to personalise.
    pub personalization_denied: bool,
}

impl Consent {
    /// Half of those who deny nothing were never asked.
    pub(super) fn draw(random: &mut Random, denied_share: f64) -> Consent {
        if !random.chance(denied_share) {
            return Consent {
                asked: random.chance(0.5),
                ..Consent::default()
            };
        }
        let mut consent = Consent {
            asked: true,
            ..Consent::default()
        };
        match random.below(4) {
            0 => consent.analytics_denied = true,
            1 => consent.ads_denied = true,
            2 => consent.personalization_denied = true,
            _ => {
                consent.analytics_denied = true;
                consent.ads_denied = true;
                consent.personalization_denied = true;
            }
        }
        consent
    }

    pub(super) fn to_json(self) -> Value {
        let say = |denied| if denied { "denied" } else { "granted" };
        json!({
            "adStorage": say(self.ads_denied),
            "adUserData": say(self.ads_denied),
            "adPersonalization": say(self.personalization_denied),
            "analytics": say(self.analytics_denied),
        })
    }
}
