//! Sums that stand together: those of one series in one block of time, packed into one row.
//!
//! An event changes a score of sums of the same moment, and a question reads many that follow each
//! other. A row for each of them would cost more than what is in it; packed, one takes two to four
//! bytes, as each is written by how it differs from the one before.
//!
//! ```text
//! part << 1 | moved [, measure, start], sum      each as the difference from the one before
//! ```

use std::cmp::Ordering;

use super::packed::{folded, put, put_signed, take, take_signed, unfolded};

/// Which sum of a pack: of what measure, from which minute on, of which part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) measure: i64,
    pub(super) start: i64,
    pub(super) part: i64,
}

/// The sums of a pack, in their order.
#[derive(Clone, Debug)]
pub(super) struct Pack<'a> {
    bytes: &'a [u8],
    last: At,
}

impl<'a> Pack<'a> {
    pub(super) const fn of(bytes: &'a [u8]) -> Pack<'a> {
        Pack {
            bytes,
            last: At {
                measure: 0,
                start: 0,
                part: 0,
            },
        }
    }
}

impl Iterator for Pack<'_> {
    type Item = (At, i64);

    fn next(&mut self) -> Option<(At, i64)> {
        let head = take(&mut self.bytes)?;
        if head & 1 == 1 {
            let (measure, start) = (take_signed(&mut self.bytes)?, take_signed(&mut self.bytes)?);
            // Bytes that were never packed come to some number, too.
            self.last.measure = self.last.measure.wrapping_add(measure);
            self.last.start = self.last.start.wrapping_add(start);
            self.last.part = 0;
        }
        self.last.part = self.last.part.wrapping_add(unfolded(head >> 1));
        Some((self.last, take_signed(&mut self.bytes)?))
    }
}

/// Packs sums, which are in their order.
pub(super) fn pack(sums: &[(At, i64)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(sums.len() * 3);
    let mut last = At::default();
    for (at, sum) in sums {
        let moved = (at.measure, at.start) != (last.measure, last.start);
        let from = if moved { 0 } else { last.part };
        put(&mut bytes, folded(at.part - from) << 1 | u64::from(moved));
        if moved {
            put_signed(&mut bytes, at.measure - last.measure);
            put_signed(&mut bytes, at.start - last.start);
        }
        put_signed(&mut bytes, *sum);
        last = *at;
    }
    bytes
}

/// Two runs of sums as one, both in their order; what comes to nothing is left out.
pub(super) fn merged<K: Ord + Copy>(
    one: impl Iterator<Item = (K, i64)>,
    other: impl Iterator<Item = (K, i64)>,
) -> Vec<(K, i64)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    let mut all = Vec::with_capacity(one.size_hint().0.max(other.size_hint().0));
    loop {
        let order = match (one.peek(), other.peek()) {
            (Some((one, _)), Some((other, _))) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return all,
        };
        let first = if order.is_le() { one.next() } else { None };
        let second = if order.is_ge() { other.next() } else { None };
        let sum = |found: Option<(K, i64)>| found.map_or(0, |(_, sum)| sum);
        let whole = sum(first).saturating_add(sum(second));
        if let Some((key, _)) = first.or(second).filter(|_| whole != 0) {
            all.push((key, whole));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn sums() -> impl Strategy<Value = BTreeMap<At, i64>> {
        let at = (1i64..70, -3i64..40_000_000, -1i64..300_000);
        let at = at.prop_map(|(measure, start, part)| At {
            measure,
            start,
            part,
        });
        // Few moments and parts, too, so that many sums share one.
        let near = (1i64..4, 0i64..3, -1i64..9).prop_map(|(measure, start, part)| At {
            measure,
            start,
            part,
        });
        let sum = prop_oneof![-9i64..9, any::<i64>()];
        prop::collection::btree_map(prop_oneof![at, near], sum, 0..60)
    }

    fn list(sums: &BTreeMap<At, i64>) -> Vec<(At, i64)> {
        sums.iter().map(|(at, sum)| (*at, *sum)).collect()
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(sums in sums()) {
            let packed = pack(&list(&sums));
            prop_assert_eq!(Pack::of(&packed).collect::<Vec<_>>(), list(&sums));
        }

        #[test]
        fn sums_add_up_and_what_is_nothing_goes(one in sums(), other in sums()) {
            let mut plain = one.clone();
            for (at, sum) in &other {
                let whole = plain.entry(*at).or_default();
                *whole = whole.saturating_add(*sum);
            }
            plain.retain(|_, sum| *sum != 0);
            let found = merged(list(&one).into_iter(), list(&other).into_iter());
            prop_assert_eq!(found, list(&plain));
        }

        #[test]
        fn bytes_of_no_pack_end_it(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert!(Pack::of(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_class_of_durations_takes_two_bytes() {
        let class = |part| At {
            measure: 60,
            start: 29_000_000,
            part,
        };
        let sums: Vec<_> = (400..1_000).map(|part| (class(part), 3)).collect();
        assert!(pack(&sums).len() < 2 * sums.len() + 10);
    }
}
