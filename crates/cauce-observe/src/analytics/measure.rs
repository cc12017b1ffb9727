//! What is summed up.

use cauce_flow::currency::Currency;

use super::{
    event::{Cell, Kind, Money},
    spread,
};

macro_rules! measures {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// A sum. Its code is on disk and never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Measure {
            $($(#[$doc])* $name = $code,)*
        }

        impl Measure {
            /// The number on disk.
            pub const fn code(self) -> i64 {
                self as i64
            }
        }
    };
}

measures! {
    /// Messages sent.
    Sent = 1;
    /// Messages from people.
    Received = 2;
    /// Messages delivered.
    Delivered = 3;
    /// Messages read.
    Read = 4;
    /// Messages that failed.
    Failed = 5;
    /// Conversations that began.
    Started = 6;
    /// Conversations that ended.
    Ended = 7;
    /// Hand-offs to people.
    HandOffs = 8;
    /// Conversions, by kind.
    Conversions = 9;
    /// What conversions are worth, by kind and currency.
    Value = 10;
    /// What campaigns cost, by currency.
    Cost = 11;
    /// Failed messages that the provider had not taken.
    FailedUnsent = 20;
    /// Messages sent, by kind of message.
    SentByType = 21;
    /// Messages from people, by kind of message.
    ReceivedByType = 22;
    /// Failed messages, by error.
    FailedByError = 23;
    /// Messages sent, by channel.
    SentByChannel = 24;
    /// Messages from people, by channel.
    ReceivedByChannel = 25;
    /// First responses, by how long they took.
    FirstResponses = 30;
    /// Milliseconds of all first responses.
    FirstResponseMs = 31;
    /// Responses, by how long they took.
    Responses = 32;
    /// Milliseconds of all responses.
    ResponseMs = 33;
    /// Conversations that ended, by how long they lasted.
    Durations = 34;
    /// Milliseconds of all conversations that ended.
    DurationMs = 35;
    /// Messages of all conversations that ended.
    MessagesOfEnded = 36;
    /// Conversations that ended and had gone to a person.
    EndedHandedOff = 37;
    /// Conversations that ended, by who ended them; 0 is silence, [`UNNAMED`] somebody.
    EndedBy = 38;
    /// People by the step of the funnel that they reached, when they entered it.
    Funnel = 40;
    /// People who entered as leads, by step and by how long they took to it.
    FunnelTimes = 41;
    /// Milliseconds that they took, by step.
    FunnelMs = 42;
    /// First responses, by how long they took in business hours.
    FirstResponsesInHours = 44;
    /// Milliseconds in business hours of all first responses.
    FirstResponseInHoursMs = 45;
    /// Responses, by how long they took in business hours.
    ResponsesInHours = 46;
    /// Milliseconds in business hours of all responses.
    ResponseInHoursMs = 47;
    /// Messages of a campaign that were answered.
    Answered = 50;
    /// People who converted after a campaign had reached them.
    Converted = 51;
    /// Messages by how long it took until the provider had them.
    ToProvider = 60;
    /// Milliseconds of all of them.
    ToProviderMs = 61;
    /// Messages by how long it took until they were delivered.
    ToDelivered = 62;
    /// Milliseconds of all of them.
    ToDeliveredMs = 63;
    /// Attempts that failed, by error.
    TriesFailed = 64;
    /// Attempts that were not the first of their message.
    Retries = 65;
}

/// The part of [`Measure::EndedBy`] for ends of which nobody said whose they are.
pub const UNNAMED: i64 = -1;

impl Measure {
    /// Whether its parts are classes of durations: hundreds of them.
    pub const fn is_of_classes(self) -> bool {
        match self {
            Measure::FirstResponses
            | Measure::Responses
            | Measure::Durations
            | Measure::FunnelTimes
            | Measure::FirstResponsesInHours
            | Measure::ResponsesInHours
            | Measure::ToProvider
            | Measure::ToDelivered => true,
            Measure::Sent
            | Measure::Received
            | Measure::Delivered
            | Measure::Read
            | Measure::Failed
            | Measure::Started
            | Measure::Ended
            | Measure::HandOffs
            | Measure::Conversions
            | Measure::Value
            | Measure::Cost
            | Measure::FailedUnsent
            | Measure::SentByType
            | Measure::ReceivedByType
            | Measure::FailedByError
            | Measure::SentByChannel
            | Measure::ReceivedByChannel
            | Measure::FirstResponseMs
            | Measure::ResponseMs
            | Measure::DurationMs
            | Measure::MessagesOfEnded
            | Measure::EndedHandedOff
            | Measure::EndedBy
            | Measure::Funnel
            | Measure::FunnelMs
            | Measure::FirstResponseInHoursMs
            | Measure::ResponseInHoursMs
            | Measure::Answered
            | Measure::Converted
            | Measure::ToProviderMs
            | Measure::ToDeliveredMs
            | Measure::TriesFailed
            | Measure::Retries => false,
        }
    }

    /// Whether its sums are kept by the minute, too: those that a series can show.
    pub const fn is_by_minute(self) -> bool {
        self.code() <= Measure::Cost.code()
    }
}

/// A change of one sum at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Of what.
    pub measure: Measure,
    /// Of which campaign; of everything where it is none.
    pub cell: Cell,
    /// Of which part: a kind, a currency, a label, a class of durations.
    pub part: i64,
    /// When, in epoch milliseconds.
    pub at: i64,
    /// By how much.
    pub by: i64,
}

/// Effects that are gathered.
#[derive(Debug, Default)]
pub struct Effects(pub Vec<Effect>);

impl Effects {
    /// Adds to a sum.
    pub(crate) fn add(&mut self, measure: Measure, (cell, part): (Cell, i64), at: i64, by: i64) {
        self.0.push(Effect {
            measure,
            cell,
            part,
            at,
            by,
        });
    }

    /// Counts one.
    pub(crate) fn one(&mut self, measure: Measure, cell: Cell, at: i64) {
        self.add(measure, (cell, 0), at, 1);
    }

    /// Counts something that took so long, in a sum of counts by class and one of milliseconds.
    pub(crate) fn took(&mut self, [classes, sum]: [Measure; 2], at: i64, took_ms: i64, by: i64) {
        let class = i64::from(spread::class(took_ms));
        self.add(classes, (Cell::NONE, class), at, by);
        self.add(sum, (Cell::NONE, 0), at, by.saturating_mul(took_ms));
    }

    /// Adds what a conversion is worth.
    pub(crate) fn worth(&mut self, cell: Cell, at: i64, kind: Kind, value: Option<Money>) {
        self.add(Measure::Conversions, (cell, kind.step() as i64), at, 1);
        if let Some(money) = value {
            let part = value_part(kind, money.currency);
            self.add(Measure::Value, (cell, part), at, money.units);
        }
    }
}

/// Numbers of currencies are below this.
const CURRENCIES: i64 = 1 << 15;

/// The part of [`Measure::Value`] for a kind and a currency.
pub fn value_part(kind: Kind, currency: Currency) -> i64 {
    kind.step() as i64 * CURRENCIES + i64::from(currency.number())
}

/// The kind and the currency of a part of [`Measure::Value`].
pub fn of_value_part(part: i64) -> Option<(Kind, Currency)> {
    let kind = usize::try_from(part / CURRENCIES).ok()?;
    let number = u16::try_from(part % CURRENCIES).ok()?;
    Some((*Kind::ALL.get(kind)?, Currency::of_number(number)?))
}

/// The part of [`Measure::FunnelTimes`] for a step and a class of durations.
pub fn funnel_part(step: usize, class: u32) -> i64 {
    step as i64 * FUNNEL_CLASSES + i64::from(class)
}

/// The step and the class of a part of [`Measure::FunnelTimes`].
pub fn of_funnel_part(part: i64) -> Option<(usize, u32)> {
    let step = usize::try_from(part / FUNNEL_CLASSES).ok()?;
    let class = u32::try_from(part % FUNNEL_CLASSES).ok()?;
    Some((step, class))
}

/// Classes of durations are below this.
const FUNNEL_CLASSES: i64 = 1 << 16;
