//! Months come and go.

use std::{sync::Arc, time::Duration};

use cauce_flow::{shape::month::Month, time::Timestamp};

use super::{
    super::{
        manifest::{Asked, Left},
        shared::Shared,
        state::Change,
    },
    chores,
    commit::commit,
    flush::flush_alone,
    told::told_io,
};
use crate::store::Error;

/// A wish to drop more than one month is believed when it is still there so much later: a clock that
/// jumps does not stay where it was for a day.
const BELIEVED_AFTER: Duration = Duration::from_secs(20 * 3_600);

/// Makes the folders of this month and the next, and drops months that end before `keep_from`: one,
/// or all that were asked for a day ago already. Answers what was dropped.
pub(in super::super) fn maintain(
    shared: &Shared,
    keep_from: Timestamp,
    now: Timestamp,
) -> Result<Vec<String>, Error> {
    let _merging = shared.merging.lock();
    for month in [Month::of(now), Month::of(now).next()] {
        let made = shared.files.create_dir(&shared.month_dir(month));
        made.map_err(told_io("making the folder of a month"))?;
    }
    forget_old_tombstones(shared, keep_from);
    let keep_from = Month::of(keep_from);
    let asked = shared
        .state
        .lock()
        .manifest
        .asked
        .filter(|asked| asked.at <= now);
    let believed = asked.filter(|asked| now >= asked.at + BELIEVED_AFTER);
    let believed = believed.map_or(Month::of(Timestamp::EPOCH), |asked| {
        asked.keep_from.min(keep_from)
    });
    let old: Vec<Month> = shared
        .months()
        .into_iter()
        .filter(|month| *month < keep_from)
        .collect();
    let sure = old.iter().filter(|month| **month < believed).count().max(1);
    let dropped = &old[..sure.min(old.len())];
    let left = old.len() - dropped.len();
    let asked = match asked {
        _ if left == 0 => None,
        Some(asked) if asked.keep_from >= keep_from => Some(asked),
        _ => Some(Asked { keep_from, at: now }),
    };
    for month in dropped {
        drop_month(shared, *month, now)?;
    }
    if asked != shared.state.lock().manifest.asked {
        let change = Change {
            asked: Some(asked),
            ..Change::default()
        };
        commit(shared, change, Vec::new(), |_| {})?;
    }
    Ok(dropped.iter().map(Month::to_string).collect())
}

fn drop_month(shared: &Shared, month: Month, now: Timestamp) -> Result<(), Error> {
    // No flush shall put a new file into a folder that goes.
    let _flushing = shared.flushing.lock();
    flush_alone(shared, now)?;
    let parts = Arc::clone(&shared.state.lock().shown.parts);
    let gone: Vec<_> = parts
        .values()
        .filter(|entry| entry.month == month)
        .collect();
    let change = Change {
        parts_gone: gone.iter().map(|entry| entry.part.number).collect(),
        left: Left {
            dropped: gone.iter().map(|entry| entry.part.events).sum(),
            ..Left::default()
        },
        ..Change::default()
    };
    commit(shared, change, Vec::new(), |_| {})?;
    chores::run(shared)?;
    let removed = shared.files.remove_dir(&shared.month_dir(month));
    removed.map_err(told_io("removing the folder of a month"))?;
    let synced = shared.files.sync_dir(&shared.options.dir);
    synced.map_err(told_io("removing the folder of a month"))
}

/// What happened before `keep_from` is refused anyway.
fn forget_old_tombstones(shared: &Shared, keep_from: Timestamp) {
    let mut state = shared.state.lock();
    let needed = |at: Timestamp| at >= keep_from;
    state
        .erased
        .retain(|_, tombstone| tombstone.before_file.is_some() || needed(tombstone.at));
}
