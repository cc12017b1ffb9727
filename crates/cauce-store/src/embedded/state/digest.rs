//! All that a state knows, as text: for tests that compare a state with what a restart makes of it.

use super::{
    super::{counters::Counters, table::Entry},
    State,
};

impl State {
    /// Everything that has to be the same after a restart.
    pub(in super::super) fn digest(&self) -> Vec<String> {
        let mut all = Vec::new();
        self.table.visit_down(u64::MAX, u8::MAX, |number, entry| {
            all.push(self.digest_job(number, entry));
            true
        });
        for (queue, tenant, _, counters) in self.counters.iter() {
            // What is counted since the start begins anew with it.
            let counters = Counters {
                reached: [0; 8],
                ..counters.clone()
            };
            all.push(format!("{queue} {tenant} {counters:?}"));
        }
        let used = self.names_in_use();
        for (name, text) in self.names.iter().filter(|(name, _)| used.contains(name)) {
            all.push(format!("name {name} {text}"));
        }
        for line in &self.lines {
            let requests: u64 = line.starts.iter().map(|(_, count)| u64::from(count)).sum();
            let (waiting, bytes, note) = (line.waiting, line.bytes, &line.note);
            all.push(format!(
                "{} {waiting} {bytes} {note:?} {requests}",
                line.line
            ));
        }
        for lane in &self.lanes {
            let lens = lane.fifos.each_ref().map(super::super::fifo::Fifo::len);
            if lens != [0; 4] {
                let (bytes, shut) = (lane.waiting_bytes, lane.shut);
                let of = (lane.owner, lane.group);
                all.push(format!("lane {of:?} {lens:?} {bytes} {shut}"));
            }
        }
        for (_, group) in self.groups.iter() {
            all.push(format!("group {:?} {:?}", group.told, group.present));
        }
        all.push(format!(
            "gates {:?}, next {}, keys {}",
            self.gates,
            self.next_number,
            self.keys.len()
        ));
        all.sort();
        all
    }

    /// Whether the request of a leased job may have left.
    pub(in super::super) fn has_left(&self, number: u64) -> bool {
        self.leaving.contains(&number)
    }

    fn digest_job(&self, number: u64, entry: &Entry) -> String {
        let lane = self.lane(entry);
        format!(
            "job {number} at {} due {} attempt {} bytes {} {} {} {:?} {} chain {:?} rescues {:?} renewed {:?} leaving {} end {:?} place {:?}",
            entry.position,
            entry.due_at(),
            entry.attempt(),
            entry.bytes,
            entry.priority(),
            entry.state(),
            lane.owner,
            lane.group,
            self.chains.get(&number),
            self.rescues.get(&number),
            self.renewed.get(&number),
            self.leaving.contains(&number),
            self.finished.get(&number),
            self.place_of(number),
        )
    }
}
