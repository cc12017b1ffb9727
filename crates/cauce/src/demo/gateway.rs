//! The chatty gateway: a thousand sessions whose states change all the time, and what of it reaches
//! the company's backend.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_engine::Engine;
use cauce_sim::{Random, StandIn};
use cauce_store::jobs::Scope;
use serde_json::{Value, json};

use super::client::Client;
use crate::{failure::Failure, output};

/// A minute's worth of updates, told in the time of the demo.
pub(super) const UPDATES: u64 = 40_000;
const SESSIONS: u64 = 1_000;
const CONNECTIONS: u64 = 50;
/// One of so many updates is a QR code.
const QR_EVERY: u64 = 8;

/// What the gateway was told, in figures.
#[derive(Default)]
pub(super) struct Told {
    /// Updates that were acknowledged.
    updates: u64,
    /// The last status of each session.
    last: BTreeMap<String, u64>,
}

/// Tells all updates in so many seconds, or as many as the machine can.
pub(super) async fn chatter(client: Arc<Client>, seconds: u64, seed: u64) -> Result<Told, Failure> {
    let own = SESSIONS / CONNECTIONS;
    let talks = (0..CONNECTIONS).map(|n| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { talk(&client, n * own..(n + 1) * own, seconds, seed + n).await })
    });
    let talks: Vec<_> = talks.collect();
    let mut all = Told::default();
    for talk in talks {
        let told = talk.await.map_err(|error| Failure::caused(&error))??;
        all.updates += told.updates;
        all.last.extend(told.last);
    }
    Ok(all)
}

async fn talk(
    client: &Client,
    own: std::ops::Range<u64>,
    seconds: u64,
    seed: u64,
) -> Result<Told, Failure> {
    let (mut random, mut told) = (Random::new(seed), Told::default());
    let (began, wanted) = (Instant::now(), UPDATES / CONNECTIONS);
    let end = began + Duration::from_secs(seconds);
    for number in 0..wanted {
        if Instant::now() > end {
            break;
        }
        let session = format!("s{}", own.start + random.below(own.end - own.start));
        if number % QR_EVERY == 0 {
            let body = json!({"qr": format!("2@{}-{number}", random.below(1 << 40))});
            client
                .put(&format!("/api/sessions/{session}/qr"), &body)
                .await?;
        } else {
            let body = json!({"status": format!("n-{number}")});
            client
                .put(&format!("/api/sessions/{session}/status"), &body)
                .await?;
            told.last.insert(session, number);
        }
        told.updates += 1;
        let due = began + Duration::from_secs(seconds).mul_f64((number + 1) as f64 / wanted as f64);
        tokio::time::sleep_until(due.into()).await;
    }
    Ok(told)
}

/// What became of the updates.
pub(super) struct Figures {
    updates: u64,
    requests: u64,
    /// Sessions of which the backend knows the last status.
    right: usize,
    sessions: usize,
    /// Sessions that were told something older after something newer.
    went_back: usize,
    coalesced: u64,
    pub(super) pending: u64,
}

impl Figures {
    pub(super) async fn of(
        engine: &Engine,
        scope: &Scope,
        backend: &StandIn,
        told: &Told,
    ) -> Result<Figures, Failure> {
        let figures = engine
            .batch_figures(scope)
            .await
            .map_err(|error| Failure::caused(&error))?;
        let (mut right, mut went_back) = (0, 0);
        for (session, last) in &told.last {
            let statuses = backend.sessions().statuses(session).into_iter();
            let numbers: Vec<u64> = statuses
                .filter_map(|status| status.strip_prefix("n-")?.parse().ok())
                .collect();
            right += usize::from(numbers.last() == Some(last));
            went_back += usize::from(!numbers.is_sorted());
        }
        Ok(Figures {
            updates: told.updates,
            requests: backend.ledger().request_count(),
            right,
            sessions: told.last.len(),
            went_back,
            coalesced: figures.counts.coalesced,
            pending: pending(engine, scope),
        })
    }

    pub(super) fn is_good(&self) -> bool {
        self.right == self.sessions && self.went_back == 0 && self.pending == 0
    }

    pub(super) fn print(&self) {
        output::line(&format!(
            "\nchatty gateway: {} updates of {} sessions were {} requests one by one, and are {} in \
             batches ({} replaced by newer ones)\nlast state right: {} of {}; older after newer: {}  {}",
            self.updates,
            self.sessions,
            self.updates,
            self.requests,
            self.coalesced,
            self.right,
            self.sessions,
            self.went_back,
            output::mark(self.is_good())
        ));
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "updates": self.updates,
            "sessions": self.sessions,
            "requestsBefore": self.updates,
            "requests": self.requests,
            "coalesced": self.coalesced,
            "lastStateRight": self.right,
            "olderAfterNewer": self.went_back,
        })
    }
}

/// What of the sessions still waits.
pub(super) fn pending(engine: &Engine, scope: &Scope) -> u64 {
    let queues = engine.queues(scope).into_iter();
    let own = queues.filter(|queue| matches!(queue.name.as_str(), "qr" | "status"));
    own.map(|queue| queue.counts.pending()).sum()
}
