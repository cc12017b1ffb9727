//! A group as it stands: every record of one tells all of it, so that the figures of a group can be
//! folded even where its jobs have left the log.

use super::{Decoder, Encode, Malformed, NameId};

/// How many jobs of a group were taken, and how many have ended in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Tally {
    pub(in super::super) accepted: u64,
    /// Completed, dead, unknown, expired, cancelled.
    pub(in super::super) ended: [u64; 5],
}

/// A group as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct GroupState {
    pub(in super::super) tenant: NameId,
    pub(in super::super) group: NameId,
    /// 0 open, 1 paused, 2 stopped.
    pub(in super::super) gate: u8,
    pub(in super::super) upto: u64,
    /// Whether its jobs have all been made.
    pub(in super::super) done: bool,
    /// It is kept no longer.
    pub(in super::super) forgotten: bool,
    pub(in super::super) tally: Tally,
}

const GATE: u8 = 0b11;
const DONE: u8 = 0b100;
const FORGOTTEN: u8 = 0b1000;

impl GroupState {
    pub(in super::super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.tenant.into());
        out.put_u64(self.group.into());
        let flag = |bit, set| if set { bit } else { 0 };
        out.push(self.gate | flag(DONE, self.done) | flag(FORGOTTEN, self.forgotten));
        out.put_u64(self.upto);
        out.put_u64(self.tally.accepted);
        self.tally
            .ended
            .iter()
            .for_each(|count| out.put_u64(*count));
    }

    pub(in super::super) fn decode(from: &mut Decoder<'_>) -> Result<GroupState, Malformed> {
        let (tenant, group, flags) = (from.u32()?, from.u32()?, from.u8()?);
        let upto = from.u64()?;
        let mut tally = Tally {
            accepted: from.u64()?,
            ..Tally::default()
        };
        for count in &mut tally.ended {
            *count = from.u64()?;
        }
        Ok(GroupState {
            tenant,
            group,
            gate: (flags & GATE).min(2),
            upto,
            done: flags & DONE != 0,
            forgotten: flags & FORGOTTEN != 0,
            tally,
        })
    }
}
