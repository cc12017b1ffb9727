//! Opaque places in lists.
//!
//! A cursor is a letter for the kind of list and the last item's place, as base64url, so that the
//! cursor of one list is refused by another and nobody is tempted to build one.

use cauce_flow::id::JobId;
use data_encoding::BASE64URL_NOPAD;

use crate::problem::Problem;

/// The kinds of lists.
const JOBS: u8 = b'j';
const ROWS: u8 = b'r';
const EVENTS: u8 = b'e';

/// A place in a list of jobs.
pub(crate) fn of_job(job: JobId) -> String {
    encode(JOBS, &job.as_u128().to_be_bytes())
}

/// The job that a cursor stands for.
pub(crate) fn job(text: &str) -> Result<JobId, Problem> {
    let place = decode(JOBS, text)?;
    Ok(JobId::from_u128(u128::from_be_bytes(place)))
}

/// A place in a list of numbered rows.
pub(crate) fn of_row(row: i64) -> String {
    encode(ROWS, &row.to_be_bytes())
}

/// The row that a cursor stands for.
pub(crate) fn row(text: &str) -> Result<i64, Problem> {
    Ok(i64::from_be_bytes(decode(ROWS, text)?))
}

/// A place in a list of tracked events, as the store tells it.
pub(crate) fn of_event(place: &str) -> String {
    encode(EVENTS, place.as_bytes())
}

/// The place that a cursor stands for, for the store to make sense of.
pub(crate) fn event(text: &str) -> Result<String, Problem> {
    let place = decode_any(EVENTS, text).and_then(|place| String::from_utf8(place).ok());
    place.ok_or_else(no_cursor)
}

fn encode(kind: u8, place: &[u8]) -> String {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(place);
    BASE64URL_NOPAD.encode(&bytes)
}

fn decode<const BYTES: usize>(kind: u8, text: &str) -> Result<[u8; BYTES], Problem> {
    let place = decode_any(kind, text).and_then(|place| place.try_into().ok());
    place.ok_or_else(no_cursor)
}

fn decode_any(kind: u8, text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let (found, place) = bytes.split_first()?;
    (*found == kind).then(|| place.to_vec())
}

fn no_cursor() -> Problem {
    Problem::bad_parameter(
        "cursor",
        "not a cursor of this list; use the `nextCursor` of its last page",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_comes_back() {
        let id = JobId::from_u128(0x0192_3456_789a_7bcd_8f01_2345_6789_abcd);
        assert_eq!(job(&of_job(id)).unwrap(), id);
        assert_eq!(row(&of_row(-5)).unwrap(), -5);
    }

    #[test]
    fn cursor_of_another_list_or_none_is_refused() {
        for text in ["", "x", "%%%", "AAAA", &of_row(7)] {
            assert!(job(text).is_err(), "{text}");
        }
        assert!(row(&of_job(JobId::from_u128(1))).is_err());
    }
}
