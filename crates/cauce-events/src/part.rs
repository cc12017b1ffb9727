//! A part: one immutable Parquet file of events of a month, and the rollup beside it.
//!
//! ```text
//! write | merge --> part-7.tmp, part-7.rollup.tmp     on the disk, and no reader looks at them
//!       publish --> part-7.parquet, part-7.rollup
//! ```
//!
//! Between the two the owner makes the part known in its log: the name in the folder is never what
//! decides whether the rows count.

mod schema;

mod chunk;
mod encode;
mod hybrid;

mod file;
mod opened;

mod condition;
mod group;
mod reader;

mod merge;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
};

use cauce_flow::time::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::encode::Encoder;
pub use self::{
    merge::{Merged, Who, merge},
    reader::{Reader, Scan},
    writer::write,
};
use crate::{
    columns::{COLUMNS, Columns},
    fault::{Doing, Fault},
    folder::Folder,
    rollup::Builder,
    store::Filter,
};

/// What the owner has to know of a part without opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its number, unique in its folder.
    pub number: u64,
    /// Rows in it.
    pub rows: u64,
    /// Events that the rows stand for: the sum of their counts.
    pub events: u64,
    /// Bytes of the Parquet file.
    pub bytes: u64,
    /// CRC-32C of the Parquet footer, which has the checksums of everything else.
    pub footer_crc: u32,
    /// Bytes of the rollup.
    pub rollup_bytes: u64,
    /// Milliseconds of the earliest event since the Unix epoch.
    pub first_ms: i64,
    /// Milliseconds of the latest event.
    pub last_ms: i64,
    /// The first of its tenants, in the order of names.
    pub first_tenant: String,
    /// The last of its tenants.
    pub last_tenant: String,
}

impl Part {
    /// Whether an event that the filter asks for can stand in this part.
    pub fn may_hold(&self, filter: &Filter) -> bool {
        let tenant = filter.tenant.as_ref().is_none_or(|tenant| {
            (self.first_tenant.as_str()..=self.last_tenant.as_str()).contains(&tenant.as_str())
        });
        tenant && self.overlaps(filter.from, filter.to)
    }

    /// Whether it can hold an event from `from` on and before `to`.
    pub fn overlaps(&self, from: Timestamp, to: Timestamp) -> bool {
        self.first_ms < to.as_millis() && self.last_ms >= from.as_millis()
    }
}

/// Where the Parquet file of a part stands once it is published.
pub fn parquet_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("part-{number}.parquet"))
}

/// Where the rollup of a part stands once it is published.
pub fn rollup_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("part-{number}.rollup"))
}

/// Where the Parquet file stands before.
fn new_parquet_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("part-{number}.tmp"))
}

/// Where the rollup stands before.
fn new_rollup_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("part-{number}.rollup.tmp"))
}

/// The number of the part that a file belongs to, by its name; none for files of others.
pub fn number_of(file_name: &str) -> Option<u64> {
    let rest = file_name.strip_prefix("part-")?;
    let (number, ending) = rest.split_once('.')?;
    let ours = ["parquet", "rollup", "tmp", "rollup.tmp"].contains(&ending);
    number.parse().ok().filter(|_| ours)
}

/// Gives written parts the names that readers look for. May be repeated: after a crash some may
/// have theirs already.
pub fn publish(folder: impl Into<Folder>, numbers: &[u64]) -> Result<(), Fault> {
    let folder = &folder.into();
    for number in numbers {
        // A rollup can be made again, so that a missing one is no fault.
        let rollup = rollup_path(folder, *number);
        rename(folder, &new_rollup_path(folder, *number), &rollup)?;
        let parquet = parquet_path(folder, *number);
        let renamed = rename(folder, &new_parquet_path(folder, *number), &parquet)?;
        if !renamed && !folder.holds(&parquet).doing("open", &parquet)? {
            return Err(io::Error::from(io::ErrorKind::NotFound)).doing("find", &parquet);
        }
    }
    sync_folder(folder)
}

/// Removes parts, published or not. May be repeated.
pub fn remove(folder: impl Into<Folder>, numbers: &[u64]) -> Result<(), Fault> {
    let folder = &folder.into();
    for number in numbers {
        remove_file(folder, &new_parquet_path(folder, *number))?;
        remove_file(folder, &new_rollup_path(folder, *number))?;
        remove_file(folder, &rollup_path(folder, *number))?;
        remove_file(folder, &parquet_path(folder, *number))?;
    }
    sync_folder(folder)
}

/// Makes the rollup of a published part anew from its rows.
pub(crate) fn rebuild_rollup(folder: &Folder, part: &Part) -> Result<(), Fault> {
    let mut scan = Reader::open(folder, part)?.scan_all();
    let mut rollup = Builder::create(folder, new_rollup_path(folder, part.number))?;
    let mut rows = Columns::default();
    while scan.next_columns(&COLUMNS, &mut rows)? {
        rollup.push(&rows);
    }
    rollup.finish(part.footer_crc)?;
    rename(
        folder,
        &new_rollup_path(folder, part.number),
        &rollup_path(folder, part.number),
    )?;
    sync_folder(folder)
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Folder) -> Result<(), Fault> {
    folder.files.sync_dir(folder).doing("sync", folder)
}

/// Answers whether there was something to rename.
fn rename(folder: &Folder, from: &Path, to: &Path) -> Result<bool, Fault> {
    match folder.files.rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).doing("rename", from),
    }
}

fn remove_file(folder: &Folder, path: &Path) -> Result<(), Fault> {
    match folder.files.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).doing("remove", path),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
