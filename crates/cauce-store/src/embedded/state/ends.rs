//! How jobs end, what is kept of them and for how long; and what happens by the clock alone.

use std::sync::Arc;

use cauce_flow::{job::State as JobState, time::Timestamp};

use super::{
    super::{
        record::{NameId, Owner, Standing},
        table::Entry,
    },
    Finished, State, Step,
};

/// The code of a job that a newer one has replaced.
pub(in super::super) const SUPERSEDED: &str = "superseded";

/// The code of a job that ended with no attempt to explain it.
pub(super) fn ended_code(state: JobState) -> &'static str {
    match state {
        // A job that is found to be unreadable is the only one that dies without an attempt.
        JobState::Dead => "damaged",
        JobState::Completed => "",
        JobState::Expired
        | JobState::Cancelled
        | JobState::Unknown
        | JobState::Scheduled
        | JobState::Waiting
        | JobState::Active => state.as_str(),
    }
}

/// How a job ends.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) state: JobState,
    pub(super) at: i64,
    /// The code of what brought it there.
    pub(super) code: &'a str,
}

/// So many jobs are staged, and so many forgotten, in one call: some milliseconds.
const MAX_MOVED_A_CALL: usize = 5_000;

/// What the clock alone has done.
pub(in super::super) struct Moved {
    /// Jobs whose time to live has run out.
    pub(in super::super) expired: Vec<u64>,
    /// There is more to be done at once.
    pub(in super::super) more: bool,
}

impl State {
    /// Notes the end of a job that was copied forward after it.
    pub(super) fn note_end(&mut self, number: u64, standing: &Standing) {
        let last = standing.attempts.last();
        let last = last.and_then(|attempt| attempt.reason.as_ref());
        let code = match (standing.state, standing.reason.as_ref().or(last)) {
            (JobState::Dead | JobState::Unknown, Some(reason)) => self.code(&reason.code),
            // One that no attempt explains is why it was taken back.
            (JobState::Cancelled, Some(reason)) if Some(reason) != last => self.code(&reason.code),
            (state, _) => self.code(ended_code(state)),
        };
        let at = standing.finished_at;
        self.finished.insert(number, Finished { at, code });
    }

    /// A job reaches an end state.
    pub(super) fn end(&mut self, owner: Owner, number: u64, end: End<'_>) {
        let End { state, at, code } = end;
        self.counters_of(owner.queue, owner.tenant).end(state);
        let Some(entry) = self.table.get(number).copied() else {
            return;
        };
        let kept = self.lane(&entry).kept;
        self.groups.end(kept, state, Step::In);
        if state == JobState::Completed && self.keeping.completed == 0 {
            self.leave_end(&entry);
            self.drop_job(number);
            return;
        }
        self.place(number, entry, state);
        let code = self.code(code);
        self.finished.insert(number, Finished { at, code });
        self.keep_finished(owner.queue, number, state, at);
    }

    /// A job that had ended goes on: it no longer counts as that. What is known of it counts, and
    /// not what the record says, so that the counters agree where a record before it is damaged.
    pub(super) fn leave_end(&mut self, entry: &Entry) {
        let (counters, kept) = (self.lane(entry).counters, self.lane(entry).kept);
        self.counters.at(counters).revive(entry.state());
        self.groups.end(kept, entry.state(), Step::Out);
    }

    /// The same for a job that may have left the log.
    pub(super) fn revive(&mut self, owner: Owner, number: u64, from: JobState) {
        if self.table.get(number).is_none() {
            self.counters_of(owner.queue, owner.tenant).revive(from);
        }
    }

    /// Keeps a finished job in the lists for as long as its state is kept.
    pub(super) fn keep_finished(&mut self, queue: NameId, number: u64, state: JobState, at: i64) {
        let end = self.finished.get(&number);
        if end.is_some_and(|end| &*end.code == SUPERSEDED) {
            return self.keep_superseded(queue, number, at);
        }
        match state {
            JobState::Completed => {
                let kept = self.completed.entry(queue).or_default();
                kept.insert((at, number));
                if kept.len() > self.keeping.completed
                    && let Some((_, oldest)) = kept.pop_first()
                {
                    self.drop_job(oldest);
                }
            }
            JobState::Dead => self
                .forgetting
                .set(at.saturating_add(self.keeping.dead_ms), number),
            JobState::Expired | JobState::Cancelled => {
                self.forgetting
                    .set(at.saturating_add(self.keeping.ended_ms), number);
            }
            JobState::Unknown | JobState::Scheduled | JobState::Waiting | JobState::Active => {}
        }
    }

    /// What came due by the latest time in the log, whether or not a record says so.
    pub(in super::super) fn catch_up(&mut self) {
        let mut more = true;
        while more {
            let moved = self.advance(Timestamp::from_millis(self.clock), 0);
            debug_assert!(moved.expired.is_empty(), "only a record expires a job");
            more = moved.more;
        }
    }

    /// Moves what has come due into its line, and prunes what is kept no longer. Answers the
    /// unfinished jobs whose time to live has run out: a record has to say so. A crowd is moved in
    /// slices, so that others get their turn between them.
    pub(in super::super) fn advance(&mut self, now: Timestamp, max_expired: usize) -> Moved {
        self.tick(now.as_millis());
        let now = now.as_millis();
        let staged = self.stage_due(now);
        let forgotten = self.forget_old(now);
        self.keys.prune(now);
        let (expired, more_expire) = self.take_expired(now, max_expired);
        let more = staged.max(forgotten) == MAX_MOVED_A_CALL
            || self.due.is_behind()
            || self.forgetting.is_behind()
            || (more_expire && max_expired > 0);
        Moved { expired, more }
    }

    fn stage_due(&mut self, now: i64) -> usize {
        let mut staged = 0;
        while staged < MAX_MOVED_A_CALL
            && let Some(number) = self.due.pop(now)
        {
            staged += 1;
            let due = |e: &&Entry| e.state() == JobState::Scheduled && e.due_at() <= now;
            if let Some(entry) = self.table.get(number).filter(due).copied() {
                self.place(number, entry, JobState::Waiting);
                self.note_due(number);
            }
        }
        staged
    }

    fn forget_old(&mut self, now: i64) -> usize {
        let mut forgotten = 0;
        while forgotten < MAX_MOVED_A_CALL
            && let Some(number) = self.forgetting.pop(now)
        {
            forgotten += 1;
            self.forget_if_old(number, now);
        }
        forgotten
    }

    fn forget_if_old(&mut self, number: u64, now: i64) {
        let Some(entry) = self.table.get(number) else {
            return;
        };
        let kept = match entry.state() {
            JobState::Dead => self.keeping.dead_ms,
            JobState::Expired | JobState::Cancelled => self.keeping.ended_ms,
            _ => return,
        };
        let end = self.finished.get(&number);
        let Some(old_at) = end.map(|end| end.at.saturating_add(kept)) else {
            return;
        };
        if old_at <= now {
            self.drop_job(number);
        } else {
            // It is kept for longer than when it ended, or it has ended once more.
            self.forgetting.set(old_at, number);
        }
    }

    /// Answers those that expire, and whether there may be more.
    fn take_expired(&mut self, now: i64, max_expired: usize) -> (Vec<u64>, bool) {
        let mut expired = Vec::new();
        for _ in 0..max_expired {
            let Some(number) = self.expiry.pop(now) else {
                return (expired, self.expiry.is_behind());
            };
            if self.renewed.get(&number).is_some_and(|until| *until > now) {
                // This was its time before it was replayed.
                continue;
            }
            match self.table.get(number).map(Entry::state) {
                Some(JobState::Scheduled | JobState::Waiting) => expired.push(number),
                Some(JobState::Active | JobState::Dead | JobState::Unknown) => {
                    self.overdue.insert(number);
                }
                Some(JobState::Completed | JobState::Expired | JobState::Cancelled) | None => {}
            }
        }
        (expired, true)
    }

    /// The shared text of a reason's code.
    fn code(&mut self, code: &str) -> Arc<str> {
        /// Codes come from destinations; past so many, new ones are not told apart.
        const MAX_CODES: usize = 10_000;
        if let Some(known) = self.codes.get(code) {
            return Arc::clone(known);
        }
        if self.codes.len() >= MAX_CODES {
            return Arc::from("other");
        }
        let text: Arc<str> = Arc::from(code);
        self.codes.insert(code.to_owned(), Arc::clone(&text));
        text
    }
}
