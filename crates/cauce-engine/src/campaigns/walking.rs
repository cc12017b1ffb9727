//! Whether audiences are being walked, for whoever can do its own work later.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many audiences are being walked. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Walking(Arc<AtomicUsize>);

/// A walk, until it is dropped.
pub(crate) struct Walk(Arc<AtomicUsize>);

impl Walking {
    /// A walk begins.
    pub(crate) fn begin(&self) -> Walk {
        self.0.fetch_add(1, Ordering::Relaxed);
        Walk(Arc::clone(&self.0))
    }

    /// Whether there is one.
    pub(crate) fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_are_there_until_the_last_is_over() {
        let walking = Walking::default();
        let (one, two) = (walking.begin(), walking.clone().begin());
        drop(one);
        assert!(walking.is_any());
        drop(two);
        assert!(!walking.is_any());
    }
}
