//! An event as LinkedIn wants it, and the requests.

use std::borrow::Cow;

use cauce_flow::job::LeasedJob;
use serde::Serialize;

use super::config::Config;
use crate::{
    answer::escaped,
    destination::{Header, Request},
    normalize::{email, hash::Hash},
    payload::{self, Ready},
    pixel::{Currency, Facts, Withheld},
};

/// An event without its conversion rule, which is the account's and is looked up at the time of
/// sending: a rule may be replaced while events wait.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversion<'a> {
    /// Milliseconds.
    conversion_happened_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversion_value: Option<Value>,
    event_id: &'a str,
    user: User<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    currency_code: Currency,
    /// A decimal number, as a text.
    amount: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    /// Must be there even if it is empty.
    user_ids: Vec<UserId<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info: Option<UserInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_ids: Option<[Cow<'a, str>; 1]>,
}

#[derive(Serialize)]
#[serde(tag = "idType", content = "idValue")]
enum UserId<'a> {
    #[serde(rename = "SHA256_EMAIL")]
    Email(Hash),
    #[serde(rename = "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID")]
    ClickId(&'a str),
}

/// Both names or none: half of it refuses the batch.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserInfo<'a> {
    first_name: &'a str,
    last_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<String>,
}

/// The data of a job for LinkedIn.
pub(crate) fn prepare<'a>(facts: &Facts<'a>) -> Result<Ready<Conversion<'a>>, Withheld> {
    let rules = facts.defaults.conversions;
    if rules.is_some_and(|rules| !rules.contains_key(facts.event_type.as_str())) {
        return Err(Withheld::NoConversionRule);
    }
    let user = User::of(facts);
    if user.user_ids.is_empty() && user.user_info.is_none() {
        return Err(Withheld::NothingToMatch);
    }
    let value = facts.value().zip(facts.currency);
    let event = Conversion {
        conversion_happened_at: facts.occurred_at.as_millis(),
        conversion_value: value.map(|(amount, currency_code)| Value {
            currency_code,
            amount: amount.to_string(),
        }),
        event_id: facts.event_id,
        user,
    };
    Ok(Ready {
        occurred_at: facts.occurred_at.as_millis(),
        event,
    })
}

impl<'a> User<'a> {
    fn of(facts: &Facts<'a>) -> User<'a> {
        let user = &facts.event.user;
        let email = user.email.as_deref();
        let email = email.and_then(|raw| Hash::of_normal(raw, email::plain));
        let click_id = facts.event.client.li_fat_id.as_deref();
        User {
            user_ids: (email.map(UserId::Email).into_iter())
                .chain(click_id.map(UserId::ClickId))
                .collect(),
            user_info: UserInfo::of(facts),
            external_ids: facts.plain_external_id().map(|id| [id]),
        }
    }
}

impl<'a> UserInfo<'a> {
    /// Names that came hashed are of no use here.
    fn of(facts: &Facts<'a>) -> Option<UserInfo<'a>> {
        let user = &facts.event.user;
        let plain = |name: &&str| Hash::already(name).is_none();
        Some(UserInfo {
            first_name: user.first_name.as_deref().filter(plain)?,
            last_name: user.last_name.as_deref().filter(plain)?,
            country_code: facts.country.map(|country| country.upper()),
        })
    }
}

/// The request that carries a batch.
pub(super) fn request(config: &Config, jobs: &[LeasedJob]) -> Request {
    let mut body = payload::room(jobs);
    body.extend_from_slice(b"{\"elements\":[");
    payload::join(&mut body, jobs, |body, event_type, event| {
        let rule = config.conversions.get(event_type);
        body.extend_from_slice(b"{\"conversion\":\"");
        body.extend_from_slice(rule.map_or("", String::as_str).as_bytes());
        body.extend_from_slice(b"\",");
        // The event is an object with at least its time: what follows its brace stands after the rule.
        body.extend_from_slice(event.strip_prefix('{').unwrap_or(event).as_bytes());
    });
    body.extend_from_slice(b"]}");
    Request {
        method: http::Method::POST,
        url: format!(
            "{}/rest/conversionEvents",
            config.base_url.trim_end_matches('/')
        ),
        headers: headers(config),
        body: body.into(),
    }
}

fn headers(config: &Config) -> Vec<Header> {
    let header = |name, value: &str, secret| Header {
        name,
        value: value.to_owned(),
        secret,
    };
    vec![
        header(
            "authorization",
            &format!("Bearer {}", config.access_token.expose()),
            true,
        ),
        header("content-type", "application/json", false),
        header("linkedin-version", &config.version, false),
        header("x-restli-protocol-version", "2.0.0", false),
        header("x-restli-method", "BATCH_CREATE", false),
    ]
}

/// The request that asks about the token; it needs the id and the secret of the token's app.
pub(super) fn check(config: &Config) -> Option<Request> {
    let (id, secret) = (config.client_id.as_deref()?, config.client_secret.as_ref()?);
    let body = format!(
        "client_id={}&client_secret={}&token={}",
        escaped(id),
        escaped(secret.expose()),
        escaped(config.access_token.expose()),
    );
    Some(Request {
        method: http::Method::POST,
        url: format!("{}/oauth/v2/introspectToken", config.token_url()),
        headers: vec![Header {
            name: "content-type",
            value: "application/x-www-form-urlencoded".to_owned(),
            secret: false,
        }],
        body: body.into(),
    })
}
