//! The end of the demo in figures, each checked against the stand-ins' own ledgers.

use std::{collections::BTreeMap, time::Duration};

use cauce_engine::{
    Engine,
    status::{PlatformStats, StatsQuery},
};
use cauce_flow::job::State;
use cauce_store::jobs::{Page, Scope, Select};
use serde_json::{Value, json};

use super::{
    campaign, conversation, gateway,
    outside::{GOOGLE_PER_SECOND, LINKEDIN_PER_MINUTE, LINKEDIN_PER_SECOND, Outside},
    sales,
    scenario::Told,
    statuses, web,
};
use crate::{failure::Failure, output};

/// One queue in figures.
struct QueueFigures {
    name: String,
    accepted: usize,
    arrived: usize,
    dead: u64,
    unknown: u64,
    /// Accepted, not at the platform, and not among the dead letters or the unknown.
    lost: usize,
    /// Events that the platform took twice, although no answer was lost on the way.
    repeated: u64,
    requests: u64,
    bisected: u64,
    breaker_openings: u64,
    holds: u64,
    stats: PlatformStats,
}

/// The whole demo in figures.
pub(super) struct Summary {
    queues: Vec<QueueFigures>,
    limits: Vec<Limit>,
    dead: Vec<(String, String, u64)>,
    posted: u64,
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    flawed: u64,
    answer_ms: (f64, f64),
    law_broken: usize,
    pending: u64,
    beside: Beside,
}

/// What happened beside the traffic of the shop.
pub(super) struct Beside {
    pub(super) gateway: gateway::Figures,
    pub(super) web: web::Figures,
    pub(super) campaign: campaign::Figures,
    pub(super) conversation: conversation::Figures,
    pub(super) sales: sales::Figures,
}

/// The highest rate that a stand-in saw, beside the limit.
struct Limit {
    queue: &'static str,
    per: Duration,
    max: u32,
    seen: u32,
}

impl Summary {
    pub(super) async fn of(
        engine: &Engine,
        scope: &Scope,
        outside: &Outside,
        told: &Told,
        beside: Beside,
    ) -> Result<Summary, Failure> {
        let failed = |error: cauce_store::jobs::Error| Failure::caused(&error);
        let now = engine.now();
        let query = StatsQuery {
            tenant: None,
            from: now - Duration::from_secs(3_600),
            to: now + Duration::from_secs(60),
            platform: None,
            interval: Duration::from_secs(3_600),
        };
        let mut stats = engine.pixel_stats(query).await.map_err(failed)?.platforms;
        let mut queues = Vec::new();
        let mut pending = 0;
        for status in statuses(engine, scope) {
            let name = status.name.to_string();
            pending += status.counts.pending();
            let ledger = outside.of(&name).ledger();
            let none = Default::default();
            let accepted = told.by_platform.get(&name).unwrap_or(&none);
            let missing: Vec<&str> = accepted
                .ids
                .iter()
                .map(String::as_str)
                .filter(|id| ledger.count(id) == 0)
                .collect();
            let explained = explained(engine, scope, &status.name).await?;
            let line = status.lines.first();
            queues.push(QueueFigures {
                accepted: accepted.ids.len(),
                arrived: accepted.ids.len() - missing.len(),
                lost: missing
                    .iter()
                    .filter(|id| !explained.contains(**id))
                    .count(),
                repeated: ledger.unexcused_repeats(),
                dead: status.counts.state(State::Dead),
                unknown: status.counts.state(State::Unknown),
                requests: ledger.request_count(),
                bisected: line.map_or(0, |line| line.batches_bisected),
                breaker_openings: line.map_or(0, |line| line.breaker_openings),
                holds: line.map_or(0, |line| line.holds),
                stats: stats.remove(&name).unwrap_or_default(),
                name,
            });
        }
        let reasons = engine.jobs().dead_reasons(Select::all(scope.clone())).await;
        let dead = reasons.map_err(failed)?.into_iter();
        Ok(Summary {
            queues,
            limits: limits(outside),
            dead: dead
                .map(|group| (group.queue.to_string(), group.detail, group.count))
                .collect(),
            posted: told.posted,
            accepted: told.accepted,
            duplicates: told.duplicates,
            rejected: told.rejected,
            flawed: told.flawed,
            answer_ms: (
                quantile(&told.answer_ms, 0.5),
                quantile(&told.answer_ms, 0.99),
            ),
            law_broken: engine.jobs().audit().len(),
            pending,
            beside,
        })
    }

    /// Whether nothing was lost, repeated or passed.
    pub(super) fn is_good(&self) -> bool {
        self.lost() == 0
            && self.pending == 0
            && self.law_broken == 0
            && self.beside.gateway.is_good()
            && self.beside.web.is_good()
            && self.beside.campaign.is_good()
            && self.beside.conversation.is_good()
            && self.beside.sales.is_good()
            && self.rejected == self.flawed
            && self.queues.iter().all(|queue| queue.repeated == 0)
            && self.limits.iter().all(|limit| limit.seen <= limit.max)
    }

    fn lost(&self) -> usize {
        self.queues.iter().map(|queue| queue.lost).sum()
    }

    pub(super) fn print(&self, as_json: bool) {
        if as_json {
            output::json(&self.to_json());
            return;
        }
        output::line(&format!(
            "\n{} events posted: {} accepted, {} known already, {} refused as faulty \
             (of {} that are); an answer took {:.1} ms (p50), {:.1} ms (p99)\n",
            self.posted,
            self.accepted,
            self.duplicates,
            self.rejected,
            self.flawed,
            self.answer_ms.0,
            self.answer_ms.1
        ));
        let rows = self.queues.iter().map(QueueFigures::row).collect();
        output::table(&HEADINGS, rows, "no queue was used");
        for limit in &self.limits {
            output::line(&format!(
                "{}: at most {} requests in any {} s at the platform, of {} allowed  {}",
                limit.queue,
                limit.seen,
                limit.per.as_secs(),
                limit.max,
                output::mark(limit.seen <= limit.max)
            ));
        }
        for (queue, detail, count) in &self.dead {
            output::line(&format!(
                "dead letters of {queue}: {count}, because {detail}"
            ));
        }
        self.beside.gateway.print();
        self.beside.web.print();
        self.beside.campaign.print();
        self.beside.conversation.print();
        self.beside.sales.print();
        output::line(&format!(
            "conservation law: {}\nlost: {}  {}",
            output::mark(self.law_broken == 0),
            self.lost(),
            output::mark(self.is_good())
        ));
    }

    fn to_json(&self) -> Value {
        let queues: BTreeMap<&str, Value> = self
            .queues
            .iter()
            .map(|queue| (queue.name.as_str(), queue.to_json()))
            .collect();
        let limits: Vec<Value> = self
            .limits
            .iter()
            .map(|l| {
                json!({ "queue": l.queue, "perSeconds": l.per.as_secs(), "max": l.max, "highest": l.seen })
            })
            .collect();
        json!({
            "good": self.is_good(),
            "posted": self.posted,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "lost": self.lost(),
            "pending": self.pending,
            "answerMs": { "p50": self.answer_ms.0, "p99": self.answer_ms.1 },
            "queues": queues,
            "limits": limits,
            "gateway": self.beside.gateway.to_json(),
            "web": self.beside.web.to_json(),
            "campaign": self.beside.campaign.to_json(),
            "conversation": self.beside.conversation.to_json(),
            "sales": self.beside.sales.to_json(),
        })
    }
}

const HEADINGS: [&str; 12] = [
    "queue",
    "accepted",
    "arrived",
    "withheld",
    "retried",
    "dead",
    "unknown",
    "requests",
    "saved",
    "bisected",
    "breaker/holds",
    "p50/p99 ms",
];

impl QueueFigures {
    fn row(&self) -> Vec<String> {
        let ms = |value: Option<f64>| value.map_or("-".to_owned(), |ms| format!("{ms:.0}"));
        vec![
            self.name.clone(),
            self.accepted.to_string(),
            self.arrived.to_string(),
            self.stats.withheld.to_string(),
            self.stats.retried.to_string(),
            self.dead.to_string(),
            self.unknown.to_string(),
            self.requests.to_string(),
            (self.arrived as u64)
                .saturating_sub(self.requests)
                .to_string(),
            self.bisected.to_string(),
            format!("{}/{}", self.breaker_openings, self.holds),
            format!(
                "{}/{}",
                ms(self.stats.latency.p50),
                ms(self.stats.latency.p99)
            ),
        ]
    }

    fn to_json(&self) -> Value {
        json!({
            "accepted": self.accepted,
            "arrived": self.arrived,
            "withheld": self.stats.withheld,
            "retried": self.stats.retried,
            "dead": self.dead,
            "unknown": self.unknown,
            "lost": self.lost,
            "repeatedWithoutCause": self.repeated,
            "requests": self.requests,
            "batchesBisected": self.bisected,
            "breakerOpenings": self.breaker_openings,
            "holds": self.holds,
        })
    }
}

/// The events of a queue that are dead letters or unknown: not delivered, and not lost.
async fn explained(
    engine: &Engine,
    scope: &Scope,
    queue: &cauce_flow::id::QueueName,
) -> Result<std::collections::BTreeSet<String>, Failure> {
    let mut ids = std::collections::BTreeSet::new();
    let select = Select {
        queue: Some(queue.clone()),
        states: vec![State::Dead, State::Unknown],
        ..Select::all(scope.clone())
    };
    let failed = |error: cauce_store::jobs::Error| Failure::caused(&error);
    let mut page = Page {
        limit: 500,
        before: None,
    };
    loop {
        let listed = engine
            .jobs()
            .list(select.clone(), page)
            .await
            .map_err(failed)?;
        for job in &listed.jobs {
            let detail = engine
                .jobs()
                .job(job.id, scope.clone())
                .await
                .map_err(failed)?;
            let payload: Value = serde_json::from_slice(&detail.payload).unwrap_or_default();
            ids.extend(payload["event_id"].as_str().map(str::to_owned));
        }
        match listed.next {
            Some(next) => page.before = Some(next),
            None => return Ok(ids),
        }
    }
}

fn limits(outside: &Outside) -> Vec<Limit> {
    let second = Duration::from_secs(1);
    let minute = Duration::from_secs(60);
    [
        ("google", second, GOOGLE_PER_SECOND),
        ("linkedin", second, LINKEDIN_PER_SECOND),
        ("linkedin", minute, LINKEDIN_PER_MINUTE),
    ]
    .into_iter()
    .map(|(queue, per, max)| Limit {
        queue,
        per,
        max,
        seen: outside.of(queue).ledger().highest_in(per),
    })
    .collect()
}

fn quantile(values: &[f64], rank: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * rank) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}
