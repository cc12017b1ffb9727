//! A message as Twilio wants it, and the requests.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use cauce_flow::{id::JobId, job::LeasedJob};

use super::{
    Twilio,
    config::{Config, ConfigError},
};
use crate::{
    destination::{Header, Request},
    form::FormWriter,
    message::{Content, Location, Message, Phone, Template},
};

/// Where messages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// One number.
    Number(Phone),
    /// A service that chooses one.
    Service(String),
}

impl Origin {
    pub(super) fn of(config: &Config) -> Result<Origin, ConfigError> {
        if !is_sid(&config.account_sid, "AC") {
            return Err(ConfigError::AccountSid);
        }
        match (&config.from, &config.messaging_service_sid) {
            (Some(from), None) => from
                .strip_prefix("whatsapp:")
                .and_then(|number| number.parse().ok())
                .map(Origin::Number)
                .ok_or(ConfigError::From),
            (None, Some(service)) if is_sid(service, "MG") => Ok(Origin::Service(service.clone())),
            (None, Some(_)) => Err(ConfigError::Service),
            (None, None) | (Some(_), Some(_)) => Err(ConfigError::Origin),
        }
    }
}

fn is_sid(text: &str, prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix);
    digits.is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The request that carries a message. One that cannot be read, which screening does not let
/// through, leaves an empty form, which Twilio refuses.
pub(super) fn request(twilio: &Twilio, jobs: &[LeasedJob]) -> Request {
    let mut form = FormWriter::default();
    if let Some(job) = jobs.first()
        && let Ok(message) = Message::of_payload(&job.payload)
    {
        write(twilio, &message, job.id, &mut form);
    }
    let mut request = signed(&twilio.config, http::Method::POST, "/Messages.json");
    request.headers.push(Header {
        name: "content-type",
        value: "application/x-www-form-urlencoded".to_owned(),
        secret: false,
    });
    request.body = form.written().into();
    request
}

fn write(twilio: &Twilio, message: &Message, job: JobId, form: &mut FormWriter) {
    form.add("To", &address(&message.to));
    match &twilio.origin {
        Origin::Number(number) => form.add("From", &address(number)),
        Origin::Service(service) => form.add("MessagingServiceSid", service),
    }
    match &message.content {
        Content::Text(text) => form.add("Body", text),
        Content::Media(media) => {
            if let Some(caption) = &media.caption {
                form.add("Body", caption);
            }
            form.add("MediaUrl", &media.url);
        }
        Content::Template(Template::Content {
            content_sid,
            variables,
        }) => {
            form.add("ContentSid", content_sid);
            if !variables.is_empty() {
                // A text that holds JSON, not JSON.
                let text = serde_json::to_string(variables).expect("texts always serialise");
                form.add("ContentVariables", &text);
            }
        }
        Content::Location(location) => place(location, form),
        // Screening names what Twilio cannot carry.
        Content::Template(Template::Named { .. }) | Content::Reaction(_) => {}
    }
    if let Some(public_url) = &twilio.config.public_url {
        let public_url = public_url.trim_end_matches('/');
        let callback = format!("{public_url}/webhooks/twilio?job={job}");
        form.add("StatusCallback", &callback);
    }
}

fn place(location: &Location, form: &mut FormWriter) {
    let Location {
        latitude,
        longitude,
        name,
        address,
    } = location;
    form.add("Body", name.as_deref().unwrap_or_default());
    let label = address.as_deref().or(name.as_deref()).unwrap_or_default();
    let action = format!("geo:{latitude},{longitude}|{label}");
    form.add("PersistentAction", &action);
}

/// A number as Twilio names it.
pub(super) fn address(phone: &Phone) -> String {
    format!("whatsapp:{}", phone.as_str())
}

/// The request that reads the account.
pub(super) fn check(config: &Config) -> Request {
    signed(config, http::Method::GET, ".json")
}

/// A request for something of the account, without a body.
pub(super) fn signed(config: &Config, method: http::Method, path: &str) -> Request {
    let Config {
        account_sid,
        auth_token,
        ..
    } = config;
    let base_url = config.base_url.trim_end_matches('/');
    let pair = BASE64_STANDARD.encode(format!("{account_sid}:{}", auth_token.expose()));
    Request {
        method,
        url: format!("{base_url}/2010-04-01/Accounts/{account_sid}{path}"),
        headers: vec![Header {
            name: "authorization",
            value: format!("Basic {pair}"),
            secret: true,
        }],
        body: Bytes::new(),
    }
}
