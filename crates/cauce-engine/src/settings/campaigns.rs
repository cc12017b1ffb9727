//! What the campaigns part is told.

use std::time::Duration;

use cauce_flow::campaign::{failing::Rule, late};

/// The campaigns part.
#[derive(Clone, Debug)]
pub struct Campaigns {
    /// Campaigns of one sender that are sent at the same time; further ones wait.
    pub max_running: usize,
    /// How often making a piece of a campaign is tried again.
    pub retries: u32,
    /// The pause before that; each further one is twice as long.
    pub retry_delay: Duration,
    /// What becomes of a scheduled campaign whose time has passed, where it does not say itself.
    pub late: late::Policy,
    /// A start that is later than this has missed its time.
    pub late_after: Duration,
    /// The time zone of contacts of which none is known, where the campaign names none.
    pub time_zone: String,
    /// When a campaign is held because too much of it fails.
    pub hold: Rule,
}

impl Default for Campaigns {
    fn default() -> Campaigns {
        Campaigns {
            max_running: 10,
            retries: 3,
            retry_delay: Duration::from_secs(1),
            late: late::Policy::Send,
            late_after: Duration::from_secs(60),
            time_zone: "UTC".to_owned(),
            hold: Rule::default(),
        }
    }
}
