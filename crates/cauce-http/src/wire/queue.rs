//! Queues and lines.

use std::collections::BTreeMap;

use cauce_engine::status::{GateStatus, LineStatus, Quantiles, QueueStatus, WindowUse};
use cauce_flow::{priority::Priority, time::Timestamp};
use cauce_store::jobs::{Gate, QueueCounts};
use serde::Serialize;
use utoipa::ToSchema;

/// A queue: its durable figures and how each of its lines does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Queue)]
pub(crate) struct QueueView {
    /// Its name.
    #[schema(example = "meta")]
    name: String,
    /// What flows: `open`, `paused` or `draining`.
    gate: &'static str,
    /// Tenants whose gate is shut by itself.
    gated_tenants: BTreeMap<String, &'static str>,
    /// Jobs in each state; for end states, ever.
    counts: Counts,
    /// Waiting jobs by priority.
    waiting_by_priority: ByPriority,
    /// Jobs that still have work before them.
    pending: u64,
    /// Payload bytes of pending jobs.
    pending_bytes: u64,
    /// When the oldest waiting job became due.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_waiting_at: Option<Timestamp>,
    /// For how long it has been due, in seconds.
    oldest_waiting_seconds: Option<f64>,
    /// Jobs delivered in the last minute. They are counted by the minute: of the minute before, the
    /// part counts that is not over for 60 seconds.
    completed_per_minute: u64,
    /// From accepted to delivered, in milliseconds.
    latency_ms: QuantilesView,
    /// Its ways to accounts.
    lines: Vec<LineView>,
}

/// Counters of a queue. `accepted` always equals the sum of the end states and `pending`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    /// Events that came in, ever.
    received: u64,
    /// Of these, known already.
    duplicates: u64,
    /// Of these, withheld for lack of consent.
    withheld: u64,
    /// Of these, refused as faulty.
    rejected: u64,
    /// Jobs taken, ever.
    accepted: u64,
    /// Due later.
    scheduled: u64,
    /// Of the scheduled ones, tried before.
    delayed: u64,
    /// Due now.
    waiting: u64,
    /// On their way.
    active: u64,
    /// Delivered, ever.
    completed: u64,
    /// Given up, ever.
    dead: u64,
    /// Dead letters in the list.
    dead_listed: u64,
    /// Perhaps delivered; nobody knows yet.
    unknown: u64,
    /// Too old, ever.
    expired: u64,
    /// Taken back, ever.
    cancelled: u64,
    /// Attempts that were not the first of their job, ever.
    retried: u64,
}

/// A number for each priority.
#[derive(Serialize, ToSchema)]
pub(crate) struct ByPriority {
    critical: u64,
    high: u64,
    normal: u64,
    low: u64,
}

/// Quantiles; null where nothing was measured.
#[derive(Serialize, ToSchema)]
#[schema(as = Quantiles)]
pub(crate) struct QuantilesView {
    /// Half were faster.
    p50: Option<f64>,
    /// 95 of 100 were faster.
    p95: Option<f64>,
    /// 99 of 100 were faster.
    p99: Option<f64>,
}

/// A queue's way to one account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Line)]
pub(crate) struct LineView {
    /// The account.
    account: String,
    /// Whose it is.
    tenant: String,
    /// `closed`, `open` or `half-open`.
    breaker: &'static str,
    /// Requests on their way.
    in_flight: u32,
    /// How much of each window of the quota is used.
    rate: Vec<WindowView>,
    /// The gates that are shut.
    gates: Vec<GateView>,
    /// When the last batch was answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_batch_at: Option<Timestamp>,
    /// The last failure of a request.
    last_error: Option<String>,
    /// How often the breaker opened since the start.
    breaker_openings: u64,
    /// How often the destination asked to be left alone since the start.
    holds: u64,
    /// How often the line failed, by a fault in the code, and was started again since the start.
    restarts: u64,
    /// Batches that were refused as a whole and taken apart since the start.
    batches_bisected: u64,
}

/// One window of a quota.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Window)]
pub(crate) struct WindowView {
    /// Requests in the window now.
    used: u32,
    /// Requests it admits.
    max: u32,
    /// Its length in milliseconds.
    per_ms: u64,
}

/// A gate that holds jobs back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Gate)]
pub(crate) struct GateView {
    /// Its name.
    #[schema(example = "rate")]
    name: &'static str,
    /// When it opens, where that is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    opens_at: Option<Timestamp>,
    /// What holds it shut.
    detail: String,
}

impl QueueView {
    pub(crate) fn new(queue: QueueStatus, now: Timestamp) -> QueueView {
        let counts = &queue.counts;
        QueueView {
            name: queue.name.to_string(),
            gate: gate_word(counts.gate.unwrap_or(Gate::Open)),
            gated_tenants: counts
                .gated_tenants
                .iter()
                .map(|(tenant, gate)| (tenant.to_string(), gate_word(*gate)))
                .collect(),
            counts: Counts::new(counts),
            waiting_by_priority: ByPriority::new(counts.waiting_by_priority),
            pending: counts.pending(),
            pending_bytes: counts.pending_bytes,
            oldest_waiting_at: counts.oldest_at,
            oldest_waiting_seconds: counts.oldest_at.map(|at| now.since(at).as_secs_f64()),
            completed_per_minute: queue.completed_per_minute,
            latency_ms: queue.latency.into(),
            lines: queue.lines.into_iter().map(LineView::from).collect(),
        }
    }
}

/// The gate in one word.
pub(crate) fn gate_word(gate: Gate) -> &'static str {
    match gate {
        Gate::Open => "open",
        Gate::Paused => "paused",
        Gate::Draining => "draining",
    }
}

impl Counts {
    fn new(counts: &QueueCounts) -> Counts {
        use cauce_flow::job::State;
        Counts {
            received: counts.received,
            duplicates: counts.duplicates,
            withheld: counts.withheld,
            rejected: counts.rejected,
            accepted: counts.accepted,
            scheduled: counts.state(State::Scheduled),
            delayed: counts.delayed,
            waiting: counts.state(State::Waiting),
            active: counts.state(State::Active),
            completed: counts.state(State::Completed),
            dead: counts.state(State::Dead),
            dead_listed: counts.dead_listed,
            unknown: counts.state(State::Unknown),
            expired: counts.state(State::Expired),
            cancelled: counts.state(State::Cancelled),
            retried: counts.retried,
        }
    }
}

impl ByPriority {
    pub(super) fn new(waiting: [u64; 4]) -> ByPriority {
        let of = |priority: Priority| waiting[priority.index()];
        ByPriority {
            critical: of(Priority::Critical),
            high: of(Priority::High),
            normal: of(Priority::Normal),
            low: of(Priority::Low),
        }
    }
}

impl From<Quantiles> for QuantilesView {
    fn from(q: Quantiles) -> Self {
        QuantilesView {
            p50: q.p50,
            p95: q.p95,
            p99: q.p99,
        }
    }
}

impl From<LineStatus> for LineView {
    fn from(line: LineStatus) -> Self {
        LineView {
            account: line.account.to_string(),
            tenant: line.tenant.to_string(),
            breaker: line.breaker,
            in_flight: line.in_flight,
            rate: line.rate.into_iter().map(WindowView::from).collect(),
            gates: line.gates.into_iter().map(GateView::from).collect(),
            last_batch_at: line.last_batch_at,
            last_error: line.last_error,
            breaker_openings: line.breaker_openings,
            holds: line.holds,
            restarts: line.restarts,
            batches_bisected: line.batches_bisected,
        }
    }
}

impl From<WindowUse> for WindowView {
    fn from(window: WindowUse) -> Self {
        WindowView {
            used: window.used,
            max: window.max,
            per_ms: window.per_ms,
        }
    }
}

impl From<GateStatus> for GateView {
    fn from(gate: GateStatus) -> Self {
        GateView {
            name: gate.name,
            opens_at: gate.opens_at,
            detail: gate.detail,
        }
    }
}
