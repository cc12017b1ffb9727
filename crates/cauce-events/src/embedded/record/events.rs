//! The record of one call.
//!
//! ```text
//! head    at i64 | tenant text | site u128 | sampled out, withheld, erased, rejected, duplicates
//!         | bytes of the entries | follow-ups
//! entry   flags u8 | id u128 | visitor u128, session u128 unless as before | occurred at, minus at
//!         | kind, unless as before | metadata | weight f64 unless 1 | merged: digest u128
//! follow  event u128 | visitor's print u64 | bytes
//! ```
//!
//! An entry is a row: that of a new event, or a delta to the row of an earlier one. A delta names the
//! digest of its own id, so that its repeats are known.

use cauce_flow::{
    event::{EventId, SessionId, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};

use super::malformed;
use crate::row::Row;
use cauce_log::codec::{Decoder, Encode, Malformed};

const MERGED: u8 = 1;
const BOT: u8 = 2;
const SAME_VISIT: u8 = 4;
const SAME_KIND: u8 = 8;
const WEIGHED: u8 = 16;
const KNOWN_FLAGS: u8 = 31;

/// What is said of a call beside its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct EventsHead {
    pub(in super::super) at: Timestamp,
    pub(in super::super) tenant: TenantId,
    pub(in super::super) site: SiteId,
    pub(in super::super) sampled_out: u32,
    pub(in super::super) withheld: u32,
    pub(in super::super) erased: u32,
    pub(in super::super) rejected: u32,
    pub(in super::super) duplicates: u32,
}

/// What shall go on from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Follow<'a> {
    pub(in super::super) event: EventId,
    /// The low half of the visitor's digest.
    pub(in super::super) visitor: u64,
    pub(in super::super) bytes: &'a [u8],
}

/// Writes the entries of a call one by one, and puts the head before them at last.
#[derive(Default)]
pub(in super::super) struct EventsWriter {
    head: Vec<u8>,
    entries: Vec<u8>,
    follows: Vec<u8>,
    followed: u64,
    last: Option<(VisitorId, SessionId)>,
    last_kind: Vec<u8>,
}

impl EventsWriter {
    /// Begins a new record in the same buffers.
    pub(in super::super) fn begin(&mut self) {
        self.entries.clear();
        self.follows.clear();
        self.last_kind.clear();
        (self.followed, self.last) = (0, None);
    }

    /// Appends a row. `merged` is the digest of the id of an event that is a delta to the row.
    pub(in super::super) fn row(&mut self, row: &Row, at: Timestamp, merged: Option<u128>) {
        let visit = Some((row.visitor, row.session));
        let same_kind = self.last_kind == row.kind.as_str().as_bytes();
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let weighed = row.weight.to_bits() != 1f64.to_bits();
        let flags = flag(merged.is_some(), MERGED)
            | flag(row.bot, BOT)
            | flag(self.last == visit, SAME_VISIT)
            | flag(same_kind, SAME_KIND)
            | flag(weighed, WEIGHED);
        let out = &mut self.entries;
        out.push(flags);
        out.extend_from_slice(&row.id.as_u128().to_le_bytes());
        if self.last != visit {
            out.extend_from_slice(&row.visitor.as_u128().to_le_bytes());
            out.extend_from_slice(&row.session.as_u128().to_le_bytes());
            self.last = visit;
        }
        out.put_i64(row.occurred_at.as_millis().wrapping_sub(at.as_millis()));
        if !same_kind {
            out.put_text(row.kind.as_str());
            self.last_kind.clear();
            self.last_kind
                .extend_from_slice(row.kind.as_str().as_bytes());
        }
        out.put_text(row.metadata.as_str());
        if weighed {
            out.extend_from_slice(&row.weight.to_bits().to_le_bytes());
        }
        if let Some(digest) = merged {
            out.extend_from_slice(&digest.to_le_bytes());
        }
    }

    /// Appends what shall go on from here.
    pub(in super::super) fn follow(&mut self, follow: Follow<'_>) {
        put_follow(&mut self.follows, follow);
        self.followed += 1;
    }

    /// Whether something shall go on from here.
    pub(in super::super) fn follows(&self) -> bool {
        self.followed > 0
    }

    /// The body, in parts.
    pub(in super::super) fn end(&mut self, head: &EventsHead) -> [&[u8]; 3] {
        let out = &mut self.head;
        out.clear();
        out.put_i64(head.at.as_millis());
        out.put_text(head.tenant.as_str());
        out.extend_from_slice(&head.site.as_u128().to_le_bytes());
        out.put_u64(head.sampled_out.into());
        out.put_u64(head.withheld.into());
        out.put_u64(head.erased.into());
        out.put_u64(head.rejected.into());
        out.put_u64(head.duplicates.into());
        out.put_u64(self.followed);
        out.put_u64(self.entries.len() as u64);
        [&self.head, &self.entries, &self.follows]
    }
}

pub(super) fn put_follow(out: &mut Vec<u8>, follow: Follow<'_>) {
    out.extend_from_slice(&follow.event.as_u128().to_le_bytes());
    out.extend_from_slice(&follow.visitor.to_le_bytes());
    out.put_bytes(follow.bytes);
}

pub(super) fn take_follow<'a>(from: &mut Decoder<'a>) -> Result<Follow<'a>, Malformed> {
    Ok(Follow {
        event: EventId::from_u128(from.u128()?),
        visitor: from.u64_fixed()?,
        bytes: from.bytes()?,
    })
}

/// One entry, borrowed from the record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Entry<'a> {
    pub(in super::super) id: EventId,
    pub(in super::super) visitor: VisitorId,
    pub(in super::super) session: SessionId,
    pub(in super::super) occurred_at: Timestamp,
    pub(in super::super) kind: &'a str,
    pub(in super::super) metadata: &'a str,
    pub(in super::super) weight: f64,
    pub(in super::super) bot: bool,
    /// The digest of its own id, where the event is a delta to the row of an earlier one.
    pub(in super::super) merged: Option<u128>,
}

/// A record of a call that is read.
pub(in super::super) struct EventsRead<'a> {
    pub(in super::super) head: EventsHead,
    entries: &'a [u8],
    follows: &'a [u8],
    followed: usize,
}

impl<'a> EventsRead<'a> {
    pub(in super::super) fn decode(body: &'a [u8]) -> Result<EventsRead<'a>, Malformed> {
        let mut from = Decoder::new(body);
        let head = EventsHead {
            at: Timestamp::from_millis(from.i64()?),
            tenant: TenantId::new(from.text()?).map_err(malformed("its tenant is no name"))?,
            site: SiteId::from_u128(from.u128()?),
            sampled_out: from.u32()?,
            withheld: from.u32()?,
            erased: from.u32()?,
            rejected: from.u32()?,
            duplicates: from.u32()?,
        };
        let followed = from.count()?;
        let entries = from.bytes()?;
        let follows = from.rest();
        Ok(EventsRead {
            head,
            entries,
            follows,
            followed,
        })
    }

    /// Shows every entry.
    pub(in super::super) fn entries(
        &self,
        mut show: impl FnMut(Entry<'a>),
    ) -> Result<(), Malformed> {
        let mut from = Decoder::new(self.entries);
        let (mut visit, mut kind) = ((0, 0), "");
        while !from.is_empty() {
            let flags = from.u8()?;
            if flags & !KNOWN_FLAGS != 0 {
                return Err(Malformed("an event has unknown flags"));
            }
            let id = EventId::from_u128(from.u128()?);
            if flags & SAME_VISIT == 0 {
                visit = (from.u128()?, from.u128()?);
            }
            let occurred = self.head.at.as_millis().wrapping_add(from.i64()?);
            if flags & SAME_KIND == 0 {
                kind = from.text()?;
            }
            let metadata = from.text()?;
            let weight = if flags & WEIGHED == 0 {
                1.0
            } else {
                f64::from_bits(from.u64_fixed()?)
            };
            let merged = if flags & MERGED == 0 {
                None
            } else {
                Some(from.u128()?)
            };
            show(Entry {
                id,
                visitor: VisitorId::from_u128(visit.0),
                session: SessionId::from_u128(visit.1),
                occurred_at: Timestamp::from_millis(occurred),
                kind,
                metadata,
                weight,
                bot: flags & BOT != 0,
                merged,
            });
        }
        Ok(())
    }

    /// Whether something shall go on from here.
    pub(in super::super) fn has_follows(&self) -> bool {
        self.followed > 0
    }

    /// Shows what shall go on from here.
    pub(in super::super) fn follows(&self) -> Result<Vec<Follow<'a>>, Malformed> {
        let mut from = Decoder::new(self.follows);
        (0..self.followed).map(|_| take_follow(&mut from)).collect()
    }
}
