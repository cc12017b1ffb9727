//! An event as Meta wants it, and the requests.

use cauce_flow::job::LeasedJob;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer, ser::SerializeMap};
use sha2::Sha256;

use super::config::Config;
use crate::{
    destination::{Header, Request},
    graph,
    normalize::{email, hash::Hash, name, person, place},
    payload::{self, Ready, quoted},
    pixel::{EventType, Facts, Item, Withheld},
};

/// An event with its personal data hashed.
#[derive(Serialize)]
pub(crate) struct ServerEvent<'a> {
    event_name: &'a str,
    /// Seconds.
    event_time: i64,
    event_id: &'a str,
    /// `website` demands an address; an event without one happened elsewhere.
    action_source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_source_url: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referrer_url: Option<std::borrow::Cow<'a, str>>,
    user_data: UserData<'a>,
    #[serde(skip_serializing_if = "CustomData::is_empty")]
    custom_data: CustomData<'a>,
}

/// "Customer information parameters": the first ten are hashed, the others must not be.
#[derive(Default, Serialize)]
struct UserData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    em: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ph: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#fn: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ln: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ge: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    db: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ct: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    st: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zp: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fbc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fbp: Option<&'a str>,
}

/// The data of a job for Meta.
pub(crate) fn prepare<'a>(facts: &Facts<'a>) -> Result<Ready<ServerEvent<'a>>, Withheld> {
    let user_data = UserData::of(facts);
    if !user_data.can_match() {
        return Err(Withheld::NothingToMatch);
    }
    let url = facts.url();
    let event = ServerEvent {
        event_name: event_name(facts.event_type),
        event_time: facts.occurred_at.as_millis().div_euclid(1000),
        event_id: facts.event_id,
        action_source: if url.is_some() { "website" } else { "other" },
        event_source_url: url,
        referrer_url: facts.referrer(),
        user_data,
        custom_data: CustomData(*facts),
    };
    Ok(Ready {
        occurred_at: facts.occurred_at.as_millis(),
        event,
    })
}

/// The names of the standard events ("Meta Pixel: standard events").
fn event_name(event_type: &EventType) -> &str {
    match event_type {
        EventType::PageView => "PageView",
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

impl<'a> UserData<'a> {
    fn of(facts: &Facts<'a>) -> UserData<'a> {
        let (user, client) = (&facts.event.user, &facts.event.client);
        let hash = |raw: &Option<String>, normal: &dyn Fn(&str) -> Option<String>| {
            raw.as_deref().and_then(|raw| Hash::of_normal(raw, normal))
        };
        UserData {
            em: hash(&user.email, &email::plain),
            ph: hash(&user.phone, &|raw| facts.phone(raw)),
            r#fn: hash(&user.first_name, &name::letters),
            ln: hash(&user.last_name, &name::letters),
            ge: hash(&user.gender, &|raw| person::gender(raw).map(str::to_owned)),
            db: hash(&user.birth_date, &person::birth_date),
            ct: hash(&user.city, &place::city),
            st: hash(&user.state, &|raw| place::state(raw, facts.country)),
            zp: hash(&user.zip, &|raw| place::zip(raw, facts.country)),
            country: hash(&user.country, &|_| Some(facts.country?.lower().to_owned())),
            external_id: hash(&user.external_id, &|raw| Some(raw.trim().to_lowercase())),
            subscription_id: user.subscription_id.as_deref(),
            client_ip_address: client.ip.as_deref(),
            client_user_agent: client.user_agent.as_deref(),
            fbc: client.fbc.clone().or_else(|| click_id(facts)),
            fbp: client.fbp.as_deref(),
        }
    }

    /// Whether Meta takes the event: some sets of weak fields it refuses ("Customer information
    /// parameters", combinations that are considered invalid).
    fn can_match(&self) -> bool {
        let strong = self.em.is_some()
            || self.ph.is_some()
            || self.external_id.is_some()
            || self.subscription_id.is_some()
            || self.client_ip_address.is_some()
            || self.fbc.is_some()
            || self.fbp.is_some();
        let (given, family, birth) = (self.r#fn.is_some(), self.ln.is_some(), self.db.is_some());
        let gender = self.ge.is_some();
        let agent = self.client_user_agent.is_some();
        let place =
            self.ct.is_some() || self.st.is_some() || self.zp.is_some() || self.country.is_some();
        let about_person = given || family || birth;
        let refused = !about_person
            || (birth && !given && !family && !gender && !place)
            || (given && !family && !birth && !agent && !place)
            || (family && !given && !birth && !agent && !place);
        strong || !refused
    }
}

/// The click id of an address in the form of the cookie `_fbc`. It keeps its case.
fn click_id(facts: &Facts<'_>) -> Option<String> {
    let fbclid = facts.event.client.fbclid.as_deref()?;
    Some(format!("fb.1.{}.{fbclid}", facts.occurred_at.as_millis()))
}

/// "Custom data parameters".
struct CustomData<'a>(Facts<'a>);

/// The names that are written here; a field of the tenant's own cannot stand for one of them.
const OWN_NAMES: &[&str] = &[
    "value",
    "currency",
    "order_id",
    "search_string",
    "content_type",
    "content_ids",
    "contents",
    "num_items",
];

impl CustomData<'_> {
    fn is_empty(&self) -> bool {
        let data = &self.0.event.data;
        data.value.is_none()
            && data.currency.is_none()
            && data.order_id.is_none()
            && data.search.is_none()
            && data.items.is_empty()
            && data.custom.0.is_empty()
    }
}

impl Serialize for CustomData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = &self.0;
        let data = &facts.event.data;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in facts.custom(OWN_NAMES) {
            map.serialize_entry(name, value)?;
        }
        if let Some(value) = facts.value() {
            map.serialize_entry("value", &value)?;
        }
        if let Some(currency) = facts.currency {
            map.serialize_entry("currency", &currency)?;
        }
        if let Some(order_id) = &data.order_id {
            map.serialize_entry("order_id", order_id)?;
        }
        if let Some(search) = &data.search {
            map.serialize_entry("search_string", search)?;
        }
        let contents: Vec<Content<'_>> = facts.items().iter().filter_map(Content::of).collect();
        if !contents.is_empty() {
            let ids: Vec<&str> = contents.iter().map(|content| content.id).collect();
            map.serialize_entry("content_type", "product")?;
            map.serialize_entry("content_ids", &ids)?;
            map.serialize_entry("num_items", &count(facts.items()))?;
            map.serialize_entry("contents", &contents)?;
        }
        map.end()
    }
}

/// How many products the items are together.
fn count(items: &[Item]) -> u64 {
    let quantities = items.iter().map(|item| item.quantity);
    // Each is at most 10^12, and there are at most 200.
    quantities
        .map(|quantity| quantity.map_or(1.0, |quantity| quantity.0))
        .sum::<f64>() as u64
}

#[derive(Serialize)]
struct Content<'a> {
    id: &'a str,
    quantity: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_price: Option<crate::pixel::Amount>,
}

impl<'a> Content<'a> {
    /// `None` for an item without an id, which no catalogue could know.
    fn of(item: &'a Item) -> Option<Content<'a>> {
        Some(Content {
            id: item.id.as_deref()?,
            quantity: count(std::slice::from_ref(item)),
            item_price: item.price.filter(|price| price.is_valid()),
        })
    }
}

/// The request that carries a batch.
pub(super) fn request(config: &Config, jobs: &[LeasedJob]) -> Request {
    let mut body = payload::room(jobs);
    body.extend_from_slice(b"{\"data\":[");
    payload::join(&mut body, jobs, |body, _, event| {
        body.extend_from_slice(event.as_bytes())
    });
    body.push(b']');
    if let Some(code) = &config.test_event_code {
        body.extend_from_slice(b",\"test_event_code\":");
        body.extend_from_slice(quoted(code).as_bytes());
    }
    body.push(b'}');
    let mut url = format!(
        "{}/{}/{}/events",
        config.base_url.trim_end_matches('/'),
        config.api_version,
        config.dataset_id,
    );
    if let Some(secret) = &config.app_secret {
        url.push_str("?appsecret_proof=");
        url.push_str(&proof(secret.expose(), config.access_token.expose()));
    }
    Request {
        method: http::Method::POST,
        url,
        headers: vec![
            Header {
                name: "authorization",
                value: format!("Bearer {}", config.access_token.expose()),
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

/// HMAC-SHA256 of the token with the app's secret ("Graph API: secure requests").
pub(super) fn proof(app_secret: &str, access_token: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(access_token.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The request in which a token asks about itself. Reading the dataset is no check: a token that
/// may send events may not read it.
pub(super) fn check(config: &Config) -> Request {
    let token = &config.access_token;
    let mut request = graph::debug_token(&config.base_url, &config.api_version, token);
    if let Some(secret) = &config.app_secret {
        let proof = proof(secret.expose(), token.expose());
        request.url.push_str(&format!("&appsecret_proof={proof}"));
    }
    request
}
