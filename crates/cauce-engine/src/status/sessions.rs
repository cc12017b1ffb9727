//! What the sessions part tells of itself.

use cauce_flow::priority::Priority;
use cauce_flow::time::Timestamp;
use std::time::Duration;

/// A QR code that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QrTaken {
    /// Whether it is another one than before.
    pub new: bool,
    /// Whether the backend is told.
    pub queued: bool,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A status that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusTaken {
    /// Whether the backend is told.
    pub queued: bool,
    /// How urgently.
    pub priority: Priority,
}

/// What is known of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// Whether its status is that of a connected one.
    pub active: bool,
    /// What it is doing.
    pub status: Option<String>,
    /// The QR code that it is shown.
    pub qr: Option<String>,
    /// When that expires.
    pub qr_expires_at: Option<Timestamp>,
    /// Which level knew it.
    pub source: Source,
    /// How long ago it was so.
    pub age: Duration,
    /// Whether it is older than it may be, and served because the backend cannot be asked.
    pub stale: bool,
}

/// A level of the cache of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The memory of this process.
    Local,
    /// The file in the data folder.
    Store,
    /// The company's backend.
    Backend,
}

impl Source {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Local => "local",
            Source::Store => "store",
            Source::Backend => "backend",
        }
    }
}

/// How the cache of sessions does.
#[derive(Clone, Debug, Default)]
pub struct CacheFigures {
    /// Sessions in memory.
    pub sessions: u64,
    /// QR codes that are good.
    pub qr_keys: u64,
    /// Statuses that were handed in and are good.
    pub status_keys: u64,
    /// Sessions of which it is known whether they are connected.
    pub connection_keys: u64,
    /// Sessions that the backend told of.
    pub session_keys: u64,
    /// Reads that were answered from memory.
    pub local_hits: u64,
    /// From the file.
    pub store_hits: u64,
    /// By the backend.
    pub backend_hits: u64,
    /// With something old, because the backend could not be asked.
    pub stale: u64,
    /// Not at all, because the backend could not be asked.
    pub failed: u64,
    /// Not at all, because nothing is known and there is no backend to ask.
    pub unknown: u64,
    /// Of all reads, those that found that there is no such session.
    pub absent: u64,
    /// Questions to the backend.
    pub lookups: u64,
    /// Times that the file could not be read or written.
    pub unkept: u64,
}

/// Updates of sessions since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct UpdateFigures {
    /// QR codes that were handed in.
    pub qrs: u64,
    /// Statuses that were handed in.
    pub statuses: u64,
    /// QR codes that were shown already.
    pub unchanged: u64,
    /// QR codes that wait for their distance from the one before.
    pub throttled: u64,
}

/// What the queues of sessions count. Costs no reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchCounts {
    /// QR codes that wait for a batch.
    pub qr_waiting: u64,
    /// Statuses that wait for a batch.
    pub status_waiting: u64,
    /// When the last batch was answered; none where there was none since the start.
    pub last_flush_at: Option<Timestamp>,
    /// Updates that were taken, ever, and those that were not because nothing had changed.
    pub received: u64,
    /// States that the backend has taken, ever.
    pub sent: u64,
    /// Updates that a newer one replaced, ever.
    pub coalesced: u64,
}

/// How the batches of sessions do.
#[derive(Clone, Debug, Default)]
pub struct BatchFigures {
    /// What the queues count.
    pub counts: BatchCounts,
    /// Since the last batch was answered; none where there was none since the start.
    pub since_last_flush: Option<Duration>,
    /// QR codes that were shown already, since the start.
    pub unchanged: u64,
    /// Requests that it took, ever.
    pub requests: u64,
}
