//! A segment file, its names, and the table of those that are there.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::RwLock;

use crate::{files::File, frame::Salt};

pub(crate) const RESERVE: &str = "reserve.tmp";
pub(crate) const LOCK: &str = "LOCK";
pub(crate) const QUARANTINE: &str = "quarantine";

pub(crate) fn log_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}.log"))
}

pub(crate) fn index_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}.idx"))
}

/// The number in a name such as `00000001.log`.
pub(crate) fn number_in(name: &str, extension: &str) -> Option<u32> {
    let number = name.strip_suffix(extension)?;
    let digits = number.len() >= 8 && number.bytes().all(|byte| byte.is_ascii_digit());
    if digits { number.parse().ok() } else { None }
}

/// An open segment file.
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) file: Arc<dyn File>,
    pub(crate) salt: Salt,
    /// Up to where records may be read. Stored after the bytes are in the file.
    end: AtomicU64,
}

impl Segment {
    pub(crate) fn new(number: u32, file: Arc<dyn File>, salt: Salt, end: u64) -> Segment {
        Segment {
            number,
            file,
            salt,
            end: AtomicU64::new(end),
        }
    }

    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(crate) fn set_end(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }
}

/// One segment, as [`Writer::segments`](crate::Writer::segments) tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentState {
    /// Its number; they count upwards and are never used again.
    pub number: u32,
    /// Its bytes up to the end of the last flushed record.
    pub bytes: u64,
    /// Whether it is complete. The last segment is not.
    pub sealed: bool,
}

type Segments = BTreeMap<u32, Arc<Segment>>;

/// The segments that are there. Readers take a copy of the pointer and do their IO without a lock;
/// a segment that they hold stays readable after its removal.
#[derive(Default)]
pub(crate) struct Table(RwLock<Arc<Segments>>);

impl Table {
    pub(crate) fn all(&self) -> Arc<Segments> {
        Arc::clone(&self.0.read())
    }

    pub(crate) fn get(&self, number: u32) -> Option<Arc<Segment>> {
        self.0.read().get(&number).cloned()
    }

    pub(crate) fn insert(&self, segment: Arc<Segment>) {
        let mut segments = self.0.write();
        Arc::make_mut(&mut segments).insert(segment.number, segment);
    }

    pub(crate) fn remove(&self, number: u32) {
        Arc::make_mut(&mut self.0.write()).remove(&number);
    }

    pub(crate) fn states(&self) -> Vec<SegmentState> {
        let segments = self.all();
        let last = segments.keys().next_back().copied();
        let state = |segment: &Arc<Segment>| SegmentState {
            number: segment.number,
            bytes: segment.end(),
            sealed: Some(segment.number) != last,
        };
        segments.values().map(state).collect()
    }
}
