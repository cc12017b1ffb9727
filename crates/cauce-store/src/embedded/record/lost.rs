//! What became of jobs whose own record is damaged.

use cauce_flow::job::State;

use super::{
    Decoder, Encode, Malformed, Owner,
    parts::{state_from_u8, state_to_u8},
};

/// The end of jobs whose own record is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Burial {
    pub(in super::super) owner: Owner,
    pub(in super::super) at: i64,
    pub(in super::super) state: State,
    /// No record before it told of an end.
    pub(in super::super) buried: bool,
}

impl Burial {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.owner.encode(out);
        out.put_i64(self.at);
        out.push(state_to_u8(self.state));
        out.push(u8::from(self.buried));
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Burial, Malformed> {
        Ok(Burial {
            owner: Owner::decode(from)?,
            at: from.i64()?,
            state: state_from_u8(from.u8()?)?,
            buried: from.u8()? != 0,
        })
    }
}
