//! Sessions of a gateway: their QR codes and statuses, told to the company's backend in batches and
//! shown to whoever asks without asking the backend each time.
//!
//! `take` turns updates into jobs, of which the newest of each session counts; `look` reads through
//! the levels of `cache`; `lookup` asks the backend; `known` says what is newer than what.

mod cache;
mod known;
mod look;
mod lookup;
mod take;

use std::{
    io,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use cauce_flow::{id::TenantId, reason::Reason, time::Timestamp};
use cauce_store::{
    jobs::{Error, JobStore},
    kept::{Kept, Name},
};

pub use self::take::Update;
use self::{cache::Cache, lookup::Breakers};
use crate::{
    clock::Clock,
    lines::Lines,
    settings::{Backend, SessionSettings},
    transport::Transport,
};

/// The sessions part of a running engine.
pub(crate) struct Sessions {
    cache: Cache,
    breakers: Breakers,
    jobs: Arc<dyn JobStore>,
    transport: Transport,
    lines: Lines,
    clock: Clock,
    counts: Counts,
}

/// Updates since the start.
#[derive(Default)]
struct Counts {
    qrs: AtomicU64,
    statuses: AtomicU64,
    unchanged: AtomicU64,
    throttled: AtomicU64,
}

/// What the part works with.
pub(crate) struct Means {
    pub(crate) jobs: Arc<dyn JobStore>,
    pub(crate) transport: Transport,
    pub(crate) lines: Lines,
    pub(crate) clock: Clock,
}

/// Why an update or a question about a session is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The tenant has no backend that could be told.
    #[error(
        "no backend is configured for this tenant; hint: add an account with platform = \"backend\""
    )]
    NoBackend,
    /// Nothing is known of the session.
    #[error("neither this server nor the backend knows the session")]
    Absent,
    /// The backend cannot be asked, and nothing is known that could be served instead.
    #[error("the backend cannot be asked about the session: {}", .0.detail)]
    Unavailable(Reason),
    /// The store refuses it.
    #[error(transparent)]
    Store(#[from] Error),
    /// What is kept of the session cannot be forgotten now.
    #[error("the session cannot be forgotten: {0}")]
    Kept(#[from] cauce_store::kept::Error),
}

impl Sessions {
    /// Opens what is kept of sessions.
    pub(crate) fn open(data_dir: &Path, max_cached: usize, with: Means) -> io::Result<Sessions> {
        Ok(Sessions {
            cache: Cache::new(Kept::open(data_dir)?, max_cached),
            breakers: Breakers::default(),
            jobs: with.jobs,
            transport: with.transport,
            lines: with.lines,
            clock: with.clock,
            counts: Counts::default(),
        })
    }

    /// Takes new limits.
    pub(crate) fn follow(&self, settings: &SessionSettings) {
        self.cache.follow(settings.max_cached);
    }

    /// Forgets a session, so that the next question goes to the backend.
    pub(crate) fn forget(&self, tenant: &TenantId, session: &str) -> Result<(), Refusal> {
        Ok(self.cache.remove(&name(tenant, session))?)
    }

    /// Forgets what is too old to be served even where the backend cannot be asked.
    pub(crate) fn prune(&self, settings: &SessionSettings) {
        let now = self.clock.now().as_millis();
        let stale_ms = i64::try_from(settings.stale_for.as_millis()).unwrap_or(i64::MAX);
        self.cache
            .prune(Timestamp::from_millis(now.saturating_sub(stale_ms)));
    }

    pub(crate) async fn close(&self) {
        self.cache.close().await;
    }
}

fn name(tenant: &TenantId, session: &str) -> Name {
    Name {
        tenant: tenant.clone(),
        session: session.into(),
    }
}

/// The backends of a tenant.
fn backends<'a>(settings: &'a SessionSettings, tenant: &TenantId) -> Vec<&'a Backend> {
    let own = settings
        .backends
        .iter()
        .filter(|backend| backend.tenant == *tenant);
    own.collect()
}
