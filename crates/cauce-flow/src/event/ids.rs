//! The UUIDs of tracking: one type for each, so that none stands in for another.

use std::{fmt, str::FromStr};

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID; one looks like 3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2d")]
pub struct ParseIdError;

/// Bytes of a UUID in its text form (RFC 9562).
const TEXT_BYTES: usize = 36;
/// Where the hyphens stand in it.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
/// Where the pairs of digits stand in it.
const PAIRS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
/// What is no digit in [`DIGITS`].
const NO_DIGIT: u8 = 0xff;
/// The value of each byte as a hexadecimal digit: three ids are read for each event.
const DIGITS: [u8; 256] = digits();

const fn digits() -> [u8; 256] {
    let mut table = [NO_DIGIT; 256];
    let mut digit = 0u8;
    while digit < 16 {
        let (lower, upper) = (b"0123456789abcdef", b"0123456789ABCDEF");
        table[lower[digit as usize] as usize] = digit;
        table[upper[digit as usize] as usize] = digit;
        digit += 1;
    }
    table
}

fn parse(text: &str) -> Result<u128, ParseIdError> {
    let bytes: &[u8; TEXT_BYTES] = text.as_bytes().try_into().map_err(|_| ParseIdError)?;
    if HYPHENS.iter().any(|place| bytes[*place] != b'-') {
        return Err(ParseIdError);
    }
    let (mut found, mut wrong) = ([0u8; 16], 0u8);
    for (byte, place) in found.iter_mut().zip(PAIRS) {
        let (high, low) = (
            DIGITS[usize::from(bytes[place])],
            DIGITS[usize::from(bytes[place + 1])],
        );
        wrong |= high | low;
        *byte = (high << 4) | low;
    }
    // Every digit is below 16; the mark of what is none is not.
    if wrong > 0xf {
        return Err(ParseIdError);
    }
    Ok(u128::from_be_bytes(found))
}

fn write(bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (a, b, c) = (bits >> 96, (bits >> 80) & 0xffff, (bits >> 64) & 0xffff);
    let (d, e) = ((bits >> 48) & 0xffff, bits & 0xffff_ffff_ffff);
    write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
}

/// Declares an id of 128 bits that is written as a UUID.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The id with these 128 bits.
            pub const fn from_u128(bits: u128) -> Self {
                $name(bits)
            }

            /// The 128 bits of the UUID.
            pub const fn as_u128(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse(text).map($name)
            }
        }
    )*};
}

ids! {
    /// The identity of a tracked event.
    EventId;
    /// A browser that was seen before or not.
    VisitorId;
    /// A visit: what a visitor does until a longer rest.
    SessionId;
    /// A web site of a tenant.
    SiteId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_written_as_it_was_read_in_lower_case() {
        let text = "3F2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2d";
        let id: EventId = text.parse().unwrap();
        assert_eq!(id.to_string(), text.to_lowercase());
        assert_eq!(EventId::from_u128(id.as_u128()), id);
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        for text in [
            "",
            "3f2b8c1e5d4a4f6b9c8d7e6f5a4b3c2d",
            "3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2",
            "3f2b8c1e-5d4a-4f6b-9c8d_7e6f5a4b3c2d",
            "3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2g",
            "{3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c}",
            "3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c€",
        ] {
            assert_eq!(text.parse::<EventId>(), Err(ParseIdError), "{text}");
        }
    }
}
