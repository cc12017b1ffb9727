//! `[relays.NAME]`: batches of whatever is handed in, to any endpoint.

use std::{collections::BTreeMap, sync::Arc};

use cauce_destinations::{destination::Destination, secret::Secret, webhook};
use cauce_engine::settings::{Account, Relay, relay_queue};
use cauce_flow::{
    dispatch::policy::Policy,
    id::{AccountName, QueueName},
};

use super::{
    found::{Accounts, tenant, texts},
    policy,
};
use crate::config::{
    read::{filled, text},
    reader::{Section, Wrong},
    tree::Node,
};

/// The queue whose policy every relay has, unless it says otherwise.
pub(crate) const QUEUE: &str = "relays";

/// Reads all relays. One that has the name of an account is a mistake.
pub(crate) fn read(
    section: Section<'_>,
    queues: &BTreeMap<QueueName, Policy>,
    accounts: &mut Accounts,
) {
    for name in section.names() {
        let Some(inner) = section.section(name) else {
            continue;
        };
        let Ok(account) = AccountName::new(name) else {
            section.fault(
                name,
                format!("{name:?} cannot be a relay's name"),
                "letters, digits and -",
            );
            continue;
        };
        if accounts.all.iter().any(|known| known.name == account) {
            let what = format!("an account has the name {name:?} already");
            section.fault(name, what, "another name");
            continue;
        }
        if let Some((account, relay)) = one(&account, inner, queues) {
            accounts.all.push(account);
            accounts.relays.push(relay);
        }
    }
    section.finish();
}

/// Reads one relay.
pub(super) fn one(
    name: &AccountName,
    section: Section<'_>,
    queues: &BTreeMap<QueueName, Policy>,
) -> Option<(Account, Relay)> {
    let tenant = section.need("tenant", tenant);
    let url = section.need("url", url);
    let secret = section.find("secret", filled);
    let key = section.find("key", pointer);
    let body = section.find("body", filled);
    let results = section.find("results", pointer);
    let headers = section.find("headers", texts);
    let usual = QueueName::new(QUEUE)
        .ok()
        .and_then(|queue| queues.get(&queue));
    let limits = section.section("limits");
    let batch = section.section("batch");
    let policy = usual.map(|usual| {
        let mut policy = limits.map_or_else(|| usual.clone(), |own| policy::read_over(usual, own));
        if let Some(batch) = batch {
            policy.batch = policy::batch_over(&policy, batch);
        }
        policy
    });
    let config = webhook::Config {
        url: url?,
        secret: secret.map(Secret::new),
        headers: headers
            .map(|headers| {
                let texts = headers.as_object().into_iter().flatten();
                let text = |(name, value): (&String, &serde_json::Value)| {
                    Some((name.clone(), Secret::new(value.as_str()?)))
                };
                texts.filter_map(text).collect()
            })
            .unwrap_or_default(),
        body: body.unwrap_or_else(webhook::default_body),
        results: results.unwrap_or_else(webhook::default_results),
    };
    let base_url = config
        .url
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_owned();
    let destination = endpoint(config, &section);
    let queue = match relay_queue(name) {
        Ok(queue) => queue,
        Err(why) => {
            section.fault("name", why.to_string(), "a shorter name");
            section.finish();
            return None;
        }
    };
    section.finish();
    let account = Account {
        name: name.clone(),
        tenant: tenant?,
        queue,
        platform: "webhook",
        base_url,
        conversions: None,
        hears: None,
        destination: destination?,
        policy: policy?,
    };
    let relay = Relay {
        tenant: account.tenant.clone(),
        line: account.line(),
        key,
    };
    Some((account, relay))
}

/// The endpoint behind the settings, or what is wrong with them.
pub(super) fn endpoint(
    config: webhook::Config,
    section: &Section<'_>,
) -> Option<Arc<dyn Destination>> {
    match webhook::Webhook::new(config) {
        Ok(webhook) => Some(Arc::new(webhook)),
        Err(error) => {
            let text = error.to_string();
            let (what, write) = text
                .split_once("; hint: write ")
                .unwrap_or((&text, "another"));
            section.fault(error.setting(), what, write);
            None
        }
    }
}

/// A whole address: what an endpoint is reached at. Credentials belong into `headers`.
pub(super) fn url(node: &Node) -> Result<String, Wrong> {
    let text = text(node)?;
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let write = "a web address: \"https://shop.example/hooks/orders\"";
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !text.contains([' ', '@']) => {
            Ok(text)
        }
        _ => Err(Wrong::new(
            "is not a web address without credentials",
            write,
        )),
    }
}

/// A JSON Pointer (RFC 6901).
fn pointer(node: &Node) -> Result<String, Wrong> {
    let text = text(node)?;
    match text.starts_with('/') {
        true => Ok(text),
        false => Err(Wrong::new(
            "is not a JSON Pointer",
            "a slash and a name: \"/id\"",
        )),
    }
}
