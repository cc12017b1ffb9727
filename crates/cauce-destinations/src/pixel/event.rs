//! The fields of a conversion event.

use std::fmt;

use cauce_flow::{priority::Priority, time::Timestamp};
use serde::Deserialize;

use super::{
    consent::EventConsent,
    event_type::EventType,
    platform::Platform,
    value::{Amount, CustomFields, UnknownFields, list, object, text},
};

/// A conversion event as it was handed in.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PixelEvent {
    /// Its UUID, the same as in the browser's own pixel: the platforms deduplicate by it.
    #[serde(alias = "event_id", deserialize_with = "text")]
    pub event_id: Option<String>,
    /// Whose it is; only a key for all tenants may say so.
    #[serde(alias = "tenant_id", deserialize_with = "text")]
    pub tenant_id: Option<String>,
    /// What happened.
    #[serde(alias = "event_type")]
    pub event_type: Option<EventType>,
    /// When it happened; without it, when it was accepted.
    #[serde(alias = "occurred_at")]
    pub occurred_at: Option<Timestamp>,
    /// Where it goes; without it, to every platform that the tenant has.
    pub platforms: Option<Vec<String>>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Who did it.
    #[serde(deserialize_with = "object")]
    pub user: User,
    /// With what it was done.
    #[serde(deserialize_with = "object")]
    pub client: Client,
    /// Where it was done.
    #[serde(deserialize_with = "object")]
    pub page: Page,
    /// What it is worth.
    #[serde(deserialize_with = "object")]
    pub data: ConversionData,
    /// What the person allowed.
    #[serde(deserialize_with = "object")]
    pub consent: EventConsent,
    /// Names that are none of these.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl PixelEvent {
    /// Gives the event the id and the time that it came without.
    pub fn complete(&mut self, make_id: impl FnOnce() -> String, now: Timestamp) {
        self.event_id.get_or_insert_with(make_id);
        self.occurred_at.get_or_insert(now);
    }

    /// The platforms that the event names, each once; `None` where it names none.
    pub fn platforms(&self) -> Option<Vec<Platform>> {
        let names = self.platforms.as_ref()?;
        let named = |platform: &Platform| names.iter().any(|name| name == platform.as_str());
        Some(Platform::ALL.into_iter().filter(named).collect())
    }
}

impl fmt::Debug for PixelEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PixelEvent")
            .field("event_id", &self.event_id)
            .field("event_type", &self.event_type)
            .field("platforms", &self.platforms)
            .finish_non_exhaustive()
    }
}

/// Declares an object of optional texts whose `Debug` shows nothing of them.
macro_rules! private_texts {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $field:ident = $alias:literal,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {
            $($(#[$doc])*
            #[serde(alias = $alias, deserialize_with = "text")]
            pub $field: Option<String>,)*
            /// Names that are none of these.
            #[serde(flatten)]
            pub unknown: UnknownFields,
        }

        impl $name {
            /// The names that it has.
            pub(super) const NAMES: &'static [&'static str] = &[$($alias,)*];

            /// Every text with its name.
            pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
                [$(($alias, &self.$field),)*]
                    .into_iter()
                    .filter_map(|(name, text)| Some((name, text.as_deref()?)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

private_texts! {
    /// Who did it. Each field may also come hashed already.
    User {
        /// The e-mail address.
        email = "email",
        /// The phone number, best with `+` and the country's calling code.
        phone = "phone",
        /// The given name.
        first_name = "first_name",
        /// The family name.
        last_name = "last_name",
        /// `f` or `m`, or the word in English or Spanish.
        gender = "gender",
        /// The day of birth, best as `YYYY-MM-DD`.
        birth_date = "birth_date",
        /// The town.
        city = "city",
        /// The state, province or region.
        state = "state",
        /// The postal code.
        zip = "zip",
        /// The country: its code, or its name in English or Spanish.
        country = "country",
        /// The tenant's own id of the person.
        external_id = "external_id",
        /// The id of a subscription (Meta).
        subscription_id = "subscription_id",
    }
}

private_texts! {
    /// With what it was done.
    Client {
        /// The IP address.
        ip = "ip",
        /// The browser's own name.
        user_agent = "user_agent",
        /// Meta's browser id, the cookie `_fbp`.
        fbp = "fbp",
        /// Meta's click id, the cookie `_fbc`.
        fbc = "fbc",
        /// Meta's click id as it stands in the address.
        fbclid = "fbclid",
        /// Google's click id.
        gclid = "gclid",
        /// Google Analytics' id of the browser, or its whole cookie `_ga`.
        ga_client_id = "ga_client_id",
        /// Google Analytics' id of the session.
        ga_session_id = "ga_session_id",
        /// TikTok's click id.
        ttclid = "ttclid",
        /// TikTok's browser id, the cookie `_ttp`.
        ttp = "ttp",
        /// LinkedIn's click id, the cookie `li_fat_id`.
        li_fat_id = "li_fat_id",
    }
}

private_texts! {
    /// Where it was done.
    Page {
        /// Its address.
        url = "url",
        /// The address it was reached from.
        referrer = "referrer",
        /// Its title.
        title = "title",
    }
}

/// What the event is worth and what it is about.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ConversionData {
    /// Its worth.
    pub value: Option<Amount>,
    /// The currency of `value` and of the prices, ISO 4217.
    #[serde(deserialize_with = "text")]
    pub currency: Option<String>,
    /// The order.
    #[serde(alias = "order_id", deserialize_with = "text")]
    pub order_id: Option<String>,
    /// What it is about.
    #[serde(deserialize_with = "list")]
    pub items: Vec<Item>,
    /// What was searched for.
    #[serde(deserialize_with = "text")]
    pub search: Option<String>,
    /// Fields of the tenant's own.
    #[serde(flatten)]
    pub custom: CustomFields,
}

impl fmt::Debug for ConversionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConversionData").finish_non_exhaustive()
    }
}

/// One product.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Item {
    /// Its id, as in the catalogue.
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    /// Its name.
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
    /// Its category.
    #[serde(deserialize_with = "text")]
    pub category: Option<String>,
    /// Its brand.
    #[serde(deserialize_with = "text")]
    pub brand: Option<String>,
    /// How many.
    pub quantity: Option<Amount>,
    /// The price of one.
    pub price: Option<Amount>,
    /// Names that are none of these.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}
