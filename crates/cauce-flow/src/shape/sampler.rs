//! Keeps a share of the events of a kind, always the same ones.

/// How events of one kind are sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What share is kept, 0 to 100.
    pub sampling_rate: f64,
    /// Keeps all, whatever the rate.
    pub always_keep: bool,
}
