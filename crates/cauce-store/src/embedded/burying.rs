//! Counts and lists the jobs whose own record is damaged, before anything else happens; and makes
//! the counters agree with the jobs where other records are damaged.

use std::collections::BTreeMap;

use cauce_flow::{job::State as JobState, reason::Reason};
use cauce_log::{Recovery, Writer};

use super::{
    Shared,
    machine::roll_if_full,
    reading::STUB,
    record::{Burial, JobHead, Owner, Record, Standing, kind},
    state::{Journal, Lost, State},
};
use cauce_log::codec::Decoder;

/// Jobs that one commit counts.
const JOBS_A_COMMIT: usize = 500;
/// What the records of one take in the log, with names that may be new.
const BYTES_A_JOB: u64 = 768;
/// The names that a job gets of which nothing is known, not even whose it was.
const NOBODY: &str = "lost";

/// Writes down what became of the jobs that the log does not tell of any more. Where the disk is
/// too full for it, the next start does it.
pub(super) fn bury_lost(
    shared: &Shared,
    writer: &mut Writer,
    recovery: &Recovery,
) -> Result<(), cauce_log::Error> {
    if recovery.corrupt.is_empty() && recovery.gaps.is_empty() {
        return Ok(());
    }
    let mut state = shared.state.lock();
    let lost = state.lost();
    let heads = guessed(shared, recovery, &state, &lost);
    let mut journal = Journal {
        state: &mut state,
        writer,
        scratch: &mut Vec::new(),
    };
    match journal.settle_damage(shared, &lost, &heads) {
        Err(error @ cauce_log::Error::DiskFull { .. }) => {
            tracing::error!(%error, "damaged jobs are counted at the next start");
            journal.writer.flush()
        }
        done => done,
    }
}

impl Journal<'_> {
    fn settle_damage(
        &mut self,
        shared: &Shared,
        lost: &BTreeMap<u64, Lost>,
        heads: &BTreeMap<u64, JobHead>,
    ) -> Result<(), cauce_log::Error> {
        let jobs: Vec<_> = lost.iter().collect();
        for some in jobs.chunks(JOBS_A_COMMIT) {
            self.find_room(shared, some.len())?;
            self.writer.begin();
            some.iter()
                .try_for_each(|(number, lost)| self.bury(**number, **lost, heads.get(number)))?;
            self.writer.commit()?;
        }
        if !jobs.is_empty() {
            let jobs = jobs.len();
            tracing::error!(
                jobs,
                "records of jobs are damaged; the jobs are dead letters"
            );
        }
        let differences = self.state.audit();
        if !differences.is_empty() {
            tracing::error!(?differences, "damaged records are missing in the counters");
            self.find_room(shared, 1)?;
            let at = self.state.clock;
            self.say(&Record::Agree { at })?;
        }
        self.writer.flush()
    }

    fn find_room(&mut self, shared: &Shared, jobs: usize) -> Result<(), cauce_log::Error> {
        roll_if_full(self, shared)?;
        self.writer.make_room(BYTES_A_JOB * jobs as u64)
    }

    fn bury(
        &mut self,
        number: u64,
        lost: Lost,
        guess: Option<&JobHead>,
    ) -> Result<(), cauce_log::Error> {
        let owner = match lost.owner.or(guess.map(|head| head.owner)) {
            Some(owner) => owner,
            None => Owner {
                queue: self.name(NOBODY)?,
                account: self.name(NOBODY)?,
                tenant: self.name(NOBODY)?,
            },
        };
        let state = lost.ended.unwrap_or(JobState::Dead);
        let burial = Burial {
            owner,
            at: self.state.clock,
            state,
            buried: lost.ended.is_none(),
        };
        let jobs = vec![number];
        self.say(&Record::Lost { burial, jobs })?;
        if lost.forgotten || !matches!(state, JobState::Dead | JobState::Unknown) {
            return Ok(());
        }
        self.say(&stub(number, &burial, guess)).map(drop)
    }
}

/// What is listed of the job.
fn stub(number: u64, burial: &Burial, guess: Option<&JobHead>) -> Record {
    let taken_at = guess.map_or(burial.at, |head| head.enqueued_at);
    let priority = guess.map_or(2, |head| head.priority);
    Record::Moved {
        head: JobHead {
            number,
            owner: burial.owner,
            group: guess.map_or(0, |head| head.group),
            priority,
            max_attempts: STUB,
            enqueued_at: taken_at,
            due_at: taken_at,
            expires_at: i64::MAX,
            key: 0,
            coalesce: guess.map_or(0, |head| head.coalesce),
            payload_len: 0,
        },
        standing: Standing {
            state: burial.state,
            priority,
            attempt: 0,
            rescues: 0,
            leaving: false,
            outdated: false,
            due_at: taken_at,
            expires_at: 0,
            finished_at: burial.at,
            provider_id: String::new(),
            reason: Some(Reason::new(
                "damaged",
                "its record in the log is damaged; its payload is lost",
            )),
            attempts: Vec::new(),
        },
    }
}

/// The heads of lost jobs, as the damaged bytes tell them. A head is believed where its number is
/// that of a lost job, all of its names are known and its lengths agree: then the damage is
/// elsewhere, in the payload most likely. It decides whose dead letter the job is, and no more.
fn guessed(
    shared: &Shared,
    recovery: &Recovery,
    state: &State,
    lost: &BTreeMap<u64, Lost>,
) -> BTreeMap<u64, JobHead> {
    let damaged = recovery.corrupt.iter();
    let records = damaged.flat_map(|damage| shared.reader.unverified(damage).unwrap_or_default());
    records
        .filter(|record| record.kind == kind::JOB)
        .filter_map(|record| believed(&record.body, state))
        .filter(|head| lost.contains_key(&head.number))
        .map(|head| (head.number, head))
        .collect()
}

fn believed(body: &[u8], state: &State) -> Option<JobHead> {
    let mut from = Decoder::new(body);
    let head = JobHead::decode(&mut from).ok()?;
    let Owner {
        queue,
        account,
        tenant,
    } = head.owner;
    let named = [queue, account, tenant]
        .iter()
        .all(|id| state.names.is_known(*id))
        && (head.group == 0 || state.names.is_known(head.group));
    let whole = from.left() == head.payload_len as usize && head.max_attempts != STUB;
    let past = (1..=state.clock).contains(&head.enqueued_at);
    (named && whole && past).then_some(head)
}
