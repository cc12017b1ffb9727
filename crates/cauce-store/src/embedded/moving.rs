//! What the compactor copies of a job, and what a restart reads of it.

use cauce_log::Position;

use super::{
    Shared,
    forward::Move,
    reading::{STUB, Stored, read_detail},
    record::{JobHead, Record, Standing, kind},
    state::State,
    table::Entry,
    unread::Unread,
};
use crate::jobs::JobDetail;

/// What a job of the oldest segment comes to when it is to be copied forward.
pub(super) enum ToMove {
    /// It is copied.
    Copy(Move),
    /// It is not needed any more, or stands elsewhere already.
    Gone,
    /// Its record is damaged: what the index knows is copied, once the job has ended.
    Stub(Move),
}

/// Reads a job of the oldest segment, to be copied forward.
pub(super) fn read_move(shared: &Shared, oldest: u32, number: u64) -> Result<ToMove, String> {
    let Some((position, known, head)) = ({
        let state = shared.state.lock();
        let entry = state.table.get(number).copied();
        let here = entry.filter(|e| Position::from_u64(e.position).segment() == oldest);
        here.and_then(|e| {
            Some((
                e.position,
                state.known(number)?,
                stub_head(&state, number, &e),
            ))
        })
    }) else {
        return Ok(ToMove::Gone);
    };
    let chain = known.chain();
    match read_detail(shared, known.clone(), true) {
        Ok(detail) => {
            let at = Position::from_u64(position);
            let record = shared.reader.read(at).map_err(|error| error.to_string())?;
            let head = Stored::parse(record.kind, &record.body)?.head;
            Ok(ToMove::Copy(copy(head, position, chain, detail)))
        }
        Err(Unread::Damaged(fault)) => {
            tracing::error!(number, fault, "a job cannot be read");
            let detail = known.without_record(shared.instance);
            Ok(ToMove::Stub(copy(head, position, chain, detail)))
        }
        Err(Unread::Failed(fault)) => Err(fault),
        Err(Unread::Moved | Unread::Unflushed) => Err("a job changed while it was read".to_owned()),
    }
}

fn copy(head: JobHead, position: u64, chain: u64, detail: JobDetail) -> Move {
    let standing = Standing {
        state: detail.summary.state,
        priority: 0,
        attempt: 0,
        rescues: 0,
        leaving: false,
        outdated: false,
        due_at: 0,
        expires_at: 0,
        finished_at: 0,
        provider_id: detail.provider_id.unwrap_or_default(),
        reason: detail.summary.last_error,
        attempts: detail.attempts,
    };
    Move {
        head,
        position,
        chain,
        standing,
        payload: detail.payload,
    }
}

/// The head of a job whose record is damaged, as far as the index knows it.
fn stub_head(state: &State, number: u64, entry: &Entry) -> JobHead {
    let lane = state.lane(entry);
    JobHead {
        number,
        owner: lane.owner,
        group: lane.group,
        priority: entry.priority() as u8,
        max_attempts: STUB,
        enqueued_at: entry.due_at(),
        due_at: entry.due_at(),
        expires_at: i64::MAX,
        key: 0,
        coalesce: state.coalesce_of(number),
        payload_len: 0,
    }
}

/// What of a record is wanted again at start: everything but payloads.
pub(super) struct JobsDigest;

impl cauce_log::Digest for JobsDigest {
    fn version(&self) -> u16 {
        1
    }

    fn digest(&self, of_kind: u8, body: &[u8], out: &mut Vec<u8>) -> cauce_log::Replay {
        let payload = match of_kind {
            kind::JOB | kind::MOVED => match Record::decode(of_kind, body) {
                Ok(Record::Job(head) | Record::Moved { head, .. }) => head.payload_len as usize,
                Ok(_) | Err(_) => 0,
            },
            _ => 0,
        };
        out.extend_from_slice(&body[..body.len().saturating_sub(payload)]);
        cauce_log::Replay::Show
    }
}
