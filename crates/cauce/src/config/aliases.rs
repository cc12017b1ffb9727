//! Other names of settings: those of the requirements that Cauce replaces.
//!
//! Those of the pixels part stand for the same setting of each of its queues, those of tracking for
//! one of its settings. They are weaker than that setting written out in the same layer.

pub(crate) mod senders;

use std::{collections::BTreeMap, sync::Arc};

use super::{
    place::{Place, Source},
    problem::Problem,
    tree::{Node, Table, Value, plant},
};

/// The queues that an alias sets.
pub(crate) const QUEUES: [&str; 4] = ["meta", "google", "linkedin", "tiktok"];

/// Names in `[pixels]` that set a policy of all its queues.
const IN_PIXELS: [(&str, &str); 2] = [
    ("batch_size", "batch.max_items"),
    ("processing_interval", "batch.max_wait"),
];

/// Environment variables of the requirements, the setting of a queue each stands for, and how its
/// value is carried over.
const VARIABLES: [(&str, &str, Carry); 4] = [
    ("BATCH_SIZE", "batch.max_items", Carry::AsItIs),
    ("MAX_CONCURRENT_BATCHES", "concurrency", Carry::AsItIs),
    (
        "BATCH_RETRY_ATTEMPTS",
        "retry.max_attempts",
        Carry::RetriesToAttempts,
    ),
    ("BATCH_RETRY_DELAY", "retry.base", Carry::Milliseconds),
];

/// Environment variables of the requirements that stand for one setting each.
const TRACKING: [(&str, &str, Carry); 7] = [
    (
        "TRACKING_BUFFER_MAX_SIZE",
        "buffer.max_events",
        Carry::AsItIs,
    ),
    (
        "TRACKING_BUFFER_FLUSH_INTERVAL_MS",
        "buffer.flush_interval",
        Carry::Milliseconds,
    ),
    (
        "TRACKING_ENABLE_THROTTLING",
        "enable_throttling",
        Carry::Flag,
    ),
    (
        "TRACKING_ENABLE_AGGREGATION",
        "enable_aggregation",
        Carry::Flag,
    ),
    ("TRACKING_AUTO_CLEANUP_ENABLED", "auto_cleanup", Carry::Flag),
    (
        "TRACKING_RETENTION_MONTHS",
        "retention_months",
        Carry::AsItIs,
    ),
    (
        "TRACKING_CLEANUP_OLDER_THAN_MONTHS",
        "cleanup_older_than_months",
        Carry::AsItIs,
    ),
];

/// Environment variables of the requirements that stand for a setting of campaigns, too.
const CAMPAIGNS: [(&str, &str, Carry); 4] = [
    ("BATCH_SIZE", "batch_size", Carry::AsItIs),
    ("MAX_CONCURRENT_BATCHES", "max_running", Carry::AsItIs),
    ("BATCH_RETRY_ATTEMPTS", "retries", Carry::AsItIs),
    ("BATCH_RETRY_DELAY", "retry_delay", Carry::Milliseconds),
];

#[derive(Clone, Copy)]
enum Carry {
    AsItIs,
    /// `true` or `false`.
    Flag,
    /// The requirement counts retries; an attempt more was made before the first of them.
    RetriesToAttempts,
    Milliseconds,
}

/// Takes the aliases out of `[pixels]` of a layer and answers what they stand for.
pub(crate) fn of_layer(layer: &mut Table) -> Table {
    let mut meant = Table::new();
    let pixels = layer.get_mut("pixels").map(|node| &mut node.value);
    let Some(Value::Table(pixels)) = pixels else {
        return meant;
    };
    for (name, setting) in IN_PIXELS {
        if let Some(node) = pixels.remove(name) {
            plant_for_queues(&mut meant, setting, &node);
        }
    }
    meant
}

/// What the environment variables of the requirements stand for. An empty one is not set.
pub(crate) fn of_environment(
    environment: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Table {
    let mut meant = Table::new();
    let mut bad: Vec<Bad> = Vec::new();
    let mut each = |name: &'static str, setting: &str, carry, plant: &dyn Fn(&mut Table, &Node)| {
        let Some(value) = environment.get(name).filter(|value| !value.is_empty()) else {
            return;
        };
        let place = Place::whole(&Arc::new(Source::Variable(name.to_owned())));
        match carried(value.trim(), carry) {
            Some(value) => plant(&mut meant, &Node::loose(value, place)),
            None => match bad.iter_mut().find(|bad| bad.name == name) {
                Some(bad) => bad.settings.push(setting.to_owned()),
                None => bad.push(Bad {
                    name,
                    place,
                    carry,
                    settings: vec![setting.to_owned()],
                }),
            },
        }
    };
    for (name, setting, carry) in VARIABLES {
        each(
            name,
            &format!("queues.NAME.{setting}"),
            carry,
            &|meant, node| {
                plant_for_queues(meant, setting, node);
            },
        );
    }
    let tracking = TRACKING.map(|alias| ("tracking", alias));
    let campaigns = CAMPAIGNS.map(|alias| ("campaigns", alias));
    for (section, (name, setting, carry)) in tracking.into_iter().chain(campaigns) {
        let full = format!("{section}.{setting}");
        each(name, &full, carry, &|meant, node| {
            let path: Vec<_> = full.split('.').map(str::to_owned).collect();
            plant(meant, &path, node.clone());
        });
    }
    problems.extend(bad.into_iter().map(Bad::problem));
    meant
}

/// A variable whose value cannot be carried over, and all settings that it stands for.
struct Bad {
    name: &'static str,
    place: Place,
    carry: Carry,
    settings: Vec<String>,
}

impl Bad {
    fn problem(self) -> Problem {
        let (name, carry) = (self.name, self.carry);
        let settings = self.settings.join(" and ");
        Problem::at(&self.place, format!("`{name}` is {}", carry.is_no()))
            .write(format!("{}, or unset it and set {settings}", carry.write()))
    }
}

impl Carry {
    fn is_no(self) -> &'static str {
        match self {
            Carry::Flag => "neither true nor false",
            Carry::AsItIs | Carry::RetriesToAttempts | Carry::Milliseconds => "not a whole number",
        }
    }

    fn write(self) -> &'static str {
        match self {
            Carry::Flag => "true or false",
            Carry::AsItIs | Carry::RetriesToAttempts | Carry::Milliseconds => "digits",
        }
    }
}

fn carried(value: &str, carry: Carry) -> Option<String> {
    if let Carry::Flag = carry {
        let flag: bool = value.to_ascii_lowercase().parse().ok()?;
        return Some(flag.to_string());
    }
    let number: u32 = value.parse().ok()?;
    Some(match carry {
        Carry::AsItIs | Carry::Flag => number.to_string(),
        Carry::RetriesToAttempts => number.saturating_add(1).to_string(),
        Carry::Milliseconds => format!("{number}ms"),
    })
}

fn plant_for_queues(table: &mut Table, setting: &str, node: &Node) {
    for queue in QUEUES {
        let path = ["queues", queue].into_iter().chain(setting.split('.'));
        let path: Vec<_> = path.map(str::to_owned).collect();
        plant(table, &path, node.clone());
    }
}

/// Variables of the requirements that name what this version does not have, and are set. They
/// often stand in an environment for other programs, so they are worth a note and no refusal.
pub(crate) fn without_effect(environment: &BTreeMap<String, String>) -> Vec<String> {
    const OTHERS: [(&str, &str); 4] = [
        ("REDIS_URL", "queues are kept in the data folder"),
        ("REDISCLOUD_URL", "queues are kept in the data folder"),
        ("REDIS_HOST", "queues are kept in the data folder"),
        ("REDIS_ANALYTICS_DB", "queues are kept in the data folder"),
    ];
    OTHERS
        .iter()
        .filter(|(name, _)| {
            environment
                .get(*name)
                .is_some_and(|value| !value.is_empty())
        })
        .map(|(name, why)| format!("{name} is set and has no effect: {why}"))
        .collect()
}
