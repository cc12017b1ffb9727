//! The idempotency keys of the last 24 hours.
//!
//! A key is kept as a 128-bit hash of tenant and key. Keys stand in 24 generations by the time they
//! came, so that forgetting them is dropping a map.

use std::collections::{BTreeMap, HashMap};

use xxhash_rust::xxh3::Xxh3;

const GENERATIONS: i64 = 24;

pub(super) struct Keys {
    span_ms: i64,
    /// The time that one generation covers.
    width_ms: i64,
    generations: BTreeMap<i64, HashMap<u128, Known>>,
}

/// The first job with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) number: u64,
    pub(super) enqueued_at: i64,
}

/// The hash of a tenant's key. Never 0, which stands for "no key".
pub(super) fn hash(tenant: &str, key: &str) -> u128 {
    let mut hasher = Xxh3::new();
    hasher.update(tenant.as_bytes());
    hasher.update(&[0]);
    hasher.update(key.as_bytes());
    hasher.digest128().max(1)
}

impl Keys {
    /// Keys are known for `span_ms`, and take memory for a generation longer at most.
    pub(super) fn new(span_ms: i64) -> Keys {
        let span_ms = span_ms.max(GENERATIONS);
        Keys {
            span_ms,
            width_ms: span_ms / GENERATIONS,
            generations: BTreeMap::new(),
        }
    }

    /// Keys are known for another time from here on; what was forgotten stays so.
    pub(super) fn keep_for(&mut self, span_ms: i64) {
        self.span_ms = span_ms.max(GENERATIONS);
    }

    fn generation(&self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.width_ms)
    }

    /// Takes the key of a job that came at `at_ms`.
    pub(super) fn insert(&mut self, hash: u128, number: u64, at_ms: i64) {
        let generation = self.generation(at_ms);
        self.generations.entry(generation).or_default().insert(
            hash,
            Known {
                number,
                enqueued_at: at_ms,
            },
        );
    }

    /// The first job with this key, if it came within the span.
    pub(super) fn find(&self, hash: u128, now_ms: i64) -> Option<Known> {
        let oldest = self.generation(now_ms - self.span_ms);
        let fresh = |known: &Known| known.enqueued_at >= now_ms - self.span_ms;
        self.generations
            .range(oldest..)
            .find_map(|(_, keys)| keys.get(&hash).copied().filter(fresh))
    }

    /// Whether a key that came at `at_ms` still counts.
    pub(super) fn is_fresh(&self, at_ms: i64, now_ms: i64) -> bool {
        at_ms >= now_ms - self.span_ms
    }

    /// Forgets what is too old.
    pub(super) fn prune(&mut self, now_ms: i64) {
        let oldest = self.generation(now_ms - self.span_ms);
        while let Some(first) = self.generations.first_entry().filter(|e| *e.key() < oldest) {
            first.remove();
        }
    }

    /// How many keys are known.
    pub(super) fn len(&self) -> usize {
        self.generations.values().map(HashMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600_000;

    #[test]
    fn a_key_is_known_for_its_span_and_then_forgotten() {
        let mut keys = Keys::new(DAY);
        let key = hash("acme", "order-1");
        keys.insert(key, 7, 1_000);
        assert_eq!(
            keys.find(key, 1_000 + DAY),
            Some(Known {
                number: 7,
                enqueued_at: 1_000
            })
        );
        assert_eq!(keys.find(hash("other", "order-1"), 1_000), None);
        assert_eq!(keys.find(key, 1_001 + DAY), None);
        keys.insert(key, 8, 1_001 + DAY);
        assert_eq!(keys.find(key, 1_002 + DAY).map(|k| k.number), Some(8));
        keys.prune(1_000 + DAY + DAY / 12);
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn keys_that_are_known_follow_another_span() {
        let mut keys = Keys::new(DAY);
        let key = hash("acme", "order-1");
        keys.insert(key, 7, 1_000);
        keys.keep_for(3 * DAY);
        keys.prune(1_000 + 2 * DAY);
        assert_eq!(keys.find(key, 1_000 + 3 * DAY).map(|k| k.number), Some(7));
        keys.keep_for(DAY / 2);
        assert_eq!(keys.find(key, 1_000 + DAY), None);
    }
}
