//! The configuration: defaults, file, environment and flags, read, checked, and made into what the
//! engine and the server are told.
//!
//! ```text
//! layers -> tree -> substitute -> sections -> Config
//!                                     |
//!                                     +-> Problems: all of them at once, each with its place
//! ```
//!
//! Why it is read by hand and not by serde: `docs/adr/0005-reading-the-configuration.md`.

mod aliases;
mod layers;
mod place;
mod problem;
mod read;
mod reader;
mod section;
mod substitute;
mod tree;
mod units;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

use cauce_destinations::message::Provider;
use cauce_engine::settings::{MessageSettings, Settings};
use cauce_flow::{dispatch::policy::Policy, id::QueueName};
use cauce_http::ServerSettings;

pub(crate) use self::{
    layers::Inputs,
    problem::Problems,
    section::log::{Format, Log},
};
use self::{
    read::{base_url, filled},
    reader::{Collected, Section},
    tree::Table,
};
use crate::global::Global;

/// The configuration, checked and complete.
#[derive(Clone)]
pub(crate) struct Config {
    /// What the engine is told.
    pub(crate) settings: Settings,
    /// What the server is told.
    pub(crate) server: ServerSettings,
    /// The first key, with all scopes.
    pub(crate) admin_key: Option<String>,
    /// What the log is told.
    pub(crate) log: Log,
    /// The file it was read from, besides the defaults.
    pub(crate) file: Option<PathBuf>,
    /// What is worth knowing and not wrong.
    pub(crate) notes: Vec<String>,
}

impl Config {
    /// The address of the server for a client on this machine.
    pub(crate) fn local_url(&self) -> String {
        let mut address = self.server.listen;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        format!("http://{address}")
    }
}

/// What the configuration is made of when these options are given.
pub(crate) fn inputs(
    global: &Global,
    mut flags: Vec<(&'static str, &'static str, String)>,
) -> Inputs {
    if let Some(dir) = &global.data_dir {
        flags.push(("--data-dir", "data_dir", dir.display().to_string()));
    }
    Inputs::of_process(global.config.clone(), flags)
}

/// Reads and checks the configuration.
pub(crate) fn load(inputs: &Inputs) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let (table, file) = layers::read(inputs, &mut problems);
    let collected = Collected::default();
    let config = read_root(&table, &collected);
    problems.extend(collected.into_inner());
    match config {
        Some(config) if problems.is_empty() => Ok(Config {
            file,
            notes: notes(&config, inputs, &table),
            ..config
        }),
        _ => Err(Problems::new(problems)),
    }
}

/// What is worth knowing and not wrong.
fn notes(config: &Config, inputs: &Inputs, table: &Table) -> Vec<String> {
    let mut notes = aliases::without_effect(&inputs.environment);
    notes.extend(aliases::senders::without_effect(&inputs.environment, table));
    if config.server.public_url.is_none() {
        let accounts = config.settings.accounts.iter();
        let unheard = accounts.filter(|account| account.provider() == Some(Provider::Twilio));
        notes.extend(unheard.map(|account| {
            format!(
                "account {}: without public_url, Twilio cannot tell what becomes of its messages",
                account.name
            )
        }));
    }
    notes
}

fn read_root(table: &Table, problems: &Collected) -> Option<Config> {
    let root = Section::root(table, problems);
    let data_dir = root.need("data_dir", filled);
    let public_url = root.find("public_url", base_url);
    let http = root.section("http").map(section::http::read);
    let fsync = root.section("storage").and_then(section::rest::storage);
    let limits = root.section("limits").and_then(section::rest::limits);
    let history = root.section("history").and_then(section::rest::history);
    let transport = root.section("transport").and_then(section::rest::transport);
    let pixels = root.section("pixels").and_then(section::pixels::read);
    let tracking = root.section("tracking").and_then(section::tracking::read);
    let log = root.section("log").and_then(section::log::read);
    let queues = root.section("queues").map(read_queues).unwrap_or_default();
    let mut accounts = section::accounts::read(&root, &queues, public_url.as_deref());
    if let Some(relays) = root.section("relays") {
        section::relays::read(relays, &queues, &mut accounts);
    }
    let backends = std::mem::take(&mut accounts.backends);
    let relay_queue = QueueName::new(section::relays::QUEUE);
    let relay_policy = relay_queue
        .ok()
        .and_then(|queue| queues.get(&queue).cloned());
    let sessions = root.section("sessions");
    let sessions = sessions.and_then(|section| section::sessions::read(section, backends));
    let messages = root.section("messages");
    let messages = messages.and_then(section::messages::read);
    let analytics = root.section("analytics");
    let analytics = analytics.and_then(section::analytics::read);
    let campaigns = root.section("campaigns");
    let campaigns = campaigns.and_then(section::campaigns::read);
    let alerts = root.section("alerts").and_then(|section| {
        section::alerts::read(section, &queues, public_url.as_deref(), &mut accounts)
    });
    let (alerts, mail) = alerts.unzip();
    let reports = section::reports::read(&root, &queues, mail.flatten(), &mut accounts);
    root.elsewhere("cache", "`cache_ttl` and `max_cached` in [sessions]");
    root.finish();
    let (server, admin_key) = http?;
    let (campaigns, batch_size) = campaigns?;
    Some(Config {
        settings: Settings {
            data_dir: PathBuf::from(data_dir?),
            fsync: fsync?,
            limits: limits?,
            history: history?,
            accounts: accounts.all,
            relays: accounts.relays,
            relay_policy,
            sessions: sessions?,
            messages: MessageSettings {
                batch_size,
                ..messages?
            },
            analytics: analytics?,
            campaigns,
            alerts: alerts?,
            reports,
            transport: transport?,
            pixels: pixels?,
            tracking: tracking?,
        },
        server: ServerSettings {
            public_url,
            ..server?
        },
        admin_key,
        log: log?,
        file: None,
        notes: Vec::new(),
    })
}

/// Queues beside those of the pixels part, whose settings have aliases.
const OTHER_QUEUES: [&str; 6] = [
    "alerts",
    "whatsapp",
    "campaigns",
    "qr",
    "status",
    section::relays::QUEUE,
];

fn read_queues(section: Section<'_>) -> BTreeMap<QueueName, Policy> {
    let mut queues = BTreeMap::new();
    for name in aliases::QUEUES.into_iter().chain(OTHER_QUEUES) {
        let policy = section.section(name).map(section::policy::read);
        let Ok(queue) = QueueName::new(name) else {
            continue;
        };
        queues.extend(policy.map(|policy| (queue, policy)));
    }
    section.finish();
    queues
}

#[cfg(test)]
mod tests;
