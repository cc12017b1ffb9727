//! Parquet's RLE / bit-packing hybrid: a run of equal numbers once, other numbers in as few bits as
//! the largest needs.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>

/// Numbers are packed in groups of so many.
const GROUP: usize = 8;

/// Bits that every number up to `largest` fits into.
pub(super) fn width(largest: u32) -> u8 {
    (u32::BITS - largest.leading_zeros()) as u8
}

/// Appends the numbers, each of `width` bits.
pub(super) fn write(numbers: &[u32], width: u8, out: &mut Vec<u8>) {
    let (mut packed_from, mut at) = (0, 0);
    while at < numbers.len() {
        let equal = numbers[at..]
            .iter()
            .take_while(|n| **n == numbers[at])
            .count();
        // A run may begin only where the packed numbers before it fill their last group.
        let fill = (at - packed_from).next_multiple_of(GROUP) - (at - packed_from);
        if equal < fill + GROUP {
            at += equal;
            continue;
        }
        at += fill;
        pack(&numbers[packed_from..at], width, out);
        let run = equal - fill;
        varint((run as u64) << 1, out);
        let bytes = usize::from(width).div_ceil(8);
        out.extend_from_slice(&numbers[at].to_le_bytes()[..bytes]);
        at += run;
        packed_from = at;
    }
    pack(&numbers[packed_from..], width, out);
}

/// Numbers in whole groups; the last one is filled with zeros.
fn pack(numbers: &[u32], width: u8, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    varint(((numbers.len().div_ceil(GROUP) as u64) << 1) | 1, out);
    let (mut bits, mut filled) = (0u64, 0u32);
    let padding = numbers.len().next_multiple_of(GROUP) - numbers.len();
    for number in numbers.iter().chain(std::iter::repeat_n(&0, padding)) {
        bits |= u64::from(*number) << filled;
        filled += u32::from(width);
        while filled >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            filled -= 8;
        }
    }
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends `count` numbers of `width` bits; none where the bytes do not hold them.
pub(super) fn read(mut bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) -> Option<()> {
    if u32::from(width) > u32::BITS {
        return None;
    }
    let end = out.len().checked_add(count)?;
    while out.len() < end {
        let header = read_varint(&mut bytes)?;
        let left = end - out.len();
        if header & 1 == 0 {
            let run = usize::try_from(header >> 1).ok()?.min(left);
            let (value, rest) = bytes.split_at_checked(usize::from(width).div_ceil(8))?;
            let mut number = [0; 4];
            number[..value.len()].copy_from_slice(value);
            if run == 0 {
                return None;
            }
            out.resize(out.len() + run, u32::from_le_bytes(number));
            bytes = rest;
        } else {
            let groups = usize::try_from(header >> 1).ok()?;
            let size = groups.checked_mul(usize::from(width))?;
            let (packed, rest) = bytes.split_at_checked(size)?;
            if groups == 0 {
                return None;
            }
            unpack(packed, width, left.min(groups * GROUP), out);
            bytes = rest;
        }
    }
    Some(())
}

fn unpack(packed: &[u8], width: u8, count: usize, out: &mut Vec<u32>) {
    let (mut bits, mut filled) = (0u64, 0u32);
    let mut packed = packed.iter();
    let mask = (1u64 << width) - 1;
    for _ in 0..count {
        while filled < u32::from(width) {
            bits |= u64::from(*packed.next().unwrap_or(&0)) << filled;
            filled += 8;
        }
        out.push((bits & mask) as u32);
        bits >>= width;
        filled -= u32::from(width);
    }
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{read, width, write};

    proptest! {
        #[test]
        fn numbers_come_back(
            runs in proptest::collection::vec((0u32..=70_000, 1usize..40), 0..60),
            few in any::<bool>(),
        ) {
            let bound = if few { 3 } else { u32::MAX };
            let numbers: Vec<u32> = runs
                .iter()
                .flat_map(|(number, times)| std::iter::repeat_n(number % bound, *times))
                .collect();
            let width = width(numbers.iter().copied().max().unwrap_or(0));
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            write(&numbers, width, &mut bytes);
            prop_assert_eq!(read(&bytes, width, numbers.len(), &mut back), Some(()));
            prop_assert_eq!(back, numbers);
        }

        #[test]
        fn any_bytes_are_numbers_or_a_fault(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
            width in 0u8..40,
            count in 0usize..2_000,
        ) {
            let mut out = Vec::new();
            if read(&bytes, width, count, &mut out).is_some() {
                prop_assert_eq!(out.len(), count);
            }
        }
    }

    #[test]
    fn long_run_takes_a_few_bytes() {
        let mut bytes = Vec::new();
        write(&[5; 100_000], 3, &mut bytes);
        assert!(bytes.len() <= 5, "{bytes:?}");
    }
}
