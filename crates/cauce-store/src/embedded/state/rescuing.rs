//! Ending leases that nobody holds any more: after a crash those of all lines, after the loop of a
//! line has failed those of that line.

use std::collections::BTreeMap;

use cauce_flow::{
    job::{Line, State as JobState},
    time::Timestamp,
};

use super::{
    super::record::{Owner, Record, SettledOutcome},
    POISON_AFTER,
    journal::Journal,
    plan::{Planned, Reply},
};
use crate::jobs::{NeverTwice, Rescued};

/// Leases of a line that nobody holds any more.
#[derive(Clone, Copy)]
struct Orphans {
    /// The destination does not recognise repeats.
    never_twice: bool,
    /// Whether a job counts as in hand that had not left.
    all_in_hand: bool,
}

impl Journal<'_> {
    pub(in super::super) fn rescue(&mut self, never_twice: &NeverTwice, now: Timestamp) -> Planned {
        self.end_orphans(
            |line| {
                Some(Orphans {
                    never_twice: never_twice(line),
                    all_in_hand: false,
                })
            },
            now,
        )
    }

    pub(in super::super) fn rescue_line(
        &mut self,
        line: &Line,
        never_twice: bool,
        now: Timestamp,
    ) -> Planned {
        let orphans = Orphans {
            never_twice,
            all_in_hand: true,
        };
        self.end_orphans(|of| (of == line).then_some(orphans), now)
    }

    /// Ends the leases of the lines that `orphans` answers for.
    fn end_orphans(
        &mut self,
        orphans: impl Fn(&Line) -> Option<Orphans>,
        now: Timestamp,
    ) -> Planned {
        let mut ends: BTreeMap<(Owner, JobState), Vec<u64>> = BTreeMap::new();
        let mut rescued = Rescued::default();
        let mut unsent = Vec::new();
        let state = &*self.state;
        state
            .table
            .visit_down(u64::MAX, 1 << JobState::Active as u8, |number, entry| {
                let lane = state.lane(entry);
                let Some(of_line) = orphans(&state.line_state(lane.line).line) else {
                    return true;
                };
                let had_left = state.leaving.contains(&number);
                if of_line.never_twice && !had_left && !of_line.all_in_hand {
                    // It was leased and nothing of it had left: as if it had not been.
                    rescued.released += 1;
                    unsent.push(number);
                    return true;
                }
                let crashes = state.rescues.get(&number).copied().unwrap_or(0) + 1;
                let end = if crashes >= POISON_AFTER {
                    rescued.poison += 1;
                    JobState::Dead
                } else if of_line.never_twice && had_left {
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
            let back = match state {
                JobState::Waiting => jobs.clone(),
                _ => Vec::new(),
            };
            self.say(&Record::Rescue {
                owner,
                at: now.as_millis(),
                state,
                jobs,
            })?;
            self.cancel_stopped(back, now)?;
        }
        Ok(Reply::Rescued(rescued))
    }
}
