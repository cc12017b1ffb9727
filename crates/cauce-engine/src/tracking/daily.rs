//! The daily export: one Parquet file for each UTC day and tenant, for a warehouse to read.
//!
//! ```text
//! FOLDER/date=2026-01-31/tenant=acme.parquet
//! ```
//!
//! A day is written once it is over, under another name, and takes its own name when it is whole. The
//! day that was written last is written once more with the next one: events may come late, from a
//! browser that was offline. What was written is noted in the control store; a day for which the
//! process was down, or the folder gone, is made up for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cauce_events::{
    export::{Exporter, Format},
    row::Row,
    store::Filter,
};
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::control::Control;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Tracking;
use crate::clock::Clock;

/// How long after its end a day is written: events of its last minutes are on their way.
const SETTLE: Duration = Duration::from_secs(3_600);
/// It looks so often for a day that is over.
const LOOK_EVERY: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);
/// Files that are written at the same time. With more tenants the day is read again.
const MAX_OPEN_FILES: usize = 64;
/// Days that are made up for at most.
const MAX_DAYS: u64 = 400;
/// The fact that holds the last day that was written.
const FACT: &str = "tracking.export.through";

/// Runs until the engine stops.
pub(crate) async fn run(
    tracking: Tracking,
    control: Control,
    clock: Clock,
    stop: CancellationToken,
) {
    loop {
        if let Some(export) = &tracking.settings().export
            && let Err(error) = catch_up(&tracking, &control, &export.folder, clock.now()).await
        {
            let folder = export.folder.display();
            tracing::error!(%folder, %error, "the daily export failed; it is tried again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Writes every day that is over and was not written; the last one once more.
async fn catch_up(
    tracking: &Tracking,
    control: &Control,
    folder: &Path,
    now: Timestamp,
) -> io::Result<()> {
    let known = control.fact(FACT).await.map_err(io::Error::other)?;
    let through = known.as_ref().and_then(Value::as_i64);
    for day in days(through, now) {
        let files = write_day(tracking, folder, day).await?;
        let noted = control.put_fact(FACT, &json!(day), now).await;
        noted.map_err(io::Error::other)?;
        tracing::info!(day = date(day), files, "events of a day were exported");
    }
    Ok(())
}

/// The days to write, counted from the Unix epoch, when this one was written last.
fn days(through: Option<i64>, now: Timestamp) -> std::ops::RangeInclusive<i64> {
    let over = day_of(now - SETTLE) - 1;
    match through {
        None => over..=over,
        // Nothing new is over; the last one was written again when it had to be.
        Some(through) if through >= over => over + 1..=over,
        Some(through) => through.max(over - MAX_DAYS as i64)..=over,
    }
}

fn day_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(DAY.as_millis() as i64)
}

fn start_of(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY.as_millis() as i64)
}

/// `2026-01-31`.
fn date(day: i64) -> String {
    let mut text = start_of(day).to_string();
    text.truncate(10);
    text
}

/// Writes the files of one day. Answers how many.
async fn write_day(tracking: &Tracking, folder: &Path, day: i64) -> io::Result<usize> {
    let folder = folder.join(format!("date={}", date(day)));
    let mut done = BTreeSet::new();
    loop {
        let pass = Arc::new(Mutex::new(Pass::new(folder.clone(), done.clone())));
        let filter = Filter {
            tenant: None,
            site: None,
            visitor: None,
            kind: None,
            from: start_of(day),
            to: start_of(day + 1),
        };
        let visited = Arc::clone(&pass);
        let scan = tracking.scan(filter, move |rows| visited.lock().take(rows));
        scan.await.map_err(io::Error::other)?;
        let pass = std::mem::replace(
            &mut *pass.lock(),
            Pass::new(folder.clone(), BTreeSet::new()),
        );
        let written = tokio::task::spawn_blocking(move || pass.finish()).await;
        let (tenants, more) = written.map_err(io::Error::other)??;
        done.extend(tenants);
        if !more {
            return Ok(done.len());
        }
    }
}

/// One reading of a day: the files of the tenants that it met first.
struct Pass {
    folder: PathBuf,
    done: BTreeSet<TenantId>,
    files: BTreeMap<TenantId, Exporter<BufWriter<File>>>,
    more: bool,
    fault: Option<io::Error>,
}

impl Pass {
    fn new(folder: PathBuf, done: BTreeSet<TenantId>) -> Pass {
        Pass {
            folder,
            done,
            files: BTreeMap::new(),
            more: false,
            fault: None,
        }
    }

    /// Takes the next rows. Answers whether it wants more.
    fn take(&mut self, rows: &[Row]) -> bool {
        for rows in rows.chunk_by(|a, b| a.tenant == b.tenant) {
            if let Err(error) = self.take_of(&rows[0].tenant, rows) {
                self.fault = Some(error);
                return false;
            }
        }
        true
    }

    fn take_of(&mut self, tenant: &TenantId, rows: &[Row]) -> io::Result<()> {
        if self.done.contains(tenant) {
            return Ok(());
        }
        if let Some(file) = self.files.get_mut(tenant) {
            return file.push(rows);
        }
        if self.files.len() == MAX_OPEN_FILES {
            self.more = true;
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let file = BufWriter::new(File::create(self.unfinished(tenant))?);
        let mut file = Exporter::new(Format::Parquet, file)?;
        file.push(rows)?;
        self.files.insert(tenant.clone(), file);
        Ok(())
    }

    fn unfinished(&self, tenant: &TenantId) -> PathBuf {
        self.folder.join(format!(".tenant={tenant}.parquet.new"))
    }

    /// Gives the files their names. Answers whose they are, and whether there are more tenants.
    fn finish(mut self) -> io::Result<(Vec<TenantId>, bool)> {
        if let Some(error) = self.fault.take() {
            return Err(error);
        }
        let mut tenants = Vec::new();
        for (tenant, file) in std::mem::take(&mut self.files) {
            let mut file = file.finish()?;
            file.flush()?;
            file.get_ref().sync_all()?;
            let name = self.folder.join(format!("tenant={tenant}.parquet"));
            fs::rename(self.unfinished(&tenant), name)?;
            tenants.push(tenant);
        }
        if !tenants.is_empty() {
            // The names are on the disk, too, before the day counts as written.
            File::open(&self.folder)?.sync_all()?;
        }
        Ok((tenants, self.more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(through: Option<&str>, now: &str) -> Vec<String> {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let through = through.map(|day| day_of(at(&format!("{day}T00:00:00Z"))));
        days(through, at(now)).map(date).collect()
    }

    #[test]
    fn day_is_written_when_it_is_over_and_once_more_with_the_next() {
        assert_eq!(due(None, "2026-02-01T00:59:59Z"), ["2026-01-30"]);
        assert_eq!(due(None, "2026-02-01T01:00:00Z"), ["2026-01-31"]);
        assert!(due(Some("2026-01-31"), "2026-02-01T23:00:00Z").is_empty());
        assert_eq!(
            due(Some("2026-01-31"), "2026-02-02T01:00:00Z"),
            ["2026-01-31", "2026-02-01"]
        );
    }

    #[test]
    fn days_that_were_missed_are_made_up_for() {
        let days = due(Some("2026-01-28"), "2026-02-02T12:00:00Z");
        assert_eq!(days.len(), 5);
        assert_eq!(
            (days[0].as_str(), days[4].as_str()),
            ("2026-01-28", "2026-02-01")
        );
        assert_eq!(
            due(Some("2001-01-01"), "2026-02-02T12:00:00Z").len(),
            MAX_DAYS as usize + 1
        );
        // A clock that was set back writes nothing twice.
        assert!(due(Some("2026-03-01"), "2026-02-02T12:00:00Z").is_empty());
    }
}
