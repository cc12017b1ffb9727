//! What sums say: the figures of messages, conversations, conversions and campaigns in a range.
//!
//! They are plain values, for whoever shows them: an answer of the API, a report, a page.

mod campaign;
mod conversions;
mod performance;

use std::collections::BTreeMap;

pub use self::{
    campaign::{CampaignFigures, OwedFigures},
    conversions::{ConversionFigures, FunnelStep, KindFigures},
    performance::PerformanceFigures,
};
use super::{
    event::{Kind, Money},
    measure::{Measure, UNNAMED, of_value_part},
    rates::Share,
    spread::Spread,
};

/// Names with how often each was counted, the most frequent first.
pub type Named = Vec<(String, u64)>;

/// Sums of a range, by measure and part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<(Measure, i64), i64>);

impl Sums {
    /// Adds to a part of a measure.
    pub fn add(&mut self, measure: Measure, part: i64, by: i64) {
        let sum = self.0.entry((measure, part)).or_default();
        *sum = sum.saturating_add(by);
    }

    /// Adds others.
    pub fn add_all(&mut self, others: &Sums) {
        for ((measure, part), sum) in &others.0 {
            self.add(*measure, *part, *sum);
        }
    }

    /// The parts of a measure that are not zero.
    pub fn parts(&self, measure: Measure) -> impl Iterator<Item = (i64, i64)> {
        let all = self.0.range((measure, i64::MIN)..=(measure, i64::MAX));
        all.filter(|(_, sum)| **sum != 0)
            .map(|((_, part), sum)| (*part, *sum))
    }

    /// All parts of a measure together.
    pub fn sum(&self, measure: Measure) -> i64 {
        self.parts(measure).map(|(_, sum)| sum).sum()
    }

    /// A count.
    pub fn count(&self, measure: Measure) -> u64 {
        u64::try_from(self.sum(measure)).unwrap_or(0)
    }

    fn part(&self, measure: Measure, part: i64) -> u64 {
        let sum = self.0.get(&(measure, part)).copied().unwrap_or(0);
        u64::try_from(sum).unwrap_or(0)
    }

    /// The parts of a measure that are labels, by name.
    fn named(&self, measure: Measure, name: Names<'_>) -> Named {
        let parts = self.parts(measure);
        let mut named: Named = parts
            .filter_map(|(part, sum)| {
                let label = u32::try_from(part).ok()?;
                Some((name(label), u64::try_from(sum).unwrap_or(0)))
            })
            .collect();
        most_first(&mut named);
        named
    }

    fn durations(&self, classes: Measure, sum: Measure) -> Durations {
        let mut spread = Spread::default();
        for (class, count) in self.parts(classes) {
            spread.add(u32::try_from(class).unwrap_or(0), count);
        }
        Durations {
            sum_ms: self.sum(sum),
            spread,
        }
    }

    /// Money by currency.
    fn money(&self, parts: impl Iterator<Item = (Money, i64)>) -> Vec<Money> {
        let mut by_currency: BTreeMap<_, i64> = BTreeMap::new();
        for (money, sum) in parts {
            let units = by_currency.entry(money.currency).or_default();
            *units = units.saturating_add(sum);
        }
        let money = by_currency.into_iter();
        money
            .map(|(currency, units)| Money { currency, units })
            .collect()
    }

    fn worth(&self, of: impl Fn(Kind) -> bool) -> Vec<Money> {
        let parts = self.parts(Measure::Value);
        self.money(parts.filter_map(|(part, sum)| {
            let (kind, currency) = of_value_part(part)?;
            let money = Money { currency, units: 0 };
            of(kind).then_some((money, sum))
        }))
    }

    fn cost(&self) -> Vec<Money> {
        let parts = self.parts(Measure::Cost);
        self.money(parts.filter_map(|(part, sum)| {
            let (_, currency) = of_value_part(part)?;
            Some((Money { currency, units: 0 }, sum))
        }))
    }
}

/// How a label is called.
pub type Names<'a> = &'a dyn Fn(u32) -> String;

/// How long something took, over many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    sum_ms: i64,
    spread: Spread,
}

impl Durations {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.spread.count()
    }

    /// The exact mean in milliseconds.
    pub fn mean_ms(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum_ms as f64 / count as f64)
    }

    /// A quantile in milliseconds, off by at most [`super::spread::ERROR`] of itself.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        self.spread.quantile(share)
    }
}

/// Messages of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFigures {
    /// Sent.
    pub sent: u64,
    /// From people.
    pub received: u64,
    /// Delivered.
    pub delivered: u64,
    /// Read.
    pub read: u64,
    /// Failed.
    pub failed: u64,
    /// Of the failed, those that the provider had not taken.
    pub failed_unsent: u64,
    /// Sent, by kind of message.
    pub sent_by_type: Named,
    /// From people, by kind of message.
    pub received_by_type: Named,
    /// Sent, by channel.
    pub sent_by_channel: Named,
    /// From people, by channel.
    pub received_by_channel: Named,
    /// Failed, by error.
    pub errors: Named,
}

impl MessageFigures {
    /// What they are read from.
    pub const MEASURES: [Measure; 11] = [
        Measure::Sent,
        Measure::Received,
        Measure::Delivered,
        Measure::Read,
        Measure::Failed,
        Measure::FailedUnsent,
        Measure::SentByType,
        Measure::ReceivedByType,
        Measure::SentByChannel,
        Measure::ReceivedByChannel,
        Measure::FailedByError,
    ];

    /// What the sums say.
    pub fn of(sums: &Sums, name: Names<'_>) -> MessageFigures {
        MessageFigures {
            sent: sums.count(Measure::Sent),
            received: sums.count(Measure::Received),
            delivered: sums.count(Measure::Delivered),
            read: sums.count(Measure::Read),
            failed: sums.count(Measure::Failed),
            failed_unsent: sums.count(Measure::FailedUnsent),
            sent_by_type: sums.named(Measure::SentByType, name),
            received_by_type: sums.named(Measure::ReceivedByType, name),
            sent_by_channel: sums.named(Measure::SentByChannel, name),
            received_by_channel: sums.named(Measure::ReceivedByChannel, name),
            errors: sums.named(Measure::FailedByError, name),
        }
    }

    /// Delivered of those sent.
    pub fn delivery(&self) -> Share {
        share(self.delivered, self.sent)
    }

    /// Read of those delivered.
    pub fn reading(&self) -> Share {
        share(self.read, self.delivered)
    }

    /// Failed of those that were sent or failed before.
    pub fn failure(&self) -> Share {
        share(self.failed, self.sent + self.failed_unsent)
    }
}

/// When messages come and go: sent and received by hour and by weekday, in the asked time zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rhythm {
    /// By hour of the day, sent and received.
    pub hours: [[u64; 2]; 24],
    /// By weekday from Monday, sent and received.
    pub weekdays: [[u64; 2]; 7],
}

/// Conversations of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationFigures {
    /// Those that began.
    pub started: u64,
    /// Those that ended.
    pub ended: u64,
    /// Those that were open at the end of the range.
    pub active: u64,
    /// Times that one went to a person.
    pub hand_offs: u64,
    /// Of those that ended, those that had gone to a person.
    pub ended_handed_off: u64,
    /// How long first responses took that were given in the range.
    pub first_response: Durations,
    /// How long all responses took that were given in the range.
    pub response: Durations,
    /// How long first responses took in business hours, as far as those were known.
    pub first_response_in_hours: Durations,
    /// How long all responses took in business hours, as far as those were known.
    pub response_in_hours: Durations,
    /// How long those lasted that ended.
    pub duration: Durations,
    /// Messages of those that ended.
    pub messages: u64,
    /// Those that ended, by who ended them: [`SILENCE`] where nobody did, [`NOBODY_SAID`] where nobody
    /// said whose it is.
    pub ended_by: Named,
}

impl ConversationFigures {
    /// What they are read from; `active` comes from all that began and ended before.
    pub const MEASURES: [Measure; 16] = [
        Measure::Started,
        Measure::Ended,
        Measure::HandOffs,
        Measure::FirstResponses,
        Measure::FirstResponseMs,
        Measure::Responses,
        Measure::ResponseMs,
        Measure::FirstResponsesInHours,
        Measure::FirstResponseInHoursMs,
        Measure::ResponsesInHours,
        Measure::ResponseInHoursMs,
        Measure::Durations,
        Measure::DurationMs,
        Measure::MessagesOfEnded,
        Measure::EndedHandedOff,
        Measure::EndedBy,
    ];

    /// What the sums say, where so many were open at the end.
    pub fn of(sums: &Sums, active: i64, name: Names<'_>) -> ConversationFigures {
        ConversationFigures {
            started: sums.count(Measure::Started),
            ended: sums.count(Measure::Ended),
            active: u64::try_from(active).unwrap_or(0),
            hand_offs: sums.count(Measure::HandOffs),
            ended_handed_off: sums.count(Measure::EndedHandedOff),
            first_response: sums.durations(Measure::FirstResponses, Measure::FirstResponseMs),
            response: sums.durations(Measure::Responses, Measure::ResponseMs),
            first_response_in_hours: sums.durations(
                Measure::FirstResponsesInHours,
                Measure::FirstResponseInHoursMs,
            ),
            response_in_hours: sums
                .durations(Measure::ResponsesInHours, Measure::ResponseInHoursMs),
            duration: sums.durations(Measure::Durations, Measure::DurationMs),
            messages: sums.count(Measure::MessagesOfEnded),
            ended_by: ended_by(sums, name),
        }
    }

    /// Those that had gone to a person, of those that ended.
    pub fn hand_off(&self) -> Share {
        share(self.ended_handed_off, self.ended)
    }

    /// Messages of each that ended, on average.
    pub fn messages_each(&self) -> Option<f64> {
        (self.duration.count() > 0).then(|| self.messages as f64 / self.duration.count() as f64)
    }
}

/// How an end is named that nobody made.
pub const SILENCE: &str = "silence";
/// How an end is named of which nobody said whose it is.
pub const NOBODY_SAID: &str = "unknown";

fn ended_by(sums: &Sums, name: Names<'_>) -> Named {
    let (mut named, silent): (Named, Named) = sums
        .named(Measure::EndedBy, name)
        .into_iter()
        .partition(|(name, _)| !name.is_empty());
    let silent = silent.into_iter().map(|(_, count)| count).sum();
    let unnamed = sums.part(Measure::EndedBy, UNNAMED);
    for (own, count) in [(SILENCE, silent), (NOBODY_SAID, unnamed)] {
        // Somebody may have given the same name.
        match named.iter_mut().find(|(name, _)| name == own) {
            Some((_, known)) => *known += count,
            None if count > 0 => named.push((own.to_owned(), count)),
            None => {}
        }
    }
    most_first(&mut named);
    named
}

fn most_first(named: &mut Named) {
    named.sort_by(|one, two| two.1.cmp(&one.1).then_with(|| one.0.cmp(&two.0)));
}

fn share(hits: u64, of: u64) -> Share {
    Share { hits, of }
}
