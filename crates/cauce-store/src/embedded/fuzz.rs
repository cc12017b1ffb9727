//! What the fuzz targets do with bytes that stand in the job log.

use super::{
    moving::JobsDigest,
    reading::parse_head,
    record::{JobHead, Record, kind},
    state::{Keeping, State},
};
use cauce_log::codec::Decoder;

/// The body of a record of any kind, which the first byte says. What can be read and written again
/// says the same.
///
/// # Panics
/// Where it says something else.
pub fn record(data: &[u8]) {
    let Some((of_kind, body)) = data.split_first() else {
        return;
    };
    let of_kind = of_kind % (kind::FREE + 1);
    let _ = parse_head(of_kind, body);
    let _ = cauce_log::Digest::digest(&JobsDigest, of_kind, body, &mut Vec::new());
    let _ = JobHead::decode(&mut Decoder::new(body));
    if let Ok(read) = Record::decode(of_kind, body) {
        let mut again = Vec::new();
        read.encode(&mut again);
        assert_eq!(Record::decode(read.kind(), &again), Ok(read));
    }
}

/// The small state at the head of a segment: of the first one, and of a later one.
pub fn base(data: &[u8]) {
    let keeping = Keeping {
        completed: 1,
        dead_ms: 1,
        ended_ms: 1,
        idempotency_ms: 1,
        max_jobs: 1,
        max_bytes: 1,
        reserve_jobs: 0,
        reserve_bytes: 0,
    };
    let mut state = State::new(keeping, 1);
    for segment in 1..=2 {
        state.fold(segment << 36 | 128, 0, &Record::Base(data.to_vec()));
    }
    let again = state.base();
    state.fold(3 << 36 | 128, 0, &Record::Base(again));
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn corpus(target: &str) -> PathBuf {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        root.join("../../fuzz/corpus").join(target)
    }

    #[test]
    fn no_bytes_make_a_record_panic_or_say_two_things() {
        cauce_log::fuzz::feed(&corpus("store_record"), 50_000, record);
    }

    #[test]
    fn no_bytes_make_a_base_panic() {
        cauce_log::fuzz::feed(&corpus("store_base"), 5_000, base);
    }
}
