//! What the engine tells of itself: plain values that the API turns into JSON.

mod messages;
mod sessions;

use std::{collections::BTreeMap, time::Duration};

use cauce_destinations::destination::CredentialState;
use cauce_flow::{
    id::{AccountName, JobId, QueueName, TenantId},
    job::{Line, State},
    time::Timestamp,
};
use cauce_store::jobs::{self, QueueCounts};
use serde::Serialize;

pub use self::messages::{MessageQueues, SenderStatus};
pub use self::sessions::{
    BatchCounts, BatchFigures, CacheFigures, QrTaken, SessionState, Source, StatusTaken,
    UpdateFigures,
};

/// One queue: its durable figures and how each of its lines does now.
#[derive(Clone, Debug)]
pub struct QueueStatus {
    /// Its name.
    pub name: QueueName,
    /// Its durable figures.
    pub counts: QueueCounts,
    /// Its lines.
    pub lines: Vec<LineStatus>,
    /// Jobs completed in the last minute.
    pub completed_per_minute: u64,
    /// From accepted to delivered, over the last minutes.
    pub latency: Quantiles,
}

/// One line: a queue's way to one account.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineStatus {
    /// The account.
    pub account: AccountName,
    /// Whose it is.
    pub tenant: TenantId,
    /// `closed`, `open` or `half-open`.
    pub breaker: &'static str,
    /// Requests on their way.
    pub in_flight: u32,
    /// How much of each window of the quota is used.
    pub rate: Vec<WindowUse>,
    /// The gates that are shut, where they were asked for.
    pub gates: Vec<GateStatus>,
    /// When the last batch was answered.
    pub last_batch_at: Option<Timestamp>,
    /// The last failure of a request.
    pub last_error: Option<String>,
    /// The code of what went wrong with the newest request; none where it went well.
    pub failing: Option<String>,
    /// Requests that were answered, or failed, since the start.
    pub requests: u64,
    /// How long they took in all, in milliseconds.
    pub requests_ms: u64,
    /// How often the breaker opened since the start.
    pub breaker_openings: u64,
    /// How often the destination asked to be left alone since the start.
    pub holds: u64,
    /// How often the line failed, by a fault in the code, and was started again since the start.
    pub restarts: u64,
    /// Batches that were refused as a whole and taken apart since the start.
    pub batches_bisected: u64,
}

/// How much of one window of a quota is used.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowUse {
    /// Requests in the window now.
    pub used: u32,
    /// Requests it admits.
    pub max: u32,
    /// Its length in milliseconds.
    pub per_ms: u64,
}

/// A gate that holds a job back.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GateStatus {
    /// Its name: `paused`, `group`, `credentials`, `disconnected`, `held`, `breaker`, `rate`,
    /// `in_flight`, `batch`, `due`, `place`, `failed`.
    pub name: &'static str,
    /// When it opens, where that is known.
    pub opens_at: Option<Timestamp>,
    /// What holds it shut, for a person.
    pub detail: String,
}

/// Why a job is not running yet.
#[derive(Clone, Debug)]
pub struct Why {
    /// The job.
    pub job: JobId,
    /// Its state.
    pub state: State,
    /// Its line.
    pub line: Line,
    /// How many jobs of the line are served before it, at most.
    pub position: Option<u64>,
    /// Every gate that is shut.
    pub gates: Vec<GateStatus>,
    /// All of it in one sentence.
    pub summary: String,
}

/// Quantiles of a duration, in milliseconds. None where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half were faster.
    pub p50: Option<f64>,
    /// 95 of 100 were faster.
    pub p95: Option<f64>,
    /// 99 of 100 were faster.
    pub p99: Option<f64>,
}

/// A configured account.
#[derive(Clone, Debug)]
pub struct DestinationStatus {
    /// Its name.
    pub name: AccountName,
    /// Whose it is.
    pub tenant: TenantId,
    /// The platform.
    pub platform: &'static str,
    /// The queue that feeds it.
    pub queue: QueueName,
    /// Where requests go.
    pub base_url: String,
    /// How its line does; none while it has not started.
    pub line: Option<LineStatus>,
    /// What is known of its credentials.
    pub credentials: TokenStatus,
}

/// What is known of an account's credentials.
#[derive(Clone, Debug)]
pub struct TokenStatus {
    /// The account.
    pub account: AccountName,
    /// Whose it is.
    pub tenant: TenantId,
    /// The platform.
    pub platform: &'static str,
    /// The state in one word.
    pub state: CredentialState,
    /// What was found, for a person.
    pub detail: String,
    /// When they end.
    pub expires_at: Option<Timestamp>,
    /// When they were last looked at.
    pub checked_at: Option<Timestamp>,
}

/// What became of one pixel event.
#[derive(Clone, Debug)]
pub enum PixelOutcome {
    /// It became a job for each of these platforms (none where all was withheld).
    Taken {
        /// Its id, given or made.
        event_id: String,
        /// The platforms it goes to.
        platforms: Vec<&'static str>,
        /// The platforms that it is withheld from, with the reason.
        withheld: Vec<(&'static str, String)>,
        /// Whether it was known already for every platform.
        duplicate: bool,
        /// Where it was kept.
        queued_on: &'static str,
    },
    /// It is faulty: each bad field.
    Rejected {
        /// Pointer (relative to the event) and what is wrong.
        faults: Vec<(String, String)>,
    },
}

/// Why events were not taken. None of their call was.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
pub struct PixelRefusal {
    /// What the store said.
    pub error: jobs::Error,
    /// The events that a queue has no place for, by their place in the call, each with the platforms
    /// that it would have to leave out. Empty where the refusal is not that of a queue.
    pub entries: Vec<(usize, Vec<&'static str>)>,
}

/// A question about the pixels part.
#[derive(Clone, Debug)]
pub struct StatsQuery {
    /// Whose.
    pub tenant: Option<TenantId>,
    /// From here.
    pub from: Timestamp,
    /// To before here.
    pub to: Timestamp,
    /// Of this platform alone.
    pub platform: Option<String>,
    /// The length of one step of the series.
    pub interval: Duration,
}

/// What happened on one platform, in a range or in one step of it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformStats {
    /// Events that came in for it.
    pub received: u64,
    /// Events withheld for lack of consent.
    pub withheld: u64,
    /// Events with a known id.
    pub duplicates: u64,
    /// Faulty events.
    pub rejected: u64,
    /// Jobs taken.
    pub queued: u64,
    /// Jobs delivered.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Jobs that became dead letters.
    pub dead: u64,
    /// Jobs that expired.
    pub expired: u64,
    /// Attempts that were not the first of their job.
    pub retried: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Jobs a request, on the mean.
    pub events_per_request: Option<f64>,
    /// Requests that batching has saved.
    pub requests_saved: u64,
    /// Sent / (sent + dead + expired).
    pub success_rate: Option<f64>,
    /// From accepted to delivered.
    pub latency: Quantiles,
    /// The newest failure.
    pub last_error: Option<String>,
}

/// The answer to a [`StatsQuery`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PixelStats {
    /// Over the whole range, by platform.
    pub platforms: BTreeMap<String, PlatformStats>,
    /// Step by step, without gaps: the start of each step, and each platform in it.
    pub series: Vec<(Timestamp, BTreeMap<String, PlatformStats>)>,
}

/// The health of the pixels part.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PixelHealth {
    /// `ok` or `degraded`.
    pub status: &'static str,
    /// Why it is degraded.
    pub reasons: Vec<String>,
    /// Seconds since the last batch was answered, over all platforms.
    pub last_batch_age_seconds: Option<f64>,
    /// Seconds since the oldest waiting job became due.
    pub oldest_waiting_seconds: Option<f64>,
    /// Where events are kept.
    pub backend: &'static str,
    /// The breaker of each account.
    pub breakers: BTreeMap<AccountName, &'static str>,
}

/// What a check of readiness found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// All is as it should be.
    Ok,
    /// It serves, and somebody should look.
    Warning,
    /// It cannot serve.
    Failed,
}

/// One check of readiness.
#[derive(Clone, Debug, Serialize)]
pub struct ReadyCheck {
    /// What is checked.
    pub name: &'static str,
    /// How it is.
    pub found: Found,
    /// What was found.
    pub detail: String,
}
