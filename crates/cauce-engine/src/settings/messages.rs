//! The messages part.

use std::{collections::BTreeSet, time::Duration};

/// The messages part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    /// What became of a message can be looked at for so long after its end.
    pub kept_for: Duration,
    /// Messages of one batch, in the figures of a campaign.
    pub batch_size: u64,
    /// The words by which people opt out and in again.
    pub words: Words,
}

/// The words by which people opt out and in again, as they write them. Case, accents and signs make
/// no difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// No more campaigns.
    pub out: BTreeSet<String>,
    /// Campaigns again.
    pub again: BTreeSet<String>,
}

impl Default for Messages {
    fn default() -> Messages {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Messages {
            kept_for: Duration::from_secs(7 * 24 * 3600),
            batch_size: 500,
            words: Words {
                out: words(&["STOP", "BAJA", "CANCELAR", "UNSUBSCRIBE"]),
                again: words(&["START", "ALTA"]),
            },
        }
    }
}
