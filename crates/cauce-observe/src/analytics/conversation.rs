//! The story of one conversation: when it began and ended, and how long its answers took.
//!
//! ```text
//!              first event                 an end, or silence
//!   (nothing) -------------> open -------------------------> over --the next event--> open
//!                            |  ^
//!                            +--+ messages, hand-offs
//! ```
//!
//! A conversation that nobody ends is over when nothing has happened for a while ([`Idle`]), as of
//! the next quarter-hour. That end is told as soon as it is foreseen, at the moment at which it will be, and
//! taken back if the conversation goes on.
//!
//! A response is the first message to a person after one from them; its time runs from the
//! first message that had no answer yet. The first response of a conversation is the one to the
//! first message from the person in it, however late it comes.

use super::{
    event::{Cell, Event, Order, What},
    hours::Hours,
    measure::{Effects, Measure, UNNAMED},
    quarter_after,
};

/// How long nothing has to happen in a conversation for it to be over, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle(pub i64);

/// What decides when a conversation is over, and how long an answer took.
#[derive(Clone, Copy, Debug)]
pub struct Pace<'a> {
    /// How long nothing has to happen.
    pub idle: Idle,
    /// The hours in which answers are due, where there are such.
    pub hours: Option<&'a Hours>,
}

/// Numbers that stand for a [`Conversation`].
const NUMBERS: usize = 7;

/// Where a conversation stands. Its events are folded in their [`Order`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The newest event.
    last: Option<Order>,
    /// When it began; none where it is over.
    opened_at: Option<i64>,
    /// Messages since it began.
    messages: i64,
    /// Whether it went to a person.
    is_handed_off: bool,
    /// Whether the person has written in it.
    has_received: bool,
    /// The first message from the person that has no answer.
    waiting_since: Option<i64>,
    /// Whether that is the first of its conversation.
    waits_for_first: bool,
}

/// The sums of responses: by the clock, and in business hours.
const RESPONSES: [[Measure; 2]; 2] = [
    [Measure::Responses, Measure::ResponseMs],
    [Measure::ResponsesInHours, Measure::ResponseInHoursMs],
];
const FIRST_RESPONSES: [[Measure; 2]; 2] = [
    [Measure::FirstResponses, Measure::FirstResponseMs],
    [
        Measure::FirstResponsesInHours,
        Measure::FirstResponseInHoursMs,
    ],
];

/// An end of a conversation.
struct End {
    at: i64,
    lasted_ms: i64,
    /// A label; 0 for silence.
    by: i64,
}

impl Conversation {
    /// Folds the next event in.
    pub fn fold(&mut self, event: &Event, pace: Pace<'_>, to: &mut Effects) {
        let (at, idle) = (event.at, pace.idle);
        self.fall_silent(at, idle);
        let is_end = event.what == What::Ended;
        // What is over cannot be ended again, nor can that of which nothing is known, any more or yet.
        if is_end && self.opened_at.is_none() {
            self.last = Some(event.order());
            return;
        }
        match self.opened_at {
            Some(_) => self.foresee(idle, -1, to),
            None => self.open(at, to),
        }
        self.take(event, pace.hours, to);
        self.last = Some(event.order());
        match is_end {
            true => {
                let opened_at = self.opened_at.take().unwrap_or(at);
                let end = End {
                    at,
                    lasted_ms: at.saturating_sub(opened_at),
                    by: match event.label {
                        0 => UNNAMED,
                        label => label.into(),
                    },
                };
                self.end(&end, 1, to);
            }
            false => self.foresee(idle, 1, to),
        }
    }

    /// The newest event.
    pub fn last(&self) -> Option<Order> {
        self.last
    }

    /// Whether it makes no difference to whatever comes at this moment or later: it is over, and
    /// nobody waits for an answer.
    pub fn is_forgettable(&self, at: i64, idle: Idle) -> bool {
        let is_over = |last: Order| at.saturating_sub(last.at) > idle.0;
        self.waiting_since.is_none() && self.last.is_none_or(is_over)
    }

    /// It is over if nothing has happened for long enough; that was told beforehand.
    fn fall_silent(&mut self, now: i64, idle: Idle) {
        if self
            .last
            .is_some_and(|last| now.saturating_sub(last.at) > idle.0)
        {
            self.opened_at = None;
        }
    }

    fn open(&mut self, at: i64, to: &mut Effects) {
        *self = Conversation {
            last: self.last,
            opened_at: Some(at),
            waiting_since: self.waiting_since,
            waits_for_first: self.waits_for_first,
            ..Conversation::default()
        };
        to.one(Measure::Started, Cell::NONE, at);
    }

    fn take(&mut self, event: &Event, hours: Option<&Hours>, to: &mut Effects) {
        match event.what {
            What::Received => {
                self.messages += 1;
                if self.waiting_since.is_none() {
                    self.waiting_since = Some(event.at);
                    self.waits_for_first = !self.has_received;
                }
                self.has_received = true;
            }
            What::Sent { .. } => {
                self.messages += 1;
                self.respond(event.at, hours, to);
            }
            What::HandedOff => self.is_handed_off = true,
            What::Started
            | What::Ended
            | What::Delivered { .. }
            | What::Read
            | What::Failed { .. }
            | What::Answered
            | What::Converted { .. }
            | What::Spent(_)
            | What::TryFailed { .. } => {}
        }
    }

    fn respond(&mut self, at: i64, hours: Option<&Hours>, to: &mut Effects) {
        let Some(since) = self.waiting_since.take() else {
            return;
        };
        let took = at.saturating_sub(since);
        let took_in_hours = hours.map(|hours| hours.between(since, at));
        to.took(RESPONSES[0], at, took, 1);
        if let Some(took) = took_in_hours {
            to.took(RESPONSES[1], at, took, 1);
        }
        if self.waits_for_first {
            to.took(FIRST_RESPONSES[0], at, took, 1);
            if let Some(took) = took_in_hours {
                to.took(FIRST_RESPONSES[1], at, took, 1);
            }
        }
    }

    /// Tells the end by silence that is foreseen (`by` is 1), or takes it back (-1).
    pub fn foresee(&self, idle: Idle, by: i64, to: &mut Effects) {
        let (Some(opened_at), Some(last)) = (self.opened_at, self.last) else {
            return;
        };
        let over = last.at.saturating_add(idle.0).saturating_add(1);
        let end = End {
            at: quarter_after(over),
            lasted_ms: last.at.saturating_sub(opened_at),
            by: 0,
        };
        self.end(&end, by, to);
    }

    fn end(&self, end: &End, by: i64, to: &mut Effects) {
        let (none, at) = (Cell::NONE, end.at);
        to.add(Measure::Ended, (none, 0), at, by);
        to.add(Measure::EndedBy, (none, end.by), at, by);
        let durations = [Measure::Durations, Measure::DurationMs];
        to.took(durations, at, end.lasted_ms, by);
        to.add(Measure::MessagesOfEnded, (none, 0), at, by * self.messages);
        let handed_off = i64::from(self.is_handed_off);
        to.add(Measure::EndedHandedOff, (none, 0), at, by * handed_off);
    }

    /// As numbers, to be kept.
    pub fn numbers(&self) -> [i64; NUMBERS] {
        let flags = [self.is_handed_off, self.has_received, self.waits_for_first];
        let some = [
            self.last.is_some(),
            self.opened_at.is_some(),
            self.waiting_since.is_some(),
        ];
        let bits = |flags: [bool; 3]| {
            let bit = |(at, flag): (usize, &bool)| i64::from(*flag) << at;
            flags.iter().enumerate().map(bit).sum()
        };
        let last = self.last.unwrap_or(Order { at: 0, rank: 0 });
        [
            bits(flags),
            bits(some),
            last.at,
            last.rank.into(),
            self.opened_at.unwrap_or(0),
            self.messages,
            self.waiting_since.unwrap_or(0),
        ]
    }

    /// From numbers that were kept.
    pub fn of_numbers(numbers: &[i64]) -> Conversation {
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let flag = |at: usize, bit: u32| number(at) >> bit & 1 == 1;
        let rank = u8::try_from(number(3)).unwrap_or(0);
        let last = Order {
            at: number(2),
            rank,
        };
        Conversation {
            last: flag(1, 0).then_some(last),
            opened_at: flag(1, 1).then_some(number(4)),
            messages: number(5),
            is_handed_off: flag(0, 0),
            has_received: flag(0, 1),
            waiting_since: flag(1, 2).then_some(number(6)),
            waits_for_first: flag(0, 2),
        }
    }
}
