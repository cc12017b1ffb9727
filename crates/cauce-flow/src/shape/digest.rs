//! Tables whose keys are digests already.
//!
//! Such a key is as good as a hash, so that it is taken as one. The caller's digests are keyed with
//! a secret; without it, nobody can choose events that fall on each other.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A table by digest.
pub(super) type DigestMap<K, V> = HashMap<K, V, BuildHasherDefault<AsItIs>>;

/// Takes the low 64 bits of a key as its hash.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write_u128(&mut self, key: u128) {
        // The low half, on purpose: runs are sorted by the high one.
        self.0 = key as u64;
    }
}
