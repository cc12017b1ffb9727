//! Keeps a share of the events of a kind, always the same ones.
//!
//! Chance is a hash of the event, so that a resent event meets the same fate and every machine
//! chooses alike. Written for another language:
//!
//! ```text
//! hash = xxh3_64(the 16 bytes of the event's id)                       or, by session,
//!        xxh3_64(the 16 bytes of the session's id, then the kind in UTF-8)
//! draw = (hash >> 11) / 2^53          as a 64-bit float, 0 <= draw < 1
//! kept   if draw < (rate / 100) / 2^level
//! ```
//!
//! The bytes of an id are those of the UUID, in the order in which it is written, and the seed of
//! the hash is 0. What a lower rate keeps, a higher one keeps too.
//!
//! A kept event carries its weight, the number of true events that it stands for, so that the sum of
//! the weights estimates the true count without bias. Near the limit of what a tenant may send, a
//! level above 0 halves the share of all kinds that are not always kept, once for each level.

mod defaults;
mod rules;

use xxhash_rust::xxh3::xxh3_64;

pub use self::{
    defaults::default_rule,
    rules::{MAX_OWN_RULES, Rules, Sampler, TooManyRules},
};
use super::allowance::Level;
use crate::event::{Event, EventId, EventKind, MAX_KIND_BYTES, SessionId};

/// How events of one kind are sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What share is kept, 0 to 100.
    pub sampling_rate: f64,
    /// Keeps all, whatever the rate.
    pub always_keep: bool,
}

/// Why a number is no sampling rate.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a sampling rate of {0} cannot be; give it 0 to 100, the share that is kept in percent")]
pub struct BadRate(f64);

/// Which events meet the same fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SampleBy {
    /// Each event meets its own.
    #[default]
    Event,
    /// The events of one kind in one session are kept or dropped together.
    Session,
}

/// Whether an event is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It is.
    Keep {
        /// How many true events it stands for.
        weight: f64,
    },
    /// It is not.
    Drop(Reason),
}

/// Why an event is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not in the share that the rule of its kind keeps.
    Rate,
    /// It is in that share, and not in the smaller one that is kept near the tenant's limit.
    Pressure,
}

impl Rule {
    /// Checks the rate.
    pub fn new(sampling_rate: f64, always_keep: bool) -> Result<Rule, BadRate> {
        if !(0.0..=100.0).contains(&sampling_rate) {
            return Err(BadRate(sampling_rate));
        }
        Ok(Rule {
            sampling_rate,
            always_keep,
        })
    }

    /// The rate in percent that is kept at that level.
    pub fn rate_at(&self, level: Level) -> f64 {
        if self.always_keep {
            return 100.0;
        }
        self.sampling_rate / level.factor()
    }

    /// Decides on an event by its draw.
    pub fn judge(&self, draw: f64, level: Level) -> Verdict {
        if self.always_keep {
            return Verdict::Keep { weight: 1.0 };
        }
        let share = self.sampling_rate / 100.0;
        if draw >= share {
            return Verdict::Drop(Reason::Rate);
        }
        let share = share / level.factor();
        if draw >= share {
            return Verdict::Drop(Reason::Pressure);
        }
        Verdict::Keep {
            weight: 1.0 / share,
        }
    }
}

impl SampleBy {
    /// The draw of an event, from 0 to just below 1.
    pub fn draw(self, event: &Event) -> f64 {
        match self {
            SampleBy::Event => draw_of_event(event.id),
            SampleBy::Session => draw_of_session(event.session, &event.kind),
        }
    }
}

fn draw_of_event(id: EventId) -> f64 {
    unit(xxh3_64(&id.as_u128().to_be_bytes()))
}

fn draw_of_session(session: SessionId, kind: &EventKind) -> f64 {
    let kind = kind.as_str().as_bytes();
    let mut bytes = [0; 16 + MAX_KIND_BYTES];
    bytes[..16].copy_from_slice(&session.as_u128().to_be_bytes());
    bytes[16..16 + kind.len()].copy_from_slice(kind);
    unit(xxh3_64(&bytes[..16 + kind.len()]))
}

fn unit(hash: u64) -> f64 {
    // 53 bits are what a float holds without rounding.
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;
