//! How many different ones there are in several sets: exact as far as sets are exact, by sketches
//! where they are too many.

use super::missed::Missed;
use crate::{
    rollup::{MAX_EXACT, Section, Sketch},
    store::Uniques,
};

/// A set of which only the sketch is in memory.
pub(super) struct Heavy {
    /// Which of the sources has it.
    pub(super) source: usize,
    /// Where its hashes are.
    pub(super) section: Section,
    pub(super) site: u128,
    pub(super) bucket: i64,
    pub(super) sketch: Vec<u8>,
}

/// The sets so far.
#[derive(Default)]
pub(super) struct Union {
    /// Hashes, some perhaps more than once.
    loose: Vec<u64>,
    heavy: Vec<Heavy>,
    /// What `loose` was, since it is known that there are too many.
    many: Option<Sketch>,
}

/// Estimates that are larger than this leave no doubt: it is twelve standard errors above the limit.
const FAR_TOO_MANY: f64 = 1.1 * MAX_EXACT as f64;

impl Union {
    pub(super) fn add(&mut self, hashes: &[u64]) {
        match &mut self.many {
            Some(sketch) => sketch.add(hashes),
            None => {
                self.loose.extend_from_slice(hashes);
                if self.loose.len() > 4 * MAX_EXACT {
                    self.settle();
                }
            }
        }
    }

    pub(super) fn add_heavy(&mut self, heavy: Heavy) {
        self.heavy.push(heavy);
    }

    /// Takes in a set of which there is no more than a sketch; none where it is none.
    pub(super) fn add_sketch(&mut self, sketch: &[u8]) -> Option<()> {
        self.give_up().merge(sketch)
    }

    fn give_up(&mut self) -> &mut Sketch {
        let loose = std::mem::take(&mut self.loose);
        self.many.get_or_insert_with(|| {
            let mut sketch = Sketch::new();
            sketch.add(&loose);
            sketch
        })
    }

    fn settle(&mut self) {
        // They are runs in order, one for each set, which this kind of sort merges.
        self.loose.sort();
        self.loose.dedup();
        if self.loose.len() > MAX_EXACT {
            self.give_up();
        }
    }

    /// Counts. `hashes` reads those of a heavy set.
    pub(super) fn finish(
        mut self,
        hashes: impl Fn(&Heavy) -> Result<Vec<u64>, Missed>,
    ) -> Result<Uniques, Missed> {
        if self.many.is_none() {
            self.settle();
        }
        let heavy = std::mem::take(&mut self.heavy);
        if !heavy.is_empty() || self.many.is_some() {
            let all = self.sketch(&heavy)?;
            if self.many.is_some() || all.estimate() > FAR_TOO_MANY {
                return Ok(estimated(&all));
            }
        }
        for heavy in heavy {
            self.add(&hashes(&heavy)?);
        }
        if self.many.is_none() {
            self.settle();
        }
        Ok(self.many.as_ref().map_or_else(
            || Uniques {
                count: self.loose.len() as u64,
                error: None,
            },
            estimated,
        ))
    }

    /// A sketch of everything.
    fn sketch(&self, heavy: &[Heavy]) -> Result<Sketch, Missed> {
        let mut sketch = match &self.many {
            Some(sketch) => sketch.clone(),
            None => {
                let mut sketch = Sketch::new();
                sketch.add(&self.loose);
                sketch
            }
        };
        for heavy in heavy {
            let merged = sketch.merge(&heavy.sketch);
            merged.ok_or_else(|| Missed::damaged(heavy.source))?;
        }
        Ok(sketch)
    }
}

fn estimated(sketch: &Sketch) -> Uniques {
    Uniques {
        count: sketch.estimate().round() as u64,
        error: Some(sketch.error()),
    }
}
