//! Accounts that environment variables of the requirements make: where the configuration has none of
//! a provider, its variables stand for one, of the tenant `default`.

use std::{collections::BTreeMap, sync::Arc};

use cauce_destinations::message::Provider;

use crate::config::{
    place::{Place, Source},
    tree::{Node, Table, Value},
};

/// The tenant of such accounts.
const TENANT: &str = "default";

/// The variables of a provider.
struct Variables {
    provider: Provider,
    /// Each variable and the field of the account that it stands for.
    all: &'static [(&'static str, &'static str)],
    /// Fields that have to be there; of those in one list, any.
    needed: &'static [&'static [&'static str]],
}

const VARIABLES: [Variables; 2] = [
    Variables {
        provider: Provider::Twilio,
        all: &[
            ("TWILIO_ACCOUNT_SID", "account_sid"),
            ("TWILIO_AUTH_TOKEN", "auth_token"),
            ("TWILIO_WHATSAPP_NUMBER", "from"),
            ("TWILIO_MESSAGING_SERVICE_SID", "messaging_service_sid"),
        ],
        needed: &[
            &["account_sid"],
            &["auth_token"],
            &["from", "messaging_service_sid"],
        ],
    },
    Variables {
        provider: Provider::Evolution,
        all: &[
            ("EVOLUTION_API_URL", "base_url"),
            ("EVOLUTION_API_KEY", "api_key"),
            ("EVOLUTION_API_INSTANCE", "instance"),
            ("EVOLUTION_API_WEBHOOK_SECRET", "webhook_secret"),
        ],
        needed: &[&["base_url"], &["api_key"], &["instance"]],
    },
];

impl Variables {
    /// The variables that are set, each with its field. An empty one is not set.
    fn set<'a>(
        &self,
        environment: &'a BTreeMap<String, String>,
    ) -> Vec<(&'static str, &'static str, &'a str)> {
        let all = self.all.iter();
        all.filter_map(|(variable, field)| {
            let value = environment.get(*variable)?.trim();
            (!value.is_empty()).then_some((*variable, *field, value))
        })
        .collect()
    }

    /// The variables that one would have to set as well; none where an account can be made.
    fn lacking(&self, set: &[(&str, &str, &str)]) -> Vec<&'static str> {
        let is_set = |field: &&str| set.iter().any(|(_, known, _)| known == field);
        let lacking = self.needed.iter().filter(|any| !any.iter().any(is_set));
        let variable = |field: &str| {
            let all = self.all.iter();
            all.filter_map(move |(variable, known)| (*known == field).then_some(*variable))
                .next()
        };
        lacking.filter_map(|any| variable(any[0])).collect()
    }
}

/// Adds the accounts that the environment makes.
pub(crate) fn add(environment: &BTreeMap<String, String>, all: &mut Table) {
    for variables in &VARIABLES {
        let set = variables.set(environment);
        let Some((first, ..)) = set.first() else {
            continue;
        };
        if !variables.lacking(&set).is_empty() || has_account(all, variables.provider) {
            continue;
        }
        let provider = variables.provider.as_str();
        let place = whole(first);
        let own = [
            ("name", provider),
            ("tenant", TENANT),
            ("platform", provider),
        ];
        let own = own.map(|(field, value)| (field, value, place.clone()));
        let set = set
            .iter()
            .map(|(variable, field, value)| (*field, *value, whole(variable)));
        let table = own.into_iter().chain(set).map(|(field, value, place)| {
            let node = Node::loose(value.to_owned(), place);
            (field.to_owned(), node)
        });
        push(all, table.collect(), &place);
    }
}

fn whole(variable: &str) -> Place {
    Place::whole(&Arc::new(Source::Variable(variable.to_owned())))
}

fn push(all: &mut Table, account: Table, place: &Place) {
    let node = |value| Node {
        value,
        key: place.clone(),
        place: place.clone(),
    };
    let accounts = all
        .entry("accounts".to_owned())
        .or_insert_with(|| node(Value::List(Vec::new())));
    if let Value::List(items) = &mut accounts.value {
        items.push(node(Value::Table(account)));
    }
}

fn has_account(all: &Table, provider: Provider) -> bool {
    let Some(Value::List(items)) = all.get("accounts").map(|node| &node.value) else {
        return false;
    };
    items.iter().any(|item| match &item.value {
        Value::Table(account) => account.get("platform").is_some_and(|node| {
            matches!(&node.value, Value::Text(text) | Value::Loose(text) if text == provider.as_str())
        }),
        _ => false,
    })
}

/// Providers with variables that are set and make no account. They often stand in an environment for
/// other programs, so they are worth a note and no refusal.
pub(crate) fn without_effect(environment: &BTreeMap<String, String>, all: &Table) -> Vec<String> {
    let idle = VARIABLES.iter().filter_map(|variables| {
        let set = variables.set(environment);
        let lacking = variables.lacking(&set);
        if set.is_empty() || lacking.is_empty() || has_account(all, variables.provider) {
            return None;
        }
        let set: Vec<&str> = set.iter().map(|(variable, ..)| *variable).collect();
        Some(format!(
            "{} makes no account: {} is not set",
            set.join(", "),
            lacking.join(", ")
        ))
    });
    idle.collect()
}
