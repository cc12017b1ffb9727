use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn entries_read_back_as_they_were_written(
        entries in prop::collection::vec(
            (any::<u64>(), any::<u8>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..300)),
            0..20,
        ),
    ) {
        let mut bytes = Vec::new();
        for (step, kind, body_bytes, digest) in &entries {
            let (kind, body_bytes) = (*kind, *body_bytes);
            put_entry(&mut bytes, *step, &Replayed { kind, body_bytes, digest });
        }
        let mut rest = &bytes[..];
        for (step, kind, body_bytes, digest) in &entries {
            let (kind, body_bytes) = (*kind, *body_bytes);
            let expected = (*step, Replayed { kind, body_bytes, digest });
            prop_assert_eq!(take_entry(&mut rest), Some(expected));
        }
        prop_assert_eq!(take_entry(&mut rest), None);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut rest = &bytes[..];
        while take_entry(&mut rest).is_some() {}
        parse(bytes);
    }
}

#[test]
fn a_small_record_costs_four_bytes_beside_its_digest() {
    let mut bytes = Vec::new();
    let digest: &[u8] = &[7; 40];
    put_entry(
        &mut bytes,
        100,
        &Replayed {
            kind: 1,
            body_bytes: 82,
            digest,
        },
    );
    assert_eq!(bytes.len(), 4 + digest.len());
}
