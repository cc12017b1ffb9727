//! How a log is to behave, and what its owner wants to see again at start.

/// How a log is to behave.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment is full from this size on; the group that crosses the line still goes into it.
    pub segment_bytes: u64,
    /// The largest body of a record.
    pub max_record_bytes: u32,
    /// What a flush waits for.
    pub durability: Durability,
    /// Which kind of log this is; a folder with another kind is refused.
    pub content: Content,
    /// Whether a thread of the log writes sidecar indexes and prepares the reserve segment.
    /// Without it the writer does so itself in [`roll`](crate::Writer::roll), for tests that must
    /// replay from a seed.
    pub background: bool,
    /// Whether sealed segments get a sidecar index. An owner that keeps few of them, and wants to
    /// see all of their records again, reads them as quickly without.
    pub sidecars: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: 64 << 20,
            max_record_bytes: 16 << 20,
            durability: Durability::Fsync,
            content: Content {
                name: *b"records ",
                version: 1,
            },
            background: true,
            sidecars: true,
        }
    }
}

impl Options {
    /// What is allocated for a segment: room for the group that crosses the line, too.
    pub(crate) fn allocation(&self) -> u64 {
        self.segment_bytes + self.segment_bytes / 16
    }
}

/// What a flush waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Until the disk has it: survives loss of power.
    Fsync,
    /// Until the operating system has it: survives the end of the process, not loss of power.
    Os,
}

/// What the records of a log are, as its owner names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// The kind of records.
    pub name: [u8; 8],
    /// The version of the owner's own encoding; a newer one is refused untouched.
    pub version: u16,
}

/// What the owner of a log wants to see of its records at start, without their payloads.
///
/// Digests of sealed segments are kept in sidecar files, so that opening a log need not read the
/// records themselves.
pub trait Digest: Send + Sync {
    /// The version of the digests. Sidecars of another version are not used, but made anew.
    fn version(&self) -> u16;

    /// Appends to `out` what `body` amounts to, and says whether the record is to be replayed.
    fn digest(&self, kind: u8, body: &[u8], out: &mut Vec<u8>) -> Replay;
}

/// Whether a record is shown to the owner at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// With its digest.
    Show,
    /// Not at all.
    Skip,
}

/// The digest that keeps the whole body of every record.
#[derive(Clone, Copy, Debug, Default)]
pub struct WholeBody;

impl Digest for WholeBody {
    fn version(&self) -> u16 {
        1
    }

    fn digest(&self, _kind: u8, body: &[u8], out: &mut Vec<u8>) -> Replay {
        out.extend_from_slice(body);
        Replay::Show
    }
}

/// A record as the owner sees it at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed<'a> {
    /// The kind that it was appended with; [`BASE`](crate::BASE) for the base of a segment.
    pub kind: u8,
    /// The length of the whole body.
    pub body_bytes: u32,
    /// What [`Digest::digest`] made of it.
    pub digest: &'a [u8],
}
