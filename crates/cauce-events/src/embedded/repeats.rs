//! Which events of a call are known by runs of ids on disk.

use std::{collections::BTreeMap, io, sync::Arc};

use cauce_flow::time::Timestamp;

use super::{digest::Digests, known::Run};

/// The runs that are looked into.
pub(super) type Runs = BTreeMap<u64, Arc<Run>>;

/// Ids that may stand in a run, as far as memory tells: the place of the event and the run.
pub(super) fn suspects(runs: &Runs, events: &[Digests]) -> Vec<(usize, u64)> {
    let mut suspects = Vec::new();
    for (number, run) in runs.iter().rev() {
        for (place, event) in events.iter().enumerate() {
            if run.may_hold(event.id) {
                suspects.push((place, *number));
            }
        }
    }
    suspects
}

/// Which events stand in a run and were received after `since`; empty where none was. Reads the
/// disk. A run that cannot be read knows nothing, and the fault is answered beside.
pub(super) fn look(
    runs: &Runs,
    events: &[Digests],
    suspects: &[(usize, u64)],
    since: Timestamp,
) -> (Vec<bool>, Option<io::Error>) {
    let (mut repeats, mut fault) = (Vec::new(), None);
    for (place, run) in suspects {
        match runs[run].find(events[*place].id) {
            Ok(Some(received_at)) if received_at > since => {
                repeats.resize(events.len(), false);
                repeats[*place] = true;
            }
            Ok(_) => {}
            Err(error) => fault = Some(error),
        }
    }
    (repeats, fault)
}
