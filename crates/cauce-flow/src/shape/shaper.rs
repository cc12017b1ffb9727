//! What becomes of the events of one call before the store sees them.
//!
//! ```text
//! told --clock--> timely --consent--> allowed --sampler--> kept, with a weight
//!          \--> untimely     \--> withheld      \--> sampled out, by its rate or by pressure
//! ```
//!
//! Each event meets one end. The untimely ones are faults of the call: whoever takes nothing of a bad
//! call finds them in the outcome, and throws the rest away.

use std::collections::BTreeMap;

use super::{
    allowance::Level,
    bots::Sign,
    clock::{Clock, Untimely},
    consent::{self, Policy, Signals},
    sampler::{self, Rules},
};
use crate::{
    event::{Event, EventId, EventKind, Metadata, SessionId, VisitorId},
    time::Timestamp,
};

/// An event as a client tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its identity.
    pub id: EventId,
    /// Who did it.
    pub visitor: VisitorId,
    /// The visit that it belongs to.
    pub session: SessionId,
    /// What it is.
    pub kind: EventKind,
    /// When it happened, by the clock of the client, if that is said.
    pub occurred_at: Option<Timestamp>,
    /// What else is known of it.
    pub metadata: Metadata,
    /// `consent.analytics` of the event.
    pub consent: Option<bool>,
}

/// What holds for all events of a call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// How the tenant's events are sampled.
    pub rules: Rules<'a>,
    /// How near the tenant is to its allowance.
    pub level: Level,
    /// Which times are believed.
    pub clock: Clock,
    /// What the site heeds of a visitor's wishes.
    pub policy: Policy,
    /// What the call says of them.
    pub signals: Signals,
    /// What its user agent gives away.
    pub sign: Option<Sign>,
    /// Whether it comes from a server that holds a secret key. A library for HTTP is no bot there.
    pub from_server: bool,
}

/// An event that is to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The event.
    pub event: Event,
    /// How many true events it stands for.
    pub weight: f64,
    /// Its place in the call.
    pub place: usize,
}

/// How many events met each end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Outside the share that the rule of their kind keeps.
    pub sampled_by_rate: u32,
    /// Inside it, and outside the smaller share near the tenant's limit.
    pub sampled_by_pressure: u32,
    /// May not be kept, by reason.
    pub withheld: BTreeMap<consent::Reason, u32>,
}

/// What became of the events of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Those to be stored, in the order of the call.
    pub kept: Vec<Kept>,
    /// Those that are not, but for the untimely ones.
    pub counts: Counts,
    /// Faults of the call, each with the event's place in it.
    pub untimely: Vec<(usize, Untimely)>,
    /// The kinds of the call that are sampled harder than their rules say because the tenant is near
    /// its limit, each with the rate in percent.
    pub pressed: BTreeMap<EventKind, f64>,
}

impl Counts {
    /// All that the sampler left out.
    pub fn sampled_out(&self) -> u32 {
        self.sampled_by_rate + self.sampled_by_pressure
    }

    /// All that may not be kept.
    pub fn withheld(&self) -> u32 {
        self.withheld.values().sum()
    }
}

/// Decides on the events of a call.
pub fn shape(told: Vec<Told>, call: &Call<'_>) -> Outcome {
    let mut outcome = Outcome {
        kept: Vec::with_capacity(told.len()),
        ..Outcome::default()
    };
    let bot = call.is_bot();
    for (place, told) in told.into_iter().enumerate() {
        outcome.take(place, told, bot, call);
    }
    outcome
}

impl Call<'_> {
    fn is_bot(&self) -> bool {
        match self.sign {
            Some(Sign::Crawler | Sign::Headless) => true,
            Some(Sign::Program) => !self.from_server,
            None => false,
        }
    }
}

impl Outcome {
    fn take(&mut self, place: usize, told: Told, bot: bool, call: &Call<'_>) {
        let occurred_at = match call.clock.judge(told.occurred_at) {
            Ok(at) => at,
            Err(untimely) => return self.untimely.push((place, untimely)),
        };
        if let consent::Verdict::Withhold(reason) = call.policy.judge(&call.signals, told.consent) {
            *self.counts.withheld.entry(reason).or_default() += 1;
            return;
        }
        self.note_pressure(&told.kind, call);
        let event = told.happened(occurred_at, bot);
        match call.rules.judge(&event, call.level) {
            sampler::Verdict::Keep { weight } => self.kept.push(Kept {
                event,
                weight,
                place,
            }),
            sampler::Verdict::Drop(sampler::Reason::Rate) => self.counts.sampled_by_rate += 1,
            sampler::Verdict::Drop(sampler::Reason::Pressure) => {
                self.counts.sampled_by_pressure += 1;
            }
        }
    }

    fn note_pressure(&mut self, kind: &EventKind, call: &Call<'_>) {
        if call.level == Level::NONE || self.pressed.contains_key(kind) {
            return;
        }
        if call.rules.presses(kind, call.level) {
            let rate = call.rules.rate_at(kind, call.level);
            self.pressed.insert(kind.clone(), rate);
        }
    }
}

impl Told {
    fn happened(self, occurred_at: Timestamp, bot: bool) -> Event {
        Event {
            id: self.id,
            visitor: self.visitor,
            session: self.session,
            kind: self.kind,
            occurred_at,
            metadata: self.metadata,
            bot,
        }
    }
}

#[cfg(test)]
mod tests;
