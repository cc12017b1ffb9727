//! Which gates are shut, and when each opens.

use std::time::Duration;

use super::{Dispatcher, Switch};
use crate::{
    dispatch::{
        batcher::{self, Flush},
        breaker::Admits,
        quota::NextSlot,
    },
    time::Timestamp,
};

/// A gate that is shut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Which one.
    pub name: GateName,
    /// When it opens, where that is known.
    pub opens_at: Option<Timestamp>,
    /// What holds it shut, for a person.
    pub detail: String,
}

/// The gates of a line, in the order in which a job meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateName {
    /// A person paused the line.
    Paused,
    /// The line finishes what it has claimed.
    Draining,
    /// The destination refuses the account.
    Credentials,
    /// The account is not connected to its platform.
    Disconnected,
    /// The destination asked to be left alone.
    Held,
    /// The destination keeps failing.
    Breaker,
    /// The rate is used up.
    Rate,
    /// As many requests are on their way as may be.
    InFlight,
    /// The batch is still filling.
    Batch,
}

impl GateName {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            GateName::Paused => "paused",
            GateName::Draining => "draining",
            GateName::Credentials => "credentials",
            GateName::Disconnected => "disconnected",
            GateName::Held => "held",
            GateName::Breaker => "breaker",
            GateName::Rate => "rate",
            GateName::InFlight => "in_flight",
            GateName::Batch => "batch",
        }
    }
}

/// When the gates let the next request pass, as far as the clock decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Opens {
    Now,
    At(Timestamp),
    /// It takes an answer.
    WithAnswer,
    /// It takes a person.
    ByHand,
}

impl Dispatcher {
    /// Every gate that is shut, in order; empty where a job could leave.
    pub fn why(&self, now: Timestamp) -> Vec<Gate> {
        let gates = [
            self.switch_gate(),
            self.credentials_gate(),
            self.connection_gate(),
            self.hold_gate(now),
            self.breaker_gate(now),
            self.rate_gate(now),
            self.in_flight_gate(),
            self.batch_gate(now),
        ];
        gates.into_iter().flatten().collect()
    }

    /// Requests that may start.
    pub(super) fn slots(&self, now: Timestamp) -> u32 {
        if self.waits_for_somebody() || self.is_held(now) {
            return 0;
        }
        let admitted = match self.breaker.admits(now) {
            Admits::All => u32::MAX,
            Admits::Probes(n) => n,
            Admits::NoneUntil(_) => 0,
        };
        admitted
            .min(self.in_flight.free())
            .min(self.quota.available(now))
    }

    /// When the line as a whole may send again: everything but rate, places and batch.
    pub(super) fn line_opens(&self, now: Timestamp) -> Opens {
        if self.waits_for_somebody() {
            return Opens::ByHand;
        }
        let held = self.held_until.unwrap_or(now);
        let open = match self.breaker.admits(now) {
            Admits::NoneUntil(until) => until.max(held),
            Admits::All | Admits::Probes(_) => held,
        };
        Opens::at(open, now)
    }

    /// When the next request may start, batch aside.
    pub(super) fn request_opens(&self, now: Timestamp) -> Opens {
        let places = self.in_flight.free() == 0 || self.breaker.admits(now) == Admits::Probes(0);
        let places = if places {
            Opens::WithAnswer
        } else {
            Opens::Now
        };
        self.line_opens(now).max(self.rate_opens(now)).max(places)
    }

    pub(super) fn rate_opens(&self, now: Timestamp) -> Opens {
        match self.quota.next_slot(now) {
            NextSlot::Now => Opens::Now,
            NextSlot::At(at) => Opens::At(at),
            NextSlot::WhenLeft => Opens::WithAnswer,
        }
    }

    /// When there is a batch to claim; never by the clock where nothing waits.
    pub(super) fn batch_opens(&self, now: Timestamp) -> Opens {
        match batcher::ready(&self.backlog, &self.policy.batch, now) {
            Flush::Now(_) => Opens::Now,
            Flush::At(at) => Opens::At(at),
            Flush::Never => Opens::WithAnswer,
        }
    }

    /// No clock opens the line.
    fn waits_for_somebody(&self) -> bool {
        self.switch == Switch::Paused || self.refused.is_some() || self.away.is_some()
    }

    fn is_held(&self, now: Timestamp) -> bool {
        self.held_until.is_some_and(|until| until > now)
    }

    fn switch_gate(&self) -> Option<Gate> {
        match self.switch {
            Switch::On => None,
            Switch::Draining => gate(GateName::Draining, None, "no new jobs are claimed"),
            Switch::Paused => gate(GateName::Paused, None, "paused; resume it to go on"),
        }
    }

    fn credentials_gate(&self) -> Option<Gate> {
        let reason = self.refused.as_ref()?;
        let detail = format!("the destination refuses the account: {}", reason.detail);
        gate(GateName::Credentials, None, detail)
    }

    fn connection_gate(&self) -> Option<Gate> {
        let reason = self.away.as_ref()?;
        let detail = format!("the account is not connected: {}", reason.detail);
        gate(GateName::Disconnected, None, detail)
    }

    fn hold_gate(&self, now: Timestamp) -> Option<Gate> {
        let until = self.held_until.filter(|until| *until > now)?;
        let detail = format!("the destination asked for a pause until {until}");
        gate(GateName::Held, Some(until), detail)
    }

    fn breaker_gate(&self, now: Timestamp) -> Option<Gate> {
        match self.breaker.admits(now) {
            Admits::NoneUntil(until) => {
                let detail = format!("open until {until} after repeated failures");
                gate(GateName::Breaker, Some(until), detail)
            }
            Admits::Probes(0) => gate(GateName::Breaker, None, "half-open; a probe is on its way"),
            Admits::All | Admits::Probes(_) => None,
        }
    }

    fn rate_gate(&self, now: Timestamp) -> Option<Gate> {
        let refusal = self.quota.refusal(1, now)?;
        let (max, per) = (refusal.window.max, refusal.window.per);
        match refusal.next {
            NextSlot::At(at) => {
                let wait = at.until(now);
                let detail = format!("rate {max} per {per:?} is used up, next slot in {wait:?}");
                gate(GateName::Rate, Some(at), detail)
            }
            NextSlot::Now | NextSlot::WhenLeft => {
                let detail =
                    format!("all {max} slots per {per:?} are held by requests about to leave");
                gate(GateName::Rate, None, detail)
            }
        }
    }

    fn in_flight_gate(&self) -> Option<Gate> {
        if self.in_flight.free() > 0 {
            return None;
        }
        let (running, limit) = (self.in_flight.running(), self.in_flight.limit());
        let detail = format!("{running} requests on their way, {limit} allowed for now");
        gate(GateName::InFlight, None, detail)
    }

    fn batch_gate(&self, now: Timestamp) -> Option<Gate> {
        let Flush::At(at) = batcher::ready(&self.backlog, &self.policy.batch, now) else {
            return None;
        };
        let (waiting, max) = (self.backlog.waiting, self.policy.batch.max_items);
        let detail = format!("{waiting} of {max} jobs for a batch, sent at {at} at the latest");
        gate(GateName::Batch, Some(at), detail)
    }
}

impl Opens {
    fn at(at: Timestamp, now: Timestamp) -> Opens {
        if at > now { Opens::At(at) } else { Opens::Now }
    }

    /// Whether jobs in hand had better go back to the store until then.
    pub(super) fn is_far(self, patience: Duration, now: Timestamp) -> bool {
        match self {
            Opens::Now | Opens::WithAnswer => false,
            Opens::At(at) => at.until(now) > patience,
            Opens::ByHand => true,
        }
    }
}

fn gate(name: GateName, opens_at: Option<Timestamp>, detail: impl Into<String>) -> Option<Gate> {
    let detail = detail.into();
    Some(Gate {
        name,
        opens_at,
        detail,
    })
}
