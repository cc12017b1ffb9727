//! Tells what happened in a line: in its status, and in the log.

use cauce_flow::{observation::Observation, time::Timestamp};

use super::Runner;
use crate::status::WindowUse;

impl Runner {
    pub(super) fn observe(&self, observation: Observation, now: Timestamp) {
        let line = &self.line;
        match observation {
            Observation::RequestAnswered { reason, took, .. } => {
                let status = &mut self.shown.lock().status;
                status.last_batch_at = Some(now);
                status.requests += 1;
                status.requests_ms += u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                status.failing = reason.as_ref().map(|reason| reason.code.clone());
                if let Some(reason) = reason {
                    tracing::debug!(%line, code = reason.code, "a request failed");
                    status.last_error = Some(format!("{}: {}", reason.code, reason.detail));
                }
            }
            Observation::BreakerOpened { until } => {
                self.shown.lock().status.breaker_openings += 1;
                tracing::warn!(%line, %until, "the destination keeps failing and is left alone");
            }
            Observation::BreakerClosed => tracing::info!(%line, "the destination works again"),
            Observation::AccountRefused { reason } => {
                tracing::error!(
                    %line,
                    code = reason.code,
                    "the destination refuses the account; its jobs wait until that is mended"
                );
                let _ = self.around.refused.send((line.clone(), reason));
            }
            Observation::AccountMended => tracing::info!(%line, "the account is taken up again"),
            Observation::AccountDisconnected { reason } => {
                tracing::warn!(%line, code = reason.code, "the account is not connected; its jobs wait");
                let _ = self.around.disconnected.send(line.account.clone());
            }
            Observation::AccountConnected => {
                tracing::info!(%line, "the account is connected again")
            }
            Observation::AccountHeld { until } => {
                self.shown.lock().status.holds += 1;
                tracing::info!(%line, %until, "the destination asked to be left alone");
            }
            Observation::RateExhausted { max, per } => {
                tracing::debug!(%line, max, ?per, "the rate is used up");
            }
            Observation::BatchBisected { jobs } => {
                self.shown.lock().status.batches_bisected += 1;
                tracing::info!(%line, jobs, "a batch was refused as a whole and is taken apart");
            }
            Observation::JobsDelivered { .. }
            | Observation::JobsRetried { .. }
            | Observation::JobsDied { .. }
            | Observation::JobsLeftUnknown { .. }
            | Observation::JobsReleased { .. }
            | Observation::JobsSnoozed { .. }
            | Observation::JobsCancelled { .. } => {}
        }
    }

    pub(super) fn show(&self, now: Timestamp) {
        let status = &mut self.shown.lock().status;
        status.breaker = self.dispatcher.breaker_state(now);
        status.in_flight = self.dispatcher.in_flight();
        let usage = self.dispatcher.usage(now);
        status.rate.clear();
        status
            .rate
            .extend(usage.into_iter().map(|window| WindowUse {
                used: window.used,
                max: window.max,
                per_ms: u64::try_from(window.per.as_millis()).unwrap_or(u64::MAX),
            }));
    }
}
