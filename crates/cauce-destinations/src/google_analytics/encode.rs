//! An event as Google Analytics wants it, and the requests.

use cauce_flow::{job::LeasedJob, time::Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    config::Config,
    params::{Params, is_reserved_event},
};
use crate::{
    answer::escaped,
    destination::{Header, Request},
    normalize::{email, hash::Hash, name},
    payload::{self, quoted},
    pixel::{Choice, EventType, Facts, Withheld},
};

/// The `data` of a job for Google: what a request says once stands apart from the event.
#[derive(Serialize)]
pub(crate) struct Data<'a> {
    occurred_at: i64,
    client_id: &'a str,
    person: Person<'a>,
    event: Event<'a>,
}

/// [`Data`] as it is read: its parts as they were written.
#[derive(Deserialize)]
pub(super) struct Shared<'a> {
    pub(super) occurred_at: i64,
    #[serde(borrow)]
    pub(super) client_id: &'a RawValue,
    #[serde(borrow)]
    pub(super) person: &'a RawValue,
    #[serde(borrow)]
    pub(super) event: &'a RawValue,
}

#[derive(Serialize)]
struct Person<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<UserData<'a>>,
    consent: Consent,
}

#[derive(Serialize)]
struct Consent {
    ad_user_data: &'static str,
    ad_personalization: &'static str,
}

/// "User-provided data": names, e-mail address and phone number are hashed, the rest must not be.
#[derive(Default, Serialize)]
struct UserData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256_email_address: Option<[Hash; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256_phone_number: Option<[Hash; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<[Address<'a>; 1]>,
}

#[derive(Default, Serialize)]
struct Address<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256_first_name: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256_last_name: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
}

#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    timestamp_micros: i64,
    params: Params<'a>,
}

/// The data of a job for Google.
pub(crate) fn prepare<'a>(facts: &Facts<'a>) -> Result<Data<'a>, Withheld> {
    let name = event_name(facts.event_type);
    if is_reserved_event(name) {
        return Err(Withheld::ReservedName);
    }
    let client_id = facts.event.client.ga_client_id.as_deref();
    Ok(Data {
        occurred_at: facts.occurred_at.as_millis(),
        client_id: client_id.map(of_cookie).ok_or(Withheld::NoClientId)?,
        person: Person::of(facts),
        event: Event {
            name,
            timestamp_micros: facts.occurred_at.as_millis().saturating_mul(1000),
            params: Params(*facts),
        },
    })
}

/// The names of the recommended events ("Recommended events"); the others go by their own.
pub(super) fn event_name(event_type: &EventType) -> &str {
    match event_type {
        EventType::PageView => "page_view",
        EventType::ViewContent => "view_item",
        EventType::Search => "search",
        EventType::AddToCart => "add_to_cart",
        EventType::InitiateCheckout => "begin_checkout",
        EventType::AddPaymentInfo => "add_payment_info",
        EventType::Purchase => "purchase",
        EventType::Lead => "generate_lead",
        EventType::CompleteRegistration => "sign_up",
        EventType::Contact => "contact",
        EventType::Subscribe => "subscribe",
        EventType::Schedule => "schedule",
        EventType::StartTrial => "start_trial",
        EventType::Custom(name) => name,
    }
}

/// The browser's id within the cookie `_ga`, whose value is `GA1.<depth>.<id>`; the id itself holds
/// one dot.
fn of_cookie(value: &str) -> &str {
    let mut parts = value.splitn(3, '.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("GA1"), Some(_), Some(id)) => id,
        _ => value,
    }
}

impl<'a> Person<'a> {
    fn of(facts: &Facts<'a>) -> Person<'a> {
        let word = |choice| match choice {
            Choice::Granted => "GRANTED",
            Choice::Denied => "DENIED",
        };
        let user_id = facts.plain_external_id();
        // Google joins personal data to a user id, and takes none without.
        let wanted = user_id.is_some() && facts.consent.allows_advertising();
        Person {
            user_id,
            user_data: wanted.then(|| UserData::of(facts)).flatten(),
            consent: Consent {
                ad_user_data: word(facts.consent.ad_user_data),
                ad_personalization: word(facts.consent.ad_personalization),
            },
        }
    }
}

impl<'a> UserData<'a> {
    fn of(facts: &Facts<'a>) -> Option<UserData<'a>> {
        let user = &facts.event.user;
        let hash = |raw: &Option<String>, normal: &dyn Fn(&str) -> Option<String>| {
            raw.as_deref().and_then(|raw| Hash::of_normal(raw, normal))
        };
        // What came hashed cannot be sent where Google wants it plain.
        let plain =
            |raw: &'a Option<String>| raw.as_deref().filter(|raw| Hash::already(raw).is_none());
        let address = Address {
            sha256_first_name: hash(&user.first_name, &name::google),
            sha256_last_name: hash(&user.last_name, &name::google),
            city: plain(&user.city),
            region: plain(&user.state),
            postal_code: plain(&user.zip),
            country: facts.country.map(|country| country.upper()),
        };
        let data = UserData {
            sha256_email_address: hash(&user.email, &email::google).map(|hash| [hash]),
            sha256_phone_number: hash(&user.phone, &|raw| Some(format!("+{}", facts.phone(raw)?)))
                .map(|hash| [hash]),
            address: address.is_some().then_some([address]),
        };
        let any = data.sha256_email_address.is_some()
            || data.sha256_phone_number.is_some()
            || data.address.is_some();
        any.then_some(data)
    }
}

impl Address<'_> {
    /// A country alone is no address.
    fn is_some(&self) -> bool {
        self.sha256_first_name.is_some()
            || self.sha256_last_name.is_some()
            || self.city.is_some()
            || self.region.is_some()
            || self.postal_code.is_some()
    }
}

/// The request that carries a batch, whose jobs say the same of the browser and the person.
pub(super) fn request(config: &Config, jobs: &[LeasedJob]) -> Request {
    let mut body = payload::room(jobs);
    for (place, job) in jobs.iter().enumerate() {
        let shared = payload::read::<Shared<'_>>(job)
            .ok()
            .map(|message| message.data);
        match (place, &shared) {
            (0, Some(shared)) => open(&mut body, config, shared),
            // Screening does not let such a payload through; the request stays well formed.
            (0, None) => body.extend_from_slice(b"{\"events\":["),
            _ => body.push(b','),
        }
        let event = shared.map_or("{}", |shared| shared.event.get());
        body.extend_from_slice(event.as_bytes());
    }
    body.extend_from_slice(b"]}");
    post(config, config.debug, body)
}

/// Everything before the first event.
fn open(body: &mut Vec<u8>, config: &Config, shared: &Shared<'_>) {
    let name = if config.is_app() {
        "app_instance_id"
    } else {
        "client_id"
    };
    body.extend_from_slice(format!("{{\"{name}\":{},", shared.client_id.get()).as_bytes());
    // The person always holds the consent, so that its braces hold something.
    let person = shared.person.get();
    let fields = person
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    body.extend_from_slice(fields.unwrap_or("\"consent\":{}").as_bytes());
    body.extend_from_slice(b",\"events\":[");
}

/// A small event for the validation endpoint, which records nothing.
pub(super) fn check(config: &Config, now: Timestamp) -> Request {
    let name = if config.is_app() {
        "app_instance_id"
    } else {
        "client_id"
    };
    let body = format!(
        r#"{{"{name}":{},"events":[{{"name":"page_view","timestamp_micros":{},"params":{{"engagement_time_msec":1}}}}]}}"#,
        quoted("1.1"),
        now.as_millis().saturating_mul(1000),
    );
    post(config, true, body.into_bytes())
}

/// As in a query, but the colons of a Firebase app id stay.
const STREAM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b':');

fn post(config: &Config, debug: bool, body: Vec<u8>) -> Request {
    let stream = if config.is_app() {
        "firebase_app_id"
    } else {
        "measurement_id"
    };
    let path = if debug {
        "/debug/mp/collect"
    } else {
        "/mp/collect"
    };
    Request {
        method: http::Method::POST,
        url: format!(
            "{}{path}?api_secret={}&{stream}={}",
            config.base_url.trim_end_matches('/'),
            escaped(config.api_secret.expose()),
            utf8_percent_encode(&config.measurement_id, STREAM),
        ),
        headers: vec![Header {
            name: "content-type",
            value: "application/json".to_owned(),
            secret: false,
        }],
        body: body.into(),
    }
}
