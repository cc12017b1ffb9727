use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::*;

/// A digest as the store makes them.
fn digest(number: u64) -> u128 {
    xxh3_128(&number.to_le_bytes())
}

fn filter(count: u64) -> Filter {
    let digests: Vec<u128> = (0..count).map(digest).collect();
    Filter::build(digests.into_iter())
}

#[test]
fn all_that_went_in_are_found_and_few_others() {
    let filter = filter(100_000);
    assert!((0..100_000).all(|number| filter.may_hold(digest(number))));
    let others = 100_000..300_000;
    let wrong = others
        .filter(|number| filter.may_hold(digest(*number)))
        .count();
    assert!((500..=1_200).contains(&wrong), "{wrong} of 200,000");
    assert!(filter.size() * 8 <= 100_000 * 12 + 256);
}

#[test]
fn an_empty_filter_holds_nothing() {
    let filter = filter(0);
    assert!(!filter.may_hold(0) && !filter.may_hold(u128::MAX));
}

/// What lies on disk must be read by every later version: this one must not change.
#[test]
fn the_form_on_disk_is_fixed() {
    let digests = [0x0123_4567_89ab_cdef_0011_2233_4455_6677_u128, 1, u128::MAX];
    let bytes = Filter::build(digests.into_iter()).to_bytes();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        text,
        "6369646601000000\
         0100000000000000\
         172e7637970ed62e\
         0101800000418000004012000008100200400300202000040010080000181000"
    );
}

#[test]
fn damage_is_found() {
    let whole = filter(100).to_bytes();
    for cut in [0, 3, 23, 24, whole.len() - 1] {
        assert!(Filter::from_bytes(&whole[..cut]).is_err(), "{cut}");
    }
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        assert!(Filter::from_bytes(&bytes).is_err(), "{place}");
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert!(Filter::from_bytes(&longer).is_err());
    let mut newer = whole;
    newer[4] = 2;
    assert_eq!(Filter::from_bytes(&newer), Err(BadFilter::Version(2)));
}

proptest! {
    #[test]
    fn it_answers_from_disk_as_from_memory(
        digests in prop::collection::vec(any::<u128>(), 0..300),
        others in prop::collection::vec(any::<u128>(), 0..300),
    ) {
        let filter = Filter::build(digests.iter().copied());
        let bytes = filter.to_bytes();
        prop_assert_eq!(Filter::from_bytes(&bytes).unwrap(), filter.clone());
        let blocks = Blocks::from_header(bytes[..HEADER_BYTES].try_into().unwrap()).unwrap();
        prop_assert_eq!(blocks.size(), bytes.len() as u64);
        for digest in digests.iter().chain(&others) {
            let at = blocks.offset(*digest) as usize;
            let block = bytes[at..at + BLOCK_BYTES].try_into().unwrap();
            prop_assert_eq!(Blocks::may_hold(block, *digest), filter.may_hold(*digest));
        }
        prop_assert!(digests.iter().all(|digest| filter.may_hold(*digest)));
    }
}
