//! What an alert is about.

use cauce_flow::id::TenantId;

/// What an alert is about: a thing, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Whose it is; none for what concerns all tenants.
    pub tenant: Option<TenantId>,
    /// The thing.
    pub thing: Thing,
}

/// A thing that something can be wrong with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// A queue.
    Queue(String),
    /// An account.
    Account(String),
    /// A campaign, by its id.
    Campaign(String),
    /// A report that is sent by itself.
    Report(String),
    /// Tracked events.
    Tracking,
    /// The disk that holds the data folder.
    Disk,
    /// A part of the stores, as readiness names it.
    Store(String),
}

impl Thing {
    /// The kind of thing, in the API.
    pub const fn kind(&self) -> &'static str {
        match self {
            Thing::Queue(_) => "queue",
            Thing::Account(_) => "account",
            Thing::Campaign(_) => "campaign",
            Thing::Report(_) => "report",
            Thing::Tracking => "tracking",
            Thing::Disk => "disk",
            Thing::Store(_) => "store",
        }
    }

    /// Its name; empty where there is one alone.
    pub fn name(&self) -> &str {
        match self {
            Thing::Queue(name)
            | Thing::Account(name)
            | Thing::Campaign(name)
            | Thing::Report(name)
            | Thing::Store(name) => name,
            Thing::Tracking | Thing::Disk => "",
        }
    }

    /// The thing of this kind and name.
    pub fn of(kind: &str, name: &str) -> Option<Thing> {
        let name = name.to_owned();
        Some(match kind {
            "queue" => Thing::Queue(name),
            "account" => Thing::Account(name),
            "campaign" => Thing::Campaign(name),
            "report" => Thing::Report(name),
            "tracking" => Thing::Tracking,
            "disk" => Thing::Disk,
            "store" => Thing::Store(name),
            _ => return None,
        })
    }
}
