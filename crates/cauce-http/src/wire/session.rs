//! Sessions, relays and how their batches and cache do.

use cauce_engine::status::{BatchFigures, CacheFigures, QrTaken, SessionState, StatusTaken};
use cauce_flow::time::Timestamp;
use cauce_store::jobs::Enqueued;
use serde::Serialize;
use utoipa::ToSchema;

/// What becomes of a QR code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QrTaken)]
pub(crate) struct QrTakenView {
    /// Whether it is another one than before.
    new: bool,
    /// Whether the backend is told.
    queued: bool,
    /// When it expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<QrTaken> for QrTakenView {
    fn from(taken: QrTaken) -> QrTakenView {
        QrTakenView {
            new: taken.new,
            queued: taken.queued,
            expires_at: taken.expires_at,
        }
    }
}

/// What becomes of a status.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusTaken)]
pub(crate) struct StatusTakenView {
    /// Whether the backend is told.
    queued: bool,
    /// How urgently.
    #[schema(value_type = String, example = "high")]
    priority: cauce_flow::priority::Priority,
}

impl From<StatusTaken> for StatusTakenView {
    fn from(taken: StatusTaken) -> StatusTakenView {
        StatusTakenView {
            queued: taken.queued,
            priority: taken.priority,
        }
    }
}

/// Where an answer about a session comes from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Origin {
    /// The level that knew it: `local` (this process), `store` (its file) or `backend`.
    #[schema(value_type = String, example = "local")]
    source: &'static str,
    /// How long ago it was so, in milliseconds.
    age_ms: u64,
    /// Whether it is older than it may be, and served because the backend cannot be asked.
    stale: bool,
}

impl Origin {
    fn of(state: &SessionState) -> Origin {
        Origin {
            source: state.source.as_str(),
            age_ms: ms(state.age),
            stale: state.stale,
        }
    }
}

/// A session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionView {
    /// Its name.
    id: String,
    /// What it is doing.
    status: Option<String>,
    /// Whether that is what a connected session does.
    active: bool,
    /// The QR code that it is shown.
    qr: Option<String>,
    /// When that expires.
    #[schema(value_type = Option<String>, format = DateTime)]
    qr_expires_at: Option<Timestamp>,
    #[serde(flatten)]
    origin: Origin,
}

impl SessionView {
    pub(crate) fn new(id: String, state: SessionState) -> SessionView {
        SessionView {
            id,
            origin: Origin::of(&state),
            status: state.status,
            active: state.active,
            qr: state.qr,
            qr_expires_at: state.qr_expires_at,
        }
    }
}

/// Whether a session is connected.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionActive)]
pub(crate) struct ActiveView {
    /// The session.
    id: String,
    /// Whether it is connected.
    active: bool,
    /// What it is doing.
    status: Option<String>,
    #[serde(flatten)]
    origin: Origin,
}

impl ActiveView {
    pub(crate) fn new(id: String, state: SessionState) -> ActiveView {
        ActiveView {
            id,
            origin: Origin::of(&state),
            active: state.active,
            status: state.status,
        }
    }
}

/// Whether anything was made of a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = Heard)]
pub(crate) struct HeardView {
    /// Whether it told of a session.
    pub(crate) taken: bool,
}

/// What became of items that were handed to a relay.
#[derive(Serialize, ToSchema)]
#[schema(as = Relayed)]
pub(crate) struct RelayedView {
    /// Items that were taken.
    accepted: u64,
    /// The job of each item, in order.
    ids: Vec<String>,
}

impl From<Vec<Enqueued>> for RelayedView {
    fn from(taken: Vec<Enqueued>) -> RelayedView {
        RelayedView {
            accepted: taken.len() as u64,
            ids: taken
                .into_iter()
                .map(|taken| taken.id.to_string())
                .collect(),
        }
    }
}

/// How the batches of sessions do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchMetrics)]
pub(crate) struct BatchView {
    /// QR codes that wait for a batch.
    qr_batch_size: u64,
    /// Statuses that wait for a batch.
    status_batch_size: u64,
    /// Milliseconds since the last batch was answered; null where there was none since the start.
    time_since_last_flush: Option<u64>,
    /// Updates that were taken, ever, with those that told of an expired code.
    received: u64,
    /// States that the backend has taken, ever.
    sent: u64,
    /// Updates that a newer one replaced, ever.
    coalesced: u64,
    /// QR codes that were shown already, since the start.
    unchanged: u64,
    /// Requests that it took, ever.
    requests: u64,
    /// Requests that were saved: one for each update, less those that were made.
    saved: u64,
    /// Requests for each update; null before the first.
    ratio: Option<f64>,
}

impl From<BatchFigures> for BatchView {
    fn from(figures: BatchFigures) -> BatchView {
        let counts = figures.counts;
        let updates = counts.received + figures.unchanged;
        let ratio = figures.requests as f64 / updates.max(1) as f64;
        BatchView {
            qr_batch_size: counts.qr_waiting,
            status_batch_size: counts.status_waiting,
            time_since_last_flush: figures.since_last_flush.map(ms),
            received: counts.received,
            sent: counts.sent,
            coalesced: counts.coalesced,
            unchanged: figures.unchanged,
            requests: figures.requests,
            saved: updates.saturating_sub(figures.requests),
            ratio: (updates > 0).then_some((ratio * 10_000.0).round() / 10_000.0),
        }
    }
}

/// How the cache of sessions does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CacheMetrics)]
pub(crate) struct CacheView {
    /// States that are good, of all kinds.
    total_keys: u64,
    /// QR codes.
    qr_keys: u64,
    /// Statuses that were handed in.
    status_keys: u64,
    /// Sessions of which it is known whether they are connected.
    connection_keys: u64,
    /// Sessions that the backend told of.
    session_keys: u64,
    /// Sessions in memory.
    sessions: u64,
    /// Reads that were answered from the memory of this process.
    local_hits: u64,
    /// Reads that were not, and went on to the file.
    local_misses: u64,
    /// Reads that were answered from the file in the data folder, the level between memory and
    /// backend.
    store_hits: u64,
    /// Reads that were not, and went on to the backend.
    store_misses: u64,
    /// Reads that were answered by the backend.
    backend_hits: u64,
    /// Reads that were not: those of `stale`, `failed` and `unknown`.
    backend_misses: u64,
    /// Reads that were answered with something old, because the backend could not be asked.
    stale: u64,
    /// Reads that were not answered, because the backend could not be asked.
    failed: u64,
    /// Reads of which nothing was known and that no backend could be asked about.
    unknown: u64,
    /// Of all reads, those that found that there is no such session.
    absent: u64,
    /// Questions to the backend.
    lookups: u64,
    /// Times that the file could not be read or written.
    unkept: u64,
    /// Reads that needed no question to the backend, of all; null before the first.
    hit_rate: Option<f64>,
}

impl From<CacheFigures> for CacheView {
    fn from(f: CacheFigures) -> CacheView {
        let hits = f.local_hits + f.store_hits;
        let backend_misses = f.stale + f.failed + f.unknown;
        let store_misses = f.backend_hits + backend_misses;
        let reads = hits + store_misses;
        let rate = hits as f64 / reads.max(1) as f64;
        CacheView {
            total_keys: f.qr_keys + f.status_keys + f.connection_keys + f.session_keys,
            qr_keys: f.qr_keys,
            status_keys: f.status_keys,
            connection_keys: f.connection_keys,
            session_keys: f.session_keys,
            sessions: f.sessions,
            local_hits: f.local_hits,
            local_misses: f.store_hits + store_misses,
            store_hits: f.store_hits,
            store_misses,
            backend_hits: f.backend_hits,
            backend_misses,
            stale: f.stale,
            failed: f.failed,
            unknown: f.unknown,
            absent: f.absent,
            lookups: f.lookups,
            unkept: f.unkept,
            hit_rate: (reads > 0).then_some((rate * 10_000.0).round() / 10_000.0),
        }
    }
}

fn ms(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A relay to be made.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewRelay)]
pub(crate) struct NewRelayBody {
    /// Its name.
    #[schema(value_type = String, example = "orders")]
    pub(crate) name: cauce_flow::id::AccountName,
    /// Whose it is. Only a key for all tenants needs it.
    #[schema(value_type = Option<String>)]
    pub(crate) tenant: Option<cauce_flow::id::TenantId>,
    /// Where batches go: a public https address.
    #[schema(example = "https://shop.example/hooks/orders")]
    pub(crate) url: String,
    /// What signs them: `whsec_` and 24 to 64 bytes in base64.
    pub(crate) secret: Option<String>,
    /// Headers of every request.
    #[serde(default)]
    pub(crate) headers: std::collections::BTreeMap<String, String>,
    /// The body as JSON, with `"$items"` where the items go.
    #[schema(example = "{\"orders\": \"$items\"}")]
    pub(crate) body: Option<String>,
    /// Where the answer holds one result for each item, as a JSON Pointer.
    pub(crate) results: Option<String>,
    /// Where in an item its key stands, as a JSON Pointer; the newest item of each key counts.
    #[schema(example = "/id")]
    pub(crate) key: Option<String>,
}

/// A relay.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Relay)]
pub(crate) struct RelayView {
    /// Its name.
    #[schema(value_type = String)]
    pub(crate) id: cauce_flow::id::AccountName,
    /// Whose it is.
    #[schema(value_type = String)]
    pub(crate) tenant: cauce_flow::id::TenantId,
    /// The queue that feeds it.
    #[schema(value_type = String, example = "relay.orders")]
    pub(crate) queue: cauce_flow::id::QueueName,
    /// Where batches go, without query.
    pub(crate) url: String,
    /// Where in an item its key stands.
    pub(crate) key: Option<String>,
    /// When the API made it; null for one of the configuration.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) created_at: Option<Timestamp>,
}
