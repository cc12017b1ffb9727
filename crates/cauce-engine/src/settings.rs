//! What the engine is told to do, checked and complete. The binary makes it from the configuration.

mod alerts;
mod campaigns;
mod messages;
mod relays;
mod reports;
mod sessions;
pub mod tracking;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use cauce_destinations::{
    destination::Destination, message::Provider, pixel::Platform, senders::Hears,
};
use cauce_flow::{
    dispatch::{
        disposition::Delivery,
        policy::{OnUnknown, Policy},
    },
    id::{AccountName, QueueName, TenantId},
    job::Line,
};

pub use alerts::{Alerts as AlertSettings, Channel, Form, alert_queue};
pub use campaigns::Campaigns as CampaignSettings;
pub use cauce_observe::analytics::hours::{Hours as BusinessHours, Window as BusinessWindow};
pub use cauce_store::analytics::Settings as AnalyticsSettings;
pub use messages::{Messages as MessageSettings, Words};
pub use relays::{Relay, relay_queue};
pub use reports::ScheduledReport;
pub use sessions::{Backend, CacheTtl, Evolution, Sessions as SessionSettings};

/// Everything the engine is told.
#[derive(Clone)]
pub struct Settings {
    /// The folder that holds all data of this process.
    pub data_dir: PathBuf,
    /// Whether an answer waits for fsync; without it, data survives the process, not the power.
    pub fsync: bool,
    /// How much may wait.
    pub limits: Limits,
    /// How long what is finished can be looked at.
    pub history: History,
    /// The accounts, with their own policy. Two accounts never share a name.
    pub accounts: Vec<Account>,
    /// Deadlines and caps of outgoing requests.
    pub transport: Transport,
    /// The pixels part.
    pub pixels: Pixels,
    /// The tracking part.
    pub tracking: tracking::Tracking,
    /// The relays, whose accounts stand among the others.
    pub relays: Vec<Relay>,
    /// The policy of relays that are made through the API; none lets none be made.
    pub relay_policy: Option<Policy>,
    /// The sessions part.
    pub sessions: SessionSettings,
    /// The campaigns part.
    pub campaigns: CampaignSettings,
    /// The messages part.
    pub messages: MessageSettings,
    /// The alerts part.
    pub alerts: AlertSettings,
    /// Analytics.
    pub analytics: AnalyticsSettings,
    /// Reports that are sent by themselves.
    pub reports: Vec<ScheduledReport>,
}

/// How much may wait.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Pending jobs in one queue.
    pub max_jobs: u64,
    /// Pending payload bytes in one queue.
    pub max_bytes: u64,
    /// What a full queue still takes of tenants that did not fill it, as a share of both.
    pub tenant_reserve: f64,
    /// What is kept free of the disk.
    pub min_free: MinFree,
    /// Most bytes of one job's payload.
    pub max_payload_bytes: usize,
}

/// What is kept free of the disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinFree {
    /// A share of the whole disk, 0 to 100.
    Percent(f64),
    /// So many bytes.
    Bytes(u64),
}

/// How long what is finished can be looked at.
#[derive(Clone, Debug)]
pub struct History {
    /// The newest completed jobs of each queue.
    pub completed: usize,
    /// Dead letters, for so long.
    pub dead: Duration,
    /// Expired and cancelled jobs, for so long.
    pub ended: Duration,
    /// Idempotency keys are known for so long.
    pub idempotency: Duration,
}

/// A configured destination account.
#[derive(Clone)]
pub struct Account {
    /// Its name, unique.
    pub name: AccountName,
    /// Whose it is.
    pub tenant: TenantId,
    /// The queue that feeds it.
    pub queue: QueueName,
    /// The platform's name in the configuration: `meta`, `google`, …
    pub platform: &'static str,
    /// Where requests go, fit to be shown.
    pub base_url: String,
    /// The event types that the account has a conversion rule for, where the platform wants rules.
    pub conversions: Option<BTreeMap<String, String>>,
    /// What it is sent and what its answers mean.
    pub destination: Arc<dyn Destination>,
    /// What it takes to hear what its provider tells, where messages are sent from it.
    pub hears: Option<Arc<Hears>>,
    /// The policy of its line: the queue's, with the account's own limits over it.
    pub policy: Policy,
}

impl Account {
    /// Whether it takes conversion events.
    pub fn is_pixel(&self) -> bool {
        self.platform.parse::<Platform>().is_ok()
    }

    /// The provider that carries its messages, where messages are sent from it.
    pub fn provider(&self) -> Option<Provider> {
        self.platform.parse().ok()
    }

    /// Whether a job whose fate is not known waits for somebody to say it, and does not go again by
    /// itself.
    pub fn holds_unknown(&self) -> bool {
        self.destination.delivery() == Delivery::NeverTwice
            && self.policy.on_unknown == OnUnknown::Hold
    }

    /// The line that feeds the account.
    pub fn line(&self) -> Line {
        Line {
            queue: self.queue.clone(),
            account: self.name.clone(),
        }
    }
}

/// Deadlines and caps of outgoing requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Transport {
    /// For a connection to be there, TLS included.
    pub connect: Duration,
    /// For the first byte of an answer.
    pub first_byte: Duration,
    /// For the whole exchange.
    pub total: Duration,
    /// Most bytes of an answer that are read.
    pub max_answer_bytes: usize,
    /// Idle connections kept for each host.
    pub max_idle_connections: usize,
    /// Roots that are trusted besides those of Mozilla, as DER. Taken at the start.
    pub roots: Vec<Vec<u8>>,
}

/// The pixels part.
#[derive(Clone, Debug)]
pub struct Pixels {
    /// What an event without `consent` has consented to.
    pub consent_granted: bool,
    /// The country that completes national phone numbers, by tenant; two letters.
    pub default_country: BTreeMap<TenantId, String>,
    /// The same for tenants that have none of their own.
    pub fallback_country: Option<String>,
    /// How often each account's token is checked.
    pub token_check: Duration,
    /// A queue is `degraded` when jobs wait and no batch ran for so many intervals.
    pub stalled_after: u32,
}
