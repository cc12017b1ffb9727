//! Records of erasures.

use cauce_flow::time::Timestamp;

use crate::store::Removed;
use cauce_log::codec::{Decoder, Encode, Malformed};

/// A visitor is to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Erasing {
    /// The digest of the visitor.
    pub(in super::super) visitor: u128,
    /// What happened before is refused.
    pub(in super::super) at: Timestamp,
    /// Files with a smaller number hold what came before.
    pub(in super::super) before_file: u64,
    /// Names the receipt.
    pub(in super::super) id: u128,
    /// What was removed at earlier times.
    pub(in super::super) earlier: Removed,
    /// What was removed this time, until now.
    pub(in super::super) removed: Removed,
}

/// Nothing of a visitor is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Forgotten {
    /// The digest of the visitor.
    pub(in super::super) visitor: u128,
    /// All that was removed.
    pub(in super::super) removed: Removed,
}

impl Erasing {
    pub(in super::super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.visitor.to_le_bytes());
        out.put_i64(self.at.as_millis());
        out.put_u64(self.before_file);
        out.extend_from_slice(&self.id.to_le_bytes());
        self.earlier.encode(out);
        self.removed.encode(out);
    }

    pub(in super::super) fn decode(from: &mut Decoder<'_>) -> Result<Erasing, Malformed> {
        let mut erasing = Erasing {
            visitor: from.u128()?,
            at: Timestamp::from_millis(from.i64()?),
            before_file: from.u64()?,
            id: 0,
            earlier: Removed::default(),
            removed: Removed::default(),
        };
        // Those of older logs end here.
        if !from.is_empty() {
            erasing.id = from.u128()?;
            erasing.earlier = Removed::decode(from)?;
            erasing.removed = Removed::decode(from)?;
        }
        Ok(erasing)
    }
}

impl Forgotten {
    pub(in super::super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.visitor.to_le_bytes());
        self.removed.encode(out);
    }

    pub(in super::super) fn decode(from: &mut Decoder<'_>) -> Result<Forgotten, Malformed> {
        let visitor = from.u128()?;
        // Those of older logs end here.
        let removed = match from.is_empty() {
            true => Removed::default(),
            false => Removed::decode(from)?,
        };
        Ok(Forgotten { visitor, removed })
    }
}

impl Removed {
    pub(in super::super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.rows);
        out.put_u64(self.files);
        out.put_u64(self.segments);
        out.put_u64(self.ids);
    }

    pub(in super::super) fn decode(from: &mut Decoder<'_>) -> Result<Removed, Malformed> {
        Ok(Removed {
            rows: from.u64()?,
            files: from.u64()?,
            segments: from.u64()?,
            ids: from.u64()?,
        })
    }

    pub(in super::super) fn add(&mut self, more: Removed) {
        self.rows += more.rows;
        self.files += more.files;
        self.segments += more.segments;
        self.ids += more.ids;
    }
}
