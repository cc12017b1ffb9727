//! Reads the records of many jobs, neighbours in one read.

use cauce_flow::{
    id::JobId,
    job::{LeasedJob, State as JobState},
    priority::Priority,
    time::Timestamp,
};
use cauce_log::Position;

use super::{
    Shared,
    reading::{Stored, parse_head},
    record::JobHead,
    state::Ticket,
    unread::Unread,
};
use crate::jobs::Error;

/// A job, and where its record stands.
#[derive(Clone, Copy)]
struct Place {
    number: u64,
    position: u64,
}

/// What a claim comes to: jobs to be delivered, and the numbers of those that are not.
#[derive(Default)]
pub(super) struct Claimed {
    pub(super) jobs: Vec<LeasedJob>,
    /// Their time ran out.
    pub(super) expired: Vec<u64>,
    /// Their record is not what was written.
    pub(super) damaged: Vec<u64>,
    /// The disk did not give their record this time.
    pub(super) unread: Vec<u64>,
}

impl Claimed {
    /// The jobs that end here, with their end states.
    pub(super) fn ended(&mut self) -> [(Vec<u64>, JobState); 2] {
        [
            (std::mem::take(&mut self.expired), JobState::Expired),
            (std::mem::take(&mut self.damaged), JobState::Dead),
        ]
    }
}

/// Reads the jobs behind tickets, in their order.
pub(super) fn read_tickets(shared: &Shared, tickets: &[Ticket], now: Timestamp) -> Claimed {
    let place = |ticket: &Ticket| Place {
        number: ticket.number,
        position: ticket.position,
    };
    let places = tickets.iter().map(place).collect();
    let parse = |number, kind, body: &[u8]| Stored::parse(kind, body)?.of(number);
    let mut claimed = Claimed::default();
    for (ticket, stored) in tickets.iter().zip(read_each(shared, places, &parse)) {
        match stored {
            Ok(stored) => {
                let leased = leased(shared.instance, ticket, stored);
                if leased.expires_at <= now {
                    claimed.expired.push(ticket.number);
                } else {
                    claimed.jobs.push(leased);
                }
            }
            Err(Unread::Damaged(fault)) => {
                tracing::error!(number = ticket.number, fault, "a job cannot be read");
                claimed.damaged.push(ticket.number);
            }
            Err(Unread::Failed(fault)) => {
                tracing::error!(number = ticket.number, fault, "a job is read again later");
                claimed.unread.push(ticket.number);
            }
            Err(Unread::Moved | Unread::Unflushed) => claimed.unread.push(ticket.number),
        }
    }
    claimed
}

fn leased(instance: u32, ticket: &Ticket, stored: Stored) -> LeasedJob {
    let enqueued_at = Timestamp::from_millis(stored.head.enqueued_at);
    let expires_at = ticket.expires_at.unwrap_or(stored.head.expires_at);
    LeasedJob {
        id: JobId::new(ticket.number, instance, enqueued_at),
        tenant: ticket.tenant.clone(),
        group: ticket.group.clone(),
        priority: Priority::from_index(ticket.priority.into()).unwrap_or_default(),
        attempt: ticket.attempt,
        max_attempts: stored.head.max_attempts,
        enqueued_at,
        expires_at: Timestamp::from_millis(expires_at),
        payload: stored.payload,
    }
}

/// The time that each job had to live when it was taken, in milliseconds; the largest number for
/// ever. Those that are not known any more are left out.
pub(super) fn read_spans(shared: &Shared, numbers: &[u64]) -> Result<Vec<(u64, i64)>, Error> {
    let places: Vec<Place> = {
        let state = shared.state.lock();
        let place = |number: &u64| {
            let position = state.table.get(*number)?.position;
            let number = *number;
            Some(Place { number, position })
        };
        numbers.iter().filter_map(place).collect()
    };
    let parse = |_, kind, body: &[u8]| Ok(span_of(&parse_head(kind, body)?.0));
    let spans = read_each(shared, places.clone(), &parse);
    let known = places.iter().zip(spans);
    known
        .map(|(place, span)| match span {
            Ok(span) => Ok((place.number, span)),
            // Whoever leases it finds out.
            Err(Unread::Damaged(_)) => Ok((place.number, i64::MAX)),
            Err(failed) => Err(failed.into()),
        })
        .collect()
}

fn span_of(head: &JobHead) -> i64 {
    match head.expires_at {
        i64::MAX => i64::MAX,
        expires_at => expires_at.saturating_sub(head.enqueued_at),
    }
}

/// What is made of the record of a job, by its number, kind and body.
type Parse<'a, T> = &'a dyn Fn(u64, u8, &[u8]) -> Result<T, String>;

/// Reads a record for each place, again where it was copied forward meanwhile.
fn read_each<T>(
    shared: &Shared,
    mut places: Vec<Place>,
    parse: Parse<'_, T>,
) -> Vec<Result<T, Unread>> {
    /// A job moves when the log is compacted, at most once while it is read, or nearly so.
    const MAX_TRIES: usize = 8;
    let mut read: Vec<_> = places.iter().map(|_| Err(Unread::Moved)).collect();
    let mut left: Vec<usize> = (0..places.len()).collect();
    for _ in 0..MAX_TRIES {
        read_some(shared, &places, &left, &mut read, parse);
        left.retain(|at| matches!(read[*at], Err(Unread::Moved | Unread::Unflushed)));
        if left.is_empty() {
            break;
        }
        let state = shared.state.lock();
        for at in &left {
            if let Some(entry) = state.table.get(places[*at].number) {
                places[*at].position = entry.position;
            }
        }
    }
    read
}

fn read_some<T>(
    shared: &Shared,
    places: &[Place],
    left: &[usize],
    read: &mut [Result<T, Unread>],
    parse: Parse<'_, T>,
) {
    let position = |at: &usize| Position::from_u64(places[*at].position);
    let positions: Vec<Position> = left.iter().map(position).collect();
    let mut visit = |at: usize, found: Result<cauce_log::Record<'_>, cauce_log::Error>| {
        let at = left[at];
        let parsed =
            |record: cauce_log::Record<'_>| parse(places[at].number, record.kind, record.body);
        read[at] = match found {
            Ok(record) => parsed(record).map_err(Unread::Damaged),
            Err(error) => Err(error.into()),
        };
    };
    shared
        .reader
        .read_many(&positions, &mut Vec::new(), &mut visit);
}
