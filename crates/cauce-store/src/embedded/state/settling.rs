//! Ending leases: what a settlement becomes in the log.

use std::collections::{BTreeMap, HashSet};

use cauce_flow::{
    id::JobId,
    job::State as JobState,
    queue::settlement::{Attempt, Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};

use super::{
    super::{
        record::{Owner, Record, Settle, Settled, SettledOutcome},
        table::Entry,
    },
    journal::Journal,
    plan::{Planned, Reply},
};

impl Journal<'_> {
    pub(in super::super) fn settle(
        &mut self,
        settlements: Vec<Settlement>,
        mut requests: u32,
        now: Timestamp,
    ) -> Planned {
        let mut by_owner: BTreeMap<Owner, Settle> = BTreeMap::new();
        let mut seen = HashSet::with_capacity(settlements.len());
        let mut back = Vec::new();
        for settlement in settlements {
            let number = settlement.job.number();
            let Some(entry) = self.state.table.get(number).copied() else {
                continue;
            };
            if entry.state() != JobState::Active || !seen.insert(number) {
                tracing::warn!(job = %settlement.job, state = %entry.state(), "settled without a lease");
                continue;
            }
            let owner = self.state.lane(&entry).owner;
            let previous = self.state.chains.get(&number).copied().unwrap_or(0);
            let newer = match comes_back(&settlement.outcome) {
                true => {
                    back.extend(self.state.is_stopped(&entry).then_some(number));
                    self.state.successor_of(number)
                }
                false => None,
            };
            let settle = by_owner.entry(owner).or_insert_with(|| Settle {
                owner,
                at: now.as_millis(),
                requests: std::mem::take(&mut requests),
                attempts: Vec::new(),
                reasons: Vec::new(),
                jobs: Vec::new(),
            });
            settle.add(settlement, &entry, previous, newer);
        }
        for settle in by_owner.into_values() {
            self.say(&Record::Settle(settle))?;
        }
        self.cancel_stopped(back, now)?;
        Ok(Reply::Done)
    }
}

impl Settle {
    /// `newer` is the job that goes in the place of this one, if one does.
    fn add(&mut self, settlement: Settlement, entry: &Entry, previous: u64, newer: Option<u64>) {
        let attempt = settlement
            .attempt
            .map(|attempt| self.attempt_place(attempt));
        let outcome = match settlement.outcome {
            Outcome::Completed { provider_id } => SettledOutcome::Completed {
                provider_id: provider_id.unwrap_or_default(),
                latency_ms: latency_ms(settlement.job, self.at),
            },
            Outcome::Retry { due_at } => SettledOutcome::Retry {
                due_at: due_at.as_millis(),
            },
            Outcome::Release => SettledOutcome::Release,
            Outcome::Snooze { due_at } => SettledOutcome::Snooze {
                due_at: due_at.as_millis(),
            },
            Outcome::Dead { reason } => SettledOutcome::Dead {
                reason: self.reason_place(reason),
            },
            Outcome::Unknown { reason } => SettledOutcome::Unknown {
                reason: self.reason_place(reason),
            },
            Outcome::Cancelled { reason } => SettledOutcome::Cancelled {
                reason: self.reason_place(reason),
            },
        };
        let outcome = match newer {
            Some(by) => SettledOutcome::Superseded { by },
            None => outcome,
        };
        self.jobs.push(Settled {
            number: settlement.job.number(),
            outcome,
            attempt,
            attempt_number: if attempt.is_some() {
                entry.attempt().saturating_add(1)
            } else {
                0
            },
            previous,
        });
    }

    /// The place of an attempt in the table; jobs of one request share it.
    fn attempt_place(&mut self, attempt: Attempt) -> u32 {
        if self.attempts.last() != Some(&attempt) {
            self.attempts.push(attempt);
        }
        (self.attempts.len() - 1) as u32
    }

    fn reason_place(&mut self, reason: Reason) -> u32 {
        if self.reasons.last() != Some(&reason) {
            self.reasons.push(reason);
        }
        (self.reasons.len() - 1) as u32
    }
}

/// Whether a job goes again after its lease.
const fn comes_back(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Retry { .. } | Outcome::Release | Outcome::Snooze { .. } => true,
        Outcome::Completed { .. }
        | Outcome::Dead { .. }
        | Outcome::Unknown { .. }
        | Outcome::Cancelled { .. } => false,
    }
}

/// The time from when a job was taken, which its id tells, until `at`.
fn latency_ms(job: JobId, at: i64) -> u64 {
    u64::try_from(at.saturating_sub(job.taken_at().as_millis())).unwrap_or(0)
}
