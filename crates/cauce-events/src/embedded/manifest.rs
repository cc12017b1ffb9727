//! Which files count. What the manifest does not name is a leftover.

use std::collections::BTreeMap;

use cauce_flow::{shape::month::Month, time::Timestamp};

use crate::{part::Part, store::Removed};
use cauce_log::codec::{Decoder, Encode, Malformed};

/// All files that count, up to where they cover the log, and what has left them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Files of events by number.
    pub(super) parts: BTreeMap<u64, PartEntry>,
    /// Runs of known ids by number.
    pub(super) runs: BTreeMap<u64, RunEntry>,
    /// The number that the next file gets.
    pub(super) next_file: u64,
    /// Rows of records up to this place are in files.
    pub(super) rows_through: u64,
    /// Ids of records up to this place are in runs.
    pub(super) ids_through: u64,
    /// Rows that were written to files.
    pub(super) flushed: u64,
    /// Events that left, by why.
    pub(super) left: Left,
    /// Months before this one were asked to go, and when first.
    pub(super) asked: Option<Asked>,
    /// What was removed of visitors whose erasure is not done.
    pub(super) erasing: BTreeMap<u128, Removed>,
}

/// One file of events, and the month whose folder it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartEntry {
    pub(super) month: Month,
    pub(super) part: Part,
}

/// One run of known ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunEntry {
    pub(super) ids: u64,
    /// When the newest of them came.
    pub(super) newest: Timestamp,
}

/// Events that were stored and are not any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// With their visitors.
    pub(super) erased: u64,
    /// With their months.
    pub(super) dropped: u64,
    /// With damaged files.
    pub(super) lost: u64,
}

/// A wish to drop months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Months before this one.
    pub(super) keep_from: Month,
    /// When it was first asked for so much.
    pub(super) at: Timestamp,
}

impl Manifest {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.next_file);
        out.put_u64(self.rows_through);
        out.put_u64(self.ids_through);
        out.put_u64(self.flushed);
        out.put_u64(self.left.erased);
        out.put_u64(self.left.dropped);
        out.put_u64(self.left.lost);
        out.put_u64(u64::from(self.asked.is_some()));
        if let Some(Asked { keep_from, at }) = self.asked {
            put_month(out, keep_from);
            out.put_i64(at.as_millis());
        }
        out.put_u64(self.parts.len() as u64);
        self.parts.values().for_each(|part| part.encode(out));
        out.put_u64(self.runs.len() as u64);
        for (number, run) in &self.runs {
            out.put_u64(*number);
            out.put_u64(run.ids);
            out.put_i64(run.newest.as_millis());
        }
        out.put_u64(self.erasing.len() as u64);
        for (visitor, removed) in &self.erasing {
            out.extend_from_slice(&visitor.to_le_bytes());
            removed.encode(out);
        }
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Manifest, Malformed> {
        let mut manifest = Manifest {
            next_file: from.u64()?,
            rows_through: from.u64()?,
            ids_through: from.u64()?,
            flushed: from.u64()?,
            left: Left {
                erased: from.u64()?,
                dropped: from.u64()?,
                lost: from.u64()?,
            },
            ..Manifest::default()
        };
        if from.u64()? > 0 {
            let keep_from = take_month(from)?;
            let at = take_time(from)?;
            manifest.asked = Some(Asked { keep_from, at });
        }
        for _ in 0..from.count()? {
            let entry = PartEntry::decode(from)?;
            manifest.parts.insert(entry.part.number, entry);
        }
        for _ in 0..from.count()? {
            let number = from.u64()?;
            let (ids, newest) = (from.u64()?, take_time(from)?);
            manifest.runs.insert(number, RunEntry { ids, newest });
        }
        // Those of older logs end here.
        if !from.is_empty() {
            for _ in 0..from.count()? {
                let visitor = from.u128()?;
                manifest.erasing.insert(visitor, Removed::decode(from)?);
            }
        }
        Ok(manifest)
    }
}

impl PartEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        let part = &self.part;
        put_month(out, self.month);
        out.put_u64(part.number);
        out.put_u64(part.rows);
        out.put_u64(part.events);
        out.put_u64(part.bytes);
        out.put_u64(part.footer_crc.into());
        out.put_u64(part.rollup_bytes);
        out.put_i64(part.first_ms);
        out.put_i64(part.last_ms);
        out.put_text(&part.first_tenant);
        out.put_text(&part.last_tenant);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<PartEntry, Malformed> {
        let month = take_month(from)?;
        let part = Part {
            number: from.u64()?,
            rows: from.u64()?,
            events: from.u64()?,
            bytes: from.u64()?,
            footer_crc: from.u32()?,
            rollup_bytes: from.u64()?,
            first_ms: from.i64()?,
            last_ms: from.i64()?,
            first_tenant: from.text()?.to_owned(),
            last_tenant: from.text()?.to_owned(),
        };
        Ok(PartEntry { month, part })
    }
}

fn put_month(out: &mut Vec<u8>, month: Month) {
    out.put_u64(month.year().into());
    out.push(month.month());
}

fn take_month(from: &mut Decoder<'_>) -> Result<Month, Malformed> {
    let year = u16::try_from(from.u64()?).map_err(|_| Malformed("a year is too large"))?;
    Month::new(year, from.u8()?).ok_or(Malformed("a month is none"))
}

fn take_time(from: &mut Decoder<'_>) -> Result<Timestamp, Malformed> {
    from.i64().map(Timestamp::from_millis)
}
