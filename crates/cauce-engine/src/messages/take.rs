//! Takes messages: checks each, makes a job of it in the line of its sender, and keeps all of a call
//! in one commit or none.

use cauce_destinations::message::Message;
use cauce_flow::{
    id::{AccountName, GroupName, JobId, TenantId},
    job::NewJob,
    priority::Priority,
    time::Timestamp,
};
use cauce_store::jobs::{Enqueue, Error};
use std::time::Duration;

use super::Messaging;
use crate::settings::{Account, Settings};

/// A time may lie so far back and still mean now: clocks differ.
const LEEWAY: Duration = Duration::from_secs(60);

/// A message as it is handed in.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// What is said, and to whom.
    pub message: Message,
    /// The account that sends it; may be left out where the tenant has one.
    pub sender: Option<AccountName>,
    /// How urgent it is.
    pub priority: Priority,
    /// Not before this.
    pub scheduled_at: Option<Timestamp>,
    /// Not after this.
    pub expires_at: Option<Timestamp>,
    /// The campaign that it belongs to.
    pub campaign: Option<GroupName>,
}

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenMessage {
    /// Its id.
    pub id: JobId,
    /// When it is due, where that is later.
    pub scheduled_at: Option<Timestamp>,
    /// How many messages of its sender go before it, at most, and itself.
    pub position: Option<u64>,
}

/// A fault of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageFault {
    /// The message's place in the call.
    pub entry: usize,
    /// Where in it, as a JSON Pointer.
    pub pointer: String,
    /// What is wrong and what to write instead.
    pub detail: String,
}

/// Why messages were not taken. None of the call was then.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The tenant has no account that sends messages.
    #[error(
        "no account of this tenant sends messages; hint: add one with the platform twilio, \
         evolution or whatsapp_cloud"
    )]
    NoSender,
    /// Some messages cannot be sent as they are.
    #[error("some messages cannot be sent as they are")]
    Faulty(Vec<MessageFault>),
    /// The store refuses them.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Messaging {
    /// Takes messages of a tenant; answers for each once all are durable.
    pub(crate) async fn take(
        &self,
        tenant: &TenantId,
        messages: Vec<NewMessage>,
        settings: &Settings,
    ) -> Result<Vec<TakenMessage>, Refusal> {
        let now = self.clock.now();
        let senders: Vec<&Account> = settings
            .accounts
            .iter()
            .filter(|account| account.tenant == *tenant && account.provider().is_some())
            .collect();
        if senders.is_empty() {
            return Err(Refusal::NoSender);
        }
        let mut faults = Vec::new();
        let mut jobs = Vec::with_capacity(messages.len());
        for (entry, message) in messages.iter().enumerate() {
            match job_of(tenant, message, &senders, now) {
                Ok(job) => jobs.push(job),
                Err(found) => {
                    faults.extend(found.into_iter().map(|(pointer, detail)| MessageFault {
                        entry,
                        pointer,
                        detail,
                    }))
                }
            }
        }
        if !faults.is_empty() {
            return Err(Refusal::Faulty(faults));
        }
        let batch = Enqueue {
            jobs,
            dropped: Vec::new(),
            mark: None,
        };
        let taken = self.jobs.enqueue(batch, now).await?;
        let answers = taken.into_iter().zip(messages);
        let answers = answers.map(|(taken, message)| TakenMessage {
            id: taken.id,
            scheduled_at: message.scheduled_at.filter(|at| *at > now),
            position: self.jobs.place(taken.id).map(|before| before + 1),
        });
        Ok(answers.collect())
    }
}

/// Whether a message cannot be due at this time any more.
pub fn is_past(at: Timestamp, now: Timestamp) -> bool {
    at + LEEWAY < now
}

type Faults = Vec<(String, String)>;

fn job_of(
    tenant: &TenantId,
    new: &NewMessage,
    senders: &[&Account],
    now: Timestamp,
) -> Result<NewJob, Faults> {
    let mut faults = Faults::new();
    let sender = sender_of(new, senders)
        .map_err(|fault| faults.push(fault))
        .ok();
    let provider = sender.and_then(Account::provider);
    if let Some(provider) = provider {
        let found = new.message.check(provider).into_iter();
        faults.extend(found.map(|fault| (fault.pointer, fault.detail)));
    }
    if new.scheduled_at.is_some_and(|at| is_past(at, now)) {
        let what = "lies in the past; leave it out to send at once";
        faults.push(("/scheduledAt".to_owned(), what.to_owned()));
    }
    let earliest = new.scheduled_at.map_or(now, |at| at.max(now));
    if new.expires_at.is_some_and(|at| at <= earliest) {
        let what = "the message would expire before it could be sent; name a later time";
        faults.push(("/expiresAt".to_owned(), what.to_owned()));
    }
    let Some(sender) = sender.filter(|_| faults.is_empty()) else {
        return Err(faults);
    };
    let ttl = sender.policy.ttl.map(|ttl| earliest + ttl);
    Ok(NewJob {
        line: sender.line(),
        tenant: tenant.clone(),
        priority: new.priority,
        group: new.campaign.clone(),
        payload: new.message.to_payload(),
        due_at: new.scheduled_at.unwrap_or(Timestamp::EPOCH),
        expires_at: new.expires_at.or(ttl).unwrap_or(Timestamp::NEVER),
        max_attempts: sender.policy.retry.max_attempts,
        idempotency_key: None,
        coalesce: None,
    })
}

fn sender_of<'a>(
    new: &NewMessage,
    senders: &[&'a Account],
) -> Result<&'a Account, (String, String)> {
    let names = || {
        let names: Vec<&str> = senders
            .iter()
            .map(|account| account.name.as_str())
            .collect();
        names.join(", ")
    };
    let fault = |what: String| ("/sender".to_owned(), what);
    match (&new.sender, senders) {
        (None, [only]) => Ok(only),
        (None, _) => Err(fault(format!(
            "several accounts send messages; name one of: {}",
            names()
        ))),
        (Some(name), _) => senders
            .iter()
            .find(|account| account.name == *name)
            .copied()
            .ok_or_else(|| fault(format!("no such account; name one of: {}", names()))),
    }
}
