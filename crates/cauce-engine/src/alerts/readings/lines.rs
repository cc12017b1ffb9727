//! How accounts and their lines do.

use std::time::Duration;

use cauce_destinations::destination::CredentialState;
use cauce_observe::alert::{Rule, Subject, Thing};
use cauce_store::jobs::Gate;
use tokio::time::{Instant, timeout_at};

use super::{Reading, Readings, Sight};
use crate::{
    inner::Inner,
    settings::{Account, alert_queue},
    status::{GateStatus, LineStatus, TokenStatus},
};

/// The code by which a backend without a route is known.
const ROUTE_MISSING: &str = "backend_route_missing";
/// A line that does not say within this what holds it back is stuck.
const SAYS_WHY_WITHIN: Duration = Duration::from_secs(2);
/// Gates that hold a line back for a reason that somebody knows of.
const KNOWN_GATES: [&str; 7] = [
    "paused",
    "credentials",
    "disconnected",
    "held",
    "breaker",
    "rate",
    "batch",
];

impl Sight<'_> {
    /// The lines that alerts look at.
    pub(in super::super) fn lines(inner: &Inner) -> Vec<(Account, LineStatus)> {
        let told = alert_queue();
        let accounts = inner.lines.accounts().into_iter();
        let own = accounts.filter(|account| account.queue != told);
        own.filter_map(|account| {
            let status = inner.lines.status(&account.name)?;
            Some((account, status))
        })
        .collect()
    }

    /// What a rule finds of each line that it looks at.
    fn of_lines(
        &self,
        rule: &Rule,
        look: impl Fn(&Account, &LineStatus) -> Option<Reading>,
    ) -> Readings {
        let found = self.wanted(rule).filter_map(|(account, line)| {
            let reading = look(account, line)?;
            Some((subject_of(account), reading))
        });
        Readings::all(found.collect())
    }

    fn wanted(&self, rule: &Rule) -> impl Iterator<Item = &(Account, LineStatus)> {
        let all = self.lines.iter();
        all.filter(move |(account, _)| rule.wants(&account.queue))
    }

    pub(super) fn breakers(&self, rule: &Rule) -> Readings {
        self.of_lines(rule, |_, line| {
            let detail = line.last_error.clone().unwrap_or_default();
            Some(Reading::state(line.breaker != "closed", detail))
        })
    }

    /// How long requests take. So soon after a start that not all of the stretch is known, too few
    /// requests say nothing.
    pub(super) fn times(&self, rule: &Rule) -> Readings {
        let counts = self.windows.counts_since(rule.within, self.now);
        self.of_lines(rule, |account, _| {
            let [requests, ms] = self.windows.requests(&account.name, rule.within, self.now);
            match requests >= rule.min_volume.max(1) {
                true => {
                    let mean = ms as f64 / requests as f64 / 1_000.0;
                    Some(Reading::of(mean, String::new()))
                }
                false => (!counts).then(Reading::not_known),
            }
        })
    }

    /// For how long the oldest job has been due. A paused queue waits on purpose, and so does a
    /// campaign in the queue of its provider: rules look at those only by their names.
    pub(super) fn oldest(&self, rule: &Rule) -> Readings {
        self.of_lines(rule, |account, line| {
            let waits_long = rule.queues.is_empty() && account.provider().is_some();
            if waits_long || self.is_paused(account) {
                return None;
            }
            let oldest = self.inner.jobs.backlog(&account.line()).oldest_at?;
            let detail = line.last_error.clone().unwrap_or_default();
            let age = self.now.since(oldest).as_secs_f64();
            Some(Reading::of(age, detail))
        })
    }

    pub(super) fn bad_tokens(&self, rule: &Rule) -> Readings {
        self.of_lines(rule, |account, line| {
            let found = self.inner.tokens.of(account);
            Some(match found.state {
                CredentialState::Invalid
                | CredentialState::Expired
                | CredentialState::Disconnected => Reading::state(true, found.detail),
                CredentialState::Valid | CredentialState::ExpiresSoon => {
                    Reading::state(false, found.detail)
                }
                CredentialState::Unknown if has_delivered(line, &found) => {
                    Reading::state(false, found.detail)
                }
                CredentialState::Unknown => Reading::not_known(),
            })
        })
    }

    pub(super) fn old_tokens(&self, rule: &Rule) -> Readings {
        self.of_lines(rule, |account, _| {
            let found = self.inner.tokens.of(account);
            if found.state == CredentialState::Unknown {
                return Some(Reading::not_known());
            }
            let soon = found.state == CredentialState::ExpiresSoon;
            let detail = match found.expires_at {
                Some(at) => format!("{}; it ends {at}", found.detail),
                None => found.detail,
            };
            Some(Reading::state(soon, detail))
        })
    }

    /// Whether the newest request met no route. Only one that goes well tells that there is one.
    pub(super) fn routes(&self, rule: &Rule) -> Readings {
        self.of_lines(rule, |_, line| {
            Some(match line.failing.as_deref() {
                Some(ROUTE_MISSING) => {
                    Reading::state(true, line.last_error.clone().unwrap_or_default())
                }
                None if line.requests > 0 => Reading::state(false, String::new()),
                Some(_) | None => Reading::not_known(),
            })
        })
    }

    /// For how long lines have sent nothing although jobs wait and nothing holds them back. All that
    /// may be stuck are asked before the first one answers.
    pub(super) async fn stalled(&self, rule: &Rule) -> Readings {
        let waiting = self.wanted(rule).filter_map(|(account, line)| {
            let waited = self.waited(account, line)?;
            if waited <= rule.below.max(1.0) {
                return None;
            }
            let asked = self.inner.lines.ask_why(&account.line())?;
            Some((account, waited, asked))
        });
        let waiting: Vec<_> = waiting.collect();
        let patience = Instant::now() + SAYS_WHY_WITHIN;
        let mut found = Vec::new();
        for (account, waited, asked) in waiting {
            let detail = match timeout_at(patience, asked).await {
                Err(_) => Some("its loop does not answer".to_owned()),
                Ok(gates) => unexplained(&gates.unwrap_or_default()),
            };
            found.extend(detail.map(|detail| (subject_of(account), Reading::of(waited, detail))));
        }
        Readings::all(found.into_iter().collect())
    }

    /// For how many seconds a line has sent nothing although it has something to send.
    fn waited(&self, account: &Account, line: &LineStatus) -> Option<f64> {
        if self.is_paused(account) {
            return None;
        }
        let oldest = self.inner.jobs.backlog(&account.line()).oldest_at?;
        let since = line.last_batch_at.map_or(oldest, |last| last.max(oldest));
        let patience = account.policy.batch.max_wait;
        let waited = self.now.since(since).saturating_sub(patience);
        Some(waited.as_secs_f64())
    }

    fn is_paused(&self, account: &Account) -> bool {
        let gate = self.inner.jobs.gate(&account.queue, Some(&account.tenant));
        gate == Gate::Paused
    }
}

/// Whether something was delivered since an account was checked in vain. Where a platform offers no
/// check, or does not answer it, that is what tells that the credentials work.
fn has_delivered(line: &LineStatus, found: &TokenStatus) -> bool {
    let checked = found.checked_at;
    let later = |at| checked.is_none_or(|checked| checked < at);
    line.failing.is_none() && line.last_batch_at.is_some_and(later)
}

/// What is known of a line that sends nothing, unless a gate explains it.
fn unexplained(gates: &[GateStatus]) -> Option<String> {
    if gates.iter().any(|gate| KNOWN_GATES.contains(&gate.name)) {
        return None;
    }
    let details = gates.iter().map(|gate| gate.detail.as_str());
    Some(details.collect::<Vec<_>>().join("; "))
}

fn subject_of(account: &Account) -> Subject {
    Subject {
        tenant: Some(account.tenant.clone()),
        thing: Thing::Account(account.name.to_string()),
    }
}
