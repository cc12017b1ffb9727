//! Analytics over a month of events: what it takes to count them, how soon one more is on disk, and
//! what each question costs then.
//!
//! The month is counted in a data folder of its own, as fast as it goes; then a server is started on
//! it, which is asked over HTTP as users ask it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use cauce_engine::settings::AnalyticsSettings;
use cauce_flow::{currency::Currency, id::TenantId, time::Timestamp};
use cauce_observe::analytics::{Kind, What, event::Money};
use cauce_store::analytics::{Analytics, EventId, Tracked, Who};

use super::{
    Measured, gauge,
    server::{Link, Server},
    store::now,
};
use crate::{failure::Failure, output};

/// Events that are used where the caller does not say.
pub(super) const EVENTS: u64 = 1_000_000;
const MONTH_MS: i64 = 30 * 86_400_000;
const CONTACTS: u64 = 100_000;
const CAMPAIGNS: u64 = 20;
/// Events of one call while the month is counted: as many as a call may have.
const A_CALL: u64 = 1_000;
/// Calls with one event, calls with many, and questions of each kind.
const SINGLES: usize = 2_000;
const BATCHES: usize = 20;
const QUESTIONS: usize = 100;
/// Reports of each format.
const REPORTS: usize = 20;
/// How often it is said how far the counting has come.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// What is asked, and how it is named in the answer.
const ASKED: [(&str, &str, &str); 7] = [
    ("messages", "messages_p50_ms", "messages_p99_ms"),
    (
        "conversations",
        "conversations_p50_ms",
        "conversations_p99_ms",
    ),
    ("conversions", "conversions_p50_ms", "conversions_p99_ms"),
    ("performance", "performance_p50_ms", "performance_p99_ms"),
    ("campaigns/c7", "campaign_p50_ms", "campaign_p99_ms"),
    (
        "timeseries?metric=messagesSent&interval=day&timeZone=Europe/Madrid",
        "series_p50_ms",
        "series_p99_ms",
    ),
    ("forecast", "forecast_p50_ms", "forecast_p99_ms"),
];

/// The formats of reports, and how they are named in the answer.
const WRITTEN: [(&str, &str, &str); 4] = [
    ("json", "report_json_p50_ms", "report_json_p99_ms"),
    ("csv", "report_csv_p50_ms", "report_csv_p99_ms"),
    ("xlsx", "report_xlsx_p50_ms", "report_xlsx_p99_ms"),
    ("pdf", "report_pdf_p50_ms", "report_pdf_p99_ms"),
];

/// Counts a month of so many events, and asks.
pub(super) async fn run(events: u64) -> Result<Measured, Failure> {
    let folder = gauge::folder()?;
    let data = folder.path().join("data");
    fs::create_dir(&data).map_err(failed)?;
    let gauge = gauge::Gauge::start();
    fill(&data, events).await?;
    let (seconds, cpu_seconds) = gauge.stop();
    let disk_bytes = fs::metadata(data.join("analytics.db"))
        .map_err(failed)?
        .len();
    let server = Server::start(folder.path(), "")?;
    let mut link = Link::open(server.address).map_err(failed)?;
    let mut more = vec![("disk_bytes_an_event", disk_bytes as f64 / events as f64)];
    more.extend(questions(&mut link)?);
    more.extend(reports(&mut link)?);
    more.extend(tracking(&mut link)?);
    let memory_bytes = gauge::resident_bytes_of(&server.process());
    more.push(("memory_bytes_an_event", memory_bytes as f64 / events as f64));
    Ok(Measured {
        jobs: events,
        seconds,
        cpu_seconds,
        memory_bytes,
        more,
    })
}

fn failed(error: std::io::Error) -> Failure {
    Failure::caused(&error)
}

/// Counts the month, every call on disk before the next.
async fn fill(data: &Path, events: u64) -> Result<(), Failure> {
    let analytics = Analytics::open(data, AnalyticsSettings::default());
    let analytics = analytics.map_err(|error| Failure::caused(&error))?;
    let mut made = Made::new(events);
    let mut left = events;
    let (began, mut said) = (Instant::now(), Instant::now());
    while left > 0 {
        let some = (0..left.min(A_CALL)).map(|_| made.next()).collect();
        let taken = analytics.track(some).await;
        taken.map_err(|error| Failure::caused(&error))?;
        left = left.saturating_sub(A_CALL);
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            let done = events - left;
            let rate = done as f64 / began.elapsed().as_secs_f64();
            output::note(&format!(
                "counted {done} of {events} events, {rate:.0} a second"
            ));
        }
    }
    let folded = analytics.fold().await;
    folded.map_err(|error| Failure::caused(&error))?;
    let settled = analytics.settle().await;
    settled.map_err(|error| Failure::caused(&error))?;
    analytics.close().await;
    Ok(())
}

/// Asks everything about the month again and again, one after the other.
fn questions(link: &mut Link) -> Result<Vec<(&'static str, f64)>, Failure> {
    let mut found = Vec::new();
    let mut all = vec![Duration::ZERO; QUESTIONS];
    for (question, p50, p99) in ASKED {
        let glue = if question.contains('?') { '&' } else { '?' };
        let path = format!("/api/analytics/{question}{glue}tenant={TENANT}");
        let mut took = Vec::new();
        for sum in &mut all {
            let asked = Instant::now();
            expect(200, link.exchange("GET", &path, ""))?;
            took.push(asked.elapsed());
            *sum += asked.elapsed();
        }
        found.extend(quantiles(took, [p50, p99]));
    }
    found.extend(quantiles(all, ["all_p50_ms", "all_p99_ms"]));
    Ok(found)
}

/// Has the month reported in each format: asked over HTTP, gathered, written, and read to its end.
fn reports(link: &mut Link) -> Result<Vec<(&'static str, f64)>, Failure> {
    let to = now().as_millis();
    let from = to - MONTH_MS;
    let mut found = Vec::new();
    for (format, p50, p99) in WRITTEN {
        let path = format!(
            "/api/analytics/report?from={from}&to={to}&format={format}\
             &timeZone=Europe/Madrid&tenant={TENANT}"
        );
        let mut took = Vec::new();
        for _ in 0..REPORTS {
            let asked = Instant::now();
            expect(200, link.exchange("GET", &path, ""))?;
            took.push(asked.elapsed());
        }
        found.extend(quantiles(took, [p50, p99]));
    }
    Ok(found)
}

/// Tracks single events, then calls of as many as a call may have; each on disk before its answer.
fn tracking(link: &mut Link) -> Result<Vec<(&'static str, f64)>, Failure> {
    let path = format!("/api/analytics/track?tenant={TENANT}");
    let mut dice = Dice(7);
    let mut track = |events: u64, calls: usize| -> Result<Vec<Duration>, Failure> {
        let mut took = Vec::new();
        for _ in 0..calls {
            let body: Vec<String> = (0..events).map(|_| one(&mut dice)).collect();
            let body = format!("[{}]", body.join(","));
            let asked = Instant::now();
            expect(202, link.exchange("POST", &path, &body))?;
            took.push(asked.elapsed());
        }
        Ok(took)
    };
    let singles = track(1, SINGLES)?;
    let batches = track(A_CALL, BATCHES)?;
    Ok([
        quantiles(singles, ["track_p50_ms", "track_p99_ms"]),
        quantiles(batches, ["track_1000_p50_ms", "track_1000_p99_ms"]),
    ]
    .concat())
}

/// An event as an application tells it.
fn one(dice: &mut Dice) -> String {
    let phone = phone(dice.below(CONTACTS));
    let id = dice.roll();
    match dice.below(3) {
        0 => format!(
            r#"{{"type":"messageReceived","id":"n{id}","phone":"{phone}","messageType":"text"}}"#
        ),
        1 => format!(
            r#"{{"type":"messageSent","id":"n{id}","phone":"{phone}","messageType":"text"}}"#
        ),
        _ => format!(r#"{{"type":"conversion","kind":"lead","id":"n{id}","phone":"{phone}"}}"#),
    }
}

fn expect(wanted: u16, answer: std::io::Result<(u16, String)>) -> Result<(), Failure> {
    match answer.map_err(failed)? {
        (status, _) if status == wanted => Ok(()),
        (status, text) => Err(Failure::failed(format!("answered {status}: {text}"))),
    }
}

fn quantiles(mut took: Vec<Duration>, [p50, p99]: [&'static str; 2]) -> Vec<(&'static str, f64)> {
    took.sort_unstable();
    vec![
        (p50, gauge::quantile_ms(&took, 0.5)),
        (p99, gauge::quantile_ms(&took, 0.99)),
    ]
}

const TENANT: &str = "bench";

fn phone(contact: u64) -> String {
    format!("+346{contact:08}")
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    /// The next number (xorshift64, Marsaglia 2003).
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: u64) -> u64 {
        self.roll() % most
    }
}

/// A month of events, in the order in which they happened.
struct Made {
    dice: Dice,
    tenant: TenantId,
    from_ms: i64,
    number: u64,
    of: u64,
}

impl Made {
    fn new(of: u64) -> Made {
        Made {
            dice: Dice(1),
            tenant: TenantId::new(TENANT).expect("the tenant of the benchmark has a good name"),
            from_ms: now().as_millis() - MONTH_MS,
            number: 0,
            of,
        }
    }

    fn next(&mut self) -> Tracked {
        let number = self.number;
        self.number += 1;
        let share = i128::from(number) * i128::from(MONTH_MS) / i128::from(self.of);
        let at = self.from_ms + i64::try_from(share).unwrap_or(0);
        let (what, label) = self.what();
        let in_campaign = matches!(what, What::Spent(_)) || self.dice.below(3) == 0;
        let campaign = in_campaign.then(|| format!("c{}", self.dice.below(CAMPAIGNS)));
        let has_variant = in_campaign && matches!(what, What::Sent { .. });
        Tracked {
            tenant: self.tenant.clone(),
            id: EventId::Named(format!("e{number}")),
            at: Timestamp::from_millis(at),
            person: Some(Who::Phone(phone(self.dice.below(CONTACTS)))),
            conversation: None,
            variant: has_variant.then(|| ["a", "b"][self.dice.below(2) as usize].to_owned()),
            campaign,
            label: label.map(str::to_owned),
            channel: Some("whatsapp".to_owned()),
            what,
        }
    }

    /// What happens how often: mostly messages and what becomes of them.
    fn what(&mut self) -> (What, Option<&'static str>) {
        let took_ms =
            Some(200 + (self.dice.below(1 << 20) / (1 + self.dice.below(1_000))).cast_signed());
        match self.dice.below(100) {
            0..30 => {
                let what = What::Sent {
                    reached: true,
                    took_ms,
                    retried: false,
                };
                (
                    what,
                    Some(["text", "image", "template"][self.dice.below(3) as usize]),
                )
            }
            30..55 => (What::Delivered { took_ms }, None),
            55..72 => (What::Read, None),
            72..88 => (What::Received, Some("text")),
            88..90 => (What::Failed { was_sent: true }, Some("131026")),
            90..92 => (What::HandedOff, None),
            92..95 => (What::Ended, Some("agent")),
            95..99 => (self.conversion(), None),
            _ => (What::Spent(self.money()), None),
        }
    }

    fn conversion(&mut self) -> What {
        let kind = Kind::ALL[self.dice.below(4) as usize];
        What::Converted {
            kind,
            value: (kind == Kind::Sale).then(|| self.money()),
        }
    }

    fn money(&mut self) -> Money {
        Money {
            currency: Currency::new("EUR").expect("the euro is a currency"),
            units: self.dice.below(100_000).cast_signed(),
        }
    }
}
