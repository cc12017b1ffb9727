//! What several kinds of records hold: numbers, reasons, attempts, states.

use cauce_flow::{job::State, queue::settlement::Attempt, reason::Reason, time::Timestamp};

use super::{Decoder, Encode, Malformed};

pub(super) fn encode_numbers(numbers: &[u64], out: &mut Vec<u8>) {
    out.put_u64(numbers.len() as u64);
    let mut last = 0u64;
    for number in numbers {
        out.put_i64(number.wrapping_sub(last) as i64);
        last = *number;
    }
}

pub(super) fn decode_numbers(from: &mut Decoder<'_>) -> Result<Vec<u64>, Malformed> {
    let count = from.count()?;
    let mut last = 0u64;
    (0..count)
        .map(|_| {
            last = last.wrapping_add(from.i64()? as u64);
            Ok(last)
        })
        .collect()
}

pub(super) fn encode_reason(reason: Option<&Reason>, out: &mut Vec<u8>) {
    match reason {
        None => out.push(0),
        Some(reason) => {
            out.push(1);
            out.put_text(&reason.code);
            out.put_text(&reason.detail);
        }
    }
}

pub(super) fn decode_reason(from: &mut Decoder<'_>) -> Result<Option<Reason>, Malformed> {
    if from.u8()? == 0 {
        return Ok(None);
    }
    Ok(Some(Reason::new(from.text()?, from.text()?)))
}

pub(super) fn encode_attempt(attempt: &Attempt, out: &mut Vec<u8>) {
    out.put_i64(attempt.started_at.as_millis());
    out.put_i64(attempt.ended_at.as_millis() - attempt.started_at.as_millis());
    out.put_u64(attempt.status.into());
    out.put_u64(attempt.batch.into());
    encode_reason(attempt.reason.as_ref(), out);
}

pub(super) fn decode_attempt(from: &mut Decoder<'_>) -> Result<Attempt, Malformed> {
    let started_at = from.i64()?;
    Ok(Attempt {
        started_at: Timestamp::from_millis(started_at),
        ended_at: Timestamp::from_millis(started_at.wrapping_add(from.i64()?)),
        status: u16::try_from(from.u64()?).map_err(|_| Malformed("a status is too large"))?,
        batch: from.u32()?,
        reason: decode_reason(from)?,
    })
}

pub(super) fn state_to_u8(state: State) -> u8 {
    state as u8
}

pub(super) fn state_from_u8(byte: u8) -> Result<State, Malformed> {
    State::ALL
        .get(usize::from(byte))
        .copied()
        .ok_or(Malformed("a state is not known"))
}
