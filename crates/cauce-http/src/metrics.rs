//! What the server counts of itself, and the text of `/metrics`.
//!
//! Requests are counted through handles that are made once for each route, method and status. The
//! figures of the engine are read when somebody asks: they go through a recorder of that one
//! answer, so that a queue or an account that is gone leaves no figure behind.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::http::Method;
use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use parking_lot::RwLock;

/// Upper ends of the buckets of request durations, in seconds.
const DURATIONS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
const META: Metadata<'static> = Metadata::new("cauce", Level::INFO, None);

/// What the server counts of itself.
pub(crate) struct HttpMetrics {
    recorder: PrometheusRecorder,
    requests: RwLock<HashMap<Method, HashMap<String, Arc<Route>>>>,
    connections: Arc<AtomicI64>,
    in_flight: Arc<AtomicI64>,
}

/// The handles of one route and method.
struct Route {
    method: Method,
    pattern: String,
    duration: Histogram,
    by_status: RwLock<Vec<(u16, Counter)>>,
}

/// One more of something, until it is dropped.
pub(crate) struct Counted(Arc<AtomicI64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for HttpMetrics {
    fn default() -> HttpMetrics {
        HttpMetrics::new()
    }
}

impl HttpMetrics {
    pub(crate) fn new() -> HttpMetrics {
        let recorder = PrometheusBuilder::new()
            .set_buckets(DURATIONS)
            .expect("the list of buckets is not empty")
            .build_recorder();
        describe(
            &recorder,
            "cauce_http_requests_total",
            "Requests that were answered.",
        );
        describe(
            &recorder,
            "cauce_http_request_duration_seconds",
            "From a request's headers to its answer.",
        );
        describe(
            &recorder,
            "cauce_http_refused_total",
            "Requests and connections refused for lack of room.",
        );
        HttpMetrics {
            recorder,
            requests: RwLock::default(),
            connections: Arc::default(),
            in_flight: Arc::default(),
        }
    }

    /// Counts a connection while it lasts.
    pub(crate) fn connection(&self) -> Counted {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(&self.connections))
    }

    /// Counts a request while it lasts, unless so many are in flight already.
    pub(crate) fn request(&self, max: usize) -> Option<Counted> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(Arc::clone(&self.in_flight));
        (usize::try_from(before).unwrap_or(0) < max).then_some(counted)
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, method: &Method, pattern: &str, status: u16, took: Duration) {
        let route = self.route(method, pattern);
        route.duration.record(took.as_secs_f64());
        self.counter(&route, status).increment(1);
    }

    /// Counts a request or connection for which there was no room.
    pub(crate) fn refused(&self, reason: &'static str) {
        let labels = vec![Label::new("reason", reason)];
        self.recorder
            .register_counter(&Key::from_parts("cauce_http_refused_total", labels), &META)
            .increment(1);
    }

    /// Everything the server counts, as text.
    pub(crate) fn render(&self) -> String {
        let now = Snapshot::new();
        now.gauge(
            "cauce_http_connections",
            "Open connections.",
            &[],
            self.connections.load(Ordering::Relaxed) as f64,
        );
        now.gauge(
            "cauce_http_in_flight",
            "Requests that are being answered.",
            &[],
            self.in_flight.load(Ordering::Relaxed) as f64,
        );
        self.sum_up();
        self.recorder.handle().render() + &now.render()
    }

    /// Sums up the durations that were counted since the last time: the recorder holds each one until
    /// then.
    pub(crate) fn sum_up(&self) {
        self.recorder.handle().run_upkeep();
    }

    fn route(&self, method: &Method, pattern: &str) -> Arc<Route> {
        let known = self
            .requests
            .read()
            .get(method)
            .and_then(|routes| routes.get(pattern))
            .cloned();
        known.unwrap_or_else(|| self.new_route(method, pattern))
    }

    fn new_route(&self, method: &Method, pattern: &str) -> Arc<Route> {
        let labels = labels(method, pattern);
        let key = Key::from_parts("cauce_http_request_duration_seconds", labels);
        let route = Arc::new(Route {
            method: method.clone(),
            pattern: pattern.to_owned(),
            duration: self.recorder.register_histogram(&key, &META),
            by_status: RwLock::default(),
        });
        let mut requests = self.requests.write();
        let routes = requests.entry(method.clone()).or_default();
        Arc::clone(routes.entry(pattern.to_owned()).or_insert(route))
    }

    fn counter(&self, route: &Route, status: u16) -> Counter {
        let known = route
            .by_status
            .read()
            .iter()
            .find(|(s, _)| *s == status)
            .map(|(_, c)| c.clone());
        known.unwrap_or_else(|| {
            let mut labels = labels(&route.method, &route.pattern);
            labels.push(Label::new("status", status.to_string()));
            // The recorder gives the same counter for the same key, so a race does no harm.
            let counter = self
                .recorder
                .register_counter(&Key::from_parts("cauce_http_requests_total", labels), &META);
            route.by_status.write().push((status, counter.clone()));
            counter
        })
    }
}

fn labels(method: &Method, pattern: &str) -> Vec<Label> {
    vec![
        Label::new("method", method.to_string()),
        Label::new("route", pattern.to_owned()),
    ]
}

fn describe(recorder: &PrometheusRecorder, name: &'static str, what: &'static str) {
    let (name, what) = (metrics::KeyName::from(name), SharedString::from(what));
    if name.as_str().ends_with("_total") {
        recorder.describe_counter(name, None, what);
    } else {
        recorder.describe_gauge(name, None, what);
    }
}

/// The figures of one moment.
pub(crate) struct Snapshot {
    recorder: PrometheusRecorder,
}

impl Snapshot {
    pub(crate) fn new() -> Snapshot {
        Snapshot {
            recorder: PrometheusBuilder::new().build_recorder(),
        }
    }

    /// A figure that goes up and down.
    pub(crate) fn gauge(
        &self,
        name: &'static str,
        what: &'static str,
        labels: &[(&'static str, &str)],
        value: f64,
    ) {
        describe(&self.recorder, name, what);
        self.recorder
            .register_gauge(&key(name, labels), &META)
            .set(value);
    }

    /// A figure that only grows.
    pub(crate) fn counter(
        &self,
        name: &'static str,
        what: &'static str,
        labels: &[(&'static str, &str)],
        value: u64,
    ) {
        describe(&self.recorder, name, what);
        self.recorder
            .register_counter(&key(name, labels), &META)
            .absolute(value);
    }

    /// The figures as text.
    pub(crate) fn render(&self) -> String {
        self.recorder.handle().render()
    }
}

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels: Vec<Label> = labels
        .iter()
        .map(|(name, value)| Label::new(*name, (*value).to_owned()))
        .collect();
    Key::from_parts(name, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_route_method_and_status() {
        let metrics = HttpMetrics::new();
        for status in [200, 200, 404] {
            metrics.answered(
                &Method::GET,
                "/api/jobs/{id}",
                status,
                Duration::from_millis(2),
            );
        }
        let text = metrics.render();
        let line =
            r#"cauce_http_requests_total{method="GET",route="/api/jobs/{id}",status="200"} 2"#;
        assert!(text.contains(line), "{text}");
        assert!(
            text.contains(r#"route="/api/jobs/{id}",le="0.0025"} 3"#),
            "{text}"
        );
        assert!(
            text.contains("# TYPE cauce_http_request_duration_seconds histogram"),
            "{text}"
        );
    }

    #[test]
    fn request_past_the_cap_has_no_place_until_another_ends() {
        let metrics = HttpMetrics::new();
        let first = metrics.request(1);
        assert!(first.is_some() && metrics.request(1).is_none());
        drop(first);
        assert!(metrics.request(1).is_some());
    }

    #[test]
    fn snapshot_escapes_labels() {
        let snapshot = Snapshot::new();
        snapshot.gauge("cauce_x", "X.", &[("account", "a\"b")], 1.0);
        assert!(snapshot.render().contains(r#"cauce_x{account="a\"b"} 1"#));
    }
}
