//! A segmented, checksummed, append-only log of opaque records.
//!
//! ```text
//!   oldest                                              newest
//!   00000007.log   00000008.log   00000009.log          reserve.tmp
//!   base, records  base, records  base, records ---->   space for the next one
//!   00000007.idx   00000008.idx
//! ```
//!
//! New records go to the tail of the last segment; only the oldest segment is ever removed, after
//! its owner has copied what still lives to the tail. Every segment begins with a *base*, a
//! snapshot of the owner's small state, so that what is left can always be replayed from its first
//! record.
//!
//! The promises, each with a test that breaks it on purpose:
//! - when [`Writer::flush`] has returned, the records survive `kill -9` and, under
//!   [`Durability::Fsync`], loss of power;
//! - a reader gets the bytes that were appended or [`Error::Corrupt`], never other bytes;
//! - a group is there as a whole or not at all after a crash;
//! - a damaged place costs the records that stood there and no others;
//! - a full disk is an error before anything was harmed; a failed write or sync ends all writing;
//! - a file of a newer format is refused untouched.

mod error;
mod options;
mod position;

pub mod files;

mod frame;
mod segment;

mod walk;

mod survey;

mod quarantine;
mod sidecar;

mod worker;

mod reader;
mod writer;

mod folder;
mod recovery;

mod open;

mod committer;

pub mod codec;

pub mod tools;

#[cfg(feature = "fuzzing")]
pub mod fuzz;

pub use committer::{Committer, Handle, Idle, Machine, Refused};
pub use error::Error;
pub use open::{Log, ReplayFn};
pub use options::{Content, Digest, Durability, Options, Replay, Replayed, WholeBody};
pub use position::Position;
pub use reader::{OwnedRecord, Reader, Record, Scanned};
pub use recovery::{Corruption, Gap, Recovery};
pub use segment::SegmentState;
pub use writer::{BASE, Writer, Written};
