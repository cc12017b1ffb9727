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

fn parse(text: &str) -> Result<u128, ParseIdError> {
    let bytes = text.as_bytes();
    if bytes.len() != TEXT_BYTES {
        return Err(ParseIdError);
    }
    let mut bits = 0u128;
    for (place, byte) in bytes.iter().enumerate() {
        if HYPHENS.contains(&place) {
            if *byte != b'-' {
                return Err(ParseIdError);
            }
            continue;
        }
        let digit = char::from(*byte).to_digit(16).ok_or(ParseIdError)?;
        bits = (bits << 4) | u128::from(digit);
    }
    Ok(bits)
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
