//! From a contact to the job of a message, or to the reason why there is none.

use std::borrow::Cow;

use bytes::Bytes;
use cauce_destinations::message::{CampaignPart, Message, Phone};
use cauce_flow::{
    campaign::{
        skip::Skip,
        window::{TimeZone, TimeZoneDatabase},
    },
    id::{GroupName, TenantId},
    job::{Line, NewJob},
    time::Timestamp,
};
use cauce_store::campaigns::{Member, campaign::Skipped};
use serde_json::Value;

use super::plan::Script;

/// What all messages of a campaign share.
pub(crate) struct Filling {
    pub(crate) id: GroupName,
    pub(crate) tenant: TenantId,
    pub(crate) line: Line,
    pub(crate) script: Script,
    pub(crate) zones: TimeZoneDatabase,
    /// The zone of people of whom none is known, where the campaign names none either.
    pub(crate) default_zone: String,
    pub(crate) max_attempts: u8,
    pub(crate) ttl: Option<std::time::Duration>,
    pub(crate) max_payload_bytes: usize,
}

/// One message of a campaign, before it is a job.
pub(crate) struct Filled {
    pub(crate) message: Message,
    /// The message as its job holds it.
    pub(crate) payload: Bytes,
    /// Not before this; [`Timestamp::EPOCH`] means at once.
    pub(crate) due_at: Timestamp,
}

impl Filling {
    /// The message of a contact, which is recipient `number` of the campaign.
    pub(crate) fn fill(
        &self,
        member: &Member,
        number: u64,
        now: Timestamp,
    ) -> Result<Filled, Skipped> {
        match member.duplicate {
            true => Err(skipped(member, Skip::Duplicate, None)),
            false => self.filled(member, number, now),
        }
    }

    /// Whether a contact gets a message, if no other with its number does.
    pub(crate) fn fits(&self, member: &Member, now: Timestamp) -> bool {
        self.filled(member, 0, now).is_ok()
    }

    fn filled(&self, member: &Member, number: u64, now: Timestamp) -> Result<Filled, Skipped> {
        let skip = |why, detail| skipped(member, why, detail);
        if member.opted_out {
            return Err(skip(Skip::OptedOut, None));
        }
        let to = Phone::of_whatsapp(&member.number.0).ok_or_else(|| skip(Skip::BadNumber, None))?;
        let (zone, due_at) = self.due(member, now).map_err(|zone| {
            // A zone is a word of the contact's own; it is short, or it is not told.
            skip(Skip::UnknownZone, Some(zone.chars().take(64).collect()))
        })?;
        let variant = self.script.variant(self.id.as_str(), &member.id);
        let wording = &self.script.wordings[variant];
        let content = wording
            .render(|name| known(member, name))
            .map_err(|missing| skip(Skip::MissingVariable, Some(missing.name.into_string())))?;
        if let Some(fault) = content.check(self.script.provider).into_iter().next() {
            return Err(skip(Skip::TooLong, Some(fault.pointer)));
        }
        let message = Message {
            campaign: Some(CampaignPart {
                id: self.id.to_string(),
                number,
                variant: u16::try_from(variant).unwrap_or(u16::MAX),
                contact: member.id.clone(),
                zone,
            }),
            ..Message::new(to, content)
        };
        let payload = message.to_payload();
        if payload.len() > self.max_payload_bytes {
            return Err(skip(Skip::TooLong, None));
        }
        Ok(Filled {
            message,
            payload,
            due_at,
        })
    }

    /// The job of a message.
    pub(crate) fn job(&self, filled: Filled, now: Timestamp) -> NewJob {
        NewJob {
            line: self.line.clone(),
            tenant: self.tenant.clone(),
            priority: self.script.priority,
            group: Some(self.id.clone()),
            payload: filled.payload,
            due_at: filled.due_at,
            expires_at: self.ttl.map_or(Timestamp::NEVER, |ttl| now + ttl),
            max_attempts: self.max_attempts,
            idempotency_key: None,
            coalesce: None,
        }
    }

    /// The zone whose hours count for a contact, and when they open next. The error is a zone that
    /// nobody knows.
    fn due(&self, member: &Member, now: Timestamp) -> Result<(Option<String>, Timestamp), String> {
        let Some((window, fallback)) = &self.script.window else {
            return Ok((None, Timestamp::EPOCH));
        };
        let name = member.timezone.as_ref().or(fallback.as_ref());
        let name = name.unwrap_or(&self.default_zone);
        let zone: TimeZone = self.zones.get(name).map_err(|_| name.clone())?;
        let opens = window.next_open(&zone, now);
        let due_at = match opens > now {
            true => opens,
            false => Timestamp::EPOCH,
        };
        Ok((Some(name.clone()), due_at))
    }
}

/// The reason why a contact gets no message.
pub(super) fn skipped(member: &Member, why: Skip, detail: Option<String>) -> Skipped {
    Skipped {
        contact: i64::try_from(member.row).unwrap_or(i64::MAX),
        id: Some(member.id.clone()),
        why,
        detail,
    }
}

/// What a text may ask of a contact: what every contact has, then its free fields.
pub(crate) fn known<'a>(member: &'a Member, name: &str) -> Option<Cow<'a, str>> {
    match name {
        "id" => return Some(Cow::Borrowed(&member.id)),
        "phone" => return Some(Cow::Borrowed(&member.number.0)),
        "name" if member.name.is_some() => return member.name.as_deref().map(Cow::Borrowed),
        "language" if member.language.is_some() => {
            return member.language.as_deref().map(Cow::Borrowed);
        }
        "timezone" if member.timezone.is_some() => {
            return member.timezone.as_deref().map(Cow::Borrowed);
        }
        _ => {}
    }
    match member.attributes.get(name)? {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Owned(flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
