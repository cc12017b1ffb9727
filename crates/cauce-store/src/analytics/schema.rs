//! The tables of analytics, as the steps that lead from one version to the next. A step is never
//! changed once released: a new one is added at the end.
//!
//! `events` are raw and kept for a while; `sums` are what they add up to, by minute (0),
//! quarter-hour (1) and day of UTC (2), and classes of durations by eight days (3) and three hours
//! (4), too, with `start` in minutes since the epoch. `tip` is where a conversation or a person
//! stands after their newest event, `base` where they stood before the oldest that is kept. Sums
//! stand in blocks of time ([`Grain::block`](super::sums::Grain::block)), and within a block each
//! series by itself: what changes at the same time shares pages, and old blocks go as a whole. In
//! the sums of conversations that began and ended, the day at 0 holds what all days came to that
//! are not kept any more.

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
",
    "
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
    INSERT INTO name_counts SELECT tenant, space, count(*) FROM names GROUP BY tenant, space;
",
    "
    CREATE TABLE sums_by_block (
        grain INTEGER NOT NULL,
        block INTEGER NOT NULL,
        series INTEGER NOT NULL,
        start INTEGER NOT NULL,
        part INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (grain, block, series, start, part)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO sums_by_block
        SELECT grain, start / CASE grain WHEN 0 THEN 60 WHEN 1 THEN 360 ELSE 23040 END,
            series, start, part, sum
        FROM sums;
    INSERT INTO sums_by_block
        SELECT 3, start / 23040, sums.series, start / 11520 * 11520, part, sum(sum)
        FROM sums JOIN series ON series.id = sums.series
        WHERE grain = 2 AND measure IN (30, 32, 34, 41, 44, 46, 60, 62)
        GROUP BY sums.series, start / 11520, part;
    DROP TABLE sums;
    ALTER TABLE sums_by_block RENAME TO sums;
",
    "
    INSERT INTO sums
        SELECT 4, start / 1440, sums.series, start / 180 * 180, part, sum(sum)
        FROM sums JOIN series ON series.id = sums.series
        WHERE grain = 1 AND measure IN (30, 32, 34, 41, 44, 46, 60, 62)
        GROUP BY sums.series, start / 180, part;
",
];
