//! Ends that no attempt explains: their codes, and what they mean.

use cauce_flow::{job::State, reason::Reason};

/// The process crashed while the request was on its way.
pub const CRASHED: &str = "crashed";
/// It crashed too often with the job in hand.
pub const POISON: &str = "poison";
/// A person, or the provider, said that it was not delivered.
pub const RESOLVED: &str = "resolved";
/// Its record cannot be read.
pub const DAMAGED: &str = "damaged";

/// The code of a job that a crash left in this state, if it ended there.
pub fn code_of_rescue(state: State) -> Option<&'static str> {
    match state {
        State::Dead => Some(POISON),
        State::Unknown => Some(CRASHED),
        _ => None,
    }
}

/// What it means that a job stands there for a reason with this code.
pub fn explain(state: State, code: &str) -> Option<Reason> {
    let what = match (state, code) {
        (State::Dead, POISON) => "the process crashed three times with this job in hand",
        (State::Unknown, CRASHED) => {
            "the process crashed while the request was on its way; it may have been accepted"
        }
        (State::Dead, DAMAGED) => {
            "its record in the log could not be read, so that it was not delivered"
        }
        (State::Dead, RESOLVED) => "a person said that it was not delivered",
        _ => return None,
    };
    Some(Reason::new(code, what))
}
