//! What waits in a line, for its dispatcher.

use cauce_flow::{priority::Priority, queue::backlog::Backlog, time::Timestamp};

use super::{super::record::NameId, State};

impl State {
    /// What waits in a line and may be claimed.
    pub(in super::super) fn backlog(&mut self, line: u32) -> Backlog {
        let state = &self.lines[line as usize];
        let mut backlog = Backlog {
            waiting: state.waiting,
            bytes: state.bytes,
            ..Backlog::default()
        };
        if backlog.waiting == 0 {
            return backlog;
        }
        let queue = state.queue;
        for turn in 0..state.turns.len() {
            let (tenant, waiting, bytes) = {
                let turn = &self.lines[line as usize].turns[turn];
                (turn.tenant, turn.waiting, turn.bytes)
            };
            if waiting == [0; 4] {
                continue;
            }
            if self.is_paused(queue, tenant) {
                backlog.waiting -= waiting.iter().sum::<u64>();
                backlog.bytes -= bytes;
            } else {
                self.note_oldest(line, turn, &mut backlog);
            }
        }
        backlog
    }

    fn note_oldest(&mut self, line: u32, turn: usize, backlog: &mut Backlog) {
        let earlier = |known: &mut Option<Timestamp>, oldest: Timestamp| {
            *known = Some(known.map_or(oldest, |known| known.min(oldest)));
        };
        for priority in Priority::ALL {
            let Some(oldest) = self.oldest(line, turn, priority) else {
                continue;
            };
            earlier(&mut backlog.oldest_at, oldest);
            if priority.is_urgent() {
                earlier(&mut backlog.oldest_urgent_at, oldest);
            }
        }
    }

    /// When the oldest waiting job of a line became due, for one tenant or for all.
    pub(super) fn oldest_in(&mut self, line: u32, own: Option<NameId>) -> Option<Timestamp> {
        let turns = &self.lines[line as usize].turns;
        let wanted = |tenant| own.is_none_or(|own| own == tenant);
        let turns: Vec<usize> = (0..turns.len())
            .filter(|at| wanted(turns[*at].tenant))
            .collect();
        turns
            .into_iter()
            .flat_map(|turn| Priority::ALL.map(|priority| (turn, priority)))
            .filter_map(|(turn, priority)| self.oldest(line, turn, priority))
            .min()
    }

    fn oldest(&mut self, line: u32, turn: usize, priority: Priority) -> Option<Timestamp> {
        let at = priority.index();
        let turn = &self.lines[line as usize].turns[turn];
        if turn.waiting[at] == 0 {
            return None;
        }
        let (table, lanes) = (&self.table, &mut self.lanes);
        let firsts = turn.groups[at]
            .keys()
            .filter_map(|lane| lanes[*lane as usize].first(at, table));
        firsts
            .min()
            .map(|(due_at, _)| Timestamp::from_millis(due_at))
    }
}
