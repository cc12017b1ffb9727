//! What Twilio tells: how far a message has come, and what somebody has written.
//!
//! Twilio may add fields at any time, so none is unexpected. It says no time; the order in which
//! calls come says nothing.

use cauce_flow::{id::JobId, reason::Reason};

use super::{
    classify,
    config::Config,
    encode::{Origin, address},
    signature,
};
use crate::{
    form::Form,
    message::{Inbound, InboundKind, Phone, State, Status, Told},
    secret::Secret,
};

/// The header that carries the signature.
pub const SIGNATURE: &str = "x-twilio-signature";

/// A call as it came in.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The address that Twilio called: the public one, with the path and the query as they came.
    pub url: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The value of [`SIGNATURE`].
    pub signature: &'a str,
}

/// What it takes to hear what Twilio tells of one sender.
#[derive(Clone, Debug)]
pub struct Callbacks {
    account_sid: String,
    auth_token: Secret,
    origin: Origin,
}

impl Callbacks {
    pub(super) fn new(config: &Config, origin: &Origin) -> Callbacks {
        Callbacks {
            account_sid: config.account_sid.clone(),
            auth_token: config.auth_token.clone(),
            origin: origin.clone(),
        }
    }

    /// Whether Twilio has made the call for this account.
    pub fn is_authentic(&self, call: &Call<'_>) -> bool {
        let Call {
            url,
            body,
            signature,
        } = *call;
        signature::is_signed(&self.auth_token, url, body, signature)
    }

    /// Whether the call is about this sender, among others of the same account.
    pub fn is_ours(&self, call: &Call<'_>) -> bool {
        let form = Form::read(call.body);
        let is_account = form.get("AccountSid") == Some(&self.account_sid);
        let own = if is_inbound(&form) { "To" } else { "From" };
        is_account
            && match &self.origin {
                Origin::Number(number) => form.get(own) == Some(&address(number)),
                Origin::Service(service) => form.get("MessagingServiceSid") == Some(service),
            }
    }
}

/// What a call tells. What is no message of WhatsApp tells nothing.
pub fn told(call: &Call<'_>) -> Vec<Told> {
    let form = Form::read(call.body);
    let told = match is_inbound(&form) {
        true => inbound(&form).map(Told::Inbound),
        false => status(&form, call.url).map(Told::Status),
    };
    told.into_iter().collect()
}

fn state_name(form: &Form) -> Option<&str> {
    form.get("MessageStatus").or_else(|| form.get("SmsStatus"))
}

fn is_inbound(form: &Form) -> bool {
    matches!(state_name(form), Some("received" | "receiving"))
}

fn sid(form: &Form) -> Option<String> {
    let sid = form.get("MessageSid").or_else(|| form.get("SmsSid"))?;
    classify::is_message_sid(sid).then(|| sid.to_owned())
}

fn status(form: &Form, url: &str) -> Option<Status> {
    let state = match state_name(form)? {
        "accepted" | "scheduled" | "queued" | "sending" => State::Accepted,
        "sent" => State::Sent,
        "delivered" | "partially_delivered" => State::Delivered,
        "read" => State::Read,
        failed @ ("failed" | "undelivered" | "canceled") => State::Failed(reason(form, failed)),
        _ => return None,
    };
    Some(Status {
        provider_id: sid(form)?,
        job: job_of(url),
        state,
        at: None,
    })
}

fn reason(form: &Form, state: &str) -> Reason {
    match form.get("ErrorCode").and_then(|code| code.parse().ok()) {
        Some(code) => classify::reason_of(code),
        None => Reason::new(format!("twilio_{state}"), "Twilio does not say why"),
    }
}

/// Our job, which stands in the address that we gave Twilio to call.
fn job_of(url: &str) -> Option<JobId> {
    let (_, query) = url.split_once('?')?;
    Form::read(query.as_bytes()).get("job")?.parse().ok()
}

fn inbound(form: &Form) -> Option<Inbound> {
    let kind = match form {
        _ if form.get("NumMedia").is_some_and(|count| count != "0") => InboundKind::Media,
        _ if form.get("Latitude").is_some() => InboundKind::Location,
        _ if form.get("ButtonText").is_some() => InboundKind::Button,
        _ if form.get("Body").is_some() => InboundKind::Text,
        _ => InboundKind::Other,
    };
    let text = form.get("Body").or_else(|| form.get("ButtonText"));
    let quoted = form.get("OriginalRepliedMessageSid");
    Some(Inbound {
        provider_id: sid(form)?,
        from: Phone::of_whatsapp(form.get("From")?)?,
        text: text.map(str::to_owned),
        reply_to: quoted.map(str::to_owned),
        at: None,
        kind,
        name: form.get("ProfileName").map(str::to_owned),
    })
}
