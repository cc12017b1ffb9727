//! What is known and what is chosen. Answers and keys change it; the view only reads it.

use std::{collections::HashMap, time::Duration};

use cauce_flow::time::Timestamp;
use serde_json::{Value, json};

use super::queue::{Alert, Line, Look, Queue, Sums};
use crate::failure::Failure;

/// Two looks that are nearer say nothing of a rate.
const MIN_APART: Duration = Duration::from_millis(200);

/// Everything that the screen shows.
pub(super) struct State {
    pub(super) url: String,
    pub(super) every: Duration,
    /// No other frame follows this one.
    pub(super) is_alone: bool,
    /// Whether there are colours.
    pub(super) colours: bool,
    /// When it was last looked; none before the first answer.
    pub(super) at: Option<Timestamp>,
    pub(super) queues: Vec<Queue>,
    pub(super) alerts: Vec<Alert>,
    rates: HashMap<String, Rates>,
    before: Option<(Timestamp, HashMap<String, Sums>)>,
    /// Why the server says nothing; empty while it does.
    pub(super) problem: String,
    /// What became of the last thing that was done.
    pub(super) note: Option<Note>,
    /// Only queues and accounts with this text in their name are shown.
    pub(super) filter: String,
    pub(super) selected: usize,
    pub(super) mode: Mode,
}

/// What keys mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// They move and choose.
    Watch,
    /// They are the text of the filter.
    Filter,
    /// They close the help.
    Help,
    /// They say yes or no.
    Confirm { queue: String, verb: Verb },
}

/// What can be done with a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Start no new attempt.
    Pause,
    /// Let jobs flow again.
    Resume,
}

/// A word on what was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) text: String,
    pub(super) bad: bool,
}

/// How much flows in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) into: f64,
    pub(super) out: f64,
    pub(super) failed: f64,
}

/// One row: a queue, or one of its lines.
pub(super) enum Row<'a> {
    Queue(&'a Queue),
    Line(&'a Line),
}

impl Verb {
    /// The verb as the API writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Verb::Pause => "pause",
            Verb::Resume => "resume",
        }
    }
}

impl State {
    /// Nothing is known yet.
    pub(super) fn new(url: &str, every: Duration, colours: bool) -> State {
        State {
            url: url.to_owned(),
            every,
            is_alone: false,
            colours,
            at: None,
            queues: Vec::new(),
            alerts: Vec::new(),
            rates: HashMap::new(),
            before: None,
            problem: String::new(),
            note: None,
            filter: String::new(),
            selected: 0,
            mode: Mode::Watch,
        }
    }

    /// Takes what the server says now.
    pub(super) fn take(&mut self, look: Look, now: Timestamp) {
        let sums = |queue: &Queue| (queue.name.clone(), queue.sums);
        let sums: HashMap<String, Sums> = look.queues.iter().map(sums).collect();
        let apart = self.before.as_ref().map(|(at, _)| now.since(*at));
        if apart.is_none_or(|apart| apart >= MIN_APART) {
            self.rates = self.rates_since(&sums, apart.unwrap_or_default());
            self.before = Some((now, sums));
        }
        self.at = Some(now);
        self.queues = look.queues;
        self.alerts = look.alerts;
        self.problem.clear();
        self.keep_selection();
    }

    /// The server did not answer. Its last figures stay; the next rates begin anew.
    pub(super) fn lost(&mut self, why: &str) {
        why.clone_into(&mut self.problem);
        self.before = None;
        self.rates.clear();
    }

    /// Takes what became of a command.
    pub(super) fn told(&mut self, queue: &str, verb: Verb, failure: Option<Failure>) {
        let done = match verb {
            Verb::Pause => "is paused: no new attempt starts",
            Verb::Resume => "flows again",
        };
        self.note = Some(match failure {
            None => Note {
                text: format!("{queue} {done}"),
                bad: false,
            },
            Some(failure) => Note {
                text: failure.message().unwrap_or_default().to_owned(),
                bad: true,
            },
        });
    }

    /// The rates of one queue; none before the second look.
    pub(super) fn rates_of(&self, queue: &str) -> Option<Rates> {
        self.rates.get(queue).copied()
    }

    /// The rates of all queues together.
    pub(super) fn rates_in_all(&self) -> Option<Rates> {
        let all = self.queues.iter().map(|queue| self.rates_of(&queue.name));
        all.sum::<Option<Rates>>()
            .filter(|_| !self.queues.is_empty())
    }

    /// The rows that the filter lets through: a queue with all its lines, or with those that fit.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let fits = |name: &str| name.to_lowercase().contains(&self.filter.to_lowercase());
        let mut rows = Vec::new();
        for queue in &self.queues {
            let whole = fits(&queue.name);
            let lines: Vec<_> = (queue.lines.iter())
                .filter(|line| whole || fits(&line.account) || fits(&line.tenant))
                .collect();
            if whole || !lines.is_empty() {
                rows.push(Row::Queue(queue));
                rows.extend(lines.into_iter().map(Row::Line));
            }
        }
        rows
    }

    /// The queue of the selected row.
    pub(super) fn selected_queue(&self) -> Option<&Queue> {
        let rows = self.rows();
        let above = rows.get(..=self.selected)?.iter().rev();
        above.into_iter().find_map(|row| match row {
            Row::Queue(queue) => Some(*queue),
            Row::Line(_) => None,
        })
    }

    /// The selection stays within the rows.
    pub(super) fn keep_selection(&mut self) {
        self.selected = self.selected.min(self.rows().len().saturating_sub(1));
    }

    /// The figures for programs.
    pub(super) fn to_json(&self) -> Value {
        let fits: Vec<_> = (self.rows().iter())
            .filter_map(|row| match row {
                Row::Queue(queue) => Some(self.queue_json(queue)),
                Row::Line(_) => None,
            })
            .collect();
        let alert = |alert: &Alert| {
            json!({
                "severity": alert.severity, "kind": alert.kind, "subject": alert.subject,
                "tenant": alert.tenant, "since": alert.since.map(|at| at.to_string()),
                "acknowledged": alert.is_acknowledged,
            })
        };
        let alerts: Vec<_> = self.alerts.iter().map(alert).collect();
        let at = self.at.map(|at| at.to_string());
        json!({ "at": at, "url": self.url, "queues": fits, "alerts": alerts })
    }

    fn queue_json(&self, queue: &Queue) -> Value {
        let rates = self.rates_of(&queue.name);
        json!({
            "name": queue.name,
            "gate": queue.gate,
            "waiting": queue.waiting,
            "scheduled": queue.scheduled,
            "active": queue.active,
            "deadLetters": queue.dead,
            "oldestWaitingSeconds": queue.oldest_seconds,
            "inPerSecond": rates.map(|rates| rates.into),
            "outPerSecond": rates.map(|rates| rates.out),
            "failedPerSecond": rates.map(|rates| rates.failed),
        })
    }

    fn rates_since(&self, now: &HashMap<String, Sums>, apart: Duration) -> HashMap<String, Rates> {
        let Some((_, before)) = &self.before else {
            return HashMap::new();
        };
        // A queue that was not there before came with all that it has.
        let of = |(name, sums): (&String, &Sums)| {
            let earlier = before.get(name).copied().unwrap_or_default();
            (name.clone(), Rates::between(earlier, *sums, apart))
        };
        now.iter().map(of).collect()
    }
}

impl Rates {
    /// A counter that went back began anew with the server: nothing is known of it.
    fn between(before: Sums, now: Sums, apart: Duration) -> Rates {
        let rate = |before: u64, now: u64| now.saturating_sub(before) as f64 / apart.as_secs_f64();
        Rates {
            into: rate(before.accepted, now.accepted),
            out: rate(before.completed, now.completed),
            failed: rate(before.failed, now.failed),
        }
    }
}

impl std::iter::Sum for Rates {
    fn sum<I: Iterator<Item = Rates>>(all: I) -> Rates {
        all.fold(Rates::default(), |sum, one| Rates {
            into: sum.into + one.into,
            out: sum.out + one.out,
            failed: sum.failed + one.failed,
        })
    }
}
