//! What the engine is told about tracking.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use cauce_destinations::secret::Secret;
use cauce_flow::{
    event::EventKind,
    id::TenantId,
    shape::{
        allowance::Limits,
        consent::Policy,
        sampler::{Rule, SampleBy},
    },
};

/// The tracking part.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracking {
    /// The way from the log into files.
    pub buffer: Buffer,
    /// Whether events are sampled; without it, all are kept.
    pub sampling: bool,
    /// Which events meet the same fate.
    pub sample_by: SampleBy,
    /// How events of a kind are sampled, where a tenant has set nothing else.
    pub rules: BTreeMap<EventKind, Rule>,
    /// Whether equal events within a minute become one with a count.
    pub aggregation: bool,
    /// Most bytes of the metadata of one event.
    pub max_metadata_bytes: usize,
    /// Whether partitions past their time are dropped.
    pub auto_cleanup: bool,
    /// Events older than so many months are refused.
    pub retention_months: u32,
    /// Partitions older than so many months are dropped.
    pub cleanup_older_than_months: u32,
    /// When the daily maintenance runs.
    pub maintenance: Maintenance,
    /// What is heeded of a visitor's wishes.
    pub consent: Policy,
    /// How much one tenant may hand in.
    pub quota: Limits,
    /// The same for single tenants.
    pub quota_by_tenant: BTreeMap<TenantId, Limits>,
    /// The stream of live events.
    pub stream: Stream,
    /// What becomes a conversion for the pixels.
    pub conversions: Vec<Conversion>,
    /// The daily export.
    pub export: Export,
}

/// The way from the log into files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// With so many events, it is written to files.
    pub max_events: usize,
    /// After so long, it is written to files.
    pub flush_interval: Duration,
    /// So many events at most wait for the files; past it, new ones are refused.
    pub max_waiting: usize,
}

/// When the daily maintenance runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// The hour.
    pub hour: i8,
    /// The minute.
    pub minute: i8,
    /// The time zone, by its name in the IANA database.
    pub zone: String,
}

/// The stream of live events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Most readers at once.
    pub max_readers: usize,
    /// How many events are kept for those who come back.
    pub max_events: usize,
}

/// A kind of tracked event that becomes a conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The kind.
    pub event: EventKind,
    /// Of this tenant alone.
    pub tenant: Option<TenantId>,
    /// The event type that it becomes.
    pub event_type: String,
    /// The platforms that get it; none for all of the tenant.
    pub platforms: Option<Vec<String>>,
    /// Fields of the conversion, and the names of the metadata that they are taken from.
    pub fields: BTreeMap<String, String>,
}

/// Fields of a conversion about what was done that can be taken from metadata. Those of a person are
/// not among them: metadata is kept as it is, and no place for an address.
pub const DATA_FIELDS: &[&str] = &["value", "currency", "orderId", "search"];

/// Fields of a conversion about the browser that can be taken from metadata.
pub const CLIENT_FIELDS: &[&str] = &[
    "fbp",
    "fbc",
    "fbclid",
    "gclid",
    "gaClientId",
    "gaSessionId",
    "ttclid",
    "ttp",
    "liFatId",
];

/// The daily export: one Parquet file for each UTC day and tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// A folder that it goes to.
    pub folder: Option<PathBuf>,
    /// A bucket that it goes to.
    pub bucket: Option<Bucket>,
}

/// A bucket of S3, or of a system that speaks like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What stands before the names of the files, without a slash at its end; may be empty.
    pub prefix: String,
    /// Where it lies.
    pub region: String,
    /// The address of the system; none for Amazon's own.
    pub endpoint: Option<String>,
    /// Which key signs.
    pub access_key_id: String,
    /// What it signs with.
    pub secret_access_key: Secret,
}

impl Default for Tracking {
    /// The defaults of the reference configuration.
    fn default() -> Tracking {
        Tracking {
            buffer: Buffer {
                max_events: 500,
                flush_interval: Duration::from_secs(5),
                max_waiting: 200_000,
            },
            sampling: true,
            sample_by: SampleBy::Event,
            rules: BTreeMap::new(),
            aggregation: true,
            max_metadata_bytes: 16 << 10,
            auto_cleanup: true,
            retention_months: 12,
            cleanup_older_than_months: 13,
            maintenance: Maintenance {
                hour: 3,
                minute: 0,
                zone: "UTC".to_owned(),
            },
            consent: Policy::default(),
            quota: Limits::default(),
            quota_by_tenant: BTreeMap::new(),
            stream: Stream {
                max_readers: 100,
                max_events: 10_000,
            },
            conversions: Vec::new(),
            export: Export::default(),
        }
    }
}
