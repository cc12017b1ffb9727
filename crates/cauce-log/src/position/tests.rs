use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn packing_keeps_both_parts_and_the_order(
        left in (0..=MAX_SEGMENT, 0..=MAX_OFFSET),
        right in (0..=MAX_SEGMENT, 0..=MAX_OFFSET),
    ) {
        let position = |(segment, offset)| Position::new(segment, offset);
        let packed = Position::from_u64(position(left).as_u64());
        prop_assert_eq!((packed.segment(), packed.offset()), left);
        prop_assert_eq!(position(left).cmp(&position(right)), left.cmp(&right));
        let (left, right) = (position(left).as_u64(), position(right).as_u64());
        prop_assert_eq!(left.cmp(&right), Position(left).cmp(&Position(right)));
    }
}

#[test]
#[should_panic(expected = "does not fit 36 bits")]
fn an_offset_that_does_not_fit_is_refused() {
    let _ = Position::new(1, MAX_OFFSET + 1);
}

#[test]
fn a_position_reads_as_file_and_offset() {
    assert_eq!(Position::new(7, 128).to_string(), "00000007+128");
}
