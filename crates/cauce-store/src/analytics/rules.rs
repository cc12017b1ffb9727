//! The rules that a file is counted by.
//!
//! What is in the sums was told by some rules: when a conversation is over, how long a conversion is
//! owed, which hours are business hours. Were they changed on the way, what was told by the old
//! ones would be taken back by the new ones, and sums would be off for good. So a file goes on by
//! the rules that it began with, until its sums are made anew.

use std::sync::Arc;

use cauce_observe::analytics::{Idle, Pace, Window, hours::Hours};
use rusqlite::{Connection, OptionalExtension, params};

/// What decides when a conversation is over, what a conversion is owed to, and how long an answer
/// took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) idle: Idle,
    pub(super) window: Window,
    pub(super) hours: Option<Arc<Hours>>,
}

const IDLE: &str = "idle_ms";
const WINDOW: &str = "window_ms";
const HOURS: &str = "business_hours";

impl Rules {
    pub(super) fn pace(&self) -> Pace<'_> {
        Pace {
            idle: self.idle,
            hours: self.hours.as_deref(),
        }
    }

    /// The rules that a file is counted by; these, where it has none yet.
    pub(super) fn in_force(self, connection: &Connection) -> rusqlite::Result<Rules> {
        let number = |name: &str| -> rusqlite::Result<Option<i64>> {
            Ok(value(connection, name)?.and_then(|text| text.parse().ok()))
        };
        let (Some(idle), Some(window)) = (number(IDLE)?, number(WINDOW)?) else {
            self.put(connection)?;
            return Ok(self);
        };
        let hours = value(connection, HOURS)?.and_then(|text| text.parse::<Hours>().ok());
        Ok(Rules {
            idle: Idle(idle),
            window: Window(window),
            hours: hours.map(Arc::new),
        })
    }

    /// Counts by these from here on.
    pub(super) fn put(&self, connection: &Connection) -> rusqlite::Result<()> {
        let hours = self.hours.as_ref().map(ToString::to_string);
        for (name, text) in [
            (IDLE, self.idle.0.to_string()),
            (WINDOW, self.window.0.to_string()),
            (HOURS, hours.unwrap_or_default()),
        ] {
            connection.execute(
                "INSERT INTO rules VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
                params![name, text],
            )?;
        }
        Ok(())
    }
}

fn value(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row("SELECT value FROM rules WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()
}
