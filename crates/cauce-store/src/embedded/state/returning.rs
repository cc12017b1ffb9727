//! Leases under which nothing has left: they end as if they had not been.

use cauce_flow::{job::State as JobState, time::Timestamp};

use super::{
    super::{
        record::{Record, Settle, Settled, SettledOutcome},
        table::Entry,
    },
    journal::Journal,
    plan::{Fault, Planned, Reply},
};

impl Journal<'_> {
    /// Ends the leases of jobs that could not be read; they are due again at `until`.
    pub(in super::super) fn put_off(
        &mut self,
        numbers: Vec<u64>,
        until: Timestamp,
        now: Timestamp,
    ) -> Planned {
        let leased = |entry: &Entry| entry.state() == JobState::Active;
        let numbers = self.state.once_each(numbers, leased);
        let due_at = until.as_millis();
        self.give_back(numbers, &SettledOutcome::Snooze { due_at }, now)?;
        Ok(Reply::Done)
    }

    /// Ends leases under which nothing has left.
    pub(super) fn give_back(
        &mut self,
        mut numbers: Vec<u64>,
        outcome: &SettledOutcome,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.supersede_returning(&mut numbers, now.as_millis())?;
        let back = numbers.clone();
        for (owner, numbers) in self.state.by_owner(numbers) {
            let released = |number| Settled {
                number,
                outcome: outcome.clone(),
                attempt: None,
                attempt_number: 0,
                previous: 0,
            };
            self.say(&Record::Settle(Settle {
                owner,
                at: now.as_millis(),
                requests: 0,
                attempts: Vec::new(),
                reasons: Vec::new(),
                jobs: numbers.into_iter().map(released).collect(),
            }))?;
        }
        self.cancel_stopped(back, now)
    }
}
