//! A campaign and all that goes wrong with one: numbers that are none, people who want no messages, a
//! provider that throttles and then goes away. Whom it reached is counted at the provider.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use cauce_sim::{Fault, RetryAfter, Said, StandIn, Treatment};
use serde_json::{Value, json};

use super::{
    client::Client,
    moment,
    outside::{CAMPAIGN_PER_MINUTE, CAMPAIGN_PER_SECOND, CAMPAIGNS, TWILIO_NUMBER},
};
use crate::{failure::Failure, output};

/// People for each second of the demo.
const PER_SECOND: u64 = 25;
/// Those that a campaign cannot reach or must not, by their place.
const NO_NUMBER: Range<u64> = 0..5;
const REFUSED: Range<u64> = 5..10;
const FAILING: Range<u64> = 10..15;
const OPTED_OUT: Range<u64> = 15..20;
const TWICE: Range<u64> = 20..25;
/// So many of the last ones think better of it when it has begun.
const LATE: u64 = 5;
const OUTAGE: Duration = Duration::from_secs(2);
/// How long the campaign may take beyond the demo's time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the campaign was, and what the API said of it in the end.
pub(super) struct Told {
    id: String,
    people: u64,
    status: Value,
    took: Duration,
}

impl Told {
    /// The campaign.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The places of those whom nothing kept from being reached.
    pub(super) fn reached(&self) -> Range<u64> {
        TWICE.end..self.people - LATE
    }
}

/// How many people the campaign of so many seconds has.
pub(super) const fn people(seconds: u64) -> u64 {
    seconds * PER_SECOND
}

/// Sends the campaign.
pub(super) async fn send(client: &Client, twilio: &StandIn, seconds: u64) -> Result<Told, Failure> {
    let people = people(seconds);
    let contacts: Vec<Value> = (0..people).map(|n| contact(n, people)).collect();
    for n in REFUSED {
        let refused = Treatment::Refused(21_211);
        twilio.messages().treat(&number(n), refused);
    }
    for n in FAILING {
        let failing = Treatment::FailsLater(63_016);
        twilio.messages().treat(&number(n), failing);
    }
    let body = json!({
        "tenant": super::TENANT, "name": "Rebajas", "sender": CAMPAIGNS, "contacts": contacts,
        "message": "Hola {{name|amigo}}, hoy todo a mitad de precio. BAJA para no recibir más",
    });
    let made = client.post_to("/api/campaigns", body.to_string()).await?;
    let id = made["id"].as_str().unwrap_or_default().to_owned();
    let began = Instant::now();
    let start = format!("/api/campaigns/{id}/start");
    client.post_to(&start, "{}".to_owned()).await?;
    for n in people - LATE..people {
        twilio.say(&Said {
            from: number(n),
            to: TWILIO_NUMBER.to_owned(),
            text: "Baja".to_owned(),
            reply_to: None,
        });
    }
    let patience = Duration::from_secs(seconds) + PATIENCE;
    let status = watch(client, twilio, &id, patience).await?;
    Ok(Told {
        id,
        people,
        status,
        took: began.elapsed(),
    })
}

/// Follows it to its end, and causes the troubles on the way.
async fn watch(
    client: &Client,
    twilio: &StandIn,
    id: &str,
    patience: Duration,
) -> Result<Value, Failure> {
    let deadline = Instant::now() + patience;
    let (mut is_throttled, mut has_fallen) = (false, false);
    let path = format!("/api/campaigns/{id}/queue-status");
    loop {
        let status = client.get(&path).await?["status"].take();
        let share = status["progress"]["percentage"].as_f64().unwrap_or(0.0);
        if share >= 20.0 && !is_throttled {
            is_throttled = true;
            let wait = RetryAfter::Seconds(1);
            twilio.faults().next(3, Fault::TooManyRequests(wait));
        }
        if share >= 45.0 && !has_fallen {
            has_fallen = true;
            twilio.go_down().await;
            tokio::time::sleep(OUTAGE).await;
            twilio.come_back().await;
        }
        let has_ended = matches!(
            status["status"].as_str(),
            Some("completed" | "failed" | "stopped")
        );
        if has_ended || Instant::now() > deadline {
            return Ok(status);
        }
        moment().await;
    }
}

fn contact(n: u64, people: u64) -> Value {
    let phone = match n {
        n if NO_NUMBER.contains(&n) => format!("+34 {n}"),
        n if TWICE.contains(&n) => number(people / 2),
        n => number(n),
    };
    json!({
        "id": format!("rebajas-{n}"), "phone": phone, "name": format!("Ana {n}"),
        "optedOut": OPTED_OUT.contains(&n),
    })
}

/// A Spanish mobile.
pub(super) fn number(n: u64) -> String {
    format!("+346{:08}", 20_000_000 + n)
}

/// What became of the campaign.
pub(super) struct Figures {
    told: Told,
    reached: usize,
    /// Numbers that got more than one message.
    twice: usize,
    /// Numbers that did not want a message and got one.
    unwilling: usize,
    /// People who should have a message, have none, and are not explained by the API's figures.
    forgotten: u64,
    per_second: u32,
    per_minute: u32,
}

impl Figures {
    pub(super) fn of(told: Told, twilio: &StandIn) -> Figures {
        let effects = twilio.messages().effects();
        let got = |n: u64| twilio.messages().effects_of(&number(n));
        let unwilling = OPTED_OUT.chain(told.people - LATE..told.people);
        let figure = |pointer: &str| {
            let found = told.status.pointer(pointer).and_then(Value::as_u64);
            found.unwrap_or(0)
        };
        // Everybody is counted as reached, as failed, as unknown, or as left out with a reason.
        let skipped = told.status["metrics"]["skipped"].as_object();
        let skipped: u64 = skipped
            .into_iter()
            .flat_map(|reasons| reasons.values())
            .filter_map(Value::as_u64)
            .sum();
        let unknown = figure("/metrics/messages/unknown");
        let explained = effects.len() as u64 + figure("/progress/failed") + skipped + unknown;
        let failed_late = FAILING.filter(|n| got(*n) > 0).count() as u64;
        Figures {
            reached: effects.len(),
            twice: effects.values().filter(|times| **times > 1).count(),
            unwilling: unwilling.filter(|n| got(*n) > 0).count(),
            forgotten: (told.people + failed_late).saturating_sub(explained),
            per_second: twilio.ledger().highest_in(Duration::from_secs(1)),
            per_minute: twilio.ledger().highest_in(Duration::from_secs(60)),
            told,
        }
    }

    pub(super) fn is_good(&self) -> bool {
        self.told.status["status"] == "completed"
            && self.twice == 0
            && self.unwilling == 0
            && self.forgotten == 0
            && self.per_second <= CAMPAIGN_PER_SECOND
            && self.per_minute <= CAMPAIGN_PER_MINUTE
    }

    pub(super) fn print(&self) {
        let progress = &self.told.status["progress"];
        output::line(&format!(
            "\ncampaign: {} people in {:.1} s: {} reached, {} failed, left out {}; twice: {}, \
             against their will: {}, forgotten: {}\nat most {} messages in any second, of {} allowed; \
             {} in any minute, of {}  {}",
            self.told.people,
            self.told.took.as_secs_f64(),
            self.reached,
            progress["failed"],
            self.told.status["metrics"]["skipped"],
            self.twice,
            self.unwilling,
            self.forgotten,
            self.per_second,
            CAMPAIGN_PER_SECOND,
            self.per_minute,
            CAMPAIGN_PER_MINUTE,
            output::mark(self.is_good())
        ));
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "people": self.told.people,
            "reached": self.reached,
            "twice": self.twice,
            "againstTheirWill": self.unwilling,
            "forgotten": self.forgotten,
            "highestPerSecond": self.per_second,
            "highestPerMinute": self.per_minute,
            "status": self.told.status,
        })
    }
}
