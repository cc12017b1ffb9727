//! What the API says of queues and alerts, as far as it is shown.

use cauce_flow::time::Timestamp;
use serde_json::Value;

/// One look at a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) queues: Vec<Queue>,
    /// Those that fire, the worst first.
    pub(super) alerts: Vec<Alert>,
}

/// An alert that fires.
#[derive(Clone, Debug, Default)]
pub(super) struct Alert {
    /// `critical` or `warning`.
    pub(super) severity: String,
    /// What is wrong, in a word.
    pub(super) kind: String,
    /// What it is about.
    pub(super) subject: String,
    pub(super) tenant: String,
    pub(super) since: Option<Timestamp>,
    /// Whether somebody knows.
    pub(super) is_acknowledged: bool,
}

/// One queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub(super) name: String,
    /// `open`, `paused` or `draining`.
    pub(super) gate: String,
    pub(super) waiting: u64,
    pub(super) scheduled: u64,
    pub(super) active: u64,
    /// Dead letters in the list.
    pub(super) dead: u64,
    /// Ever taken, delivered, and given up.
    pub(super) sums: Sums,
    pub(super) oldest_seconds: Option<f64>,
    pub(super) lines: Vec<Line>,
}

/// Counters that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) accepted: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
}

/// A queue's way to one account.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) account: String,
    pub(super) tenant: String,
    pub(super) breaker: String,
    pub(super) in_flight: u64,
    pub(super) windows: Vec<Window>,
    pub(super) gates: Vec<Gate>,
}

/// One window of a quota.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    pub(super) used: u64,
    pub(super) max: u64,
    pub(super) per_ms: u64,
}

/// What holds jobs back.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    pub(super) name: String,
    pub(super) opens_at: Option<Timestamp>,
}

impl Look {
    /// Reads `GET /api/queues` and `GET /api/alerts`. What is not there counts as nothing: a server may
    /// be older.
    pub(super) fn read(queues: &Value, alerts: &Value) -> Look {
        let mut alerts: Vec<Alert> = items(&alerts["items"]).map(Alert::read).collect();
        alerts.sort_by_key(|alert| {
            (
                alert.severity != "critical",
                alert.is_acknowledged,
                alert.since,
            )
        });
        Look {
            queues: items(&queues["items"]).map(Queue::read).collect(),
            alerts,
        }
    }
}

impl Alert {
    fn read(alert: &Value) -> Alert {
        let subject = &alert["subject"];
        let (kind, name) = (text(&subject["kind"]), text(&subject["name"]));
        Alert {
            severity: text(&alert["severity"]),
            kind: text(&alert["kind"]),
            subject: format!("{kind} {name}").trim_end().to_owned(),
            tenant: text(&alert["tenant"]),
            since: alert["since"].as_str().and_then(|at| at.parse().ok()),
            is_acknowledged: alert["acknowledgedAt"].is_string(),
        }
    }
}

impl Queue {
    fn read(queue: &Value) -> Queue {
        let counts = &queue["counts"];
        let ended = |name: &str| number(&counts[name]);
        Queue {
            name: text(&queue["name"]),
            gate: text(&queue["gate"]),
            waiting: ended("waiting"),
            scheduled: ended("scheduled"),
            active: ended("active"),
            dead: ended("deadListed"),
            sums: Sums {
                accepted: ended("accepted"),
                completed: ended("completed"),
                failed: ended("dead") + ended("expired"),
            },
            oldest_seconds: queue["oldestWaitingSeconds"].as_f64(),
            lines: items(&queue["lines"]).map(Line::read).collect(),
        }
    }
}

impl Line {
    fn read(line: &Value) -> Line {
        Line {
            account: text(&line["account"]),
            tenant: text(&line["tenant"]),
            breaker: text(&line["breaker"]),
            in_flight: number(&line["inFlight"]),
            windows: items(&line["rate"]).map(Window::read).collect(),
            gates: items(&line["gates"]).map(Gate::read).collect(),
        }
    }

    /// The window that is used most, because it is the one that holds back first.
    pub(super) fn tightest(&self) -> Option<Window> {
        let share = |window: &Window| window.used.saturating_mul(1_000_000) / window.max.max(1);
        self.windows.iter().copied().max_by_key(share)
    }
}

impl Window {
    fn read(window: &Value) -> Window {
        Window {
            used: number(&window["used"]),
            max: number(&window["max"]),
            per_ms: number(&window["perMs"]),
        }
    }
}

impl Gate {
    fn read(gate: &Value) -> Gate {
        Gate {
            name: text(&gate["name"]),
            opens_at: gate["opensAt"].as_str().and_then(|at| at.parse().ok()),
        }
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}
