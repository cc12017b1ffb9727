//! The names of things: one type for each, so that none stands in for another.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::Timestamp;

/// Most bytes in the name of a tenant, queue, account or group.
pub const MAX_NAME_BYTES: usize = 64;

/// Why a text cannot be a name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// Nothing was given.
    #[error("{kind} name is empty")]
    Empty {
        /// What was to be named.
        kind: &'static str,
    },
    /// More than [`MAX_NAME_BYTES`].
    #[error("{kind} name has {len} bytes, more than {MAX_NAME_BYTES}")]
    TooLong {
        /// What was to be named.
        kind: &'static str,
        /// Its length in bytes.
        len: usize,
    },
    /// A character outside `A-Z a-z 0-9 . _ : @ + -`.
    #[error("{kind} name holds {found:?}; use letters, digits and . _ : @ + -")]
    Character {
        /// What was to be named.
        kind: &'static str,
        /// The first character that may not stand there.
        found: char,
    },
}

fn check_name(kind: &'static str, text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { kind });
    }
    if text.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong {
            kind,
            len: text.len(),
        });
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_:@+".contains(c);
    match text.chars().find(|c| !allowed(*c)) {
        Some(found) => Err(NameError::Character { kind, found }),
        None => Ok(()),
    }
}

/// Declares a shared, checked name.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text and takes it as a name.
            pub fn new(text: &str) -> Result<Self, NameError> {
                check_name($kind, text)?;
                Ok($name(Arc::from(text)))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                $name::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $name::new(&text).map_err(de::Error::custom)
            }
        }
    )*};
}

names! {
    /// A customer whose data no other tenant can see.
    TenantId = "tenant";
    /// A durable, named line of jobs: `meta`, `google`, `campaigns`, …
    QueueName = "queue";
    /// A configured destination account: where the jobs of one line go.
    AccountName = "account";
    /// Jobs that belong together: a campaign, say.
    GroupName = "group";
}

/// The identity of a job: a version 7 UUID (RFC 9562) whose low bits hold the store's own number of
/// the job, so that a store finds a job by its id without an index of ids.
///
/// ```text
/// 48 bits        4    12 bits          2    16 bits          46 bits
/// unix_ts_ms     7    instance, high   10   instance, low    number
/// ```
///
/// `instance` is drawn at random when a store is made and keeps the ids of two stores apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u128);

/// Bits of a [`JobId`] that hold the job's number.
const NUMBER_BITS: u32 = 46;
const PREFIX: &str = "job_";
/// Crockford's alphabet (base32 without I, L, O and U), in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Digits of 5 bits that 128 bits need.
const DIGITS: usize = 26;

impl JobId {
    /// The largest number that a job can have.
    pub const MAX_NUMBER: u64 = (1 << NUMBER_BITS) - 1;

    /// The id of job `number` of the store `instance` (28 bits), made at `at`.
    ///
    /// # Panics
    /// When `number` is above [`JobId::MAX_NUMBER`]; at a million jobs a second that takes two years.
    pub fn new(number: u64, instance: u32, at: Timestamp) -> JobId {
        assert!(number <= Self::MAX_NUMBER, "job numbers are used up");
        let ms = u128::from(at.as_millis().clamp(0, (1 << 48) - 1).unsigned_abs());
        let high = u128::from((instance >> 16) & 0xfff);
        let low = u128::from(instance & 0xffff);
        JobId(
            (ms << 80)
                | (0x7 << 76)
                | (high << 64)
                | (0b10 << 62)
                | (low << NUMBER_BITS)
                | u128::from(number),
        )
    }

    /// The store's own number of the job.
    pub fn number(self) -> u64 {
        // The mask keeps 46 bits, so the cast cannot lose any.
        (self.0 & u128::from(Self::MAX_NUMBER)) as u64
    }

    /// The store that made the id: the 28 bits that keep the ids of two stores apart.
    pub fn instance(self) -> u32 {
        // Masks of 12 and 16 bits, so neither cast can lose any.
        let high = (self.0 >> 64) as u32 & 0xfff;
        let low = (self.0 >> NUMBER_BITS) as u32 & 0xffff;
        (high << 16) | low
    }

    /// When the job was taken: the time in its UUID.
    pub fn taken_at(self) -> Timestamp {
        // 48 bits always fit.
        Timestamp::from_millis((self.0 >> 80) as i64)
    }

    /// The 128 bits of the UUID.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// The id with these 128 bits.
    pub const fn from_u128(bits: u128) -> JobId {
        JobId(bits)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0u8; DIGITS];
        for (place, digit) in digits.iter_mut().rev().enumerate() {
            *digit = ALPHABET[(self.0 >> (5 * place)) as usize & 31];
        }
        f.write_str(PREFIX)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a job id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a job id; one looks like job_01jd8x3k2v7w9y4z6a5b3c2d1e")]
pub struct ParseJobIdError(String);

impl FromStr for JobId {
    type Err = ParseJobIdError;
    fn from_str(text: &str) -> Result<Self, ParseJobIdError> {
        let fault = || ParseJobIdError(text.chars().take(MAX_NAME_BYTES).collect());
        let digits = text.strip_prefix(PREFIX).ok_or_else(fault)?;
        if digits.len() != DIGITS || digits.as_bytes()[0] > b'7' {
            return Err(fault());
        }
        let mut bits = 0u128;
        for byte in digits.bytes() {
            let digit = ALPHABET
                .iter()
                .position(|known| *known == byte)
                .ok_or_else(fault)?;
            bits = (bits << 5) | digit as u128;
        }
        Ok(JobId(bits))
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
