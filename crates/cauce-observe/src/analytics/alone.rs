//! What an event adds to sums by itself, whatever else happened.

use super::{
    event::{Cell, Event, What},
    measure::{Effects, Measure},
};

/// Adds what an event means by itself. `of_person` says whether its person is known: then the credit of
/// campaigns follows from their story. Begin and end are always told by the story of a conversation.
pub fn alone(event: &Event, of_person: bool, to: &mut Effects) {
    let Event {
        at,
        cell,
        label,
        what,
        channel: _,
    } = *event;
    let none = Cell::NONE;
    match what {
        What::Sent {
            took_ms, retried, ..
        } => {
            counted(to, Measure::Sent, cell, at);
            named(to, [Measure::SentByType, Measure::SentByChannel], event);
            if let Some(ms) = took_ms {
                to.took([Measure::ToProvider, Measure::ToProviderMs], at, ms, 1);
            }
            if retried {
                to.one(Measure::Retries, none, at);
            }
        }
        What::Received => {
            to.one(Measure::Received, none, at);
            let by = [Measure::ReceivedByType, Measure::ReceivedByChannel];
            named(to, by, event);
            if !of_person && !cell.is_none() {
                to.one(Measure::Answered, cell, at);
            }
        }
        What::Delivered { took_ms } => {
            counted(to, Measure::Delivered, cell, at);
            if let Some(ms) = took_ms {
                to.took([Measure::ToDelivered, Measure::ToDeliveredMs], at, ms, 1);
            }
        }
        What::Read => counted(to, Measure::Read, cell, at),
        What::Failed { was_sent } => {
            counted(to, Measure::Failed, cell, at);
            to.add(Measure::FailedByError, (none, label.into()), at, 1);
            if !was_sent {
                counted(to, Measure::FailedUnsent, cell, at);
            }
        }
        What::Answered => counted(to, Measure::Answered, cell, at),
        What::Started | What::Ended => {}
        What::HandedOff => to.one(Measure::HandOffs, none, at),
        What::Converted { kind, value } => {
            to.worth(none, at, kind, value);
            if !of_person && !cell.is_none() {
                to.worth(cell, at, kind, value);
                to.one(Measure::Converted, cell, at);
            }
        }
        What::Spent(money) => {
            let part = i64::from(money.currency.number());
            to.add(Measure::Cost, (none, part), at, money.units);
            if !cell.is_none() {
                to.add(Measure::Cost, (cell, part), at, money.units);
            }
        }
        What::TryFailed { again } => {
            to.add(Measure::TriesFailed, (none, label.into()), at, 1);
            if again {
                to.one(Measure::Retries, none, at);
            }
        }
    }
}

/// Counts one of everything, and one of its campaign.
fn counted(to: &mut Effects, measure: Measure, cell: Cell, at: i64) {
    to.one(measure, Cell::NONE, at);
    if !cell.is_none() {
        to.one(measure, cell, at);
    }
}

/// Counts a message by its kind and its channel.
fn named(to: &mut Effects, [by_type, by_channel]: [Measure; 2], event: &Event) {
    let (none, at) = (Cell::NONE, event.at);
    to.add(by_type, (none, event.label.into()), at, 1);
    if event.channel != 0 {
        to.add(by_channel, (none, event.channel.into()), at, 1);
    }
}
