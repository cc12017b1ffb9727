//! Does what the dispatcher says: claims, sends, settles, keeps notes.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_flow::{
    dispatch::{
        dispatcher::{AccountState, Claim, Command, Send},
        disposition::Delivery,
    },
    time::Timestamp,
};
use cauce_store::jobs;
use futures_util::FutureExt;

use super::{
    Input, Runner, Task,
    packing::{Looks, answer, pack},
};
use crate::transport::Reach;

/// A line whose claim brought nothing looks again after this.
const CLAIM_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// A full disk is asked again after this.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Runner {
    /// Does what the dispatcher says.
    pub(super) fn carry_out(&mut self, now: Timestamp) {
        while let Some(command) = self.dispatcher.poll_command() {
            match command {
                Command::Claim(claim) => self.claim(claim, now),
                Command::Send(send) => self.send(send, now),
                Command::Settle(settlements) => self.to_settle.extend(settlements),
                Command::Persist(state) => self.persist(state),
            }
        }
        while let Some(observation) = self.dispatcher.poll_observation() {
            self.observe(observation, now);
        }
        self.settle(now);
        self.show(now);
    }

    /// Runs a task of the loop. Where it panics, the loop is told so.
    fn spawn(&self, task: Task, work: impl Future<Output = Input> + std::marker::Send + 'static) {
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            // Whatever the task was about is not used again.
            let ended = AssertUnwindSafe(work).catch_unwind().await;
            let _ = inputs.send(ended.unwrap_or(Input::Panicked(task)));
        });
    }

    fn claim(&self, claim: Claim, now: Timestamp) {
        let wish = jobs::Claim {
            line: self.line.clone(),
            max_jobs: claim.max_jobs,
            max_bytes: claim.max_bytes,
            requests: claim.max_requests,
        };
        let (store, inputs) = (Arc::clone(&self.around.store), self.inputs.clone());
        let (account, suspects) = (self.account.clone(), self.suspects.clone());
        let screen = self.around.screen.clone();
        self.spawn(Task::Claim, async move {
            let mut unfit = false;
            let claimed = store.claim(wish, now).await.map(|jobs| {
                let looks = Looks {
                    account: &account,
                    screen: screen.as_deref(),
                    suspects: &suspects,
                    now,
                };
                let packed = pack(jobs, &looks);
                unfit = packed.unfit;
                let mut claimed = packed.claimed;
                claimed.backlog = store.backlog(&account.line());
                claimed
            });
            let waits = match &claimed {
                Ok(claimed) => claimed.requests.is_empty() && claimed.backlog.waiting > 0,
                Err(_) => true,
            };
            if unfit {
                let _ = inputs.send(Input::Claimed(claimed));
                return Input::Panicked(Task::Screen);
            }
            if waits {
                // Nothing came of it and something waits (a full disk, damaged or expired jobs in
                // front): nobody else would wake the line for it.
                let _ = inputs.send(Input::Claimed(claimed));
                tokio::time::sleep(CLAIM_AGAIN_AFTER).await;
                return Input::Look;
            }
            Input::Claimed(claimed)
        });
    }

    /// What is noted before a request leaves: its start, where a quota has to know of it again, and
    /// its jobs, where a crash must not send them a second time.
    fn start_to_note(&self, send: &Send) -> Option<jobs::Start> {
        let never_twice = self.account.destination.delivery() == Delivery::NeverTwice;
        let counted = !send.noted && !self.account.policy.rate.is_empty();
        (never_twice || counted).then(|| jobs::Start {
            line: self.line.clone(),
            requests: u32::from(counted),
            jobs: match never_twice {
                true => send.jobs.iter().map(|job| job.id).collect(),
                false => Vec::new(),
            },
        })
    }

    fn send(&self, send: Send, now: Timestamp) {
        let (store, inputs) = (Arc::clone(&self.around.store), self.inputs.clone());
        let destination = Arc::clone(&self.account.destination);
        let transport = match destination.public_only() {
            true => self.around.transport.with_reach(Reach::PublicOnly),
            false => self.around.transport.clone(),
        };
        let clock = self.around.clock.clone();
        let (start, suspects) = (self.start_to_note(&send), self.suspects.clone());
        self.spawn(Task::Send(send.request), async move {
            let Send { request, jobs, .. } = send;
            // Before the start is noted: should it panic, nothing has left.
            let encoded = destination.encode(&jobs, now);
            if let Some(start) = start
                && store.begin(start, now).await.is_err()
            {
                return Input::Unsent(request);
            }
            let exchange = transport
                .send(encoded, move || {
                    let _ = inputs.send(Input::Left(request));
                })
                .await;
            let judged = destination.classify(&jobs, &exchange.answer, clock.now());
            if !suspects.is_empty() {
                jobs.iter().for_each(|job| suspects.clear(job.id));
            }
            Input::Answered(request, answer(judged, &exchange.answer))
        });
    }

    /// Hands what has gathered to the store, one settlement at a time.
    fn settle(&mut self, now: Timestamp) {
        if self.settling || self.to_settle.is_empty() {
            return;
        }
        self.settling = true;
        let settlements = std::mem::take(&mut self.to_settle);
        let requests = std::mem::take(&mut self.requests);
        let (store, line) = (Arc::clone(&self.around.store), self.line.clone());
        self.spawn(Task::Settle, async move {
            let mut unwritten = Some((settlements, requests));
            while let Some((settlements, requests)) = unwritten.take() {
                match store.settle(settlements.clone(), requests, now).await {
                    Ok(()) => {}
                    // Room comes back as history is pruned: what was delivered is not forgotten.
                    Err(error @ jobs::Error::DiskFull { .. }) => {
                        tracing::error!(%line, %error, "outcomes wait to be written");
                        tokio::time::sleep(SETTLE_AGAIN_AFTER).await;
                        unwritten = Some((settlements, requests));
                    }
                    Err(error) => {
                        tracing::error!(%line, %error, "outcomes could not be written; the leases stay");
                    }
                }
            }
            Input::Settled
        });
    }

    fn persist(&self, state: AccountState) {
        let (store, line) = (Arc::clone(&self.around.store), self.line.clone());
        let note = serde_json::to_vec(&state)
            .map(Bytes::from)
            .unwrap_or_default();
        self.tasks.spawn(async move {
            if let Err(error) = store.keep_note(line, note).await {
                tracing::warn!(%error, "a dispatcher's note could not be kept");
            }
        });
    }
}
