//! Digests by which events and visitors are known, keyed with a secret of the store: who does not have
//! its folder can neither choose colliding ids nor tell from a digest whose it is.

use cauce_flow::{
    event::{EventId, SessionId, SiteId, VisitorId},
    id::TenantId,
};
use xxhash_rust::xxh3::xxh3_128_with_secret;

use crate::row::Row;

/// Bytes of the secret: as long as the hash itself uses it.
pub(super) const SECRET_BYTES: usize = 192;

/// What digests are keyed with.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) [u8; SECRET_BYTES]);

/// How an event is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digests {
    /// Of its id.
    pub(super) id: u128,
    /// Of its visitor.
    pub(super) visitor: u128,
    /// Of all that equal events have in common.
    pub(super) alike: u128,
}

/// All that equal events have in common: everything but their identity and their time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Likeness<'a> {
    pub(super) tenant: &'a str,
    pub(super) site: SiteId,
    pub(super) visitor: VisitorId,
    pub(super) session: SessionId,
    pub(super) kind: &'a str,
    pub(super) metadata: &'a str,
    pub(super) weight: f64,
    pub(super) bot: bool,
}

impl<'a> From<&'a Row> for Likeness<'a> {
    fn from(row: &'a Row) -> Likeness<'a> {
        Likeness {
            tenant: row.tenant.as_str(),
            site: row.site,
            visitor: row.visitor,
            session: row.session,
            kind: row.kind.as_str(),
            metadata: row.metadata.as_str(),
            weight: row.weight,
            bot: row.bot,
        }
    }
}

/// Keeps the kinds of digests apart.
const OF_EVENT: u8 = 1;
const OF_VISITOR: u8 = 2;
const OF_LIKES: u8 = 3;

impl Secret {
    /// Of the id of an event.
    pub(super) fn event(&self, tenant: &TenantId, id: EventId, scratch: &mut Vec<u8>) -> u128 {
        self.id(OF_EVENT, tenant.as_str(), id.as_u128(), scratch)
    }

    /// Of a visitor.
    pub(super) fn visitor(&self, tenant: &str, visitor: VisitorId, scratch: &mut Vec<u8>) -> u128 {
        self.id(OF_VISITOR, tenant, visitor.as_u128(), scratch)
    }

    /// Of all that equal events have in common.
    pub(super) fn alike(&self, row: &Likeness<'_>, scratch: &mut Vec<u8>) -> u128 {
        scratch.clear();
        scratch.push(OF_LIKES);
        scratch.extend_from_slice(&row.site.as_u128().to_le_bytes());
        scratch.extend_from_slice(&row.visitor.as_u128().to_le_bytes());
        scratch.extend_from_slice(&row.session.as_u128().to_le_bytes());
        scratch.extend_from_slice(&row.weight.to_bits().to_le_bytes());
        scratch.push(u8::from(row.bot));
        // A name of neither may hold the zero byte.
        scratch.extend_from_slice(row.tenant.as_bytes());
        scratch.push(0);
        scratch.extend_from_slice(row.kind.as_bytes());
        scratch.push(0);
        scratch.extend_from_slice(row.metadata.as_bytes());
        xxh3_128_with_secret(scratch, &self.0)
    }

    fn id(&self, of: u8, tenant: &str, id: u128, scratch: &mut Vec<u8>) -> u128 {
        scratch.clear();
        scratch.push(of);
        scratch.extend_from_slice(&id.to_le_bytes());
        scratch.extend_from_slice(tenant.as_bytes());
        xxh3_128_with_secret(scratch, &self.0)
    }
}
