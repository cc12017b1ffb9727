//! Every bad field of an event, by JSON Pointer (RFC 6901).
//!
//! Refused is what would be lost or misread without a word: unknown names, numbers out of range,
//! addresses that are none. An e-mail address or a phone number that is none is no fault: people
//! mistype them, and the purchase is still worth telling.

use std::{fmt::Display, time::Duration};

use cauce_flow::{currency::Currency, id::TenantId, time::Timestamp};

use super::{
    event::{Client, ConversionData, Item, Page, PixelEvent, User},
    event_type::EventType,
    nearest::nearest,
    platform::Platform,
    value::{Amount, CustomValue, UnknownFields},
};
use crate::{
    fault::FieldFault,
    normalize::{country::Country, email, hash},
};

/// Most items of one event: Google Analytics takes 200 (Measurement Protocol, "Limitations").
pub const MAX_ITEMS: usize = 200;
/// Most fields of the tenant's own in one event.
pub const MAX_CUSTOM_FIELDS: usize = 50;
/// Most faults named of one event.
const MAX_FAULTS: usize = 50;
/// Most platform names in one event.
const MAX_PLATFORMS: usize = 16;
/// Most bytes of an address (page, referrer).
const MAX_URL_BYTES: usize = 2048;
/// Most bytes of any other text.
const MAX_TEXT_BYTES: usize = 1024;
/// Most bytes of the name of a field of the tenant's own.
const MAX_FIELD_NAME_BYTES: usize = 40;
/// Clocks differ by this much at most; Meta refuses what is further in the future.
const MAX_AHEAD: Duration = Duration::from_secs(60);
/// The first second of the year 2000: an earlier event is a time in seconds taken for milliseconds.
const FIRST_TIME: Timestamp = Timestamp::from_millis(946_684_800_000);

/// The names of an event's fields.
const EVENT_NAMES: &[&str] = &[
    "event_id",
    "tenant_id",
    "event_type",
    "occurred_at",
    "platforms",
    "priority",
    "user",
    "client",
    "page",
    "data",
    "consent",
];
/// The names of a consent's fields.
const CONSENT_NAMES: &[&str] = &[
    "ad_storage",
    "ad_user_data",
    "ad_personalization",
    "analytics",
];
/// The names of an item's fields.
const ITEM_NAMES: &[&str] = &["id", "name", "category", "brand", "quantity", "price"];

impl PixelEvent {
    /// Every bad field; none means that the event is fit to be accepted.
    pub fn check(&self, now: Timestamp) -> Vec<FieldFault> {
        let mut faults = Faults::default();
        faults.unknown("", &self.unknown, EVENT_NAMES);
        faults.identity(self);
        faults.time(self.occurred_at, now);
        faults.platforms(self.platforms.as_deref());
        faults.user(&self.user);
        faults.client(&self.client);
        faults.page(&self.page);
        faults.data(&self.data);
        if self.event_type == Some(EventType::Purchase) {
            faults.purchase(&self.data);
        }
        faults.unknown("/consent", &self.consent.unknown, CONSENT_NAMES);
        faults.0
    }
}

/// The faults found so far.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn add(&mut self, pointer: impl Display, detail: impl Display) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(FieldFault {
                pointer: pointer.to_string(),
                detail: detail.to_string(),
            });
        }
    }

    fn unknown(&mut self, parent: &str, unknown: &UnknownFields, known: &[&str]) {
        for name in &unknown.0 {
            let pointer = format!("{parent}/{}", escaped(name));
            match nearest(&snake(name), known) {
                Some(meant) => {
                    self.add(pointer, format!("unknown field; meant `{}`?", camel(meant)))
                }
                None => self.add(
                    pointer,
                    "unknown field; fields of your own belong in `data`",
                ),
            }
        }
    }

    fn identity(&mut self, event: &PixelEvent) {
        if event.event_id.as_deref().is_some_and(|id| !is_uuid(id)) {
            self.add("/eventId", "not a UUID");
        }
        if let Some(Err(fault)) = event.tenant_id.as_deref().map(TenantId::new) {
            self.add("/tenantId", fault);
        }
        match &event.event_type {
            None => self.add("/eventType", "missing"),
            Some(name) if !name.is_name() => self.add(
                "/eventType",
                "a name of your own starts with a letter and holds letters, digits and _, 40 at most",
            ),
            Some(_) => {}
        }
    }

    fn time(&mut self, occurred_at: Option<Timestamp>, now: Timestamp) {
        let Some(at) = occurred_at else { return };
        if at > now + MAX_AHEAD {
            self.add("/occurredAt", "more than one minute in the future");
        } else if at < FIRST_TIME {
            self.add(
                "/occurredAt",
                "before the year 2000; a number counts milliseconds",
            );
        }
    }

    fn platforms(&mut self, names: Option<&[String]>) {
        let Some(names) = names else { return };
        if names.is_empty() || names.len() > MAX_PLATFORMS {
            self.add("/platforms", format!("from 1 to {MAX_PLATFORMS} platforms"));
        }
        for (index, name) in names.iter().enumerate() {
            if let Err(fault) = name.parse::<Platform>() {
                self.add(format!("/platforms/{index}"), fault);
            }
        }
    }

    fn user(&mut self, user: &User) {
        self.unknown("/user", &user.unknown, User::NAMES);
        self.texts("/user", user.texts());
        let country = user.country.as_deref();
        if country.is_some_and(|name| !hash::is_hash(name) && Country::find(name).is_none()) {
            self.add("/user/country", "not a country; use its ISO 3166-1 code");
        }
    }

    fn client(&mut self, client: &Client) {
        self.unknown("/client", &client.unknown, Client::NAMES);
        self.texts("/client", client.texts());
        let ip = client.ip.as_deref();
        if ip.is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
            self.add("/client/ip", "not an IP address");
        }
    }

    fn page(&mut self, page: &Page) {
        self.unknown("/page", &page.unknown, Page::NAMES);
        for (name, text) in page.texts() {
            match name {
                "url" if !is_web_address(text) => {
                    self.add("/page/url", "not an http or https address");
                }
                "referrer" if !is_address(text) => self.add("/page/referrer", "not an address"),
                "title" => self.length("/page/title", Some(text)),
                _ => {}
            }
        }
    }

    fn data(&mut self, data: &ConversionData) {
        self.amount("/data/value", data.value);
        self.length("/data/orderId", data.order_id.as_deref());
        self.length("/data/search", data.search.as_deref());
        let currency = data.currency.as_deref();
        if currency.is_some_and(|code| Currency::new(code).is_none()) {
            self.add("/data/currency", "not a currency code of ISO 4217");
        }
        if data.items.len() > MAX_ITEMS {
            self.add("/data/items", format!("more than {MAX_ITEMS} items"));
        }
        for (index, item) in data.items.iter().take(MAX_ITEMS).enumerate() {
            self.item(&format!("/data/items/{index}"), item);
        }
        if data.custom.0.len() > MAX_CUSTOM_FIELDS {
            self.add(
                "/data",
                format!("more than {MAX_CUSTOM_FIELDS} fields of your own"),
            );
        }
        for (name, value) in data.custom.0.iter().take(MAX_CUSTOM_FIELDS) {
            self.custom(name, value);
        }
    }

    fn item(&mut self, pointer: &str, item: &Item) {
        self.unknown(pointer, &item.unknown, ITEM_NAMES);
        if item.id.is_none() && item.name.is_none() {
            self.add(pointer, "an item needs an id or a name");
        }
        let texts = [&item.id, &item.name, &item.category, &item.brand];
        for (name, text) in ITEM_NAMES.iter().zip(texts) {
            self.length(&format!("{pointer}/{name}"), text.as_deref());
        }
        self.amount(&format!("{pointer}/quantity"), item.quantity);
        self.amount(&format!("{pointer}/price"), item.price);
    }

    fn custom(&mut self, name: &str, value: &CustomValue) {
        let pointer = format!("/data/{}", escaped(name));
        let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || name.len() > MAX_FIELD_NAME_BYTES || !name.bytes().all(letters) {
            self.add(
                &pointer,
                "a name of your own holds letters, digits and _, 40 at most",
            );
        }
        match value {
            CustomValue::Nested => self.add(pointer, "a text, a number, true or false; not nested"),
            CustomValue::Text(text) if email::plain(text).is_some() => {
                self.add(
                    pointer,
                    "an e-mail address; personal data belongs in `user`",
                );
            }
            CustomValue::Text(text) => self.length(&pointer, Some(text)),
            CustomValue::Number(_) | CustomValue::Bool(_) => {}
        }
    }

    /// Meta refuses a purchase without its worth, and no other platform can make use of it.
    fn purchase(&mut self, data: &ConversionData) {
        if data.value.is_none() {
            self.add("/data/value", "a purchase needs its value");
        }
        if data.currency.is_none() {
            self.add(
                "/data/currency",
                "a purchase needs the currency of its value",
            );
        }
    }

    fn texts<'a>(&mut self, parent: &str, texts: impl Iterator<Item = (&'static str, &'a str)>) {
        for (name, text) in texts {
            if text.len() > MAX_TEXT_BYTES {
                self.length(&format!("{parent}/{}", camel(name)), Some(text));
            }
        }
    }

    fn length(&mut self, pointer: &str, text: Option<&str>) {
        if text.is_some_and(|text| text.len() > MAX_TEXT_BYTES) {
            self.add(pointer, format!("longer than {MAX_TEXT_BYTES} bytes"));
        }
    }

    fn amount(&mut self, pointer: &str, amount: Option<Amount>) {
        if amount.is_some_and(|amount| !amount.is_valid()) {
            self.add(pointer, "a number from 0 to 1000000000000");
        }
    }
}

/// 8-4-4-4-12 hexadecimal digits. The letters keep their case: the browser's pixel sends the same
/// text, and the platforms compare texts.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_web_address(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    is_address(text) && host.is_some_and(|host| !host.starts_with(['/', '?', '#']))
}

/// Something with a scheme: apps refer too (`android-app://…`).
fn is_address(text: &str) -> bool {
    let unfit = |c: char| c.is_whitespace() || c.is_control();
    text.len() <= MAX_URL_BYTES
        && !text.contains(unfit)
        && text.split_once("://").is_some_and(|(scheme, rest)| {
            !rest.is_empty() && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        })
}

/// A name as a step of a JSON Pointer, cut where it is too long to be one.
fn escaped(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    name.replace('~', "~0").replace('/', "~1")
}

/// `first_name` as `firstName`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (initial, rest) = word.split_at(usize::from(!word.is_empty()));
        camel.push_str(&initial.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

/// `firstName` as `first_name`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;
