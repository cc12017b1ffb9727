//! Recounts what can be recounted.

use super::shared::Shared;

impl Shared {
    /// Each difference in words.
    pub(super) fn audit(&self) -> Vec<String> {
        let state = self.state.lock();
        let mut differences = Vec::new();
        for (tenant, counters) in state.counters.iter() {
            if !counters.holds() {
                let (received, accounted) = (counters.received, counters.accounted());
                differences.push(format!(
                    "{tenant}: {received} events were received, of {accounted} is known what became of them"
                ));
            }
        }
        let sum = state.counters.of(None);
        let in_files: u64 = state
            .shown
            .parts
            .values()
            .map(|entry| entry.part.events)
            .sum();
        let in_buffer: u64 = state.buffer.rows().map(|row| u64::from(row.count)).sum();
        let left = state.shown.left;
        let found = in_files + in_buffer + left.erased + left.dropped + left.lost;
        if sum.stored + sum.merged != found {
            differences.push(format!(
                "{} events were kept; {in_files} are in files, {in_buffer} in the buffer, {} were \
                 erased, {} dropped with their months, {} lost with damaged files",
                sum.stored + sum.merged,
                left.erased,
                left.dropped,
                left.lost
            ));
        }
        differences
    }
}
