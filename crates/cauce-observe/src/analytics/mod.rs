//! What events about messages, conversations and conversions mean, and what they add up to.
//!
//! ```text
//! event --alone-----------------------> effects      it is counted, whatever else happened
//!       --conversation (in its order)-> effects      begun, over, answered after so long
//!       --person (in its order)-------> effects      steps of the funnel, credit to campaigns
//!
//! effects --added up by quarter-hour--> sums --> figures, series, rates, a forecast
//! ```
//!
//! An [`Effect`] is a change of one sum at one moment. What an event means by itself is in `alone`;
//! what depends on others is told by folding the events of one conversation or of one person in
//! their order. An event that comes late is folded again with those around it, and the sums are
//! changed by the difference: so sums are the same in whatever order events come.
//!
//! Sums are whole numbers: counts, milliseconds, money in smallest units, and counts of durations
//! by [`spread`], from which quantiles are read with a stated error.

mod alone;
pub mod calendar;
mod conversation;
pub mod event;
pub mod figures;
pub mod forecast;
pub mod hours;
pub mod measure;
pub mod outlook;
mod person;
pub mod rates;
pub mod spread;

pub use self::{
    alone::alone,
    conversation::{Conversation, Idle, Pace},
    event::{Cell, Event, Kind, Order, What},
    measure::{Effect, Measure},
    person::{Person, Window},
};

/// Milliseconds of a quarter-hour: hours, days and weeks of every time zone begin with one.
pub const QUARTER_MS: i64 = 15 * 60_000;

/// The first quarter-hour that begins at or after a moment.
pub(crate) fn quarter_after(at: i64) -> i64 {
    let end = at.saturating_add(QUARTER_MS - 1);
    end.div_euclid(QUARTER_MS) * QUARTER_MS
}
