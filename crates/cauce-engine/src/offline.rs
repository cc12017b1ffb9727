//! The data folder while no engine runs on it: where things are, and freeing space.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_flow::time::Timestamp;
use cauce_store::{
    analytics::{Analytics, Rebuilt},
    campaigns::Campaigns,
    control::Control,
    embedded::EmbeddedStore,
    rollups::Rollups,
};

use crate::{
    inner::{JOBS_DIR, StartError, TRACKING_DIR, event_options, store_options},
    settings::Settings,
};

/// The folder of the job log in a data folder.
pub fn jobs_dir(data_dir: &Path) -> PathBuf {
    data_dir.join(JOBS_DIR)
}

/// Frees what finished jobs hold in the job log. Answers how many bytes that were.
///
/// What the statistics have not summed up yet is summed up first: it stands in the records that go.
pub async fn compact(settings: &Settings, now: Timestamp) -> Result<u64, StartError> {
    let control = Control::open(&settings.data_dir)?;
    let kept_through = Rollups::kept_through(&control).await?;
    let options = store_options(settings, kept_through);
    let store = Arc::new(blocking(move || EmbeddedStore::open(options)).await??);
    Rollups::new(Arc::clone(&store), control.clone())
        .keep(now)
        .await?;
    let freed = blocking(move || {
        let freed = store.compact();
        store.close();
        freed
    })
    .await?;
    control.close().await;
    freed.map_err(StartError::Folder)
}

/// The folder of tracked events in a data folder.
pub fn events_dir(data_dir: &Path) -> PathBuf {
    data_dir.join(TRACKING_DIR)
}

/// Writes tracked events into files, merges small ones and frees their log. Answers how many bytes
/// are free again.
pub async fn compact_events(settings: &Settings, now: Timestamp) -> Result<u64, StartError> {
    let options = event_options(settings, 0);
    if !options.dir.is_dir() {
        return Ok(0);
    }
    let done = blocking(move || cauce_events::offline::compact(options, now)).await?;
    done.map_err(|error| StartError::Folder(error.to_string()))
}

/// Makes the sums of analytics anew from the events that are kept. Refused while another process has
/// the folder.
pub async fn rebuild_analytics(
    settings: &Settings,
    progress: impl Fn(u64, u64) + Send + 'static,
) -> Result<Rebuilt, StartError> {
    // Its lock says which process has the folder.
    let lock = Campaigns::open(&settings.data_dir)?;
    let analytics = Analytics::open(&settings.data_dir, settings.analytics.clone())?;
    let rebuilt = analytics.rebuild(progress).await;
    analytics.close().await;
    lock.close().await;
    Ok(rebuilt?)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StartError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StartError::Folder(error.to_string()))
}
