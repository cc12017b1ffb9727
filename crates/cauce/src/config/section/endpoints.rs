//! Accounts of one's own systems: a backend, which has two lines, and an endpoint, which is a relay.

use std::{collections::BTreeMap, sync::Arc};

use cauce_destinations::backend::{self, Backend as Destination, Kind};
use cauce_engine::settings::{Account, Backend};
use cauce_flow::{
    dispatch::policy::Policy,
    id::{AccountName, QueueName},
    job::Line,
};
use serde_json::{Map, Value as Json};

use super::{
    found::{Accounts, tenant, texts},
    policy, relays,
};
use crate::config::{
    read::{base_url, filled, parsed},
    reader::Section,
};

/// Reads an account with `platform = "backend"`: a line for QR codes and one for statuses.
pub(super) fn backend(
    section: Section<'_>,
    queues: &BTreeMap<QueueName, Policy>,
    accounts: &mut Accounts,
) {
    let name = section.need("name", parsed::<AccountName>);
    let tenant = section.need("tenant", tenant);
    section.node("platform");
    let base_url = section.need("base_url", base_url);
    let mut fields = Map::new();
    let token = section.find("token", filled);
    fields.extend(token.map(|token| ("token".to_owned(), Json::String(token))));
    let headers = section.find("headers", texts);
    fields.extend(headers.map(|headers| ("headers".to_owned(), headers)));
    let limits = section.section("limits");
    let over = limits.map(|limits| {
        let usual = queues.get(&queue_of(Kind::Status)).cloned();
        usual.map(|usual| policy::read_over(&usual, limits))
    });
    let complete = name.zip(tenant).zip(base_url);
    let Some(((name, tenant), base_url)) = complete else {
        return section.finish();
    };
    fields.insert("base_url".to_owned(), Json::String(base_url));
    let config: Result<backend::Config, _> = serde_json::from_value(Json::Object(fields));
    let Ok(config) = config.inspect_err(|why| section.fault("platform", why.to_string(), "texts"))
    else {
        return section.finish();
    };
    let lines = Kind::ALL.map(|kind| line_of(&name, kind, &section));
    let destinations = Kind::ALL.map(|kind| Destination::new(&config, kind));
    for ((kind, line), destination) in Kind::ALL.into_iter().zip(&lines).zip(destinations) {
        let usual = queues.get(&queue_of(kind)).cloned();
        let (Some(line), Some(mut policy)) = (line, usual) else {
            continue;
        };
        if let Some(Some(over)) = &over {
            policy.rate.clone_from(&over.rate);
            policy.concurrency = over.concurrency;
        }
        match destination {
            Ok(destination) => accounts.all.push(Account {
                name: line.account.clone(),
                tenant: tenant.clone(),
                queue: line.queue.clone(),
                platform: "backend",
                base_url: config.base_url.clone(),
                conversions: None,
                hears: None,
                destination: Arc::new(destination),
                policy,
            }),
            Err(error) => {
                let text = error.to_string();
                let (what, write) = text
                    .split_once("; hint: write ")
                    .unwrap_or((&text, "another"));
                section.fault("headers", what, write);
                return section.finish();
            }
        }
    }
    let breaker = queues
        .get(&queue_of(Kind::Status))
        .map(|policy| policy.breaker);
    if let ([Some(qr), Some(status)], Some(breaker)) = (lines, breaker) {
        accounts.backends.push(Backend {
            tenant,
            qr,
            status,
            config,
            breaker,
        });
    }
    section.finish();
}

fn queue_of(kind: Kind) -> QueueName {
    QueueName::new(kind.queue()).expect("the names of the queues are names")
}

/// The line of one kind of state. Each has an account of its own name, because each is paused,
/// held and counted by itself.
fn line_of(name: &AccountName, kind: Kind, section: &Section<'_>) -> Option<Line> {
    let full = format!("{name}.{}", kind.queue());
    match AccountName::new(&full) {
        Ok(account) => Some(Line {
            queue: queue_of(kind),
            account,
        }),
        Err(why) => {
            section.fault("name", why.to_string(), "a shorter name, at most 57 bytes");
            None
        }
    }
}

/// Reads an account with `platform = "webhook"`: a relay of the account's name.
pub(super) fn webhook(
    section: Section<'_>,
    queues: &BTreeMap<QueueName, Policy>,
    accounts: &mut Accounts,
) {
    let name = section.need("name", parsed::<AccountName>);
    section.node("platform");
    let Some(name) = name else {
        return section.finish();
    };
    if let Some((account, relay)) = relays::one(&name, section, queues) {
        accounts.all.push(account);
        accounts.relays.push(relay);
    }
}
