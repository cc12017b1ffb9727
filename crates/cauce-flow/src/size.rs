//! Numbers of bytes, as people read them.

use std::fmt;

const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];

/// A number of bytes, written in the units in which settings are: `64 MiB`, `9.2 GiB`, `512 bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size(bytes) = *self;
        if bytes < 1_024 {
            return write!(f, "{bytes} bytes");
        }
        let (mut tenths, mut unit) = (tenths_of(bytes), 0);
        while tenths >= 10_240 && unit + 1 < UNITS.len() {
            tenths /= 1_024;
            unit += 1;
        }
        // Cut and never rounded up: what is said to be free is free.
        match tenths % 10 {
            0 => write!(f, "{} {}", tenths / 10, UNITS[unit]),
            tenth => write!(f, "{}.{tenth} {}", tenths / 10, UNITS[unit]),
        }
    }
}

/// Tenths of a KiB.
fn tenths_of(bytes: u64) -> u128 {
    u128::from(bytes) * 10 / 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_their_largest_unit() {
        for (bytes, written) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_024, "1 KiB"),
            (1_024 * 1_024 - 1, "1023.9 KiB"),
            (64 << 20, "64 MiB"),
            (9_866_731_520, "9.1 GiB"),
            (3 << 40, "3 TiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), written);
        }
    }
}
