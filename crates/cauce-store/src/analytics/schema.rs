//! The tables of analytics, as the steps that lead from one version to the next. A step is never
//! changed once released: a new one is added at the end.
//!
//! `events` are raw and kept for a while; `sums` are what they add up to, by minute (0),
//! quarter-hour (1) and day of UTC (2), with `start` in minutes since the epoch. `tip` is where a
//! conversation or a person stands after their newest event, `base` where they stood before the
//! oldest that is kept.

/// The steps.
pub(super) const STEPS: &[&str] = &["
    CREATE TABLE names (
        id INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        space INTEGER NOT NULL,
        text TEXT NOT NULL,
        UNIQUE (tenant, space, text)
    ) STRICT;

    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        key BLOB,
        tenant INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        detail INTEGER NOT NULL,
        amount INTEGER,
        conversation INTEGER NOT NULL,
        person INTEGER NOT NULL,
        campaign INTEGER NOT NULL,
        variant INTEGER NOT NULL,
        label INTEGER NOT NULL,
        channel INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX events_by_key ON events (key) WHERE key IS NOT NULL;
    CREATE INDEX events_by_conversation ON events (conversation, at) WHERE conversation > 0;
    CREATE INDEX events_by_person ON events (person, at) WHERE person > 0;
    CREATE INDEX events_by_age ON events (at);

    CREATE TABLE conversations (
        id INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        key BLOB UNIQUE,
        person INTEGER NOT NULL,
        base BLOB,
        tip BLOB NOT NULL
    ) STRICT;
    CREATE INDEX conversations_by_person ON conversations (person) WHERE person > 0;

    CREATE TABLE people (
        id INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        key BLOB UNIQUE,
        base BLOB,
        tip BLOB NOT NULL
    ) STRICT;

    CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        measure INTEGER NOT NULL,
        campaign INTEGER NOT NULL,
        variant INTEGER NOT NULL,
        UNIQUE (tenant, measure, campaign, variant)
    ) STRICT;

    CREATE TABLE sums (
        series INTEGER NOT NULL,
        grain INTEGER NOT NULL,
        start INTEGER NOT NULL,
        part INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (series, grain, start, part)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE facts (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
"];
