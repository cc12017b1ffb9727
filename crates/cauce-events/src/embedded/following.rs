//! Hands on what was to go on from events.

use bytes::Bytes;
use cauce_log::{Error as LogError, Position};

use super::{
    record::{EventsRead, Follow, decode_moved, kind},
    shared::Shared,
};
use crate::store::{Error, FollowUp};
use cauce_log::codec::Malformed;

impl Shared {
    /// The oldest follow-ups that were not handed on: whole records, until there are `max` or more.
    /// Reads the disk.
    pub(super) fn pending_follow_ups(&self, max: usize) -> Result<Vec<FollowUp>, Error> {
        let places: Vec<u64> = {
            let state = self.state.lock();
            state.follows.iter().take(max).copied().collect()
        };
        let mut found = Vec::new();
        for place in places {
            if found.len() >= max {
                break;
            }
            self.read_follow_ups(place, &mut found)?;
        }
        Ok(found)
    }

    fn read_follow_ups(&self, place: u64, found: &mut Vec<FollowUp>) -> Result<(), Error> {
        let record = match self.reader.read(Position::from_u64(place)) {
            Ok(record) => record,
            // Copied forward meanwhile, or not on the disk yet: found the next time.
            Err(LogError::Gone { .. } | LogError::Unflushed { .. }) => return Ok(()),
            Err(error) => {
                return Err(Error::Files {
                    doing: "reading follow-ups",
                    why: error.to_string().into(),
                });
            }
        };
        let of = |follow: Follow<'_>| FollowUp {
            position: place,
            event: follow.event,
            bytes: Bytes::copy_from_slice(follow.bytes),
        };
        let follows = follows(record.kind, &record.body).map_err(|fault| Error::Files {
            doing: "reading follow-ups",
            why: fault.to_string().into(),
        })?;
        found.extend(follows.into_iter().map(of));
        Ok(())
    }
}

/// The follow-ups of a record.
pub(super) fn follows(of_kind: u8, body: &[u8]) -> Result<Vec<Follow<'_>>, Malformed> {
    match of_kind {
        kind::EVENTS => EventsRead::decode(body)?.follows(),
        kind::MOVED => decode_moved(body),
        _ => Err(Malformed("a record of that kind has no follow-ups")),
    }
}
