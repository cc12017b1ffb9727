//! The one writer of the job log: turns calls into records, many calls to one fsync.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use cauce_flow::time::Timestamp;
use cauce_log::{Machine, Writer};
use tokio::sync::oneshot;

use super::{
    Shared,
    ask::{Ask, Command},
    record::Record,
    room,
    state::{Fault, Journal, Reply},
};
use crate::jobs::Error;

/// Whoever asked, and the answer.
type Held = (oneshot::Sender<Result<Reply, Error>>, Result<Reply, Error>);

/// The machine behind the committer.
pub(super) struct JobsMachine {
    shared: Arc<Shared>,
    /// Answers that are given once the records are durable.
    held: Vec<Held>,
    scratch: Vec<u8>,
}

impl JobsMachine {
    pub(super) fn new(shared: Arc<Shared>) -> JobsMachine {
        JobsMachine {
            shared,
            held: Vec::new(),
            scratch: Vec::new(),
        }
    }
}

impl Machine for JobsMachine {
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
            self.held
                .extend(left.map(|command| (command.answer, Err(told.clone()))));
        }
        done
    }

    fn committed(&mut self, writer: &mut Writer) {
        let (next, fresh) = {
            let mut state = self.shared.state.lock();
            state.wake();
            (state.next_timer(), state.unread.take_fresh())
        };
        if fresh {
            self.shared.news.notify_one();
        }
        self.shared.note_timer(next);
        self.shared.note_disk(writer);
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

impl JobsMachine {
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
        /// So many bytes are written at once at most, so that a crowd of large batches takes
        /// neither the memory nor the lock for long.
        const MAX_UNFLUSHED_BYTES: usize = 4 << 20;
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state.lock();
        let mut journal = Journal {
            state: &mut state,
            writer,
            scratch: &mut self.scratch,
        };
        while journal.writer.unflushed_bytes() < MAX_UNFLUSHED_BYTES {
            let Some(Command { ask, answer }) = left.next() else {
                return Ok(false);
            };
            let done = make_room(&mut journal, &ask, &shared)
                .and_then(|()| obey(&mut journal, ask, &shared));
            match done {
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
}

fn broken(error: &cauce_log::Error) -> Error {
    Error::Broken(Arc::from(error.to_string()))
}

/// Makes sure that what a call will say fits on the disk, so that a full disk refuses a call and
/// never breaks the log in the middle of one.
///
/// New jobs are refused first, while a segment's worth is left and another one is in reserve: what
/// is left belongs to the settlements of what was delivered, and to the compactor, which free space.
fn make_room(journal: &mut Journal<'_>, ask: &Ask, shared: &Shared) -> Result<(), Fault> {
    let takes_jobs = matches!(ask, Ask::Enqueue(batch, _) if !batch.jobs.is_empty());
    if takes_jobs {
        shared.refuse_when_disk_is_full(journal.writer)?;
    }
    let wanted = room::wanted(ask, journal.state);
    let rolled = roll_if_full(journal, shared);
    match rolled.and_then(|()| journal.writer.make_room(wanted)) {
        Err(cauce_log::Error::DiskFull { free, .. }) => Err(Fault::Refused(Error::DiskFull {
            free,
            floor: shared.floor(),
        })),
        Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Begins a new segment, with the small state at its head, when the last one is full.
pub(super) fn roll_if_full(
    journal: &mut Journal<'_>,
    shared: &Shared,
) -> Result<(), cauce_log::Error> {
    if !journal.writer.should_roll() {
        return Ok(());
    }
    // News that nobody has taken yet call groups by their names.
    if journal.state.unread.next().is_none() {
        journal.state.prune_names(&BTreeSet::new());
    }
    let base = journal.state.base();
    match journal.writer.roll(&base) {
        Ok(_) => {
            journal.state.begin_base();
            shared.compaction.notify_one();
            journal.say(&Record::Spare(base)).map(drop)
        }
        // Whether the segment before can go on is found out when room is asked for.
        Err(cauce_log::Error::DiskFull { .. }) if !journal.writer.segments().is_empty() => Ok(()),
        Err(error) => Err(error),
    }
}

fn obey(journal: &mut Journal<'_>, ask: Ask, shared: &Shared) -> Result<Reply, Fault> {
    // All records of one call become durable together, or none of them.
    journal.writer.begin();
    let done = match ask {
        Ask::Enqueue(batch, now) => journal.enqueue(*batch, now),
        Ask::Claim(claim, now) => journal.claim(&claim, now),
        Ask::Begin(start, at) => journal.begin(&start, at),
        Ask::Settle(settlements, requests, now) => journal.settle(settlements, requests, now),
        Ask::Rescue(never_twice, now) => journal.rescue(&never_twice, now),
        Ask::RescueLine(line, never_twice, now) => journal.rescue_line(&line, never_twice, now),
        Ask::End {
            jobs,
            state,
            leased,
            now,
        } => journal.end_jobs(jobs, state, leased, now),
        Ask::PutOff { jobs, until, now } => journal.put_off(jobs, until, now),
        Ask::Replay {
            jobs,
            first,
            per_second,
            now,
        } => journal.replay(jobs, |place| paced(now, first + place, per_second)),
        Ask::Resolve {
            job,
            delivered,
            now,
        } => journal.resolve(job, delivered, now),
        Ask::Forget(jobs) => journal.forget(jobs),
        Ask::Change(job, change) => journal.change(job, change),
        Ask::SetGate(queue, tenant, gate) => journal.set_gate(&queue, tenant.as_ref(), gate),
        Ask::KeepNote(line, note) => journal.keep_note(&line, &note),
        Ask::Advance(now) => journal.advance(now).inspect(|reply| {
            if let Reply::Next(next) = reply {
                let next_ms = next.map_or(i64::MAX, Timestamp::as_millis);
                shared.told_ms.store(next_ms, Ordering::Relaxed);
            }
        }),
        Ask::SetGroup {
            tenant,
            group,
            gate,
            now,
        } => journal.set_group(&tenant, &group, gate, now),
        Ask::ForgetGroup(tenant, group) => journal.forget_group(&tenant, &group),
        Ask::Sweep(now) => journal.sweep(now),
        Ask::Move(moves) => journal.move_jobs(moves),
        Ask::MoveKeys(keys) => journal.move_keys(keys),
        Ask::RemoveOldest(number) => journal.remove_oldest(number),
        Ask::TakeGathered => {
            let (through, sums) = journal.state.gathered.take();
            Ok(Reply::Gathered(through, sums))
        }
    };
    journal.tell_groups()?;
    journal.writer.commit()?;
    done
}

/// When the job at `place` of a throttled replay is due.
fn paced(now: Timestamp, place: usize, per_second: Option<u32>) -> Timestamp {
    match per_second {
        None => now,
        Some(rate) => {
            let second = place / rate.max(1) as usize;
            now + std::time::Duration::from_secs(second as u64)
        }
    }
}
