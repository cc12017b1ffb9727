//! What a conversion event looks like, for the OpenAPI document alone: events are read into
//! [`cauce_destinations::pixel::PixelEvent`], whose checks are laxer in form (numbers for texts,
//! snake_case names) than anybody should be told to rely on.
#![expect(dead_code, reason = "these types describe what is read elsewhere")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// One event, or an array of up to 1,000.
#[derive(ToSchema)]
#[schema(as = PixelEvents)]
#[serde(untagged)]
pub(crate) enum Events {
    /// One event.
    One(Box<Event>),
    /// Several events.
    Many(Vec<Event>),
}

/// Something that happened. Names in snake_case are read too.
#[derive(ToSchema)]
#[schema(as = PixelEvent)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// Its UUID, the same as in the browser's own pixel; made where it is missing.
    #[schema(example = "0192f0c1-2d3e-7a4b-8c5d-6e7f8a9b0c1d")]
    event_id: Option<String>,
    /// Whose it is; only with a key for all tenants.
    tenant_id: Option<String>,
    /// `page_view`, `view_content`, `search`, `add_to_cart`, `initiate_checkout`,
    /// `add_payment_info`, `purchase`, `lead`, `complete_registration`, `contact`, `subscribe`,
    /// `schedule`, `start_trial`, or a name of your own.
    #[schema(example = "purchase", max_length = 40)]
    event_type: String,
    /// When it happened: RFC 3339 or epoch milliseconds; without it, now.
    #[schema(format = DateTime)]
    occurred_at: Option<String>,
    /// Where it goes; without it, to every platform that the tenant has.
    #[schema(example = json!(["meta", "google"]))]
    platforms: Option<Vec<String>>,
    /// `critical`, `high`, `normal` or `low`.
    #[schema(example = "normal")]
    priority: Option<String>,
    user: Option<User>,
    client: Option<Client>,
    page: Option<Page>,
    data: Option<Conversion>,
    consent: Option<Consent>,
}

/// Who did it. Each field may also come hashed already (SHA-256 in hexadecimal).
#[derive(ToSchema)]
#[schema(as = PixelUser)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    /// The e-mail address.
    email: Option<String>,
    /// The phone number, best with `+` and the country's calling code.
    #[schema(example = "+34600111222")]
    phone: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// `f` or `m`.
    gender: Option<String>,
    /// Best as `YYYY-MM-DD`.
    birth_date: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip: Option<String>,
    /// Its code in ISO 3166-1.
    #[schema(example = "es")]
    country: Option<String>,
    /// Your own id of the person.
    external_id: Option<String>,
    /// The id of a subscription (Meta).
    subscription_id: Option<String>,
}

/// With what it was done.
#[derive(ToSchema)]
#[schema(as = PixelClient)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Client {
    /// The IP address.
    ip: Option<String>,
    /// The browser's own name.
    user_agent: Option<String>,
    /// Meta's browser id, the cookie `_fbp`.
    fbp: Option<String>,
    /// Meta's click id, the cookie `_fbc`.
    fbc: Option<String>,
    /// Meta's click id as it stands in the address.
    fbclid: Option<String>,
    /// Google's click id.
    gclid: Option<String>,
    /// Google Analytics' id of the browser, or its cookie `_ga`.
    ga_client_id: Option<String>,
    /// Google Analytics' id of the session.
    ga_session_id: Option<String>,
    /// TikTok's click id.
    ttclid: Option<String>,
    /// TikTok's browser id, the cookie `_ttp`.
    ttp: Option<String>,
    /// LinkedIn's click id, the cookie `li_fat_id`.
    li_fat_id: Option<String>,
}

/// Where it was done.
#[derive(ToSchema)]
#[schema(as = PixelPage)]
pub(crate) struct Page {
    /// The address.
    #[schema(example = "https://shop.example/thanks")]
    url: Option<String>,
    /// The address it was reached from.
    referrer: Option<String>,
    /// Its title.
    title: Option<String>,
}

/// What it is worth, and fields of your own.
#[derive(ToSchema)]
#[schema(as = PixelData)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversion {
    /// The worth. A purchase needs it.
    #[schema(minimum = 0, example = 49.9)]
    value: Option<f64>,
    /// Its currency in ISO 4217. A purchase needs it.
    #[schema(example = "EUR")]
    currency: Option<String>,
    /// Your own id of the order.
    order_id: Option<String>,
    /// What it is about.
    #[schema(max_items = 200)]
    items: Option<Vec<Item>>,
    /// What was searched for.
    search: Option<String>,
    /// Fields of your own: texts, numbers, true or false.
    #[serde(flatten)]
    custom: BTreeMap<String, Custom>,
}

/// A thing that was looked at or bought. It needs an id or a name.
#[derive(ToSchema)]
#[schema(as = PixelItem)]
pub(crate) struct Item {
    id: Option<String>,
    name: Option<String>,
    category: Option<String>,
    brand: Option<String>,
    #[schema(minimum = 0)]
    quantity: Option<f64>,
    #[schema(minimum = 0)]
    price: Option<f64>,
}

/// The value of a field of your own.
#[derive(ToSchema)]
#[schema(as = PixelCustomValue)]
#[serde(untagged)]
pub(crate) enum Custom {
    Text(String),
    Number(f64),
    Flag(bool),
}

/// What the person allowed; where it is missing, the default of the server holds.
#[derive(ToSchema)]
#[schema(as = PixelConsent)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Consent {
    ad_storage: Option<Choice>,
    ad_user_data: Option<Choice>,
    ad_personalization: Option<Choice>,
    analytics: Option<Choice>,
}

/// A person's answer.
#[derive(ToSchema)]
#[schema(as = PixelChoice)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Choice {
    Granted,
    Denied,
}
