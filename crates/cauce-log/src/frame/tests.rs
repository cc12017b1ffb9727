use proptest::prelude::*;

use super::*;

fn framed(salt: Salt, seq: u64, kind: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_open(&mut out, seq, kind, 0, &[body]);
    close(salt, &mut out, flags);
    out
}

const HEADER: Header = Header {
    segment: 7,
    log_id: 0x0123_4567_89ab_cdef,
    first_seq: 42,
    content: Content {
        name: *b"jobs    ",
        version: 3,
    },
};

proptest! {
    #[test]
    fn a_frame_reads_back_as_it_was_written(
        seq in 1..u64::MAX,
        kind: u8,
        flags: u8,
        body in prop::collection::vec(any::<u8>(), 0..300),
        behind in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let salt = Salt::new(1, 2);
        let mut bytes = framed(salt, seq, kind, flags, &body);
        let length = bytes.len() as u64;
        bytes.extend(behind);
        let frame = decode(salt, &bytes).unwrap();
        prop_assert_eq!((frame.seq, frame.kind, frame.flags), (seq, kind, flags));
        prop_assert_eq!((frame.body, frame.bytes()), (&body[..], length));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        decode(Salt::new(1, 2), &bytes);
        Header::decode(&bytes);
    }
}

#[test]
fn a_frame_of_another_segment_or_log_is_none() {
    let bytes = framed(Salt::new(1, 2), 1, 1, 0, b"body");
    assert!(decode(Salt::new(1, 2), &bytes).is_some());
    assert!(decode(Salt::new(1, 3), &bytes).is_none());
    assert!(decode(Salt::new(2, 2), &bytes).is_none());
}

#[test]
fn zeros_are_no_frame_whatever_the_salt() {
    for log_id in 0..10_000 {
        assert!(decode(Salt::new(log_id, 1), &[0; 64]).is_none());
    }
}

#[test]
fn parts_make_one_body() {
    let salt = Salt::new(1, 2);
    let mut parts = Vec::new();
    encode_open(&mut parts, 5, 1, 0, &[b"one", b"", b"two"]);
    close(salt, &mut parts, 0);
    assert_eq!(parts, framed(salt, 5, 1, 0, b"onetwo"));
}

#[test]
fn a_header_survives_the_loss_of_either_copy() {
    let whole = HEADER.encode();
    for lost in [0, HEADER_COPY_BYTES] {
        let mut bytes = whole;
        bytes[lost..lost + HEADER_COPY_BYTES].fill(0xff);
        assert_eq!(Header::decode(&bytes), Head::Known(HEADER));
    }
    assert_eq!(Header::decode(&[0xff; HEADER_BYTES]), Head::Damaged);
    assert_eq!(Header::decode(&whole[..10]), Head::Damaged);
}

#[test]
fn a_version_to_come_is_told_from_damage() {
    let mut bytes = HEADER.encode();
    bytes[8] = 9;
    // One copy still says what it is: a flipped bit, not a newer program.
    assert_eq!(Header::decode(&bytes), Head::Known(HEADER));
    bytes[HEADER_COPY_BYTES + 8] = 9;
    assert_eq!(Header::decode(&bytes), Head::Newer(9));
}
