//! `[[accounts]]`: where things go. Which fields an account has depends on its platform.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cauce_destinations::{
    catalog::{self, AccountError},
    destination::Destination,
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
    found::{Accounts, identifier, tenant, texts},
    policy,
};
use crate::config::{
    read::{base_url, boolean, parsed, text},
    reader::{Section, Wrong, meant},
    tree::Node,
};

/// What a field of an account holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Flag,
    Url,
    /// A table of texts.
    Texts,
}

/// A field of an account: its name, what it holds, whether it has to be there.
type Field = (&'static str, Kind, bool);

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

/// Platforms of the requirements that this version does not have.
const LATER: [&str; 3] = ["twilio", "evolution", "whatsapp_cloud"];

/// Platforms beside those of events.
const OTHERS: [&str; 2] = ["backend", "webhook"];

/// Reads all accounts. Two of one name are a mistake.
pub(crate) fn read(root: &Section<'_>, queues: &BTreeMap<QueueName, Policy>) -> Accounts {
    let mut names = BTreeSet::new();
    let mut accounts = Accounts::default();
    for section in root.sections("accounts") {
        if let Some(Ok(name)) = section.node("name").map(text)
            && !names.insert(name.clone())
        {
            let what = format!("two accounts have the name {name:?}");
            section.fault("name", what, "a name of its own for each account");
        }
        match section.node("platform").map(text) {
            Some(Ok(platform)) if platform == "backend" => {
                endpoints::backend(section, queues, &mut accounts);
            }
            Some(Ok(platform)) if platform == "webhook" => {
                endpoints::webhook(section, queues, &mut accounts);
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
    let known: Vec<String> = pixels.chain(OTHERS.map(str::to_owned)).collect();
    if LATER.contains(&found.as_str()) {
        let what = format!("{found:?} is not available in this version");
        return Err(Wrong::new(what, format!("one of {}", known.join(", "))));
    }
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
    let mut fields = Map::from_iter([("platform".to_owned(), platform.as_str().into())]);
    let mut complete = true;
    for (name, kind, needed) in table {
        let value = if *needed {
            section.need(name, |node| value(node, *kind))
        } else {
            section.find(name, |node| value(node, *kind))
        };
        complete &= value.is_some() || !needed;
        fields.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    if !complete {
        return None;
    }
    serde_json::from_value(Json::Object(fields))
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

fn value(node: &Node, kind: Kind) -> Result<Json, Wrong> {
    match kind {
        Kind::Text => identifier(node).map(Json::String),
        Kind::Flag => boolean(node).map(Json::Bool),
        Kind::Url => base_url(node).map(Json::String),
        Kind::Texts => texts(node),
    }
}
