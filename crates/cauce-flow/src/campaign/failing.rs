//! When a campaign has to stop by itself because too much of it fails.
//!
//! What counts is what was sent since a person last let it run, so that a resumed campaign is not
//! stopped for what is past. It is held only where the true share is above the limit beyond
//! reasonable doubt: the lower end of the interval of [`super::rate`], so that three failures of three
//! stop nobody.

use super::rate;

/// When to hold a campaign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The share of failures that is too high; 1 holds nothing.
    pub max_rate: f64,
    /// Not before so many have been sent.
    pub min_sent: u64,
}

impl Default for Rule {
    fn default() -> Rule {
        Rule {
            max_rate: 0.3,
            min_sent: 100,
        }
    }
}

/// Successes and failures of a campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// What the provider took.
    pub sent: u64,
    /// What failed for good.
    pub failed: u64,
    /// Of that, what failed for a reason that all others would fail for too: the provider has paused
    /// the template, say.
    pub barred: u64,
    /// How often the provider has restricted its sender, for spam or low quality, say.
    pub restricted: u64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It goes on.
    GoOn,
    /// It is held: so much of it fails.
    Hold {
        /// The share of failures.
        rate: f64,
    },
    /// It is held: the rest would fail as well.
    Barred,
    /// It is held: the provider restricts its sender, and would more if it went on.
    Restricted,
}

impl Rule {
    /// Judges a campaign by what happened since it was last let run, with what there was by then.
    pub fn judge(&self, all: Outcomes, before: Outcomes) -> Verdict {
        if all.barred > before.barred {
            return Verdict::Barred;
        }
        if all.restricted > before.restricted {
            return Verdict::Restricted;
        }
        let sent = all.sent.saturating_sub(before.sent);
        let failed = all.failed.saturating_sub(before.failed);
        let ended = sent + failed;
        if ended < self.min_sent.max(1) {
            return Verdict::GoOn;
        }
        match rate::share(failed, ended) {
            Some(share) if share.low > self.max_rate => Verdict::Hold { rate: share.value },
            _ => Verdict::GoOn,
        }
    }
}

#[cfg(test)]
mod tests;
