//! How many different ones: exact by their hashes up to [`MAX_EXACT`], above that by a HyperLogLog
//! sketch of the Apache DataSketches library.

use datasketches::{
    common::NumStdDev,
    hll::{HllSketch, HllType, HllUnion},
};
use xxhash_rust::xxh3::xxh3_64;

use crate::coding::{Bytes, put_bytes, put_number};

/// Most different ones that are counted exactly.
pub(crate) const MAX_EXACT: usize = 100_000;
/// Most hashes that stand where they are always read. Of more, there is a sketch that is read in
/// their place where the sum is large anyway.
const MAX_INLINE: usize = 4_096;
/// 2^14 registers: a standard error of 0.8 %, in 8 KB.
const LG_REGISTERS: u8 = 14;

/// What stands for an id. Two of 100,000 ids share a hash once in four billion times.
pub(crate) fn hash(id: u128) -> u64 {
    xxh3_64(&id.to_le_bytes())
}

/// An estimate of how many different ones there are.
#[derive(Clone)]
pub(crate) struct Sketch(HllUnion);

impl Sketch {
    pub(crate) fn new() -> Sketch {
        Sketch(HllUnion::new(LG_REGISTERS).expect("14 is between 4 and 21"))
    }

    pub(crate) fn add(&mut self, hashes: &[u64]) {
        for hash in hashes {
            self.0.update_value(*hash);
        }
    }

    /// Takes in another one as it was written; none where it is none.
    pub(crate) fn merge(&mut self, written: &[u8]) -> Option<()> {
        self.0.update(&HllSketch::deserialize(written).ok()?);
        Some(())
    }

    pub(crate) fn estimate(&self) -> f64 {
        self.0.estimate()
    }

    /// The relative standard error of the estimate, as the library states it.
    pub(crate) fn error(&self) -> f64 {
        let estimate = self.0.estimate().max(1.0);
        (self.0.upper_bound(NumStdDev::One) - estimate) / estimate
    }

    fn write(&self) -> Vec<u8> {
        self.0.to_sketch(HllType::Hll4).serialize()
    }
}

/// Collects hashes of a stretch of time.
pub(super) enum Set {
    /// All of them; once or more each, until they are sorted.
    Exact(Vec<u64>),
    Sketch(Box<Sketch>),
}

impl Set {
    pub(super) fn new() -> Set {
        Set::Exact(Vec::new())
    }

    pub(super) fn push(&mut self, hash: u64) {
        match self {
            Set::Exact(hashes) => {
                hashes.push(hash);
                if hashes.len() > 2 * MAX_EXACT {
                    self.settle();
                }
            }
            Set::Sketch(sketch) => sketch.add(&[hash]),
        }
    }

    /// Sorts the hashes, each once. Goes over to a sketch where they are too many.
    pub(super) fn settle(&mut self) {
        let Set::Exact(hashes) = self else { return };
        // They are runs in order, one for each set, which this kind of sort merges.
        hashes.sort();
        hashes.dedup();
        if hashes.len() > MAX_EXACT {
            let mut sketch = Box::new(Sketch::new());
            sketch.add(hashes);
            *self = Set::Sketch(sketch);
        }
    }

    /// Takes in those of a shorter stretch.
    pub(super) fn absorb(&mut self, other: &Set) {
        match (&mut *self, other) {
            (Set::Exact(hashes), Set::Exact(more)) => {
                hashes.extend_from_slice(more);
                if hashes.len() > 2 * MAX_EXACT {
                    self.settle();
                }
            }
            (Set::Sketch(sketch), Set::Exact(more)) => sketch.add(more),
            (Set::Sketch(sketch), Set::Sketch(other)) => sketch.union(other),
            (Set::Exact(hashes), Set::Sketch(other)) => {
                let mut sketch = other.clone();
                sketch.add(hashes);
                *self = Set::Sketch(sketch);
            }
        }
    }

    /// Writes the entry, and the one with the hashes where they do not fit into it. The set is
    /// settled.
    pub(super) fn write(&self, out: &mut Vec<u8>, hashes_out: &mut Vec<u8>) {
        let (count, sketch) = match self {
            Set::Exact(hashes) if hashes.len() <= MAX_INLINE => {
                out.push(INLINE);
                put_number(hashes.len() as u64, out);
                return put_hashes(hashes, out);
            }
            Set::Exact(hashes) => {
                put_hashes(hashes, hashes_out);
                let mut sketch = Sketch::new();
                sketch.add(hashes);
                (hashes.len(), sketch.write())
            }
            Set::Sketch(sketch) => (0, sketch.write()),
        };
        out.push(SKETCHED);
        put_number(count as u64, out);
        put_bytes(&sketch, out);
    }
}

impl Sketch {
    fn union(&mut self, other: &Sketch) {
        self.0.update(&other.0.to_sketch(HllType::Hll8));
    }
}

const INLINE: u8 = 0;
const SKETCHED: u8 = 1;

fn put_hashes(hashes: &[u64], out: &mut Vec<u8>) {
    out.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
}

/// An entry of visitors or sessions.
pub(crate) enum Uniques<'a> {
    /// Their hashes.
    Here(Vec<u64>),
    /// Their sketch; the hashes stand in a section of their own.
    Elsewhere(&'a [u8]),
    /// Their sketch; they are more than [`MAX_EXACT`].
    Many(&'a [u8]),
}

impl<'a> Uniques<'a> {
    pub(crate) fn read(bytes: &mut Bytes<'a>) -> Option<Uniques<'a>> {
        let kind = bytes.byte()?;
        let count = usize::try_from(bytes.number()?).ok()?;
        match (kind, count) {
            (INLINE, _) => read_hashes(bytes, count).map(Uniques::Here),
            (SKETCHED, 0) => bytes.bytes().map(Uniques::Many),
            (SKETCHED, _) => bytes.bytes().map(Uniques::Elsewhere),
            _ => None,
        }
    }
}

/// An entry of hashes.
pub(crate) fn all_hashes(mut bytes: Bytes<'_>) -> Option<Vec<u64>> {
    let count = bytes.0.len() / 8;
    read_hashes(&mut bytes, count)
}

fn read_hashes(bytes: &mut Bytes<'_>, count: usize) -> Option<Vec<u64>> {
    let taken = bytes.take(count.checked_mul(8)?)?;
    let (hashes, _) = taken.as_chunks::<8>();
    Some(
        hashes
            .iter()
            .map(|hash| u64::from_le_bytes(*hash))
            .collect(),
    )
}
