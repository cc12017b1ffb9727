//! Events as they are handed in, with their names, and as they are written, with numbers.

use cauce_flow::{
    currency::Currency,
    id::{JobId, TenantId},
    time::Timestamp,
};
use cauce_observe::analytics::{Cell, Event, Kind, What, event::Money};
use rusqlite::{Row, ToSql};

use crate::personal::{Personal, PhoneHash};

/// Something that happened, as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Whose it is.
    pub tenant: TenantId,
    /// What a repeat is known by.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// The person.
    pub person: Option<Who>,
    /// The caller's conversation; without it, the person's own.
    pub conversation: Option<String>,
    /// The campaign.
    pub campaign: Option<String>,
    /// The campaign's variant.
    pub variant: Option<String>,
    /// What kind of message, which error, who ended it.
    pub label: Option<String>,
    /// The channel.
    pub channel: Option<String>,
    /// What.
    pub what: What,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// By the number, in the form that stands for its person.
    Phone(String),
    /// By what the number is found by.
    Hash(PhoneHash),
}

/// How a variant of a campaign of ours is written, by its place: no caller's name begins so.
pub fn own_variant(place: u16) -> String {
    format!("{OWN}{place}")
}

/// The place of a variant that was written so.
pub fn place_of_own_variant(name: &str) -> Option<usize> {
    name.strip_prefix(OWN)?.parse().ok()
}

const OWN: char = '\u{1}';

/// What a repeat of an event is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventId {
    /// Nothing: it is counted as often as it comes.
    None,
    /// A name, unique within its tenant.
    Named(String),
    /// Something that became of a message of ours: which, and its place among several.
    OfMessage(JobId, u8, u8),
    /// A message that came in: the account, and the provider's id.
    Inbound(String, String),
}

/// Bytes of a hash in a key.
const HASH_BYTES: usize = 15;

impl EventId {
    /// What it is written as. The first byte keeps kinds apart. Names may hold a phone number, so
    /// that a hash without a key could be tried out.
    pub(super) fn key(&self, tenant: &TenantId, personal: &Personal) -> Option<Vec<u8>> {
        // No phone number begins with these characters, nor does the name of a conversation.
        let hashed = |kind: u8, text: String| {
            let PhoneHash(hash) = personal.hash(tenant, &text);
            Some([&[kind], &hash[..HASH_BYTES]].concat())
        };
        match self {
            EventId::None => None,
            EventId::Named(name) => hashed(0, format!("\u{2}{name}")),
            EventId::OfMessage(job, fact, place) => {
                let mut key = of_message(*job);
                key.extend([*fact, *place]);
                Some(key)
            }
            // No name of an account holds a NUL, so no two read alike.
            EventId::Inbound(account, id) => hashed(2, format!("\u{3}{account}\0{id}")),
        }
    }
}

/// What all keys of one message begin with.
pub(super) fn of_message(job: JobId) -> Vec<u8> {
    let mut key = vec![1];
    key.extend(job.instance().to_be_bytes());
    key.extend(job.number().to_be_bytes());
    key
}

/// An event without anything that says who it is about: keys stand for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) tenant: TenantId,
    pub(super) key: Option<Vec<u8>>,
    pub(super) at: Timestamp,
    pub(super) person: Option<Vec<u8>>,
    /// Of a conversation.
    pub(super) conversation: Option<Vec<u8>>,
    pub(super) campaign: Option<String>,
    pub(super) variant: Option<String>,
    pub(super) label: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) what: What,
}

impl Hidden {
    pub(super) fn of(tracked: Tracked, personal: &Personal) -> Hidden {
        let tenant = &tracked.tenant;
        let person = tracked.person.as_ref().map(|who| match who {
            Who::Phone(phone) => personal.hash(tenant, phone),
            Who::Hash(hash) => *hash,
        });
        let conversation = conversation_key(
            personal,
            tenant,
            tracked.conversation.as_deref(),
            person.as_ref(),
        );
        Hidden {
            key: tracked.id.key(tenant, personal),
            at: tracked.at,
            person: person.map(|hash| hash.0.to_vec()),
            conversation,
            campaign: tracked.campaign,
            variant: tracked.variant,
            label: tracked.label,
            channel: tracked.channel,
            what: tracked.what,
            tenant: tracked.tenant,
        }
    }
}

/// A conversation with a name of its own, or all that goes to and fro with a person.
fn conversation_key(
    personal: &Personal,
    tenant: &TenantId,
    name: Option<&str>,
    person: Option<&PhoneHash>,
) -> Option<Vec<u8>> {
    match (name, person) {
        // Names of conversations often are phone numbers.
        (Some(name), _) => Some(of_name(personal, tenant, name)),
        (None, Some(hash)) => Some(of_person(hash)),
        (None, None) => None,
    }
}

/// The key of a conversation with a name. No phone number begins with this character.
pub(super) fn of_name(personal: &Personal, tenant: &TenantId, name: &str) -> Vec<u8> {
    let hash = personal.hash(tenant, &format!("\u{1}{name}"));
    [&[1], &hash.0[..]].concat()
}

/// The key of a person's own conversation.
pub(super) fn of_person(hash: &PhoneHash) -> Vec<u8> {
    [&[0], &hash.0[..]].concat()
}

/// An event as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) id: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) tenant: i64,
    pub(super) conversation: i64,
    pub(super) person: i64,
    pub(super) event: Event,
}

/// The columns of an event, in the order in which they are read.
pub(super) const COLUMNS: &str = "id, key, tenant, at, kind, detail, amount, conversation, person, campaign, variant, label, channel";

impl Written {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Written> {
        let (kind, detail): (i64, i64) = (row.get(4)?, row.get(5)?);
        Ok(Written {
            id: row.get(0)?,
            key: row.get(1)?,
            tenant: row.get(2)?,
            conversation: row.get(7)?,
            person: row.get(8)?,
            event: Event {
                at: row.get(3)?,
                cell: Cell {
                    campaign: row.get(9)?,
                    variant: row.get(10)?,
                },
                label: row.get(11)?,
                channel: row.get(12)?,
                // Only events of ours are written.
                what: what(kind, detail, row.get(6)?).unwrap_or(What::Read),
            },
        })
    }

    /// The values of all columns but the first.
    pub(super) fn values(&self) -> [Box<dyn ToSql>; 12] {
        let event = &self.event;
        let (kind, detail, amount) = columns(event.what);
        [
            Box::new(self.key.clone()),
            Box::new(self.tenant),
            Box::new(event.at),
            Box::new(kind),
            Box::new(detail),
            Box::new(amount),
            Box::new(self.conversation),
            Box::new(self.person),
            Box::new(event.cell.campaign),
            Box::new(event.cell.variant),
            Box::new(event.label),
            Box::new(event.channel),
        ]
    }
}

/// What happened, as numbers: its kind, what more there is to say, an amount.
pub(super) fn columns(what: What) -> (i64, i64, Option<i64>) {
    let money = |kind: i64, money: &Money| kind | i64::from(money.currency.number() + 1) << 2;
    match what {
        What::Sent {
            reached,
            took_ms,
            retried,
        } => (1, i64::from(reached) | i64::from(retried) << 1, took_ms),
        What::Received => (2, 0, None),
        What::Delivered { took_ms } => (3, 0, took_ms),
        What::Read => (4, 0, None),
        What::Failed { was_sent } => (5, was_sent.into(), None),
        What::Answered => (6, 0, None),
        What::Started => (7, 0, None),
        What::Ended => (8, 0, None),
        What::HandedOff => (9, 0, None),
        What::Converted { kind, value } => {
            let step = kind.step() as i64;
            let detail = value.as_ref().map_or(step, |value| money(step, value));
            (10, detail, value.map(|value| value.units))
        }
        What::Spent(cost) => (11, money(0, &cost), Some(cost.units)),
        What::TryFailed { again } => (12, again.into(), None),
    }
}

pub(super) fn what(kind: i64, detail: i64, amount: Option<i64>) -> Option<What> {
    let money = || {
        let number = u16::try_from((detail >> 2) - 1).ok()?;
        Some(Money {
            currency: Currency::of_number(number)?,
            units: amount?,
        })
    };
    Some(match kind {
        1 => What::Sent {
            reached: detail & 1 == 1,
            retried: detail & 2 == 2,
            took_ms: amount,
        },
        2 => What::Received,
        3 => What::Delivered { took_ms: amount },
        4 => What::Read,
        5 => What::Failed {
            was_sent: detail == 1,
        },
        6 => What::Answered,
        7 => What::Started,
        8 => What::Ended,
        9 => What::HandedOff,
        10 => What::Converted {
            kind: *Kind::ALL.get(usize::try_from(detail & 3).ok()?)?,
            value: money(),
        },
        11 => What::Spent(money()?),
        12 => What::TryFailed { again: detail == 1 },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let euro = Currency::new("EUR").unwrap();
        let money = Money {
            currency: euro,
            units: 4_990,
        };
        let sale = |value| What::Converted {
            kind: Kind::Sale,
            value,
        };
        for wanted in [
            What::Sent {
                reached: true,
                took_ms: Some(7),
                retried: true,
            },
            What::Sent {
                reached: false,
                took_ms: None,
                retried: false,
            },
            What::Received,
            What::Delivered { took_ms: Some(9) },
            What::Read,
            What::Failed { was_sent: true },
            What::Answered,
            What::Started,
            What::Ended,
            What::HandedOff,
            sale(Some(money)),
            sale(None),
            What::Spent(money),
            What::TryFailed { again: true },
        ] {
            let (kind, detail, amount) = columns(wanted);
            assert_eq!(what(kind, detail, amount), Some(wanted));
        }
        assert_eq!(what(99, 0, None), None);
    }

    #[test]
    fn ids_of_different_kinds_and_tenants_never_meet() {
        let dir = tempfile::TempDir::new().unwrap();
        let personal = Personal::of(dir.path()).unwrap();
        let tenant = |name: &str| TenantId::new(name).unwrap();
        let named = |name: &str| EventId::Named(name.to_owned());
        let keys = [
            named("a").key(&tenant("acme"), &personal),
            named("a").key(&tenant("globex"), &personal),
            named("b").key(&tenant("acme"), &personal),
            EventId::Inbound("acme".into(), "a".into()).key(&tenant("acme"), &personal),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(key), "{at}");
        }
        assert_eq!(EventId::None.key(&tenant("acme"), &personal), None);
        // With another key of personal data they are others: they cannot be tried out.
        let dir = tempfile::TempDir::new().unwrap();
        let other = Personal::of(dir.path()).unwrap();
        assert_ne!(named("a").key(&tenant("acme"), &other), keys[0]);
    }
}
