//! The parameters of an event, within Google's limits ("Protocol reference", "Limitations";
//! "Event naming rules").

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::pixel::{Amount, CustomValue, EventType, Facts, Item};

/// Parameters of one event.
const MAX_PARAMS: usize = 25;
/// Characters of a value.
const MAX_VALUE_CHARS: usize = 100;
const MAX_URL_CHARS: usize = 1000;
const MAX_REFERRER_CHARS: usize = 420;
const MAX_TITLE_CHARS: usize = 300;
/// Bytes that the items of one event may take, so that the event alone fits into a request.
const MAX_ITEM_BYTES: usize = 80_000;

/// Names that Google keeps for itself, for events.
const RESERVED_EVENTS: &[&str] = &[
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_impression",
    "ad_query",
    "adunit_exposure",
    "app_clear_data",
    "app_install",
    "app_remove",
    "app_store_refund",
    "app_store_subscription_cancel",
    "app_store_subscription_convert",
    "app_store_subscription_renew",
    "app_update",
    "error",
    "first_open",
    "first_visit",
    "in_app_purchase",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "os_update",
    "screen_view",
    "session_start",
    "user_engagement",
];
/// What a name of the tenant's own may not begin with.
const RESERVED_PREFIXES: &[&str] = &["_", "firebase_", "ga_", "google_", "gtag"];

/// The names that are written here; a field of the tenant's own cannot stand for one of them.
const OWN_NAMES: &[&str] = &[
    "session_id",
    "engagement_time_msec",
    "page_location",
    "page_referrer",
    "page_title",
    "currency",
    "value",
    "transaction_id",
    "search_term",
    "items",
];

/// Whether Google would throw an event of this name away.
pub(super) fn is_reserved_event(name: &str) -> bool {
    RESERVED_EVENTS.contains(&name) || has_reserved_prefix(name)
}

fn has_reserved_prefix(name: &str) -> bool {
    RESERVED_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Whether a field of the tenant's own can be a parameter.
fn is_param(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && !has_reserved_prefix(name)
}

/// The parameters of an event.
pub(super) struct Params<'a>(pub(super) Facts<'a>);

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = &self.0;
        let mut map = Counted {
            map: serializer.serialize_map(None)?,
            count: 0,
        };
        map.session(facts)?;
        map.page(facts)?;
        map.worth(facts)?;
        let own = facts.custom(OWN_NAMES).filter(|(name, _)| is_param(name));
        for (name, value) in own {
            map.custom(name, value)?;
        }
        map.map.end()
    }
}

/// A map that knows how many entries it has.
struct Counted<M> {
    map: M,
    count: usize,
}

impl<M: SerializeMap> Counted<M> {
    fn entry<V: Serialize + ?Sized>(&mut self, name: &str, value: &V) -> Result<(), M::Error> {
        self.count += 1;
        self.map.serialize_entry(name, value)
    }

    /// Without these two, an event counts for no session and is not seen in the realtime report.
    fn session(&mut self, facts: &Facts<'_>) -> Result<(), M::Error> {
        if let Some(session) = &facts.event.client.ga_session_id {
            self.entry("session_id", cut(session, MAX_VALUE_CHARS))?;
        }
        self.entry("engagement_time_msec", &1)
    }

    fn page(&mut self, facts: &Facts<'_>) -> Result<(), M::Error> {
        if let Some(url) = facts.url() {
            self.entry("page_location", cut(&url, MAX_URL_CHARS))?;
        }
        if let Some(referrer) = facts.referrer() {
            self.entry("page_referrer", cut(&referrer, MAX_REFERRER_CHARS))?;
        }
        if let Some(title) = &facts.event.page.title {
            self.entry("page_title", cut(title, MAX_TITLE_CHARS))?;
        }
        Ok(())
    }

    fn worth(&mut self, facts: &Facts<'_>) -> Result<(), M::Error> {
        let data = &facts.event.data;
        if let Some((value, currency)) = facts.value().zip(facts.currency) {
            self.entry("currency", &currency)?;
            self.entry("value", &value)?;
        }
        // A purchase without an order is known by its event when it comes twice.
        let purchase = *facts.event_type == EventType::Purchase;
        let order = data
            .order_id
            .as_deref()
            .or(purchase.then_some(facts.event_id));
        if let Some(order) = order {
            self.entry("transaction_id", cut(order, MAX_VALUE_CHARS))?;
        }
        if let Some(search) = &data.search {
            self.entry("search_term", cut(search, MAX_VALUE_CHARS))?;
        }
        if !data.items.is_empty() {
            self.entry("items", &fitting(&data.items))?;
        }
        Ok(())
    }

    /// Texts and numbers are all that Google takes.
    fn custom(&mut self, name: &str, value: &CustomValue) -> Result<(), M::Error> {
        if self.count >= MAX_PARAMS {
            return Ok(());
        }
        match value {
            CustomValue::Text(text) => self.entry(name, cut(text, MAX_VALUE_CHARS)),
            CustomValue::Number(number) => self.entry(name, number),
            CustomValue::Bool(bool) => self.entry(name, if *bool { "true" } else { "false" }),
            CustomValue::Nested => Ok(()),
        }
    }
}

/// A text of at most `max_chars` characters.
fn cut(text: &str, max_chars: usize) -> &str {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[derive(Serialize)]
struct Product<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_brand: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u64>,
}

impl<'a> Product<'a> {
    fn of(item: &'a Item) -> Product<'a> {
        let text =
            |text: &'a Option<String>| text.as_deref().map(|text| cut(text, MAX_VALUE_CHARS));
        Product {
            item_id: text(&item.id),
            item_name: text(&item.name),
            item_brand: text(&item.brand),
            item_category: text(&item.category),
            price: item.price.filter(|price| price.is_valid()),
            // The cast saturates; an event without fault holds no more than 10^12.
            quantity: item.quantity.map(|quantity| quantity.0 as u64),
        }
    }

    /// At most what it takes in JSON, where a byte becomes two at most: none is a control character.
    fn max_bytes(&self) -> usize {
        /// The names and the two numbers.
        const FRAME: usize = 160;
        let texts = [
            self.item_id,
            self.item_name,
            self.item_brand,
            self.item_category,
        ];
        let escaped = |byte: &u8| matches!(byte, b'"' | b'\\');
        let written =
            |text: &str| text.len() + text.as_bytes().iter().filter(|b| escaped(b)).count();
        FRAME + texts.into_iter().flatten().map(written).sum::<usize>()
    }
}

/// The items that fit into a request together.
fn fitting(items: &[Item]) -> Vec<Product<'_>> {
    let mut bytes = 0;
    let fits = |product: &Product<'_>| {
        bytes += product.max_bytes();
        bytes <= MAX_ITEM_BYTES
    };
    items.iter().map(Product::of).take_while(fits).collect()
}
