//! Does what the dispatcher says: claims, sends, settles, keeps notes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_flow::{
    dispatch::{
        dispatcher::{AccountState, Claim, Command, Send},
        disposition::Delivery,
    },
    time::Timestamp,
};
use cauce_store::jobs;

use super::{
    Input, Runner,
    packing::{answer, pack},
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

    fn claim(&self, claim: Claim, now: Timestamp) {
        let wish = jobs::Claim {
            line: self.line.clone(),
            max_jobs: claim.max_jobs,
            max_bytes: claim.max_bytes,
            requests: claim.max_requests,
        };
        let (store, inputs) = (Arc::clone(&self.around.store), self.inputs.clone());
        let (destination, policy) = (Arc::clone(&self.destination), self.policy.clone());
        let line = self.line.clone();
        self.tasks.spawn(async move {
            let claimed = store.claim(wish, now).await.map(|jobs| {
                let mut claimed = pack(jobs, &*destination, &policy, now);
                claimed.backlog = store.backlog(&line);
                claimed
            });
            let waits = match &claimed {
                Ok(claimed) => claimed.requests.is_empty() && claimed.backlog.waiting > 0,
                Err(_) => true,
            };
            let _ = inputs.send(Input::Claimed(claimed));
            if waits {
                // Nothing came of it and something waits (a full disk, damaged or expired jobs in
                // front): nobody else would wake the line for it.
                tokio::time::sleep(CLAIM_AGAIN_AFTER).await;
                let _ = inputs.send(Input::Look);
            }
        });
    }

    /// What is noted before a request leaves: its start, where a quota has to know of it again, and
    /// its jobs, where a crash must not send them a second time.
    fn start_to_note(&self, send: &Send) -> Option<jobs::Start> {
        let never_twice = self.destination.delivery() == Delivery::NeverTwice;
        let counted = !send.noted && !self.policy.rate.is_empty();
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
        let destination = Arc::clone(&self.destination);
        let transport = match destination.public_only() {
            true => self.around.transport.with_reach(Reach::PublicOnly),
            false => self.around.transport.clone(),
        };
        let clock = self.around.clock.clone();
        let start = self.start_to_note(&send);
        self.tasks.spawn(async move {
            let Send { request, jobs, .. } = send;
            if let Some(start) = start
                && store.begin(start, now).await.is_err()
            {
                let _ = inputs.send(Input::Unsent(request));
                return;
            }
            let encoded = destination.encode(&jobs, now);
            let left = inputs.clone();
            let exchange = transport
                .send(encoded, move || {
                    let _ = left.send(Input::Left(request));
                })
                .await;
            let judged = destination.classify(&jobs, &exchange.answer, clock.now());
            let answered = answer(judged, &exchange.answer);
            let _ = inputs.send(Input::Answered(request, answered));
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
        let (store, inputs) = (Arc::clone(&self.around.store), self.inputs.clone());
        let line = self.line.clone();
        self.tasks.spawn(async move {
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
            let _ = inputs.send(Input::Settled);
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
