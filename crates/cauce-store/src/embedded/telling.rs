//! News, as they are taken: read from the log again, from where they were taken last.

use std::{ops::ControlFlow, sync::Arc};

use cauce_log::{Error as LogError, Position, Reader};
use tokio::sync::Notify;

use super::{
    EmbeddedStore, Shared,
    looking::off_thread,
    news::{Raw, tell},
    record::{NameId, Record, kind},
    state::Reading,
};
use crate::jobs::{Call, Error, Follow, NewsBatch};

/// So many bytes of records are read for one call at most, whatever they tell.
const MAX_READ_BYTES: usize = 8 << 20;

impl Follow for EmbeddedStore {
    fn instance(&self) -> u32 {
        self.shared.instance
    }

    fn take_news(&self, max: usize) -> Call<'_, NewsBatch> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let (reading, followed, whole_until) = {
                let state = self.shared.state.lock();
                let Some(reading) = state.unread.next() else {
                    return Ok(NewsBatch {
                        through: state.unread.through(),
                        ..NewsBatch::default()
                    });
                };
                let whole_until = state.unread.whole_until();
                (reading, state.unread.numbers().to_vec(), whole_until)
            };
            let batch = Batch {
                followed,
                instance: self.shared.instance,
                reading,
                whole_until,
                max,
                bytes: 0,
                through: reading.after,
                raw: Vec::new(),
            };
            let batch = off_thread(move || shared.read_news(batch)).await??;
            // Not before the caller has them: a call that is given up has told nothing.
            let mut state = self.shared.state.lock();
            state.unread.told(batch.through);
            Ok(batch)
        })
    }

    fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.shared.news)
    }

    fn news_kept(&self, through: u64) {
        self.shared.state.lock().unread.kept(through);
    }
}

impl Shared {
    fn read_news(&self, mut batch: Batch) -> Result<NewsBatch, Error> {
        let mut from = Position::from_u64(batch.reading.from);
        while batch.wants_more() {
            let scanned = self.reader.scan(from, &mut |record| batch.take(&record));
            match scanned {
                // What is cut off here is read by the next call, or not flushed yet.
                Ok(scanned) if scanned.next.is_some() => break,
                // Removed, as nothing in it was news that anybody waits for; or read to its end.
                Ok(_) | Err(LogError::Gone { .. }) => {}
                Err(error) => return Err(Error::Unread(error.to_string().into())),
            }
            let later = |number: &u32| *number > from.segment();
            let numbers = self.reader.segments().into_iter().map(|s| s.number);
            let Some(next) = numbers.filter(later).min() else {
                break;
            };
            from = Reader::start_of(next);
        }
        let (through, Reading { after, last, .. }) = (batch.through, batch.reading);
        let news = self.state.lock().named_news(batch.raw);
        Ok(NewsBatch {
            through,
            news,
            // What is not flushed yet is announced when it is.
            more: after < through && through < last,
        })
    }
}

/// News as they are read.
struct Batch {
    followed: Vec<NameId>,
    instance: u32,
    reading: Reading,
    whole_until: u64,
    max: usize,
    bytes: usize,
    through: u64,
    raw: Vec<Raw>,
}

impl Batch {
    fn wants_more(&self) -> bool {
        self.raw.len() < self.max && self.bytes < MAX_READ_BYTES && self.through < self.reading.last
    }

    fn take(&mut self, record: &cauce_log::Record<'_>) -> ControlFlow<()> {
        let position = record.position.as_u64();
        if position > self.reading.after {
            self.through = position;
            self.bytes += record.body.len();
            self.tell(position, record);
        }
        match self.wants_more() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }

    fn tell(&mut self, position: u64, record: &cauce_log::Record<'_>) {
        let moved = record.kind == kind::MOVED && position <= self.whole_until;
        if !moved && !may_tell(record.kind) {
            return;
        }
        match Record::decode(record.kind, record.body) {
            Ok(read) => tell(
                (position, read, record.body),
                self.instance,
                &self.followed,
                &mut self.raw,
            ),
            Err(fault) => tracing::error!(%fault, "a record that may tell news cannot be read"),
        }
    }
}

/// Kinds that tell something of jobs; the others are not decoded.
const fn may_tell(of_kind: u8) -> bool {
    matches!(
        of_kind,
        kind::JOB
            | kind::SETTLE
            | kind::END
            | kind::RESCUE
            | kind::REPLAY
            | kind::AGAIN
            | kind::RESOLVE
            | kind::CHANGE
            | kind::SUPERSEDED
            | kind::LOST
    )
}
