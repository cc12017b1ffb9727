//! Numbers in few bytes: seven bits to a byte, the last ones first (LEB128).

/// Adds a number.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Adds a number of either sign: what is near zero is short.
pub(super) fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put(bytes, folded(number));
}

/// A number of either sign as one that is not below zero: 0, -1, 1, -2 …
pub(super) const fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// The number that was folded so.
pub(super) const fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Takes the next number; none at the end.
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        shift = (shift + 7).min(63);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
}

/// The same of a number of either sign.
pub(super) fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    take(bytes).map(unfolded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, -1, 63, 64, -65, 1_760_000_000_123, i64::MAX, i64::MIN];
        let mut bytes = Vec::new();
        for number in numbers {
            put_signed(&mut bytes, number);
            put(&mut bytes, number.cast_unsigned());
        }
        let mut left = &bytes[..];
        for number in numbers {
            assert_eq!(take_signed(&mut left), Some(number));
            assert_eq!(take(&mut left), Some(number.cast_unsigned()));
        }
        assert_eq!(take(&mut left), None);
        assert_eq!(take(&mut &[0x80][..]), None);
    }
}
