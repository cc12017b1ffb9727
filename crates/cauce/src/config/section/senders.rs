//! Accounts that messages are sent from: Twilio, Evolution and WhatsApp Cloud.

use std::{collections::BTreeMap, sync::Arc};

use cauce_destinations::{
    message::Provider,
    senders::{self, SenderAccount, SenderError},
};
use cauce_engine::settings::Account;
use cauce_flow::{
    dispatch::policy::Policy,
    id::{AccountName, QueueName},
};
use serde_json::{Map, Value as Json};

use super::{
    fields::{Field, Kind, fields},
    found::tenant,
    policy,
};
use crate::config::{read::parsed, reader::Section};

const TWILIO: [Field; 5] = [
    ("account_sid", Kind::Text, true),
    ("auth_token", Kind::Text, true),
    ("from", Kind::Text, false),
    ("messaging_service_sid", Kind::Text, false),
    ("base_url", Kind::Url, false),
];
const EVOLUTION: [Field; 4] = [
    ("instance", Kind::Text, true),
    ("api_key", Kind::Text, true),
    ("webhook_secret", Kind::Text, false),
    ("base_url", Kind::Url, true),
];
const WHATSAPP_CLOUD: [Field; 6] = [
    ("phone_number_id", Kind::Text, true),
    ("access_token", Kind::Text, true),
    ("app_secret", Kind::Text, true),
    ("verify_token", Kind::Text, true),
    ("api_version", Kind::Text, false),
    ("base_url", Kind::Url, false),
];

/// Reads an account of this provider. `public_url` is where the provider reaches this server.
pub(super) fn read(
    provider: Provider,
    section: Section<'_>,
    queues: &BTreeMap<QueueName, Policy>,
    public_url: Option<&str>,
) -> Option<Account> {
    let name = section.need("name", parsed::<AccountName>);
    let tenant = section.need("tenant", tenant);
    section.node("platform");
    let limits = section.section("limits");
    let settings = settings_of(provider, &section, public_url);
    let base_url = settings.as_ref().map(|s| s.base_url().to_owned());
    let built = settings.and_then(|settings| {
        let wrong = |error: &SenderError| fault(error, &section);
        senders::build(settings).inspect_err(wrong).ok()
    });
    section.finish();
    let queue = QueueName::new(provider.queue()).ok()?;
    let policy = queues.get(&queue).map(|policy| match limits {
        Some(limits) => policy::read_over(policy, limits),
        None => policy.clone(),
    });
    let (destination, hears) = built?;
    Some(Account {
        name: name?,
        tenant: tenant?,
        queue,
        platform: provider.as_str(),
        base_url: base_url?,
        conversions: None,
        destination: Arc::from(destination),
        hears: Some(Arc::new(hears)),
        policy: policy?,
    })
}

fn settings_of(
    provider: Provider,
    section: &Section<'_>,
    public_url: Option<&str>,
) -> Option<SenderAccount> {
    let table: &[Field] = match provider {
        Provider::Twilio => &TWILIO,
        Provider::Evolution => &EVOLUTION,
        Provider::WhatsappCloud => &WHATSAPP_CLOUD,
    };
    let mut object = Map::from_iter([("platform".to_owned(), provider.as_str().into())]);
    object.extend(fields(table, section)?);
    if let (Provider::Twilio, Some(public_url)) = (provider, public_url) {
        object.insert("public_url".to_owned(), public_url.into());
    }
    serde_json::from_value(Json::Object(object))
        .map_err(|why| section.fault("platform", why.to_string(), "what the provider gave you"))
        .ok()
}

/// Notes what is wrong with a setting, as the provider says.
fn fault(error: &SenderError, section: &Section<'_>) {
    let setting = error.setting();
    let text = error.to_string();
    let (what, write) = text
        .split_once("; hint: write ")
        .unwrap_or((&text, "another"));
    let what = format!("`{}` {what}", section.name_of(setting));
    section.fault(setting, what, write);
}
