//! What the sessions part is told.

use std::{collections::BTreeMap, time::Duration};

use cauce_destinations::{backend, secret::Secret};
use cauce_flow::{dispatch::policy::BreakerPolicy, id::TenantId, job::Line};

/// The sessions part.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// The backend of each account, with the lines that feed it.
    pub backends: Vec<Backend>,
    /// A session's QR codes leave at most once in this time.
    pub qr_throttle: Duration,
    /// A QR code is shown no longer than this.
    pub qr_expires: Duration,
    /// How long each kind of state is taken for true.
    pub cache_ttl: CacheTtl,
    /// How long a state that is older is served where the backend cannot be asked.
    pub stale_for: Duration,
    /// Sessions that are held in memory at most.
    pub max_cached: usize,
    /// The route of one session at the backend.
    pub lookup_path: String,
    /// Statuses that go first.
    pub high: Vec<String>,
    /// Statuses of a session that is connected.
    pub active: Vec<String>,
    /// Largest QR code.
    pub max_qr_bytes: usize,
    /// WhatsApp gateways that tell of their sessions by webhooks, by name.
    pub evolution: BTreeMap<String, Evolution>,
}

/// How long each kind of state is taken for true.
#[derive(Clone, Copy, Debug)]
pub struct CacheTtl {
    /// A QR code.
    pub qr: Duration,
    /// A status that was handed in.
    pub status: Duration,
    /// Whether a session is connected.
    pub connection: Duration,
    /// What the backend said of a session.
    pub session: Duration,
}

/// A company's backend.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Whose it is.
    pub tenant: TenantId,
    /// The line that tells it of QR codes.
    pub qr: Line,
    /// The line that tells it of statuses.
    pub status: Line,
    /// Its address and credentials.
    pub config: backend::Config,
    /// When lookups stop.
    pub breaker: BreakerPolicy,
}

/// A gateway that tells of its sessions by webhooks.
#[derive(Clone, Debug)]
pub struct Evolution {
    /// Whose sessions they are.
    pub tenant: TenantId,
    /// What its webhooks show to be believed.
    pub secret: Secret,
}

impl Default for Sessions {
    fn default() -> Sessions {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let seconds = Duration::from_secs;
        Sessions {
            backends: Vec::new(),
            qr_throttle: seconds(3),
            qr_expires: seconds(60),
            cache_ttl: CacheTtl {
                qr: seconds(60),
                status: seconds(300),
                connection: seconds(60),
                session: seconds(600),
            },
            stale_for: seconds(3_600),
            max_cached: 100_000,
            lookup_path: "/api/sessions/{session_id}".to_owned(),
            high: words(&["connected", "disconnected"]),
            active: words(&["connected"]),
            max_qr_bytes: 64 << 10,
            evolution: BTreeMap::new(),
        }
    }
}
