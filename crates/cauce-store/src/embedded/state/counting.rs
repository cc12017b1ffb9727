//! Jobs are counted where they are: in their lane, their queue, their tenant, their group, their line.

use cauce_flow::job::State as JobState;

use super::{super::table::Entry, State};

/// What a queue holds of pending jobs.
#[derive(Clone, Copy, Default)]
pub(super) struct Held {
    pub(super) jobs: u64,
    pub(super) bytes: u64,
}

/// One more or one fewer.
#[derive(Clone, Copy)]
pub(super) enum Step {
    In,
    Out,
}

impl Step {
    pub(super) fn apply(self, figure: &mut u64, amount: u64) {
        match self {
            Step::In => *figure += amount,
            Step::Out => *figure = figure.checked_sub(amount).expect("counted in before out"),
        }
    }
}

impl State {
    /// Counts a job in, or out, wherever jobs are counted by their state.
    pub(super) fn count(&mut self, entry: &Entry, state: JobState, by: Step) {
        let lane = &mut self.lanes[entry.lane as usize];
        by.apply(&mut lane.jobs, 1);
        let counters = self.counters.at(lane.counters);
        let bytes = u64::from(entry.bytes);
        by.apply(&mut counters.present[state as usize], 1);
        self.groups.count(lane.kept, state, by);
        if state.is_pending() {
            by.apply(&mut counters.pending_bytes, bytes);
            let held = &mut self.held[lane.held as usize];
            by.apply(&mut held.jobs, 1);
            by.apply(&mut held.bytes, bytes);
        }
        if state == JobState::Scheduled && entry.attempt() > 0 {
            by.apply(&mut counters.delayed, 1);
        }
        if state == JobState::Waiting {
            by.apply(&mut counters.waiting_by_priority[entry.priority()], 1);
            by.apply(&mut lane.waiting_bytes, bytes);
            if !lane.shut {
                let line = &mut self.lines[lane.line as usize];
                line.count(lane.turn, entry.priority(), (1, bytes), by);
            }
        }
    }
}
