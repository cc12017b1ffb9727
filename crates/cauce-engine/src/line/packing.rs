//! What claimed jobs become requests by, and what an exchange comes to.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use cauce_destinations::destination::{Answer, BatchKey, Destination, Judgement, Screened};
use cauce_flow::{
    dispatch::{
        batcher,
        dispatcher::{Answered, Claimed},
        policy::Policy,
    },
    job::{LeasedJob, Line},
    time::Timestamp,
};
use cauce_store::jobs;

use super::keeper::Suspects;
use crate::{screen::Screen, settings::Account};

/// A job that waits, waits for so long at least, so that it is not claimed again at once.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Claimed jobs, looked at and packed.
pub(super) struct Packed {
    pub(super) claimed: Claimed,
    /// Whether the destination's code panicked over some of them. They are left out: their leases
    /// are ended with the line's.
    pub(super) unfit: bool,
}

/// What jobs are looked at with before they leave.
pub(super) struct Looks<'a> {
    pub(super) account: &'a Account,
    pub(super) screen: Option<&'a dyn Screen>,
    pub(super) suspects: &'a Suspects,
    pub(super) now: Timestamp,
}

/// Sorts out what must not be sent, or not yet, and packs the rest into requests.
pub(super) fn pack(jobs: Vec<LeasedJob>, with: &Looks<'_>) -> Packed {
    let (destination, policy) = (&*with.account.destination, &with.account.policy);
    let line = with.account.line();
    let mut claimed = Claimed::default();
    let (mut fit, mut alone) = (Vec::with_capacity(jobs.len()), Vec::new());
    let mut unfit = false;
    let suspected = !with.suspects.is_empty();
    for job in jobs {
        match with.look_at(&job, &line) {
            Err(Panicked) => unfit = true,
            Ok(Screened::Send) if suspected && with.suspects.holds(job.id) => alone.push(vec![job]),
            Ok(Screened::Send) => fit.push(job),
            Ok(Screened::Refuse(reason)) => claimed.refused.push((job.id, reason)),
            Ok(Screened::Cancel(reason)) => claimed.cancelled.push((job.id, reason)),
            Ok(Screened::Wait { until, reason }) => {
                tracing::trace!(job = %job.id, code = reason.code, "a job waits");
                let until = until.max(with.now + SHORTEST_WAIT);
                claimed.put_off.push((job.id, until));
            }
        }
    }
    claimed.requests = requests(fit, destination, policy);
    claimed.requests.extend(alone);
    Packed { claimed, unfit }
}

/// The destination's code panicked, or that of the engine's own screen.
struct Panicked;

impl Looks<'_> {
    /// Asks for everything that packing needs to know of a job.
    fn look_at(&self, job: &LeasedJob, line: &Line) -> Result<Screened, Panicked> {
        let destination = &*self.account.destination;
        let look = || {
            let screened = destination.screen(job, self.now);
            destination.batch_key(job);
            match (screened, self.screen) {
                (Screened::Send, Some(own)) => own.screen(job, line, self.now),
                (screened, _) => screened,
            }
        };
        // Neither keeps anything half done between two calls.
        catch_unwind(AssertUnwindSafe(look)).map_err(|_| Panicked)
    }
}

fn requests(
    jobs: Vec<LeasedJob>,
    destination: &dyn Destination,
    policy: &Policy,
) -> Vec<Vec<LeasedJob>> {
    let own = destination.limits();
    let room = batcher::Room {
        max_items: own.max_items.min(policy.batch.max_items),
        max_bytes: own.max_bytes.min(policy.batch.max_bytes),
    };
    if room.max_items <= 1 {
        return jobs.into_iter().map(|job| vec![job]).collect();
    }
    let key_of = |job: &LeasedJob| -> BatchKey { destination.batch_key(job) };
    batcher::pack(jobs, key_of, room)
}

/// The answer as the dispatcher takes it.
pub(super) fn answer(judged: Judgement, answer: &Answer) -> Answered {
    let status = match answer {
        Answer::Response(response) => response.status,
        Answer::NotSent(_) | Answer::Ambiguous(_) => 0,
    };
    Answered {
        verdict: judged.verdict,
        hold: judged.hold,
        status,
    }
}

/// Whether a line's destination must not get a job twice by itself.
pub(crate) fn never_twice(accounts: &[Account]) -> jobs::NeverTwice {
    let again = accounts.iter().filter(|account| !account.holds_unknown());
    let again: BTreeSet<Line> = again.map(Account::line).collect();
    // Of an account that is not configured any more nothing is known: the careful answer.
    Box::new(move |line| !again.contains(line))
}
