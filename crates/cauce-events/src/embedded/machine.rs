//! The one writer of the event log: turns calls into records, many calls to one fsync.

use std::sync::Arc;

use cauce_flow::time::Timestamp;
use cauce_log::{Machine, Position, Writer};
use parking_lot::MutexGuard;
use tokio::sync::oneshot;

use super::{
    ask::{Ask, Command, Reply},
    cutting,
    record::{Erasing, EventsWriter, Forgotten, RuleRecord, kind},
    repeats,
    shared::Shared,
    state::{Change, Prepared, State},
};
use crate::{row::Row, store::Error};
use cauce_log::codec::Encode;

/// The machine behind the committer.
pub(super) struct EventsMachine {
    shared: Arc<Shared>,
    /// Answers that are given once the records are durable.
    held: Vec<Held>,
    out: EventsWriter,
    scratch: Vec<u8>,
    /// Places of records with follow-ups that are not durable yet.
    follows: Vec<u64>,
    /// New events that are not durable yet, where somebody watches.
    live: Vec<Row>,
}

/// Whoever asked, and the answer.
type Held = (oneshot::Sender<Result<Reply, Error>>, Result<Reply, Error>);

/// Why a call was not obeyed.
enum Fault {
    /// The caller hears of it, and the writer goes on.
    Refused(Error),
    /// The log has failed.
    Log(cauce_log::Error),
}

impl From<cauce_log::Error> for Fault {
    fn from(error: cauce_log::Error) -> Fault {
        Fault::Log(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Refused(error)
    }
}

/// So many bytes are written at once at most, so that a crowd of large calls takes neither the
/// memory nor the lock for long.
const MAX_UNFLUSHED_BYTES: usize = 4 << 20;
/// What any record but that of a call or of files takes at most.
const SMALL: u64 = 512;

impl EventsMachine {
    pub(super) fn new(shared: Arc<Shared>) -> EventsMachine {
        EventsMachine {
            shared,
            held: Vec::new(),
            out: EventsWriter::default(),
            scratch: Vec::new(),
            follows: Vec::new(),
            live: Vec::new(),
        }
    }
}

impl Machine for EventsMachine {
    type Command = Command;

    fn apply(
        &mut self,
        commands: &mut Vec<Command>,
        writer: &mut Writer,
    ) -> Result<(), cauce_log::Error> {
        let mut left = commands.drain(..);
        let done = self.apply_all(&mut left, writer);
        if let Err(error) = &done {
            let told = broken(error);
            let refused = left.map(|command| (command.answer, Err(told.clone())));
            self.held.extend(refused);
        }
        done
    }

    fn committed(&mut self, writer: &mut Writer) {
        self.shared.note_disk(writer);
        if !self.follows.is_empty() {
            self.shared
                .state
                .lock()
                .follows
                .extend(self.follows.drain(..));
            self.shared.follow_ups.notify_one();
        }
        if !self.live.is_empty() {
            // Nobody may watch any more.
            let _ = self.shared.live.send(self.live.drain(..).collect());
        }
        for (answer, reply) in self.held.drain(..) {
            // Whoever asked may be gone; what was asked is done all the same.
            let _ = answer.send(reply);
        }
    }

    fn failed(&mut self, error: &cauce_log::Error) {
        let told = broken(error);
        self.shared.give_up(error);
        for (answer, _) in self.held.drain(..) {
            let _ = answer.send(Err(told.clone()));
        }
    }
}

impl EventsMachine {
    fn apply_all(
        &mut self,
        left: &mut impl Iterator<Item = Command>,
        writer: &mut Writer,
    ) -> Result<(), cauce_log::Error> {
        while self.apply_some(left, writer)? {
            writer.flush()?;
            self.committed(writer);
        }
        Ok(())
    }

    /// Obeys until all is done or enough waits for the disk. Answers whether there may be more.
    fn apply_some(
        &mut self,
        left: &mut impl Iterator<Item = Command>,
        writer: &mut Writer,
    ) -> Result<bool, cauce_log::Error> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state.lock();
        while writer.unflushed_bytes() < MAX_UNFLUSHED_BYTES {
            let Some(Command { ask, answer }) = left.next() else {
                return Ok(false);
            };
            match self.obey(ask, &mut state, writer) {
                Ok(reply) => self.held.push((answer, Ok(reply))),
                Err(Fault::Refused(error)) => self.held.push((answer, Err(error))),
                Err(Fault::Log(error)) => {
                    self.held.push((answer, Err(broken(&error))));
                    return Err(error);
                }
            }
        }
        Ok(true)
    }

    fn obey(
        &mut self,
        ask: Ask,
        state: &mut MutexGuard<'_, State>,
        writer: &mut Writer,
    ) -> Result<Reply, Fault> {
        match ask {
            Ask::Take(prepared, now) => self.take(*prepared, state, writer, now),
            Ask::SetRule(rule) => self.set_rule(rule, state, writer),
            Ask::Followed(through) => self.followed(through, state, writer),
            Ask::Commit(change) => self.commit(&change, state, writer),
            Ask::Erase(erasing) => self.erase(*erasing, state, writer),
            Ask::Erased { visitor, segments } => self.erased(visitor, segments, state, writer),
            Ask::Roll => {
                self.roll(state, writer)
                    .map_err(|error| self.refused(error))?;
                Ok(Reply::Rolled(last_segment(writer)))
            }
            Ask::Cut(before) => self.cut(before, state, writer),
            Ask::Trim(now) => {
                let max_bytes = self.shared.options.max_log_bytes;
                let count = cutting::unneeded(state, &self.shared.reader, max_bytes, now);
                cutting::remove(count, state, writer)?;
                Ok(Reply::Removed(count as u64))
            }
        }
    }

    fn take(
        &mut self,
        mut prepared: Prepared,
        state: &mut State,
        writer: &mut Writer,
        now: Timestamp,
    ) -> Result<Reply, Fault> {
        self.shared.refuse_when_disk_is_full(writer)?;
        let (waiting, more) = (state.buffer.len(), prepared.len());
        if waiting + more > self.shared.options.max_waiting {
            self.shared.flush_nudge.notify_one();
            return Err(Fault::Refused(Error::BufferFull { events: waiting }));
        }
        if state.recent.room() < more {
            self.shared.flush_nudge.notify_one();
            let ids = state.recent.len();
            return Err(Fault::Refused(Error::IdsWaiting { ids }));
        }
        self.make_room(prepared.max_record_bytes(), state, writer)?;
        if prepared.runs_version != state.shown.runs_version {
            // Ids have gone from memory to disk since the caller has looked there.
            let (runs, since) = (&state.shown.runs, self.shared.options.known_since(now));
            let suspects = repeats::suspects(runs, &prepared.digests);
            (prepared.repeats, _) = repeats::look(runs, &prepared.digests, &suspects, since);
        }
        let watch = (self.shared.live.receiver_count() > 0).then_some(&mut self.live);
        let took = state.take(prepared, &mut self.out, watch, now);
        let position = writer.append_parts(kind::EVENTS, &self.out.end(&took.head))?;
        state.note_events(position, now);
        if self.out.follows() {
            self.follows.push(position.as_u64());
        }
        self.nudge(waiting, state);
        Ok(Reply::Taken(took.taken))
    }

    /// Wakes who has to do something, once for each time.
    fn nudge(&self, waiting_before: usize, state: &State) {
        let options = &self.shared.options;
        let rows = state.buffer.len();
        let crossed = |line: usize| (waiting_before + 1..=rows).contains(&line);
        let full = crossed(options.max_events) || crossed(options.max_waiting / 4);
        if full || !state.sealed.is_empty() {
            self.shared.flush_nudge.notify_one();
        }
    }

    fn set_rule(
        &mut self,
        rule: RuleRecord,
        state: &mut State,
        writer: &mut Writer,
    ) -> Result<Reply, Fault> {
        self.make_room(SMALL, state, writer)?;
        self.scratch.clear();
        rule.encode(&mut self.scratch);
        writer.append(kind::RULE, &self.scratch)?;
        state.set_rule(rule);
        Ok(Reply::Done)
    }

    fn followed(
        &mut self,
        through: u64,
        state: &mut State,
        writer: &mut Writer,
    ) -> Result<Reply, Fault> {
        self.make_room(SMALL, state, writer)?;
        self.scratch.clear();
        self.scratch.put_u64(through);
        writer.append(kind::FOLLOWED, &self.scratch)?;
        state.follow_through(through);
        Ok(Reply::Done)
    }

    fn commit(
        &mut self,
        change: &Change,
        state: &mut State,
        writer: &mut Writer,
    ) -> Result<Reply, Fault> {
        let mut manifest = state.manifest.clone();
        manifest.change(change);
        self.scratch.clear();
        manifest.encode(&mut self.scratch);
        let bytes = self.scratch.len() as u64;
        self.make_room(SMALL + bytes, state, writer)?;
        writer.append(kind::FILES, &self.scratch)?;
        state.manifest = manifest;
        Ok(Reply::Done)
    }

    fn erase(
        &mut self,
        mut erasing: Erasing,
        state: &mut State,
        writer: &mut Writer,
    ) -> Result<Reply, Fault> {
        self.make_room(SMALL, state, writer)?;
        erasing.removed.add(state.begin_erasing(&erasing));
        state
            .manifest
            .erasing
            .insert(erasing.visitor, erasing.removed);
        self.scratch.clear();
        erasing.encode(&mut self.scratch);
        writer.append(kind::ERASING, &self.scratch)?;
        Ok(Reply::Done)
    }

    fn erased(
        &mut self,
        visitor: u128,
        segments: u64,
        state: &mut State,
        writer: &mut Writer,
    ) -> Result<Reply, Fault> {
        self.make_room(SMALL, state, writer)?;
        let removed = state.removed_in_all(visitor, segments);
        let forgotten = Forgotten { visitor, removed };
        self.scratch.clear();
        forgotten.encode(&mut self.scratch);
        writer.append(kind::ERASED, &self.scratch)?;
        state.end_erasing(forgotten);
        Ok(Reply::Done)
    }

    /// Copies forward what is needed of the segments before this one, and removes them.
    fn cut(&mut self, before: u32, state: &mut State, writer: &mut Writer) -> Result<Reply, Fault> {
        let segments = writer.segments();
        let old = segments
            .iter()
            .take_while(|segment| segment.number < before);
        if !old.clone().all(|segment| state.is_covered(segment.number)) {
            return Err(Fault::Refused(Error::Files {
                doing: "removing old segments of the log",
                why: "they hold what is in no file yet".into(),
            }));
        }
        let records = cutting::left_behind(before, state, &self.shared.reader);
        let bytes: usize = records.iter().map(|body| body.len() + 64).sum();
        self.make_room(bytes as u64, state, writer)?;
        for body in records {
            self.follows
                .push(writer.append(kind::MOVED, &body)?.as_u64());
        }
        let is_old = |at: &u64| Position::from_u64(*at).segment() < before;
        state.follows.retain(|at| !is_old(at));
        let count = old.count();
        cutting::remove(count, state, writer)?;
        Ok(Reply::Removed(count as u64))
    }

    /// Makes sure that what a call will say fits on the disk, so that a full disk refuses a call
    /// and never breaks the log in the middle of one.
    fn make_room(
        &mut self,
        bytes: u64,
        state: &mut State,
        writer: &mut Writer,
    ) -> Result<(), Fault> {
        if bytes > u64::from(super::MAX_RECORD_BYTES) {
            return Err(Fault::Refused(Error::Files {
                doing: "writing the record of one call",
                why: format!("it has {bytes} bytes; send fewer events at once").into(),
            }));
        }
        if writer.should_roll() {
            match self.roll(state, writer) {
                // Whether the segment before can go on is found out when room is asked for.
                Err(cauce_log::Error::DiskFull { .. }) if !writer.segments().is_empty() => {}
                rolled => rolled.map_err(|error| self.refused(error))?,
            }
        }
        writer.make_room(bytes).map_err(|error| self.refused(error))
    }

    /// A full disk is told to the caller; anything else ends the writer.
    fn refused(&self, error: cauce_log::Error) -> Fault {
        match error {
            cauce_log::Error::DiskFull { free, .. } => {
                let floor = self.shared.floor();
                Fault::Refused(Error::DiskFull { free, floor })
            }
            error => Fault::Log(error),
        }
    }

    /// Begins a new segment, with the small state at its head.
    fn roll(&mut self, state: &mut State, writer: &mut Writer) -> Result<(), cauce_log::Error> {
        let base = state.base();
        writer.roll(&base)?;
        // On a full disk it has to do with one.
        if writer.make_room(SMALL + base.len() as u64).is_ok() {
            writer.append(kind::SPARE, &base)?;
        }
        self.shared.merge_nudge.notify_one();
        Ok(())
    }
}

fn last_segment(writer: &Writer) -> u32 {
    writer.segments().last().map_or(0, |segment| segment.number)
}

fn broken(error: &cauce_log::Error) -> Error {
    Error::Broken(Arc::from(error.to_string()))
}
