//! The tables of analytics, as the steps that lead from one version to the next. A step is never
//! changed once released: a new one is added at the end.
//!
//! `events` are raw and kept for a while; `sums` are what they add up to, by minute, quarter-hour and
//! day of UTC. A row of `sums` is the [`pack`](super::packs) of one series in one block of time
//! ([`Grain`](super::sums::Grain)), and its `place` tells grain, block and series, in this order: what
//! changes at the same time shares pages, and old blocks go as a whole. A series holds the classes of
//! durations of one measure, or, as measure 0, all other measures of a campaign, of a variant or of
//! all. `tip` is where a conversation or a person stands after their newest event, `base` where they
//! stood before the oldest that is kept. In the sums of conversations that began and ended, the first
//! block of days holds what all days came to that are not kept any more. `conversations.person` was named with
//! it last, and whoever was before is in `named_before`.

/// The steps.
pub(super) const STEPS: &[&str] = &[
    "
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
        place INTEGER PRIMARY KEY,
        packed BLOB NOT NULL
    ) STRICT;

    CREATE TABLE facts (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rules (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE name_counts (
        tenant INTEGER NOT NULL,
        space INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (tenant, space)
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE named_before (
        person INTEGER NOT NULL,
        conversation INTEGER NOT NULL,
        PRIMARY KEY (person, conversation)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX named_before_by_conversation ON named_before (conversation);
",
];
