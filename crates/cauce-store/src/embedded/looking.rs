//! Looking for jobs: what fits a selection, one job, a page of them.

use std::{collections::BTreeMap, sync::Arc};

use cauce_flow::{
    id::{JobId, QueueName},
    job::State as JobState,
    time::Timestamp,
};

use super::{Shared, reading};
use crate::jobs::{DeadReason, Error, JobDetail, Listed, Page, Scope, Select};

/// Jobs that are looked at under one lock.
const STEP: usize = 20_000;

impl Shared {
    /// All jobs that fit, newest first, looked at in short steps.
    pub(super) async fn select(
        self: &Arc<Self>,
        select: Select,
        allowed: &'static [JobState],
    ) -> Result<Vec<u64>, Error> {
        let shared = Arc::clone(self);
        off_thread(move || shared.select_now(&select, allowed)).await?
    }

    fn select_now(&self, select: &Select, allowed: &[JobState]) -> Result<Vec<u64>, Error> {
        let all = match &select.ids {
            Some(ids) => self.select_ids(ids, select, allowed),
            None => self.select_all(select, allowed),
        };
        let fits = |number| {
            let fits = self.text_fits(select, number);
            fits.map(|fits| fits.then_some(number)).transpose()
        };
        all.into_iter().filter_map(fits).collect()
    }

    fn select_all(&self, select: &Select, allowed: &[JobState]) -> Vec<u64> {
        let mut all = Vec::new();
        let mut below = Some(u64::MAX >> 1);
        while let Some(from) = below {
            let state = self.state.lock();
            let filter = state.filter(select, allowed);
            let (found, go_on) = state.find(&filter, from, STEP, STEP);
            all.extend(found);
            below = go_on;
        }
        all
    }

    fn select_ids(&self, ids: &[JobId], select: &Select, allowed: &[JobState]) -> Vec<u64> {
        let state = self.state.lock();
        let filter = state.filter(select, allowed);
        let mut numbers: Vec<u64> = ids.iter().map(|id| id.number()).collect();
        numbers.retain(|n| state.table.get(*n).is_some_and(|e| filter.fits(&state, e)));
        // Newest first and each once, as every selection.
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        numbers.dedup();
        numbers
    }

    fn text_fits(&self, select: &Select, number: u64) -> Result<bool, Error> {
        let Some(text) = &select.text else {
            return Ok(true);
        };
        let text = text.to_lowercase();
        let Some(detail) = reading::read_job(self, number, false)? else {
            return Ok(false);
        };
        Ok(detail.summary.last_error.is_some_and(|reason| {
            reason.code.to_lowercase().contains(&text)
                || reason.detail.to_lowercase().contains(&text)
        }))
    }

    pub(super) fn detail(
        &self,
        job: JobId,
        scope: &Scope,
        whole: bool,
    ) -> Result<JobDetail, Error> {
        let mut detail =
            reading::read_job(self, job.number(), whole)?.ok_or(Error::NotFound { job })?;
        if detail.is_damaged() && JobId::new(job.number(), self.instance, job.taken_at()) == job {
            // When it was taken stood in its record; whoever asks knows it from its id.
            detail.summary.id = job;
        }
        if detail.summary.id == job && scope.covers(&detail.summary.tenant) {
            Ok(detail)
        } else {
            Err(Error::NotFound { job })
        }
    }

    pub(super) fn waits_for(&self, job: JobId, scope: &Scope) -> Result<Option<JobId>, Error> {
        self.detail(job, scope, false)?;
        let Some(other) = self.state.lock().waits_for(job.number()) else {
            return Ok(None);
        };
        let other = reading::read_job(self, other, false)?;
        Ok(other.map(|detail| detail.summary.id))
    }

    /// The tenants' own jobs alone may be touched. Answers the job's state.
    pub(super) async fn guard(
        self: &Arc<Self>,
        job: JobId,
        scope: Scope,
    ) -> Result<JobState, Error> {
        let shared = Arc::clone(self);
        let detail = off_thread(move || shared.detail(job, &scope, false)).await??;
        Ok(detail.summary.state)
    }

    pub(super) fn list(&self, select: &Select, page: Page) -> Result<Listed, Error> {
        let mut jobs = Vec::new();
        let mut below = page.before.map_or(u64::MAX >> 1, |id| id.number());
        loop {
            let (found, go_on) = {
                let state = self.state.lock();
                let filter = state.filter(select, &JobState::ALL);
                state.find(&filter, below, page.limit, STEP)
            };
            for number in found {
                if jobs.len() == page.limit {
                    break;
                }
                below = number;
                if self.text_fits(select, number)?
                    && let Some(detail) = reading::read_job(self, number, false)?
                {
                    jobs.push(detail.summary);
                }
            }
            match go_on {
                None if jobs.len() < page.limit => return Ok(Listed { jobs, next: None }),
                _ if jobs.len() == page.limit => {
                    let next = jobs.last().map(|job| job.id);
                    return Ok(Listed { jobs, next });
                }
                Some(further) => below = further,
                None => {}
            }
        }
    }

    pub(super) fn dead_reasons(&self, select: &Select) -> Vec<DeadReason> {
        let mut groups: BTreeMap<(QueueName, String), (u64, i64, u64)> = BTreeMap::new();
        let mut below = Some(u64::MAX >> 1);
        while let Some(from) = below {
            let state = self.state.lock();
            let filter = state.filter(select, &[JobState::Dead]);
            let (found, go_on) = state.find(&filter, from, STEP, STEP);
            for number in found {
                let Some(entry) = state.table.get(number) else {
                    continue;
                };
                let Some(end) = state.finished.get(&number) else {
                    continue;
                };
                let line = state.lane(entry).line;
                let queue = state.line_state(line).line.queue.clone();
                let group = groups.entry((queue, end.code.to_string())).or_default();
                group.0 += 1;
                if end.at >= group.1 {
                    (group.1, group.2) = (end.at, number);
                }
            }
            below = go_on;
        }
        groups
            .into_iter()
            .map(|((queue, code), (count, newest, number))| DeadReason {
                detail: self.last_error_of(number),
                code,
                queue,
                count,
                newest_at: Timestamp::from_millis(newest),
            })
            .collect()
    }

    fn last_error_of(&self, number: u64) -> String {
        let detail = reading::read_job(self, number, false).ok().flatten();
        detail
            .and_then(|d| d.summary.last_error)
            .map(|reason| reason.detail)
            .unwrap_or_default()
    }
}

/// Runs reads of the disk off the runtime's threads.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Closed)
}
