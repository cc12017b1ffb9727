//! What is known of one session, and how old it may be.

use std::sync::Arc;

use cauce_flow::time::Timestamp;
use cauce_store::kept::{Held, States};

/// A kind of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// The QR code that it is shown.
    Qr = 1,
    /// What was handed in of what it is doing.
    Status = 2,
    /// The status by which it counts as connected or not.
    Connection = 3,
    /// What the backend said: a status, and nothing where it knows no such session.
    Session = 4,
    /// The QR code that the backend said.
    SessionQr = 5,
}

/// What is known of one session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    states: States,
    /// What was read from the disk and not used since.
    pub(super) from_disk: bool,
    /// What the backend said is new to the next reader.
    pub(super) from_backend: bool,
}

impl Known {
    pub(super) fn kept(states: States) -> Known {
        Known {
            from_disk: !states.is_empty(),
            states,
            from_backend: false,
        }
    }

    /// What is known of a kind, however old it is.
    pub(super) fn any(&self, kind: Kind) -> Option<&Held> {
        self.states.get(&(kind as u8))
    }

    /// What is known of a kind and good.
    pub(super) fn fresh(&self, kind: Kind, now: Timestamp) -> Option<&Held> {
        self.any(kind).filter(|held| held.until > now)
    }

    /// Takes a state, unless one is known that was accepted later. One that was asked for gives way
    /// to what was accepted, and replaces it only where that is good no longer.
    pub(super) fn learn(&mut self, kind: Kind, held: Held) -> bool {
        let newer = self.any(kind).is_none_or(|known| {
            held.sequence > known.sequence || known.sequence == 0 || known.until <= held.at
        });
        if newer {
            self.states.insert(kind as u8, held);
        }
        newer
    }

    /// How many states of a kind are good: one or none.
    pub(super) fn count(&self, kind: Kind, now: Timestamp) -> u64 {
        u64::from(self.fresh(kind, now).is_some())
    }

    /// The newest thing that is known of what the session is doing: what was handed in before what
    /// was asked for, where neither is too old.
    pub(super) fn status(&self, usable: impl Fn(&Held) -> bool) -> Option<Held> {
        let own = self.any(Kind::Status).filter(|held| usable(held));
        let asked = self.any(Kind::Session).filter(|held| usable(held));
        match (own, asked) {
            (Some(own), Some(asked)) if asked.at > own.until => Some(asked.clone()),
            (own, asked) => own.or(asked).cloned(),
        }
    }

    /// The QR code to be shown, with when it was made.
    pub(super) fn qr(&self, usable: impl Fn(&Held) -> bool) -> Option<Held> {
        let own = self.any(Kind::Qr);
        let held = match own {
            Some(own) => Some(own).filter(|held| usable(held)),
            None => self.any(Kind::SessionQr).filter(|held| usable(held)),
        };
        held.filter(|held| held.text.is_some()).cloned()
    }
}

/// A state that was accepted or asked for.
pub(super) fn held(text: Option<Arc<str>>, at: Timestamp, until: Timestamp, sequence: u64) -> Held {
    Held {
        text,
        at,
        until,
        sequence,
    }
}

#[cfg(test)]
mod tests;
