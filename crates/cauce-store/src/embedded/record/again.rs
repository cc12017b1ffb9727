//! Dead letters and unknown jobs that go again.

use super::{Decoder, Encode, Malformed};

/// A job that goes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Again {
    pub(in super::super) number: u64,
    pub(in super::super) due_at: i64,
    /// When it expires now; 0 where that stays as it was.
    pub(in super::super) expires_at: i64,
}

impl Again {
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.put_u64(self.number);
        out.put_i64(self.due_at);
        out.put_i64(self.expires_at);
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Again, Malformed> {
        Ok(Again {
            number: from.u64()?,
            due_at: from.i64()?,
            expires_at: from.i64()?,
        })
    }

    /// As the first version of the log told it.
    pub(super) fn decode_first(from: &mut Decoder<'_>) -> Result<Again, Malformed> {
        Ok(Again {
            number: from.u64()?,
            due_at: from.i64()?,
            expires_at: 0,
        })
    }
}
