//! Where a day is exported to.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cauce_flow::time::Timestamp;

use super::{Error, files};
use crate::{bucket::Bucket, settings::tracking, tracking::Tracking};

/// Where a day is exported to.
pub(super) enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, and a folder in which its files are made.
    Bucket(tracking::Bucket, PathBuf),
}

impl Place {
    /// All places that are configured.
    pub(super) fn all(export: &tracking::Export, scratch: &Path) -> Vec<Place> {
        let folder = export.folder.clone().map(Place::Folder);
        let bucket = export.bucket.clone();
        let bucket = bucket.map(|bucket| Place::Bucket(bucket, scratch.to_owned()));
        folder.into_iter().chain(bucket).collect()
    }

    /// What it is.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Place::Folder(_) => "folder",
            Place::Bucket(..) => "bucket",
        }
    }

    /// The fact that holds the last day that was written there.
    pub(super) fn fact(&self) -> &'static str {
        match self {
            Place::Folder(_) => "tracking.export.through",
            Place::Bucket(..) => "tracking.export.bucket.through",
        }
    }

    /// Writes the files of a day. Answers how many, and their bytes.
    pub(super) async fn write(
        &self,
        tracking: &Tracking,
        date: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(u64, u64), Error> {
        let day = format!("date={date}");
        match self {
            Place::Folder(folder) => {
                let folder = folder.join(day);
                let tenants = files::write(tracking, &folder, from, to).await?;
                let mut bytes = 0;
                for tenant in &tenants {
                    bytes += fs::metadata(folder.join(files::name_of(tenant)))?.len();
                }
                Ok((tenants.len() as u64, bytes))
            }
            Place::Bucket(settings, scratch) => {
                // What an upload left behind that was cut off.
                clear(scratch)?;
                let done = upload(settings, tracking, scratch, &day, (from, to)).await;
                clear(scratch)?;
                done
            }
        }
    }
}

/// Files are made whole first: an upload that fails halfway is tried again without reading events
/// again, and its length is known.
async fn upload(
    settings: &tracking::Bucket,
    tracking: &Tracking,
    scratch: &Path,
    day: &str,
    (from, to): (Timestamp, Timestamp),
) -> Result<(u64, u64), Error> {
    let bucket = Bucket::open(settings)?;
    let tenants = files::write(tracking, scratch, from, to).await?;
    let mut bytes = 0;
    for tenant in &tenants {
        let name = files::name_of(tenant);
        let file = scratch.join(&name);
        bytes += bucket.put_file(&format!("{day}/{name}"), &file).await?;
        fs::remove_file(&file)?;
    }
    Ok((tenants.len() as u64, bytes))
}

fn clear(scratch: &Path) -> io::Result<()> {
    match fs::remove_dir_all(scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
