//! Writes sorted rows into a new part.

use std::{
    borrow::Borrow,
    ops::Range,
    path::{Path, PathBuf},
};

use parquet::errors::ParquetError;

use super::{
    Encoder, Part, encode::Observer, new_parquet_path, new_rollup_path, opened::read_footer,
};
use crate::{
    columns::Columns,
    fault::{Doing, Fault},
    folder::Folder,
    rollup::Builder,
    row::Row,
    sink::Sink,
};

/// Writes rows, which have to be in the order of [`Row::key`], into a new part. Rows of equal key
/// are added up. On return the part is on the disk; see [`publish`](super::publish).
///
/// # Panics
/// Where there are no rows, or they are not in order.
pub fn write<R: Borrow<Row>>(
    folder: impl Into<Folder>,
    number: u64,
    rows: &[R],
) -> Result<Part, Fault> {
    let mut writer = Writer::create(&folder.into(), number)?;
    for slice in rows.chunks(BATCH) {
        writer.push(&Columns::from_rows(slice), 0..slice.len())?;
    }
    Ok(writer.finish()?.expect("the caller has rows"))
}

/// Rows that are turned into columns at once.
const BATCH: usize = 65_536;

/// A part in the making.
pub(super) struct Writer {
    folder: Folder,
    number: u64,
    path: PathBuf,
    encoder: Encoder<Sink, Builder>,
    totals: Totals,
}

/// What is summed up while the rows go by.
#[derive(Default)]
struct Totals {
    rows: u64,
    events: u64,
    times: Option<(i64, i64)>,
    tenants: Option<(String, String)>,
}

impl Writer {
    /// Begins the files of a part, in place of any that an earlier try has left.
    pub(super) fn create(folder: &Folder, number: u64) -> Result<Writer, Fault> {
        let path = new_parquet_path(folder, number);
        let sink = Sink::create(&*folder.files, &path).doing("create", &path)?;
        let rollup = Builder::create(folder, new_rollup_path(folder, number))?;
        let encoder = Encoder::new(sink, rollup);
        Ok(Writer {
            folder: folder.clone(),
            number,
            encoder: encoder.map_err(|error| unwritten(&path, error))?,
            path,
            totals: Totals::default(),
        })
    }

    /// Takes the next rows in order.
    pub(super) fn push(&mut self, rows: &Columns, range: Range<usize>) -> Result<(), Fault> {
        let mut from = range.start;
        for at in range.clone() {
            if self.is_repeated(rows, at, from) {
                self.take(rows, from..at)?;
                self.totals.events += u64::from(rows.counts[at]);
                self.encoder.add_to_last(rows.counts[at]);
                from = at + 1;
            }
        }
        self.take(rows, from..range.end)
    }

    /// Whether the row has the key of the one before it. Ids are compared first: they decide nearly
    /// always.
    fn is_repeated(&self, rows: &Columns, at: usize, from: usize) -> bool {
        if at > from {
            assert!(rows.key(at - 1) <= rows.key(at), "rows are sorted by key");
            return rows.ids[at] == rows.ids[at - 1] && rows.key(at) == rows.key(at - 1);
        }
        let taken = self.encoder.waiting();
        let Some(last) = taken.len().checked_sub(1) else {
            return false;
        };
        assert!(taken.key(last) <= rows.key(at), "rows are sorted by key");
        taken.key(last) == rows.key(at)
    }

    fn take(&mut self, rows: &Columns, range: Range<usize>) -> Result<(), Fault> {
        self.totals.add(rows, range.clone());
        let pushed = self.encoder.push(rows, range);
        pushed.map_err(|error| unwritten(&self.path, error))
    }

    /// Ends the files and brings them onto the disk. None where there were no rows: then no file
    /// is left.
    pub(super) fn finish(self) -> Result<Option<Part>, Fault> {
        let (Some(times), Some(tenants)) = (self.totals.times, self.totals.tenants) else {
            super::remove(&self.folder, &[self.number])?;
            return Ok(None);
        };
        let ended = self.encoder.finish();
        let (sink, rollup) = ended.map_err(|error| unwritten(&self.path, error))?;
        let file = sink.finish().doing("write", &self.path)?;
        let bytes = file.size().doing("measure", &self.path)?;
        let footer = read_footer(&*file, bytes).doing("read", &self.path)?;
        Ok(Some(Part {
            number: self.number,
            rows: self.totals.rows,
            events: self.totals.events,
            bytes,
            footer_crc: footer.crc(),
            rollup_bytes: rollup.finish(footer.crc())?,
            first_ms: times.0,
            last_ms: times.1,
            first_tenant: tenants.0,
            last_tenant: tenants.1,
        }))
    }
}

impl Observer for Builder {
    fn group(&mut self, rows: &Columns) {
        self.push(rows);
    }
}

impl Totals {
    fn add(&mut self, columns: &Columns, range: Range<usize>) {
        self.rows += range.len() as u64;
        let counts = columns.counts[range.clone()].iter();
        self.events += counts.map(|count| u64::from(*count)).sum::<u64>();
        for at in &columns.times[range.clone()] {
            let (first, last) = self.times.unwrap_or((*at, *at));
            self.times = Some((first.min(*at), last.max(*at)));
        }
        if range.is_empty() {
            return;
        }
        let name = |at: usize| String::from_utf8_lossy(columns.tenants.get(at)).into_owned();
        let before = self.tenants.take();
        let first = before.map_or_else(|| name(range.start), |(first, _)| first);
        self.tenants = Some((first, name(range.end - 1)));
    }
}

/// What the Parquet library says when it cannot write: that the file system refused.
fn unwritten(path: &Path, error: ParquetError) -> Fault {
    let source = match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => *source,
            Err(source) => std::io::Error::other(source),
        },
        other => std::io::Error::other(other),
    };
    Fault::Io {
        doing: "write",
        path: path.to_owned(),
        source,
    }
}
