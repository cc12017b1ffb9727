//! A conversation beside a crowd: somebody writes and is answered at once, while hundreds of messages
//! that nobody hurries wait in the same line.

use std::time::{Duration, Instant};

use cauce_engine::Engine;
use cauce_sim::{Said, StandIn};
use cauce_store::jobs::Scope;
use serde_json::{Value, json};

use super::{
    client::Client,
    outside::{CLOUD_NUMBER, CONVERSATIONS, TALK_PER_SECOND},
};
use crate::{failure::Failure, output};

/// Messages of no hurry, in bulk calls of so many.
const CROWD_CALLS: u64 = 4;
const CROWD: u64 = 100;
/// The person who is answered.
const PERSON: &str = "+34611111111";
/// An answer has to be at the messenger by then.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long each answer took from the call to the messenger.
pub(super) struct Told {
    answers: Vec<Duration>,
    missing: u64,
}

/// Holds the conversation: one turn each second.
pub(super) async fn hold(client: &Client, cloud: &StandIn, seconds: u64) -> Result<Told, Failure> {
    for call in 0..CROWD_CALLS {
        let crowd = (call * CROWD..(call + 1) * CROWD).map(notice);
        let crowd: Vec<Value> = crowd.collect();
        let path = "/api/whatsapp/messages/bulk";
        client.make(path, &json!(crowd)).await?;
    }
    let mut told = Told {
        answers: Vec::new(),
        missing: 0,
    };
    let began = Instant::now();
    for turn in 1..=seconds {
        cloud.say(&Said {
            from: PERSON.to_owned(),
            to: CLOUD_NUMBER.to_owned(),
            text: format!("¿Sigue libre el piso {turn}?"),
            reply_to: None,
        });
        let answer = json!({
            "to": PERSON, "text": format!("Sí, el {turn} sigue libre"), "sender": CONVERSATIONS,
            "priority": "critical", "conversationId": "piso",
        });
        let asked = Instant::now();
        client.make("/api/whatsapp/messages", &answer).await?;
        match arrives(cloud, turn).await {
            true => told.answers.push(asked.elapsed()),
            false => told.missing += 1,
        }
        let due = began + Duration::from_secs(turn);
        tokio::time::sleep_until(due.into()).await;
    }
    Ok(told)
}

/// Waits until so many answers are at the messenger.
async fn arrives(cloud: &StandIn, answers: u64) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while u64::from(cloud.messages().effects_of(PERSON)) < answers {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    true
}

fn notice(n: u64) -> Value {
    json!({
        "to": format!("+346{:08}", 30_000_000 + n), "text": "Tu factura está lista",
        "sender": CONVERSATIONS, "priority": "low",
    })
}

/// What became of the conversation.
pub(super) struct Figures {
    told: Told,
    crowd: usize,
    twice: usize,
    per_second: u32,
}

impl Figures {
    pub(super) fn of(told: Told, cloud: &StandIn) -> Figures {
        let mut effects = cloud.messages().effects();
        effects.remove(&PERSON.trim_start_matches('+').parse().unwrap_or(0));
        Figures {
            told,
            crowd: effects.len(),
            twice: effects.values().filter(|times| **times > 1).count(),
            per_second: cloud.ledger().highest_in(Duration::from_secs(1)),
        }
    }

    pub(super) fn is_good(&self) -> bool {
        self.told.missing == 0
            && self.crowd as u64 == CROWD_CALLS * CROWD
            && self.twice == 0
            && self.per_second <= TALK_PER_SECOND
    }

    pub(super) fn print(&self) {
        let (half, last) = self.quantiles();
        output::line(&format!(
            "conversation: {} turns answered within {half:.0} ms (p50), {last:.0} ms (at most), before \
             {} messages of no hurry, of which {} arrived\nat most {} messages in any second, of {} allowed  {}",
            self.told.answers.len(),
            CROWD_CALLS * CROWD,
            self.crowd,
            self.per_second,
            TALK_PER_SECOND,
            output::mark(self.is_good())
        ));
    }

    pub(super) fn to_json(&self) -> Value {
        let (half, last) = self.quantiles();
        json!({
            "turns": self.told.answers.len(),
            "missing": self.told.missing,
            "answerMs": { "p50": half, "max": last },
            "crowd": self.crowd,
            "twice": self.twice,
            "highestPerSecond": self.per_second,
        })
    }

    /// Milliseconds: half of the answers took no longer, and none took longer.
    fn quantiles(&self) -> (f64, f64) {
        let mut ms: Vec<f64> = self.told.answers.iter().map(in_ms).collect();
        ms.sort_by(f64::total_cmp);
        let at = |place: usize| ms.get(place).copied().unwrap_or(0.0);
        (at(ms.len() / 2), at(ms.len().saturating_sub(1)))
    }
}

/// What of the messages still waits.
pub(super) fn pending(engine: &Engine, scope: &Scope) -> u64 {
    let queues = engine.queues(scope).into_iter();
    let own = queues.filter(|queue| matches!(queue.name.as_str(), "whatsapp" | "campaigns"));
    own.map(|queue| queue.counts.pending()).sum()
}

fn in_ms(took: &Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}
