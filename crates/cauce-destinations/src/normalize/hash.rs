//! SHA-256 in lower-case hexadecimal, and values that come hashed already.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Digits of a SHA-256 hash.
const DIGITS: usize = 64;

/// A SHA-256 hash in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; DIGITS]);

impl Hash {
    /// The hash of a text in UTF-8.
    pub fn of(text: &str) -> Hash {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digest = Sha256::digest(text.as_bytes());
        let mut digits = [0; DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        Hash(digits)
    }

    /// The hash that `raw` is already, or else the hash of its normal form.
    pub fn of_normal(raw: &str, normal: impl FnOnce(&str) -> Option<String>) -> Option<Hash> {
        Hash::already(raw).or_else(|| normal(raw).map(|normal| Hash::of(&normal)))
    }

    /// The hash that `raw` is already: never hashed twice. Meta's parameter builder writes a short
    /// mark of its own behind a dot after the digits; the mark is left off.
    pub fn already(raw: &str) -> Option<Hash> {
        let (digits, mark) = raw.trim().split_once('.').unwrap_or((raw.trim(), ""));
        let is_mark = mark.len() <= 8 && mark.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_mark || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut digits: [u8; DIGITS] = digits.as_bytes().try_into().ok()?;
        digits.make_ascii_lowercase();
        Some(Hash(digits))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Whether a value is a hash already.
pub fn is_hash(raw: &str) -> bool {
    Hash::already(raw).is_some()
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
