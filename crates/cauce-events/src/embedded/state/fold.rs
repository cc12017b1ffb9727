//! Folds the log at start.

use std::collections::{HashMap, VecDeque};

use cauce_flow::{
    event::{EventKind, Metadata},
    shape::aggregator::Candidate,
};
use cauce_log::Position;

use super::{
    super::{
        digest::Likeness,
        manifest::Manifest,
        record::{
            Entry, Erasing, EventsHead, EventsRead, Forgotten, RuleRecord, decode_moved, kind,
        },
    },
    State,
};
use crate::row::Row;
use cauce_log::codec::{Decoder, Malformed};

/// A fold in progress.
pub(in super::super) struct Replay {
    pub(in super::super) state: State,
    /// Whether a base was read. Without one nothing is known of the files.
    pub(in super::super) based: bool,
    /// Of each record whose rows are in the buffer, its place and how many they are.
    places: VecDeque<(u64, usize)>,
    kinds: HashMap<String, EventKind>,
    scratch: Vec<u8>,
}

impl Replay {
    pub(in super::super) fn new(state: State) -> Replay {
        Replay {
            state,
            based: false,
            places: VecDeque::new(),
            kinds: HashMap::new(),
            scratch: Vec::new(),
        }
    }

    /// Takes in a record that the log tells again.
    pub(in super::super) fn fold(
        &mut self,
        of_kind: u8,
        position: Position,
        body: &[u8],
    ) -> Result<(), Malformed> {
        let state = &mut self.state;
        let mut from = Decoder::new(body);
        match of_kind {
            kind::BASE | kind::SPARE => {
                state.adopt(body)?;
                self.based = true;
                self.drop_covered();
            }
            kind::EVENTS => self.fold_events(position, &EventsRead::decode(body)?)?,
            kind::FILES => {
                state.manifest = Manifest::decode(&mut from)?;
                self.drop_covered();
            }
            kind::RULE => state.set_rule(RuleRecord::decode(&mut from)?),
            kind::ERASING => {
                let erasing = Erasing::decode(&mut from)?;
                state.begin_erasing(&erasing);
                state
                    .manifest
                    .erasing
                    .insert(erasing.visitor, erasing.removed);
            }
            kind::ERASED => state.end_erasing(Forgotten::decode(&mut from)?),
            kind::FOLLOWED => state.follow_through(from.u64()?),
            kind::MOVED => {
                if !decode_moved(body)?.is_empty() {
                    state.follows.push_back(position.as_u64());
                }
            }
            _ => return Err(Malformed("its kind is not known")),
        }
        Ok(())
    }

    fn fold_events(&mut self, position: Position, read: &EventsRead<'_>) -> Result<(), Malformed> {
        let at = position.as_u64();
        let head = &read.head;
        self.state.clock = self.state.clock.max(head.at);
        self.state.note_events(position, head.at);
        if read.has_follows() && at > self.state.followed_through {
            self.state.follows.push_back(at);
        }
        let (mut stored, mut merged, mut buffered) = (0, 0, 0);
        let covered = at <= self.state.manifest.rows_through;
        let mut fault = None;
        read.entries(|entry| {
            stored += u64::from(entry.merged.is_none());
            merged += u64::from(entry.merged.is_some());
            let folded = self.fold_entry(head, &entry, at, covered);
            buffered += usize::from(!covered && folded.is_ok());
            fault = fault.take().or(folded.err());
        })?;
        if buffered > 0 {
            self.places.push_back((at, buffered));
        }
        self.state.count(head, stored, merged);
        fault.map_or(Ok(()), Err)
    }

    fn fold_entry(
        &mut self,
        head: &EventsHead,
        entry: &Entry<'_>,
        at: u64,
        covered: bool,
    ) -> Result<(), Malformed> {
        let state = &mut self.state;
        let tenant = head.tenant.as_str();
        let visitor = state
            .secret
            .visitor(tenant, entry.visitor, &mut self.scratch);
        if at > state.manifest.ids_through {
            let digest = match entry.merged {
                Some(digest) => digest,
                None => state
                    .secret
                    .event(&head.tenant, entry.id, &mut self.scratch),
            };
            state.recent.insert(digest, visitor as u64, head.at);
        }
        if entry.merged.is_none() {
            let first = Candidate {
                key: state
                    .secret
                    .alike(&likeness(head, entry), &mut self.scratch),
                id: entry.id,
                occurred_at: entry.occurred_at,
                visitor_print: visitor as u64,
                // 0 stands for a row that is in a file.
                token: if covered {
                    0
                } else {
                    state.buffer.next_number()
                },
            };
            state.aggregator.handle_timeout(head.at);
            state.aggregator.remember(first, head.at);
        }
        if !covered {
            let row = self.row(head, entry)?;
            self.state.buffer.push(row, head.at);
        }
        Ok(())
    }

    fn row(&mut self, head: &EventsHead, entry: &Entry<'_>) -> Result<Row, Malformed> {
        Ok(Row {
            tenant: head.tenant.clone(),
            site: head.site,
            visitor: entry.visitor,
            session: entry.session,
            occurred_at: entry.occurred_at,
            id: entry.id,
            kind: self.kind(entry.kind)?,
            metadata: Metadata::from_canonical(entry.metadata.into()),
            count: 1,
            weight: entry.weight,
            bot: entry.bot,
        })
    }

    fn drop_covered(&mut self) {
        let through = self.state.manifest.rows_through;
        let mut rows = 0;
        while let Some((at, count)) = self.places.front()
            && *at <= through
        {
            rows += count;
            self.places.pop_front();
        }
        self.state.buffer.drop_first(rows);
    }

    fn kind(&mut self, text: &str) -> Result<EventKind, Malformed> {
        if let Some(kind) = self.kinds.get(text) {
            return Ok(kind.clone());
        }
        let kind = EventKind::new(text).map_err(|_| Malformed("its kind is none"))?;
        self.kinds.insert(text.to_owned(), kind.clone());
        Ok(kind)
    }
}

fn likeness<'a>(head: &'a EventsHead, entry: &Entry<'a>) -> Likeness<'a> {
    Likeness {
        tenant: head.tenant.as_str(),
        site: head.site,
        visitor: entry.visitor,
        session: entry.session,
        kind: entry.kind,
        metadata: entry.metadata,
        weight: entry.weight,
        bot: entry.bot,
    }
}
