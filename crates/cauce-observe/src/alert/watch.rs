//! One subject under one rule.
//!
//! ```text
//!          bad             bad for `after`
//! Quiet ---------> Rising ----------------> Firing    tells Fired, and Again after each `cooldown`
//!   ^   <---------                             |
//!   |     good                                 |
//!   +------- good for `over_after` ------------+      tells Over, where an alarm was told before
//! ```
//!
//! How a subject does is not always known: a store that does not answer, a check that nobody could
//! make. Then nothing changes, so that what cannot be looked at neither fires nor is over.
//!
//! What is to be told is a [`Notice`], and is due until it is said to have been told: whoever tells
//! it may fail, and a process may end in between. Quiet hours only hold notices back, so what goes
//! on fires at their end, and what has come and gone meanwhile stands in the history alone. Where
//! somebody still believes in an earlier alert, its end is told before the next one.

use std::time::Duration;

use cauce_flow::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Rule;

/// Follows one subject under one rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    phase: Phase,
    /// When an alarm was last told, of this or an earlier alert of the subject.
    alarmed_at: Option<Timestamp>,
    /// Whoever was alarmed has not been told of an end since.
    owes_end: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Phase {
    #[default]
    Quiet,
    Rising {
        since: Timestamp,
    },
    Firing(Firing),
}

/// An alert that fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// Since when it has been bad.
    pub since: Timestamp,
    /// The newest figure.
    pub value: f64,
    /// The worst figure.
    pub worst: f64,
    /// How many alarms were told of it.
    pub alarms: u32,
    /// Whether somebody has said that they know: it is not repeated then.
    pub acknowledged: bool,
    /// Since when it has been good, if it is.
    good_since: Option<Timestamp>,
}

/// What a look finds of a subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// There is nothing to be said of it, which is as good as good.
    Nothing,
    /// It could not be found out how it does.
    NotKnown,
    /// How it does.
    Figure(f64),
}

/// What has changed for a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An alert fires.
    Fired,
    /// It is over.
    Ended,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notice {
    /// Something is wrong.
    Fired,
    /// It still is.
    Again,
    /// It is not any more.
    Over,
}

impl Watch {
    /// Takes in how the subject does.
    pub fn on_reading(&mut self, seen: Seen, rule: &Rule, now: Timestamp) -> Option<Change> {
        let value = match seen {
            Seen::Nothing => None,
            Seen::NotKnown => return None,
            Seen::Figure(value) => Some(value),
        };
        let bad = value.is_some_and(|value| value > rule.above);
        let good = value.is_none_or(|value| value <= rule.below);
        match &mut self.phase {
            Phase::Quiet if !bad => None,
            Phase::Quiet => {
                self.phase = Phase::Rising { since: now };
                self.rise(value, now, rule, now)
            }
            Phase::Rising { .. } if !bad => {
                self.phase = Phase::Quiet;
                None
            }
            Phase::Rising { since } => {
                let since = *since;
                self.rise(value, since, rule, now)
            }
            Phase::Firing(firing) => {
                firing.take(value, good, now);
                let over = firing.has_been_good(rule.over_after, now);
                over.then(|| {
                    self.phase = Phase::Quiet;
                    Change::Ended
                })
            }
        }
    }

    fn rise(
        &mut self,
        value: Option<f64>,
        since: Timestamp,
        rule: &Rule,
        now: Timestamp,
    ) -> Option<Change> {
        let value = value?;
        (now.since(since) >= rule.after).then(|| {
            self.phase = Phase::Firing(Firing {
                since,
                value,
                worst: value,
                alarms: 0,
                acknowledged: false,
                good_since: None,
            });
            Change::Fired
        })
    }

    /// Somebody knows of it. Answers whether there is something to know of.
    pub fn on_acknowledged(&mut self) -> bool {
        match &mut self.phase {
            Phase::Firing(firing) => {
                firing.acknowledged = true;
                true
            }
            Phase::Quiet | Phase::Rising { .. } => false,
        }
    }

    /// What is to be told now; nothing in quiet hours.
    pub fn poll_notice(&self, rule: &Rule, quiet: bool, now: Timestamp) -> Option<Notice> {
        if quiet {
            return None;
        }
        let cooled = |at: Timestamp| now.since(at) >= rule.cooldown;
        match &self.phase {
            Phase::Firing(firing) if self.owes_end && firing.alarms == 0 => Some(Notice::Over),
            Phase::Firing(firing) if !firing.acknowledged && self.alarmed_at.is_none_or(cooled) => {
                match firing.alarms {
                    0 => Some(Notice::Fired),
                    _ => firing.is_bad(rule).then_some(Notice::Again),
                }
            }
            Phase::Quiet if self.owes_end => Some(Notice::Over),
            Phase::Quiet | Phase::Rising { .. } | Phase::Firing(_) => None,
        }
    }

    /// A notice was told.
    pub fn on_told(&mut self, notice: Notice, now: Timestamp) {
        match (&mut self.phase, notice) {
            (Phase::Firing(firing), Notice::Fired | Notice::Again) => {
                firing.alarms += 1;
                self.alarmed_at = Some(now);
                self.owes_end = true;
            }
            (Phase::Firing(firing), Notice::Over) if firing.alarms == 0 => self.owes_end = false,
            (Phase::Quiet | Phase::Rising { .. }, Notice::Over) => self.owes_end = false,
            // What was told has been overtaken by what happened meanwhile.
            (Phase::Firing(_), Notice::Over)
            | (Phase::Quiet | Phase::Rising { .. }, Notice::Fired | Notice::Again) => {}
        }
    }

    /// Whether somebody was told of an alarm, and of no end since.
    pub fn owes_end(&self) -> bool {
        self.owes_end
    }

    /// The alert, while it fires.
    pub fn firing(&self) -> Option<&Firing> {
        match &self.phase {
            Phase::Firing(firing) => Some(firing),
            Phase::Quiet | Phase::Rising { .. } => None,
        }
    }

    /// Whether it may be forgotten: nothing is wrong, nothing to be told, no cooldown to be kept.
    pub fn is_idle(&self, rule: &Rule, now: Timestamp) -> bool {
        let cooled = |at: Timestamp| now.since(at) >= rule.cooldown;
        self.phase == Phase::Quiet && !self.owes_end && self.alarmed_at.is_none_or(cooled)
    }
}

impl Firing {
    fn take(&mut self, value: Option<f64>, good: bool, now: Timestamp) {
        if let Some(value) = value {
            self.value = value;
            self.worst = self.worst.max(value);
        }
        self.good_since = match good {
            true => self.good_since.or(Some(now)),
            false => None,
        };
    }

    /// Whether it is bad now: while it is not, and not yet over, nobody is told that it still is.
    fn is_bad(&self, rule: &Rule) -> bool {
        self.good_since.is_none() && self.value > rule.above
    }

    fn has_been_good(&self, long_enough: Duration, now: Timestamp) -> bool {
        self.good_since
            .is_some_and(|since| now.since(since) >= long_enough)
    }
}

#[cfg(test)]
mod tests;
