//! Events that the API must refuse.

use serde_json::Value;

use crate::Random;

/// What is wrong with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// A field that does not exist.
    UnknownField,
    /// No event type.
    NoType,
    /// A time that is none.
    BadTime,
    /// A consent that is neither granted nor denied.
    BadConsent,
    /// A value that is no number.
    BadValue,
    /// A client address that is none.
    BadIp,
}

impl Flaw {
    /// Every flaw.
    pub const ALL: [Flaw; 6] = [
        Flaw::UnknownField,
        Flaw::NoType,
        Flaw::BadTime,
        Flaw::BadConsent,
        Flaw::BadValue,
        Flaw::BadIp,
    ];

    pub(super) fn draw(random: &mut Random) -> Flaw {
        *random.pick(&Flaw::ALL)
    }

    pub(super) fn spoil(self, event: &mut Value) {
        match self {
            Flaw::UnknownField => event["evenType"] = "purchase".into(),
            Flaw::NoType => event["eventType"] = Value::Null,
            Flaw::BadTime => event["occurredAt"] = "yesterday".into(),
            Flaw::BadConsent => event["consent"] = serde_json::json!({"analytics": "perhaps"}),
            Flaw::BadValue => event["data"]["value"] = "twelve".into(),
            Flaw::BadIp => event["client"]["ip"] = "nowhere".into(),
        }
    }
}
