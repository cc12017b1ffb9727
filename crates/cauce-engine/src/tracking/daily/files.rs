//! The files of one day: a Parquet file for each tenant, in a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_events::{
    export::{Exporter, Format},
    row::Row,
    store::Filter,
};
use cauce_flow::{id::TenantId, time::Timestamp};
use parking_lot::Mutex;

use crate::tracking::Tracking;

/// Files that are written at the same time. With more tenants the day is read again.
const MAX_OPEN_FILES: usize = 64;

/// The name of a tenant's file.
pub(super) fn name_of(tenant: &TenantId) -> String {
    format!("tenant={tenant}.parquet")
}

/// Writes the files of what happened from a time to before another. Answers whose they are.
pub(super) async fn write(
    tracking: &Tracking,
    folder: &Path,
    from: Timestamp,
    to: Timestamp,
) -> io::Result<BTreeSet<TenantId>> {
    let mut done = BTreeSet::new();
    loop {
        let pass = Arc::new(Mutex::new(Pass::new(folder.to_owned(), done.clone())));
        let filter = Filter {
            tenant: None,
            site: None,
            visitor: None,
            kind: None,
            from,
            to,
        };
        let visited = Arc::clone(&pass);
        let scan = tracking.scan(filter, move |rows| visited.lock().take(rows));
        scan.await.map_err(io::Error::other)?;
        let pass = std::mem::replace(
            &mut *pass.lock(),
            Pass::new(folder.to_owned(), BTreeSet::new()),
        );
        let written = tokio::task::spawn_blocking(move || pass.finish()).await;
        let (tenants, more) = written.map_err(io::Error::other)??;
        done.extend(tenants);
        if !more {
            return Ok(done);
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
        self.folder.join(format!(".{}.new", name_of(tenant)))
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
            let name = self.folder.join(name_of(&tenant));
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
