//! How events are taken: each is written once, and sums change with it in the same transaction.

use cauce_observe::analytics::{Cell, Conversation, Event, Person, What, alone, measure::Effects};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    names::{self, Space},
    stories::{Rules, Touched},
    sums::Changes,
    tracked::{COLUMNS, Hidden, Written},
};

/// The name that the sums of all tenants' names are under.
const ALL: i64 = 0;

/// One transaction that takes events.
pub(super) struct Taking<'a> {
    connection: &'a Connection,
    changes: Changes,
    conversations: Touched,
    people: Touched,
}

impl<'a> Taking<'a> {
    /// Does work in a transaction, and writes what follows from it.
    pub(super) fn run<T>(
        connection: &'a Connection,
        rules: Rules,
        work: impl FnOnce(&mut Taking<'a>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut taking = Taking {
            connection,
            changes: Changes::default(),
            conversations: Touched::default(),
            people: Touched::default(),
        };
        let done = work(&mut taking)?;
        let Taking {
            mut changes,
            conversations,
            people,
            ..
        } = taking;
        conversations.tell::<Conversation>(connection, rules, &mut changes)?;
        people.tell::<Person>(connection, rules, &mut changes)?;
        changes.write(connection)?;
        Ok(done)
    }

    /// Takes an event; answers whether it is new.
    pub(super) fn take(&mut self, hidden: &Hidden) -> rusqlite::Result<bool> {
        if let Some(key) = &hidden.key
            && self.is_known(key)?
        {
            return Ok(false);
        }
        let written = self.written(hidden)?;
        self.insert(written)?;
        Ok(true)
    }

    fn is_known(&self, key: &[u8]) -> rusqlite::Result<bool> {
        self.connection
            .prepare_cached("SELECT 1 FROM events WHERE key = ?1")?
            .exists([key])
    }

    /// Lets these be all that is known under keys that begin so: what is there already stays, what
    /// is not among them goes.
    pub(super) fn set(&mut self, prefix: &[u8], all: &[Hidden]) -> rusqlite::Result<()> {
        let mut wanted = all
            .iter()
            .map(|hidden| self.written(hidden))
            .collect::<rusqlite::Result<Vec<Written>>>()?;
        for known in self.under(prefix)? {
            let same = wanted.iter().position(|new| {
                let (key, event) = (new.key == known.key, new.event == known.event);
                key && event
            });
            match same {
                Some(at) => drop(wanted.swap_remove(at)),
                None => self.remove(known)?,
            }
        }
        wanted.into_iter().try_for_each(|new| self.insert(new))
    }

    fn under(&self, prefix: &[u8]) -> rusqlite::Result<Vec<Written>> {
        let end = [prefix, &[0xff; 4]].concat();
        let sql = format!("SELECT {COLUMNS} FROM events WHERE key >= ?1 AND key < ?2");
        let mut rows = self.connection.prepare_cached(&sql)?;
        rows.query_map(params![prefix, end], Written::read)?
            .collect()
    }

    /// The event with numbers for names.
    fn written(&self, hidden: &Hidden) -> rusqlite::Result<Written> {
        let tracked = &hidden.tracked;
        let tenant = names::number(self.connection, ALL, Space::Tenant, tracked.tenant.as_str())?;
        let number = |space: Space, name: &Option<String>| -> rusqlite::Result<u32> {
            let Some(name) = name else { return Ok(0) };
            let number = names::number(self.connection, tenant, space, name)?;
            Ok(u32::try_from(number).unwrap_or(0))
        };
        let event = Event {
            at: tracked.at.as_millis(),
            cell: Cell {
                campaign: number(Space::Campaign, &tracked.campaign)?,
                variant: number(Space::Variant, &tracked.variant)?,
            },
            label: number(label_space(tracked.what), &tracked.label)?,
            channel: number(Space::Channel, &tracked.channel)?,
            what: tracked.what,
        };
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
        Ok(Written {
            id: 0,
            key: hidden.key.clone(),
            tenant,
            conversation,
            person: if event.is_of_person() { person } else { 0 },
            event,
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
                    self.connection
                        .prepare_cached("UPDATE conversations SET person = ?2 WHERE id = ?1")?
                        .execute([id, person])?;
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

/// What an event means by itself.
pub(super) fn effects_alone(written: &Written) -> Effects {
    let mut effects = Effects::default();
    let (in_conversation, of_person) = (written.conversation != 0, written.person != 0);
    alone(&written.event, in_conversation, of_person, &mut effects);
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
