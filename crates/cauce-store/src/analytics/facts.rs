//! What a file says of itself: before when events and sums are not kept any more.

use rusqlite::{Connection, OptionalExtension, params};

/// Before when something is not kept any more. Each only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    Events,
    Minutes,
    Sums,
}

/// All of them, as epoch milliseconds; the earliest time there is where nothing has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GoneBefore {
    pub(super) events: i64,
    pub(super) minutes: i64,
    pub(super) sums: i64,
}

impl Gone {
    const fn name(self) -> &'static str {
        match self {
            Gone::Events => "pruned_before",
            Gone::Minutes => "minutes_pruned_before",
            Gone::Sums => "sums_pruned_before",
        }
    }

    /// Before when it is gone; none where none of it ever went.
    pub(super) fn before(self, connection: &Connection) -> rusqlite::Result<Option<i64>> {
        find(connection, self.name())
    }

    /// Notes that it is gone before then.
    pub(super) fn note(self, connection: &Connection, before: i64) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO facts VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            )?
            .execute(params![self.name(), before])
            .map(drop)
    }
}

/// What is kept under a name.
pub(super) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT value FROM facts WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

impl GoneBefore {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<GoneBefore> {
        let before = |gone: Gone| -> rusqlite::Result<i64> {
            Ok(gone.before(connection)?.unwrap_or(i64::MIN))
        };
        Ok(GoneBefore {
            events: before(Gone::Events)?,
            minutes: before(Gone::Minutes)?,
            sums: before(Gone::Sums)?,
        })
    }
}
