//! `[[accounts]]`: where things go. Which fields an account has depends on its platform.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cauce_destinations::{
    catalog::{self, AccountError},
    destination::Destination,
    message::Provider,
    pixel::Platform,
};
use cauce_engine::settings::Account;
use cauce_flow::{
    dispatch::policy::Policy,
    id::{AccountName, QueueName},
};
use serde_json::{Map, Value as Json};

use super::{
    endpoints,
    fields::{Field, Kind, fields},
    found::{Accounts, tenant},
    policy, senders,
};
use crate::config::{
    read::{parsed, text},
    reader::{Section, Wrong, meant},
    tree::Node,
};

const META: [Field; 6] = [
    ("dataset_id", Kind::Text, true),
    ("access_token", Kind::Text, true),
    ("api_version", Kind::Text, false),
    ("test_event_code", Kind::Text, false),
    ("app_secret", Kind::Text, false),
    ("base_url", Kind::Url, false),
];
const GOOGLE: [Field; 4] = [
    ("measurement_id", Kind::Text, true),
    ("api_secret", Kind::Text, true),
    ("debug", Kind::Flag, false),
    ("base_url", Kind::Url, false),
];
const LINKEDIN: [Field; 6] = [
    ("access_token", Kind::Text, true),
    ("version", Kind::Text, false),
    ("conversions", Kind::Texts, true),
    ("client_id", Kind::Text, false),
    ("client_secret", Kind::Text, false),
    ("base_url", Kind::Url, false),
];
const TIKTOK: [Field; 4] = [
    ("pixel_code", Kind::Text, true),
    ("access_token", Kind::Text, true),
    ("test_event_code", Kind::Text, false),
    ("base_url", Kind::Url, false),
];

/// Platforms beside those of events and of messages.
const OTHERS: [&str; 2] = ["backend", "webhook"];

/// Reads all accounts. Two of one name are a mistake.
/// `public_url` is where outside systems reach this server.
pub(crate) fn read(
    root: &Section<'_>,
    queues: &BTreeMap<QueueName, Policy>,
    public_url: Option<&str>,
) -> Accounts {
    let mut names = BTreeSet::new();
    let mut accounts = Accounts::default();
    for section in root.sections("accounts") {
        if let Some(Ok(name)) = section.node("name").map(text)
            && !names.insert(name.clone())
        {
            let what = format!("two accounts have the name {name:?}");
            section.fault("name", what, "a name of its own for each account");
        }
        let platform = section.node("platform").map(text);
        let platform = platform.and_then(Result::ok).unwrap_or_default();
        match (platform.as_str(), platform.parse()) {
            ("backend", _) => endpoints::backend(section, queues, &mut accounts),
            ("webhook", _) => endpoints::webhook(section, queues, &mut accounts),
            (_, Ok(provider)) => {
                let account = senders::read(provider, section, queues, public_url);
                accounts.all.extend(account);
            }
            _ => accounts.all.extend(account(section, queues)),
        }
    }
    accounts
}

fn account(section: Section<'_>, queues: &BTreeMap<QueueName, Policy>) -> Option<Account> {
    let name = section.need("name", parsed::<AccountName>);
    let tenant = section.need("tenant", tenant);
    let platform = section.need("platform", platform);
    let limits = section.section("limits");
    let Some(platform) = platform else {
        // Without its platform, nothing is known of the other fields.
        return None;
    };
    let settings = settings_of(platform, &section);
    let told = settings.as_ref().map(told);
    let destination = settings.and_then(|settings| destination_of(settings, &section));
    section.finish();
    let queue = QueueName::new(catalog::queue(platform)).ok()?;
    let policy = queues.get(&queue).map(|policy| match limits {
        Some(limits) => policy::read_over(policy, limits),
        None => policy.clone(),
    });
    let (base_url, conversions) = told?;
    Some(Account {
        name: name?,
        tenant: tenant?,
        queue,
        platform: platform.as_str(),
        base_url,
        conversions,
        hears: None,
        destination: destination?,
        policy: policy?,
    })
}

fn platform(node: &Node) -> Result<Platform, Wrong> {
    let found = text(node)?;
    let pixels = Platform::ALL
        .map(|platform| platform.to_string())
        .into_iter();
    let senders = Provider::ALL.map(|provider| provider.to_string());
    let others = senders.into_iter().chain(OTHERS.map(str::to_owned));
    let known: Vec<String> = pixels.chain(others).collect();
    found.parse().map_err(|_| {
        Wrong::new(
            format!("cannot be {found:?}"),
            meant(&found, &known).replace('`', "\""),
        )
    })
}

/// Reads the fields of the platform. What is left after that is the platform's own opinion.
fn settings_of(platform: Platform, section: &Section<'_>) -> Option<catalog::Account> {
    let table: &[Field] = match platform {
        Platform::Meta => &META,
        Platform::Google => &GOOGLE,
        Platform::LinkedIn => &LINKEDIN,
        Platform::TikTok => &TIKTOK,
    };
    let mut object = Map::from_iter([("platform".to_owned(), platform.as_str().into())]);
    object.extend(fields(table, section)?);
    serde_json::from_value(Json::Object(object))
        .map_err(|why| section.fault("platform", why.to_string(), "what the platform gave you"))
        .ok()
}

/// The destination behind the settings, or what is wrong with them as the destination says.
fn destination_of(
    settings: catalog::Account,
    section: &Section<'_>,
) -> Option<Arc<dyn Destination>> {
    match catalog::build(settings) {
        Ok(destination) => Some(Arc::from(destination)),
        Err(error) => {
            let text = error.to_string();
            let (what, write) = text
                .split_once("; hint: write ")
                .unwrap_or((&text, "another"));
            let setting = match error {
                AccountError::LinkedIn(_) => "conversions",
            };
            section.fault(
                setting,
                format!("`{}`: {what}", section.name_of(setting)),
                write,
            );
            None
        }
    }
}

/// The address of an account, and the event types that it has a conversion rule for.
fn told(settings: &catalog::Account) -> (String, Option<BTreeMap<String, String>>) {
    match settings {
        catalog::Account::Meta(config) => (config.base_url.clone(), None),
        catalog::Account::Google(config) => (config.base_url.clone(), None),
        catalog::Account::LinkedIn(config) => {
            (config.base_url.clone(), Some(config.conversions.clone()))
        }
        catalog::Account::TikTok(config) => (config.base_url.clone(), None),
    }
}
