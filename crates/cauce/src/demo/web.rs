//! Visitors on two web sites: a burst of events in batches, some of them sent twice, and what the
//! event store says of them afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_engine::Engine;
use cauce_events::store::{Counters, StatsQuery};
use cauce_flow::{id::TenantId, shape::sampler, time::Timestamp};
use cauce_sim::traffic::web::{WebBody, WebOptions, WebTraffic};
use serde_json::{Value, json};

use super::client::Client;
use crate::{failure::Failure, output};

/// Events in a batch.
const BATCH: usize = 50;
const SITES: u32 = 2;
/// Every so many batches, one is sent again.
const RESEND_EVERY: u64 = 20;
/// How far an estimate may be off, in standard deviations: further by chance once in 16,000 times.
const MAX_DEVIATIONS: f64 = 4.0;
const PATH: &str = "/tracking-v2/events";

/// What browsers told, in figures.
#[derive(Default)]
pub(super) struct Told {
    from: Timestamp,
    /// Events that were sent, repeats included.
    sent: u64,
    /// Events that were sent again.
    resent: u64,
    /// Different events by kind.
    by_kind: BTreeMap<&'static str, u64>,
    visitors: BTreeSet<u128>,
    sessions: BTreeSet<u128>,
}

/// Sends so many events a second for so many seconds.
pub(super) async fn burst(
    client: Arc<Client>,
    (per_second, seconds): (u32, u64),
    seed: u64,
    now: Timestamp,
) -> Result<Told, Failure> {
    let from = now - Duration::from_secs(60);
    let mut traffic = WebTraffic::new(WebOptions {
        seed,
        origin_ms: from.as_millis(),
        events_per_second: per_second,
        tenant: super::TENANT.to_owned(),
        sites: SITES,
    });
    let mut told = Told {
        from,
        ..Told::default()
    };
    let began = Instant::now();
    let batches = seconds * u64::from(per_second) / BATCH as u64;
    for number in 0..batches {
        let body = traffic.next_body(BATCH);
        told.note(&body);
        client.post_to(PATH, body.json.clone()).await?;
        if number % RESEND_EVERY == RESEND_EVERY - 1 {
            told.sent += BATCH as u64;
            told.resent += BATCH as u64;
            client.post_to(PATH, body.json).await?;
        }
        let share = (number + 1) as f64 / batches as f64;
        let due = began + Duration::from_secs(seconds).mul_f64(share);
        tokio::time::sleep_until(due.into()).await;
    }
    Ok(told)
}

impl Told {
    fn note(&mut self, body: &WebBody) {
        self.sent += body.events.len() as u64;
        for event in &body.events {
            *self.by_kind.entry(event.kind).or_default() += 1;
            self.visitors.insert(event.visitor.as_u128());
            self.sessions.insert(event.session.as_u128());
        }
    }
}

/// What became of the events.
pub(super) struct Figures {
    told: Told,
    counters: Counters,
    estimated: f64,
    visitors: u64,
    sessions: u64,
    files: u64,
    bytes: u64,
    /// Kinds whose figures are not what was sent.
    wrong: Vec<String>,
}

impl Figures {
    pub(super) async fn of(
        engine: &Engine,
        tenant: &TenantId,
        told: Told,
    ) -> Result<Figures, Failure> {
        let tracking = engine.tracking();
        let query = StatsQuery {
            tenant: tenant.clone(),
            site: None,
            from: told.from,
            to: engine.now() + Duration::from_secs(60),
            interval: None,
            max_top: 0,
        };
        let stats = tracking
            .stats(query)
            .await
            .map_err(|error| Failure::caused(&error))?;
        let found = |kind: &str| {
            let known = stats.by_kind.iter().find(|(name, _)| name.as_str() == kind);
            known.map_or((0, 0.0), |(_, of)| (of.events, of.estimated))
        };
        let wrong = told.by_kind.iter().filter_map(|(kind, sent)| {
            let (events, estimated) = found(kind);
            let right = is_right(kind, *sent, events, estimated);
            (!right)
                .then(|| format!("{kind}: {sent} sent, {events} kept, {estimated:.0} estimated"))
        });
        let wrong = wrong.collect();
        let partitions = tracking.health().partitions;
        Ok(Figures {
            counters: tracking.counters(Some(tenant)),
            estimated: stats.estimated_events,
            visitors: stats.visitors.count,
            sessions: stats.sessions.count,
            files: partitions.iter().map(|month| month.files).sum(),
            bytes: partitions.iter().map(|month| month.bytes).sum(),
            wrong,
            told,
        })
    }

    /// Every visit begins with a page view, and those are all kept: visitors and sessions are exact.
    pub(super) fn is_good(&self) -> bool {
        self.wrong.is_empty()
            && self.counters.holds()
            && self.counters.received == self.told.sent
            && self.visitors == self.told.visitors.len() as u64
            && self.sessions == self.told.sessions.len() as u64
    }

    pub(super) fn print(&self) {
        let Counters {
            stored,
            merged,
            sampled_out,
            duplicates,
            ..
        } = self.counters;
        output::line(&format!(
            "\nweb events: {} sent ({} of them twice): {stored} stored, {merged} added to equal ones, \
             {sampled_out} sampled out, {duplicates} known already\n\
             {} visitors in {} sessions (sent: {} in {}); {:.0} events estimated of {} different ones; \
             {} files, {:.0} kB  {}",
            self.told.sent,
            self.told.resent,
            self.visitors,
            self.sessions,
            self.told.visitors.len(),
            self.told.sessions.len(),
            self.estimated,
            self.told.by_kind.values().sum::<u64>(),
            self.files,
            self.bytes as f64 / 1e3,
            output::mark(self.is_good())
        ));
        for wrong in &self.wrong {
            output::line(&format!("not as it was sent: {wrong}"));
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "sent": self.told.sent,
            "stored": self.counters.stored,
            "merged": self.counters.merged,
            "sampledOut": self.counters.sampled_out,
            "duplicates": self.counters.duplicates,
            "visitors": self.visitors,
            "sessions": self.sessions,
            "estimated": self.estimated,
            "wrong": self.wrong,
        })
    }
}

/// Whether a kind that is kept whole is there whole, and the estimate of one that is sampled no
/// further off than chance allows.
fn is_right(kind: &str, sent: u64, events: u64, estimated: f64) -> bool {
    let kind =
        cauce_flow::event::EventKind::new(kind).expect("the traffic's kinds have good names");
    let share = sampler::default_rule(&kind).sampling_rate / 100.0;
    if share >= 1.0 {
        return events == sent;
    }
    let deviation = (sent as f64 * (1.0 - share) / share).sqrt();
    (estimated - sent as f64).abs() <= MAX_DEVIATIONS * deviation
}

#[cfg(test)]
mod tests {
    use super::is_right;

    #[test]
    fn one_lost_page_view_is_noticed_and_chance_is_not() {
        assert!(is_right("PAGE_VIEW", 1_000, 1_000, 1_000.0));
        assert!(!is_right("PAGE_VIEW", 1_000, 999, 999.0));
        assert!(is_right("SCROLL", 10_000, 1_030, 10_300.0));
        assert!(!is_right("SCROLL", 10_000, 800, 8_000.0));
    }
}
