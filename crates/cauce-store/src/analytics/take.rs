//! How events are taken: each is written once, and sums change with it in the same transaction.

use std::collections::HashMap;

use cauce_observe::analytics::{Cell, Conversation, Event, Person, What, alone, measure::Effects};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    aside::step_aside,
    facts::Gone,
    names::{self, Space},
    rules::Rules,
    stories::Touched,
    sums::Changes,
    tracked::{COLUMNS, Hidden, Written},
};

/// The number that the names of tenants are under.
const ALL: i64 = 0;

/// One transaction that takes events.
pub(super) struct Taking<'a> {
    connection: &'a Connection,
    changes: Changes,
    conversations: Touched,
    people: Touched,
    /// Before this events are not kept: the stories that they would belong to are told past them.
    gone_before: i64,
    /// Events that came too late to be counted.
    too_late: u64,
    /// Numbers of names, by tenant and space: a call names the same few again and again.
    names: HashMap<(i64, i64, String), i64>,
}

/// What was done, and how many events came too late to be counted.
pub(super) struct Done<T> {
    pub(super) value: T,
    pub(super) too_late: u64,
}

/// A conversation and a person, by their numbers; 0 for none.
#[derive(Clone, Copy, Debug)]
struct Of {
    conversation: i64,
    person: i64,
}

impl<'a> Taking<'a> {
    /// Does work in a transaction, and writes what follows from it.
    pub(super) fn run<T>(
        connection: &'a Connection,
        rules: &Rules,
        work: impl FnOnce(&mut Taking<'a>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Done<T>> {
        let mut taking = Taking {
            connection,
            changes: Changes::default(),
            conversations: Touched::default(),
            people: Touched::default(),
            gone_before: Gone::Events.before(connection)?.unwrap_or(i64::MIN),
            too_late: 0,
            names: HashMap::new(),
        };
        let value = work(&mut taking)?;
        let Taking {
            mut changes,
            conversations,
            people,
            too_late,
            ..
        } = taking;
        conversations.tell::<Conversation>(connection, rules, &mut changes)?;
        people.tell::<Person>(connection, rules, &mut changes)?;
        changes.write(connection)?;
        Ok(Done { value, too_late })
    }

    /// Takes an event; answers whether it is new.
    pub(super) fn take(&mut self, hidden: &Hidden) -> rusqlite::Result<bool> {
        if hidden.at.as_millis() < self.gone_before {
            self.too_late += 1;
            return Ok(false);
        }
        if let Some(key) = &hidden.key
            && is_known(self.connection, key)?
        {
            return Ok(false);
        }
        let (tenant, event) = self.event(hidden)?;
        let of = self.of(tenant, &event, hidden)?;
        self.insert(written(tenant, hidden, event, of))?;
        step_aside();
        Ok(true)
    }

    /// Lets these be all that is known under keys that begin so: what is there already stays, what
    /// is not among them goes. What is older than all that is kept was counted when it was not.
    pub(super) fn set(&mut self, prefix: &[u8], all: &[Hidden]) -> rusqlite::Result<()> {
        let mut known = self.under(prefix)?;
        let of_known = known.iter().find(|known| known.conversation != 0);
        let of_known = of_known.map(|known| known.conversation);
        for hidden in all {
            let same = known.iter().position(|known| known.key == hidden.key);
            let before = same.map(|at| known.swap_remove(at));
            let (tenant, event) = self.event(hidden)?;
            let is_as_before = before.as_ref().is_some_and(|known| known.event == event);
            if is_as_before || event.at < self.gone_before {
                continue;
            }
            let of = match (&before, of_known) {
                (None, None) => self.of(tenant, &event, hidden)?,
                (Some(before), _) if before.person != 0 => Of {
                    conversation: before.conversation,
                    person: before.person,
                },
                (_, known) => self.of_again(tenant, &event, hidden, known)?,
            };
            if let Some(before) = before {
                self.remove(before)?;
            }
            self.insert(written(tenant, hidden, event, of))?;
        }
        known.into_iter().try_for_each(|gone| self.remove(gone))
    }

    /// Of whom more is known of a message that was counted before: of its conversation. Whoever was
    /// erased since stays so.
    fn of_again(
        &self,
        tenant: i64,
        event: &Event,
        hidden: &Hidden,
        conversation: Option<i64>,
    ) -> rusqlite::Result<Of> {
        let Some(conversation) = conversation.filter(|_| event.is_of_conversation()) else {
            return self.of(tenant, event, hidden);
        };
        let is_erased = !self
            .connection
            .prepare_cached("SELECT 1 FROM conversations WHERE id = ?1 AND key IS NOT NULL")?
            .exists([conversation])?;
        let person = match &hidden.person {
            Some(key) if event.is_of_person() && !is_erased => self.person(tenant, key)?,
            Some(_) | None => 0,
        };
        Ok(Of {
            conversation,
            person,
        })
    }

    fn under(&self, prefix: &[u8]) -> rusqlite::Result<Vec<Written>> {
        let end = [prefix, &[0xff; 4]].concat();
        let sql = format!("SELECT {COLUMNS} FROM events WHERE key >= ?1 AND key < ?2");
        let mut rows = self.connection.prepare_cached(&sql)?;
        rows.query_map(params![prefix, end], Written::read)?
            .collect()
    }

    /// The event with numbers for names, and that of its tenant.
    fn event(&mut self, hidden: &Hidden) -> rusqlite::Result<(i64, Event)> {
        let tenant = self.number(ALL, Space::Tenant, hidden.tenant.as_str())?;
        let mut number = |space: Space, name: &Option<String>| -> rusqlite::Result<u32> {
            let Some(name) = name else { return Ok(0) };
            let number = self.number(tenant, space, name)?;
            Ok(u32::try_from(number).unwrap_or(0))
        };
        let event = Event {
            at: hidden.at.as_millis(),
            cell: Cell {
                campaign: number(Space::Campaign, &hidden.campaign)?,
                variant: number(Space::Variant, &hidden.variant)?,
            },
            label: number(label_space(hidden.what), &hidden.label)?,
            channel: number(Space::Channel, &hidden.channel)?,
            what: hidden.what,
        };
        Ok((tenant, event))
    }

    fn number(&mut self, tenant: i64, space: Space, name: &str) -> rusqlite::Result<i64> {
        let key = (tenant, space as i64, name.to_owned());
        if let Some(known) = self.names.get(&key) {
            return Ok(*known);
        }
        let number = names::number(self.connection, tenant, space, name)?;
        self.names.insert(key, number);
        Ok(number)
    }

    /// The conversation and the person of an event, which are given numbers where they have none.
    fn of(&self, tenant: i64, event: &Event, hidden: &Hidden) -> rusqlite::Result<Of> {
        let person = match &hidden.person {
            Some(key) if event.is_of_person() || event.is_of_conversation() => {
                self.person(tenant, key)?
            }
            Some(_) | None => 0,
        };
        let conversation = match &hidden.conversation {
            Some(key) if event.is_of_conversation() => self.conversation(tenant, key, person)?,
            Some(_) | None => 0,
        };
        Ok(Of {
            conversation,
            person,
        })
    }

    fn person(&self, tenant: i64, key: &[u8]) -> rusqlite::Result<i64> {
        let known: Option<i64> = self
            .connection
            .prepare_cached("SELECT id FROM people WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        self.connection
            .prepare_cached("INSERT INTO people (tenant, key, tip) VALUES (?1, ?2, x'')")?
            .execute(params![tenant, key])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// The number of a conversation, and the last person who was named with it.
    fn conversation(&self, tenant: i64, key: &[u8], person: i64) -> rusqlite::Result<i64> {
        let known: Option<(i64, i64)> = self
            .connection
            .prepare_cached("SELECT id, person FROM conversations WHERE key = ?1")?
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match known {
            Some((id, of)) => {
                if person != 0 && of != person {
                    self.rename(id, [of, person])?;
                }
                Ok(id)
            }
            None => {
                self.connection
                    .prepare_cached(
                        "INSERT INTO conversations (tenant, key, person, tip)
                         VALUES (?1, ?2, ?3, x'')",
                    )?
                    .execute(params![tenant, key, person])?;
                Ok(self.connection.last_insert_rowid())
            }
        }
    }

    /// Another person is named with a conversation; whoever was before is not forgotten.
    fn rename(&self, conversation: i64, [before, now]: [i64; 2]) -> rusqlite::Result<()> {
        if before != 0 {
            self.connection
                .prepare_cached("INSERT OR IGNORE INTO named_before VALUES (?1, ?2)")?
                .execute([before, conversation])?;
        }
        self.connection
            .prepare_cached("UPDATE conversations SET person = ?2 WHERE id = ?1")?
            .execute([conversation, now])
            .map(drop)
    }

    fn insert(&mut self, mut written: Written) -> rusqlite::Result<()> {
        let sql = "INSERT INTO events (key, tenant, at, kind, detail, amount, conversation, person,
                       campaign, variant, label, channel)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let values = written.values();
        self.connection
            .prepare_cached(sql)?
            .execute(rusqlite::params_from_iter(values))?;
        written.id = self.connection.last_insert_rowid();
        self.count(&written, 1);
        if written.conversation != 0 {
            self.conversations
                .add(written.conversation, written.clone());
        }
        if written.person != 0 {
            self.people.add(written.person, written);
        }
        Ok(())
    }

    fn remove(&mut self, written: Written) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("DELETE FROM events WHERE id = ?1")?
            .execute([written.id])?;
        self.count(&written, -1);
        if written.conversation != 0 {
            self.conversations
                .remove(written.conversation, written.clone());
        }
        if written.person != 0 {
            self.people.remove(written.person, written);
        }
        Ok(())
    }

    fn count(&mut self, written: &Written, by: i64) {
        let effects = effects_alone(written);
        self.changes.add(written.tenant, &effects.0, by);
    }
}

/// Whether an event with this key is counted.
pub(super) fn is_known(connection: &Connection, key: &[u8]) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM events WHERE key = ?1")?
        .exists([key])
}

/// An event as it is written: of a conversation and of a person as far as it is one of theirs.
fn written(tenant: i64, hidden: &Hidden, event: Event, of: Of) -> Written {
    let only = |is_of: bool, number: i64| if is_of { number } else { 0 };
    Written {
        id: 0,
        key: hidden.key.clone(),
        tenant,
        conversation: only(event.is_of_conversation(), of.conversation),
        person: only(event.is_of_person(), of.person),
        event,
    }
}

/// What an event means by itself.
pub(super) fn effects_alone(written: &Written) -> Effects {
    let mut effects = Effects::default();
    alone(&written.event, written.person != 0, &mut effects);
    effects
}

/// What a label of such an event names.
fn label_space(what: What) -> Space {
    match what {
        What::Failed { .. } | What::TryFailed { .. } => Space::Error,
        What::Ended => Space::EndedBy,
        What::Sent { .. }
        | What::Received
        | What::Delivered { .. }
        | What::Read
        | What::Answered
        | What::Started
        | What::HandedOff
        | What::Converted { .. }
        | What::Spent(_) => Space::Type,
    }
}
