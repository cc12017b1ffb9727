//! An event as TikTok wants it, and the requests.

use std::borrow::Cow;

use cauce_flow::{job::LeasedJob, time::Timestamp};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::config::Config;
use crate::{
    destination::{Header, Request},
    normalize::{email, hash::Hash, name, place},
    payload::{self, Ready, quoted},
    pixel::{Amount, Currency, EventType, Facts, Item, Withheld},
};

/// The currencies that TikTok takes, of those that ISO 4217 has.
const CURRENCIES: &str = "AED ARS AUD BDT BGN BHD BIF BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DZD \
    EGP EUR GBP GTQ HKD HNL HUF IDR ILS INR IQD ISK JOD JPY KES KHR KRW KWD KZT LBP MAD MOP MXN MYR \
    NGN NIO NOK NZD OMR PEN PHP PKR PLN PYG QAR RON RUB SAR SEK SGD THB TRY TWD TZS UAH USD VES VND \
    ZAR";

/// An event with its personal data hashed.
#[derive(Serialize)]
pub(crate) struct WebEvent<'a> {
    event: &'a str,
    /// Seconds.
    event_time: i64,
    event_id: &'a str,
    user: User<'a>,
    properties: Properties<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<Page<'a>>,
}

/// The first six are hashed, the others must not be.
#[derive(Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zip_code: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttclid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
}

#[derive(Serialize)]
struct Page<'a> {
    url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referrer: Option<Cow<'a, str>>,
}

/// The data of a job for TikTok.
pub(crate) fn prepare<'a>(facts: &Facts<'a>) -> Result<Ready<WebEvent<'a>>, Withheld> {
    let user = User::of(facts);
    if !user.can_match() {
        return Err(Withheld::NothingToMatch);
    }
    let event = WebEvent {
        event: event_name(facts.event_type),
        event_time: facts.occurred_at.as_millis().div_euclid(1000),
        event_id: facts.event_id,
        user,
        properties: Properties(*facts),
        page: facts.url().map(|url| Page {
            url,
            referrer: facts.referrer(),
        }),
    };
    Ok(Ready {
        occurred_at: facts.occurred_at.as_millis(),
        event,
    })
}

/// The names of the standard events ("Supported web events").
fn event_name(event_type: &EventType) -> &str {
    match event_type {
        EventType::PageView => "Pageview",
        EventType::ViewContent => "ViewContent",
        EventType::Search => "Search",
        EventType::AddToCart => "AddToCart",
        EventType::InitiateCheckout => "InitiateCheckout",
        EventType::AddPaymentInfo => "AddPaymentInfo",
        EventType::Purchase => "Purchase",
        EventType::Lead => "Lead",
        EventType::CompleteRegistration => "CompleteRegistration",
        EventType::Contact => "Contact",
        EventType::Subscribe => "Subscribe",
        EventType::Schedule => "Schedule",
        EventType::StartTrial => "StartTrial",
        EventType::Custom(name) => name,
    }
}

impl<'a> User<'a> {
    fn of(facts: &Facts<'a>) -> User<'a> {
        let (user, client) = (&facts.event.user, &facts.event.client);
        let hash = |raw: &Option<String>, normal: &dyn Fn(&str) -> Option<String>| {
            raw.as_deref().and_then(|raw| Hash::of_normal(raw, normal))
        };
        // What came hashed cannot be sent where TikTok wants it plain.
        let plain =
            |raw: &'a Option<String>| raw.as_deref().filter(|raw| Hash::already(raw).is_none());
        User {
            email: hash(&user.email, &email::plain),
            phone: hash(&user.phone, &|raw| Some(format!("+{}", facts.phone(raw)?))),
            external_id: hash(&user.external_id, &|raw| Some(raw.trim().to_owned())),
            first_name: hash(&user.first_name, &name::letters),
            last_name: hash(&user.last_name, &name::letters),
            zip_code: hash(&user.zip, &|raw| place::zip(raw, facts.country)),
            city: plain(&user.city).and_then(place::city),
            state: plain(&user.state).and_then(|raw| place::state(raw, facts.country)),
            country: facts.country.map(|country| country.lower().to_owned()),
            ttclid: client.ttclid.as_deref(),
            ttp: client.ttp.as_deref(),
            ip: client.ip.as_deref(),
            user_agent: client.user_agent.as_deref(),
        }
    }

    /// Whether there is anything that tells one person from another.
    fn can_match(&self) -> bool {
        self.email.is_some()
            || self.phone.is_some()
            || self.external_id.is_some()
            || self.ttclid.is_some()
            || self.ttp.is_some()
            || self.ip.is_some()
    }
}

/// What the event is worth and what it is about.
struct Properties<'a>(Facts<'a>);

/// The names that are written here; a field of the tenant's own cannot stand for one of them.
const OWN_NAMES: &[&str] = &[
    "value",
    "currency",
    "order_id",
    "query",
    "content_type",
    "contents",
    "num_items",
];

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = &self.0;
        let data = &facts.event.data;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in facts.custom(OWN_NAMES) {
            map.serialize_entry(name, value)?;
        }
        // A worth in a currency that TikTok does not know would be taken for another currency.
        let currency = facts.currency.filter(is_taken);
        if let Some((value, currency)) = facts.value().zip(currency) {
            map.serialize_entry("value", &value)?;
            map.serialize_entry("currency", &currency)?;
        }
        if let Some(order_id) = &data.order_id {
            map.serialize_entry("order_id", order_id)?;
        }
        if let Some(search) = &data.search {
            map.serialize_entry("query", search)?;
        }
        if !facts.items().is_empty() {
            let contents: Vec<Content<'_>> = facts.items().iter().map(Content::of).collect();
            let products: u64 = contents.iter().map(|content| content.quantity).sum();
            map.serialize_entry("content_type", "product")?;
            map.serialize_entry("num_items", &products)?;
            map.serialize_entry("contents", &contents)?;
        }
        map.end()
    }
}

fn is_taken(currency: &Currency) -> bool {
    CURRENCIES
        .split_ascii_whitespace()
        .any(|known| known == currency.as_str())
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Amount>,
    quantity: u64,
    /// A text even where the shop's ids are numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<&'a str>,
}

impl<'a> Content<'a> {
    fn of(item: &'a Item) -> Content<'a> {
        Content {
            price: item.price.filter(|price| price.is_valid()),
            // At most 10^12 in an event without fault; the cast saturates in any other.
            quantity: item
                .quantity
                .map_or(1, |quantity| quantity.0 as u64)
                .min(1 << 40),
            content_id: item.id.as_deref(),
            content_category: item.category.as_deref(),
            content_name: item.name.as_deref(),
            brand: item.brand.as_deref(),
        }
    }
}

/// The request that carries a batch.
pub(super) fn request(config: &Config, jobs: &[LeasedJob]) -> Request {
    let mut body = payload::room(jobs);
    open(&mut body, config);
    payload::join(&mut body, jobs, |body, _, event| {
        body.extend_from_slice(event.as_bytes())
    });
    body.extend_from_slice(b"]}");
    post(config, body)
}

/// A test event, of which TikTok says at once whether the token may send it.
pub(super) fn check(config: &Config, now: Timestamp) -> Option<Request> {
    config.test_event_code.as_ref()?;
    let mut body = Vec::with_capacity(256);
    open(&mut body, config);
    let event = format!(
        r#"{{"event":"Contact","event_time":{},"event_id":"token-check","user":{{}},"properties":{{}}}}]}}"#,
        now.as_millis().div_euclid(1000),
    );
    body.extend_from_slice(event.as_bytes());
    Some(post(config, body))
}

fn open(body: &mut Vec<u8>, config: &Config) {
    body.extend_from_slice(b"{\"event_source\":\"web\",\"event_source_id\":");
    body.extend_from_slice(quoted(&config.pixel_code).as_bytes());
    if let Some(code) = &config.test_event_code {
        body.extend_from_slice(b",\"test_event_code\":");
        body.extend_from_slice(quoted(code).as_bytes());
    }
    body.extend_from_slice(b",\"data\":[");
}

/// The slash at the end of the address is part of it.
fn post(config: &Config, body: Vec<u8>) -> Request {
    Request {
        method: http::Method::POST,
        url: format!(
            "{}/open_api/v1.3/event/track/",
            config.base_url.trim_end_matches('/')
        ),
        headers: vec![
            Header {
                name: "access-token",
                value: config.access_token.expose().to_owned(),
                secret: true,
            },
            Header {
                name: "content-type",
                value: "application/json".to_owned(),
                secret: false,
            },
        ],
        body: body.into(),
    }
}
