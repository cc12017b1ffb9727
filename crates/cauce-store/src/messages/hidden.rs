//! What of a message is about a person: sealed before it is written, and read again.
//!
//! Each text is sealed for the one place it stands at, so that it cannot be moved to another.

use std::io;

use cauce_flow::id::TenantId;

use super::{
    change::{Inbound, Taken},
    key::Key,
};
use crate::personal::Personal;

/// What of a message or of an inbound one is not written in clear.
pub(super) struct Hidden {
    pub(super) phone_hash: Vec<u8>,
    pub(super) phone: Vec<u8>,
    /// The metadata of a message, or the text of an inbound one.
    pub(super) metadata: Option<Vec<u8>>,
}

impl Hidden {
    pub(super) fn of_taken(personal: &Personal, taken: &Taken) -> io::Result<Hidden> {
        let key = Key::of(taken.job);
        let metadata = taken.metadata.as_deref();
        let metadata = metadata
            .map(|text| personal.seal(&place(b"metadata", key.as_bytes()), text.as_bytes()));
        Ok(Hidden {
            phone_hash: personal.hash(&taken.tenant, &taken.to).0.to_vec(),
            phone: personal.seal(&place(b"to", key.as_bytes()), taken.to.as_bytes())?,
            metadata: metadata.transpose()?,
        })
    }

    pub(super) fn of_inbound(personal: &Personal, inbound: &Inbound) -> io::Result<Hidden> {
        let id = inbound_id(inbound.account.as_str(), &inbound.provider_id);
        let text = inbound.text.as_deref();
        let text = text.map(|text| personal.seal(&place(b"text", &id), text.as_bytes()));
        Ok(Hidden {
            phone_hash: personal.hash(&inbound.tenant, &inbound.from).0.to_vec(),
            phone: personal.seal(&place(b"from", &id), inbound.from.as_bytes())?,
            metadata: text.transpose()?,
        })
    }
}

/// A phone number's hash, to look for.
pub(super) fn phone_hash(personal: &Personal, tenant: &TenantId, phone: &str) -> Vec<u8> {
    personal.hash(tenant, phone).0.to_vec()
}

/// What was sealed as this field of this object; empty where the key is another.
pub(super) fn shown(personal: &Personal, field: &[u8], id: &[u8], sealed: &[u8]) -> String {
    let text = personal.open(&place(field, id), sealed).unwrap_or_default();
    String::from_utf8(text).unwrap_or_default()
}

/// What an inbound message is sealed under.
pub(super) fn inbound_id(account: &str, provider_id: &str) -> Vec<u8> {
    // No name of an account holds a NUL, so no two ids read alike.
    [account.as_bytes(), &[0], provider_id.as_bytes()].concat()
}

fn place(field: &[u8], id: &[u8]) -> Vec<u8> {
    [b"messages.", field, &[0], id].concat()
}
