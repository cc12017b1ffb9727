//! `/metrics`: the figures of the engine and of the server in the Prometheus text format.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use cauce_engine::{
    Engine,
    status::{CacheFigures, LineStatus, QueueStatus, UpdateFigures},
};
use cauce_flow::{job::State as JobState, time::Timestamp};
use cauce_store::{
    control::KeyScope,
    jobs::{Gate, Scope, Vitals},
};

use super::tracking_metrics::{self, tell_counters};
use crate::{app::App, auth::signed_in::authenticate_any, metrics::Snapshot, problem::Problem};

/// The figures of everything, for Prometheus.
///
/// Needs the scope `read`, unless the server is set to show them to everybody. A key of one tenant
/// sees the figures of that tenant.
#[utoipa::path(
    get, path = "/metrics", tag = "probes", operation_id = "metrics",
    responses((status = 200, description = "The Prometheus text format.", body = String, content_type = "text/plain")),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let scope = scope(&app, &request)?;
    let now = app.engine.now();
    let snapshot = Snapshot::new();
    for queue in app.engine.queues(&scope) {
        tell_queue(&snapshot, &queue, now);
    }
    let tracking = app.engine.tracking();
    let tenant = match &scope {
        Scope::All => None,
        Scope::Tenant(tenant) => Some(tenant),
    };
    tell_counters(&snapshot, &tracking.counters(tenant));
    let mut text = snapshot.render();
    if scope == Scope::All {
        let snapshot = Snapshot::new();
        tell_store(&snapshot, &app.engine.jobs().vitals());
        let readers = tracking.live().readers();
        tracking_metrics::tell_store(&snapshot, &tracking.health(), readers);
        let readers = app.feeds.readers();
        let what = "Readers of the stream of figures.";
        snapshot.gauge("cauce_stream_readers", what, &[], readers as f64);
        tracking_metrics::tell_exports(&snapshot, &tracking.exported());
        tell_sessions(&snapshot, &app.engine.update_figures());
        tell_cache(&snapshot, &app.engine.cache_figures());
        tell_messages(&snapshot, &app.engine);
        text = text + &snapshot.render() + &app.metrics.render();
    }
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Whose figures the caller may see.
pub(crate) fn scope(app: &App, request: &Request) -> Result<Scope, Problem> {
    if app.settings.metrics_public {
        return Ok(Scope::All);
    }
    let (engine, public_url) = (&app.engine, app.settings.public_url.as_deref());
    let (control, now) = (engine.control(), engine.now());
    authenticate_any(request, public_url, control, KeyScope::Read, now)?.scope(None)
}

fn tell_queue(to: &Snapshot, queue: &QueueStatus, now: Timestamp) {
    let (name, counts) = (queue.name.as_str(), &queue.counts);
    let of = [("queue", name)];
    let counters: [(&'static str, &'static str, u64); 7] = [
        (
            "cauce_queue_received_total",
            "Events that came in.",
            counts.received,
        ),
        (
            "cauce_queue_duplicates_total",
            "Events with a known id.",
            counts.duplicates,
        ),
        (
            "cauce_queue_withheld_total",
            "Events withheld for lack of consent.",
            counts.withheld,
        ),
        (
            "cauce_queue_rejected_total",
            "Faulty events.",
            counts.rejected,
        ),
        ("cauce_queue_accepted_total", "Jobs taken.", counts.accepted),
        (
            "cauce_queue_superseded_total",
            "Jobs that a newer one with the same key replaced.",
            counts.superseded,
        ),
        (
            "cauce_queue_retried_total",
            "Attempts that were not the first.",
            counts.retried,
        ),
    ];
    for (metric, what, value) in counters {
        to.counter(metric, what, &of, value);
    }
    for state in JobState::ALL {
        let labels = [("queue", name), ("state", state.as_str())];
        if state.is_pending() {
            let what = "Jobs that have work before them.";
            let value = counts.state(state) as f64;
            to.gauge("cauce_queue_jobs", what, &labels, value);
        } else {
            let what = "Jobs that reached an end state since the start.";
            let value = counts.reached.get(&state).copied().unwrap_or(0);
            to.counter("cauce_queue_jobs_ended_total", what, &labels, value);
        }
    }
    let oldest = counts
        .oldest_at
        .map_or(0.0, |at| now.since(at).as_secs_f64());
    let paused = counts.gate.is_some_and(|gate| gate != Gate::Open);
    let gauges: [(&'static str, &'static str, f64); 5] = [
        (
            "cauce_queue_dead_letters",
            "Dead letters in the list.",
            counts.dead_listed as f64,
        ),
        (
            "cauce_queue_unknown_outcomes",
            "Jobs of which nobody knows whether they were delivered.",
            counts.state(JobState::Unknown) as f64,
        ),
        (
            "cauce_queue_pending_bytes",
            "Payload bytes of pending jobs.",
            counts.pending_bytes as f64,
        ),
        (
            "cauce_queue_oldest_waiting_seconds",
            "How long the oldest waiting job has been due.",
            oldest,
        ),
        (
            "cauce_queue_shut",
            "1 while paused or draining.",
            f64::from(u8::from(paused)),
        ),
    ];
    for (metric, what, value) in gauges {
        to.gauge(metric, what, &of, value);
    }
    tell_latency(to, queue);
    for line in &queue.lines {
        tell_line(to, name, line);
    }
}

fn tell_latency(to: &Snapshot, queue: &QueueStatus) {
    let latency = queue.latency;
    let quantiles = [
        ("0.5", latency.p50),
        ("0.95", latency.p95),
        ("0.99", latency.p99),
    ];
    for (quantile, ms) in quantiles {
        if let Some(ms) = ms {
            let labels = [("queue", queue.name.as_str()), ("quantile", quantile)];
            let what = "From accepted to delivered, over the last minutes.";
            to.gauge("cauce_queue_latency_seconds", what, &labels, ms / 1_000.0);
        }
    }
}

fn tell_line(to: &Snapshot, queue: &str, line: &LineStatus) {
    let of = [("queue", queue), ("account", line.account.as_str())];
    let shut = f64::from(u8::from(line.breaker != "closed"));
    to.gauge(
        "cauce_line_in_flight",
        "Requests on their way.",
        &of,
        f64::from(line.in_flight),
    );
    to.gauge(
        "cauce_line_breaker_open",
        "1 while the breaker is not closed.",
        &of,
        shut,
    );
    let counters: [(&'static str, &'static str, u64); 4] = [
        (
            "cauce_line_breaker_openings_total",
            "How often the breaker opened.",
            line.breaker_openings,
        ),
        (
            "cauce_line_holds_total",
            "How often the destination asked to be left alone.",
            line.holds,
        ),
        (
            "cauce_line_restarts_total",
            "How often the line failed, by a fault in the code, and was started again.",
            line.restarts,
        ),
        (
            "cauce_line_batches_bisected_total",
            "Refused batches that were taken apart.",
            line.batches_bisected,
        ),
    ];
    for (metric, what, value) in counters {
        to.counter(metric, what, &of, value);
    }
    for window in &line.rate {
        let per = format!("{}ms", window.per_ms);
        let labels = [
            ("queue", queue),
            ("account", line.account.as_str()),
            ("window", per.as_str()),
        ];
        to.gauge(
            "cauce_line_rate_used",
            "Requests in the window.",
            &labels,
            f64::from(window.used),
        );
        to.gauge(
            "cauce_line_rate_max",
            "Requests the window admits.",
            &labels,
            f64::from(window.max),
        );
    }
}

fn tell_sessions(to: &Snapshot, figures: &UpdateFigures) {
    let metric = "cauce_session_updates_total";
    let what = "Updates of sessions that were handed in, by kind.";
    to.counter(metric, what, &[("kind", "qr")], figures.qrs);
    to.counter(metric, what, &[("kind", "status")], figures.statuses);
    let metric = "cauce_session_qrs_held_total";
    let what = "QR codes that were not sent at once, by reason.";
    to.counter(metric, what, &[("reason", "unchanged")], figures.unchanged);
    to.counter(metric, what, &[("reason", "throttled")], figures.throttled);
}

fn tell_cache(to: &Snapshot, figures: &CacheFigures) {
    let reads = [
        ("local", figures.local_hits),
        ("store", figures.store_hits),
        ("backend", figures.backend_hits),
        ("stale", figures.stale),
        ("failed", figures.failed),
        ("unknown", figures.unknown),
    ];
    for (answer, count) in reads {
        let what = "Reads of sessions, by what answered them.";
        to.counter(
            "cauce_session_reads_total",
            what,
            &[("answer", answer)],
            count,
        );
    }
    let keys = [
        ("qr", figures.qr_keys),
        ("status", figures.status_keys),
        ("connection", figures.connection_keys),
        ("session", figures.session_keys),
    ];
    for (kind, count) in keys {
        let what = "States of sessions that are good, by kind.";
        to.gauge("cauce_session_keys", what, &[("kind", kind)], count as f64);
    }
    let what = "Reads of sessions that found that there is no such session.";
    to.counter("cauce_session_absent_total", what, &[], figures.absent);
    let what = "Questions to backends about single sessions.";
    to.counter("cauce_session_lookups_total", what, &[], figures.lookups);
    let what = "Times that what is kept of sessions could not be read or written.";
    to.counter("cauce_session_unkept_total", what, &[], figures.unkept);
}

fn tell_messages(to: &Snapshot, engine: &Engine) {
    let what = "Times told by providers that could not be, and were moved to the nearest that can.";
    let metric = "cauce_message_times_moved_total";
    to.counter(metric, what, &[], engine.moved_times());
    let what = "Events of analytics that were not counted, by reason.";
    let metric = "cauce_analytics_dropped_total";
    let late = engine.analytics().too_late();
    to.counter(metric, what, &[("reason", "too_late")], late);
}

fn tell_store(to: &Snapshot, vitals: &Vitals) {
    let of = [("backend", vitals.backend)];
    let gauges: [(&'static str, &'static str, f64); 5] = [
        (
            "cauce_store_disk_bytes",
            "Bytes on disk.",
            vitals.disk_bytes as f64,
        ),
        (
            "cauce_store_live_bytes",
            "Bytes on disk that are still needed.",
            vitals.live_bytes as f64,
        ),
        (
            "cauce_store_free_bytes",
            "Bytes free on the disk.",
            vitals.free_bytes as f64,
        ),
        (
            "cauce_store_index_bytes",
            "Memory of the index of jobs.",
            vitals.index_bytes as f64,
        ),
        (
            "cauce_store_broken",
            "1 when the store cannot write.",
            f64::from(u8::from(vitals.broken.is_some())),
        ),
    ];
    for (metric, what, value) in gauges {
        to.gauge(metric, what, &of, value);
    }
    to.counter(
        "cauce_store_commits_total",
        "Durable commits.",
        &of,
        vitals.commits,
    );
    to.counter(
        "cauce_store_quarantined_total",
        "Corrupt records set aside.",
        &of,
        vitals.quarantined,
    );
}
