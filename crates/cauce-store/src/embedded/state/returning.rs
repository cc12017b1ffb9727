//! Leases that end without an answer: after a crash, and where a job could not be read.

use std::collections::BTreeMap;

use cauce_flow::{job::State as JobState, time::Timestamp};

use super::{
    super::{
        record::{Owner, Record, Settle, Settled, SettledOutcome},
        table::Entry,
    },
    POISON_AFTER,
    journal::Journal,
    plan::{Planned, Reply},
};
use crate::jobs::{NeverTwice, Rescued};

impl Journal<'_> {
    pub(in super::super) fn rescue(&mut self, never_twice: &NeverTwice, now: Timestamp) -> Planned {
        let mut ends: BTreeMap<(Owner, JobState), Vec<u64>> = BTreeMap::new();
        let mut rescued = Rescued::default();
        let mut unsent = Vec::new();
        let state = &*self.state;
        state
            .table
            .visit_down(u64::MAX, 1 << JobState::Active as u8, |number, entry| {
                let lane = state.lane(entry);
                let never_twice = never_twice(&state.line_state(lane.line).line);
                if never_twice && !state.leaving.contains(&number) {
                    // It was leased and nothing of it had left: as if it had not been.
                    rescued.released += 1;
                    unsent.push(number);
                    return true;
                }
                let crashes = state.rescues.get(&number).copied().unwrap_or(0) + 1;
                let end = if crashes >= POISON_AFTER {
                    rescued.poison += 1;
                    JobState::Dead
                } else if never_twice {
                    rescued.unknown += 1;
                    JobState::Unknown
                } else {
                    rescued.released += 1;
                    JobState::Waiting
                };
                ends.entry((lane.owner, end)).or_default().push(number);
                true
            });
        self.give_back(unsent, &SettledOutcome::Release, now)?;
        for ((owner, state), mut jobs) in ends {
            if state == JobState::Waiting {
                self.supersede_returning(&mut jobs, now.as_millis())?;
            }
            self.say(&Record::Rescue {
                owner,
                at: now.as_millis(),
                state,
                jobs,
            })?;
        }
        Ok(Reply::Rescued(rescued))
    }

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
    fn give_back(
        &mut self,
        mut numbers: Vec<u64>,
        outcome: &SettledOutcome,
        now: Timestamp,
    ) -> Result<(), cauce_log::Error> {
        self.supersede_returning(&mut numbers, now.as_millis())?;
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
        Ok(())
    }
}
