//! What happened: one of thirteen known things, or a name of the tenant's own.

use serde::{Deserialize, Deserializer, de};

/// Most bytes of a name of the tenant's own: Google Analytics takes 40 (Measurement Protocol,
/// "Limitations").
pub const MAX_EVENT_TYPE_BYTES: usize = 40;

/// Declares the known event types with their names in the API.
macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType {
            $($(#[$doc])* $name,)*
            /// A name of the tenant's own; the platforms get it as it is.
            Custom(String),
        }

        impl EventType {
            /// The known ones.
            pub const KNOWN: &'static [EventType] = &[$(EventType::$name,)*];

            /// The name in the API.
            pub fn as_str(&self) -> &str {
                match self {
                    $(EventType::$name => $text,)*
                    EventType::Custom(name) => name,
                }
            }
        }

        impl From<&str> for EventType {
            fn from(text: &str) -> EventType {
                match text {
                    $($text => EventType::$name,)*
                    own => EventType::Custom(own.to_owned()),
                }
            }
        }
    };
}

event_types! {
    /// A page was seen.
    PageView = "page_view",
    /// A product or another content was looked at.
    ViewContent = "view_content",
    /// Something was searched for.
    Search = "search",
    /// Something was put into the cart.
    AddToCart = "add_to_cart",
    /// The checkout was begun.
    InitiateCheckout = "initiate_checkout",
    /// A means of payment was given.
    AddPaymentInfo = "add_payment_info",
    /// Something was bought.
    Purchase = "purchase",
    /// Somebody asked to be contacted.
    Lead = "lead",
    /// A registration was completed.
    CompleteRegistration = "complete_registration",
    /// Somebody made contact.
    Contact = "contact",
    /// A subscription was begun.
    Subscribe = "subscribe",
    /// An appointment was made.
    Schedule = "schedule",
    /// A trial was begun.
    StartTrial = "start_trial",
}

impl EventType {
    /// Whether every platform takes it as a name: a letter, then letters, digits and `_`, at most
    /// [`MAX_EVENT_TYPE_BYTES`]. Google Analytics has the strictest rule, so it is the rule.
    pub fn is_name(&self) -> bool {
        let text = self.as_str();
        text.len() <= MAX_EVENT_TYPE_BYTES
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = EventType;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of an event type")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<EventType, E> {
                Ok(EventType::from(text.trim()))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}
