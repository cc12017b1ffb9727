//! Which of several messages a person gets: by weight, and always the same one.
//!
//! The choice is a hash of the campaign and the person, so that it needs no memory: asked again after
//! a crash, it is the same.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Most variants of one campaign.
pub const MAX_VARIANTS: usize = 20;
/// The largest weight.
pub const MAX_WEIGHT: u32 = 1_000_000;

/// The weights of the variants of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// The sum of the weights up to and with each variant.
    ends: Vec<u64>,
}

/// Why weights cannot be chosen by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There are none, or too many.
    #[error("{found} variants; hint: give 1 to {MAX_VARIANTS}")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// A weight out of bounds.
    #[error("variant {index} has the weight {found}; hint: use 0 to {MAX_WEIGHT}")]
    Weight {
        /// Its place, from 0.
        index: usize,
        /// Its weight.
        found: u64,
    },
    /// No variant would ever be chosen.
    #[error("all weights are 0; hint: give one variant more than that")]
    AllZero,
}

impl Weights {
    /// Checks weights.
    pub fn new(weights: &[u64]) -> Result<Weights, Fault> {
        let found = weights.len();
        if found == 0 || found > MAX_VARIANTS {
            return Err(Fault::Count { found });
        }
        let (mut ends, mut sum) = (Vec::with_capacity(found), 0);
        for (index, weight) in weights.iter().enumerate() {
            if *weight > u64::from(MAX_WEIGHT) {
                return Err(Fault::Weight {
                    index,
                    found: *weight,
                });
            }
            sum += weight;
            ends.push(sum);
        }
        match sum {
            0 => Err(Fault::AllZero),
            _ => Ok(Weights { ends }),
        }
    }

    /// The variant of a person in a campaign.
    pub fn choose(&self, campaign: &str, person: &str) -> usize {
        let hash = xxh3_64_with_seed(person.as_bytes(), xxh3_64_with_seed(campaign.as_bytes(), 0));
        let sum = self.ends.last().copied().unwrap_or(1);
        // The high half of the product spreads a hash evenly over 0..sum.
        let place = ((u128::from(hash) * u128::from(sum)) >> 64) as u64;
        self.ends.partition_point(|end| *end <= place)
    }
}

#[cfg(test)]
mod tests;
