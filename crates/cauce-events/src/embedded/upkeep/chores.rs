//! Names and removes files, until that is done.

use std::io;

use super::{
    super::shared::{Shared, run_path},
    told::{told, told_io},
};
use crate::{part, store::Error};

/// Does all of them.
pub(super) fn run(shared: &Shared) -> Result<(), Error> {
    let mut chores = shared.chores.lock();
    if chores.is_done() {
        return Ok(());
    }
    while let Some((month, numbers)) = chores.unnamed.last() {
        let named = part::publish(shared.month(*month), numbers);
        named.map_err(told("naming files of events"))?;
        chores.unnamed.pop();
    }
    while let Some((month, numbers)) = chores.parts_to_go.last() {
        let removed = part::remove(shared.month(*month), numbers);
        removed.map_err(told("removing files of events"))?;
        chores.parts_to_go.pop();
    }
    if chores.runs_to_go.is_empty() {
        return Ok(());
    }
    while let Some(number) = chores.runs_to_go.last() {
        let removed = shared.files.remove(&run_path(&shared.options.dir, *number));
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(told_io("removing known ids")(error));
            }
            _ => drop(chores.runs_to_go.pop()),
        }
    }
    let synced = shared.files.sync_dir(&shared.ids_dir());
    synced.map_err(told_io("removing known ids"))
}
