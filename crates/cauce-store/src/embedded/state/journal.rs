//! Where a decision becomes a record: appended to the log and folded into the state in one step.

use cauce_log::{Position, Writer};

use super::{
    super::record::{NameId, Record},
    State,
};

/// The state and the log that it is a fold of.
pub(in super::super) struct Journal<'a> {
    pub(in super::super) state: &'a mut State,
    pub(in super::super) writer: &'a mut Writer,
    pub(in super::super) scratch: &'a mut Vec<u8>,
}

impl Journal<'_> {
    /// Says what happens.
    pub(in super::super) fn say(&mut self, record: &Record) -> Result<Position, cauce_log::Error> {
        self.say_with(record, &[])
    }

    /// Says what happens, with the payload of the job that it happens to.
    pub(in super::super) fn say_with(
        &mut self,
        record: &Record,
        payload: &[u8],
    ) -> Result<Position, cauce_log::Error> {
        self.scratch.clear();
        record.encode(self.scratch);
        let position = self
            .writer
            .append_parts(record.kind(), &[self.scratch.as_slice(), payload])?;
        let bytes = u32::try_from(self.scratch.len() + payload.len()).unwrap_or(u32::MAX);
        self.state.fold(position.as_u64(), bytes, record);
        Ok(position)
    }

    /// The number of a name; said first where it is new.
    pub(in super::super) fn name(&mut self, text: &str) -> Result<NameId, cauce_log::Error> {
        if let Some(known) = self.state.names.number(text) {
            return Ok(known);
        }
        let id = self.state.names.next_number();
        self.say(&Record::Name {
            id,
            text: text.to_owned(),
        })?;
        Ok(id)
    }
}
