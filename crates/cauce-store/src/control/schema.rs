//! The tables of the control store and the steps that lead from one version to the next.

/// The steps, oldest first.
pub(super) const STEPS: &[&str] = &[
    "
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        name TEXT NOT NULL,
        tenant TEXT NOT NULL,
        scopes TEXT NOT NULL,
        site TEXT,
        origins TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        revoked_at INTEGER,
        last_used_at INTEGER
    ) STRICT;

    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        key_id TEXT NOT NULL,
        key_name TEXT NOT NULL,
        tenant TEXT NOT NULL,
        verb TEXT NOT NULL,
        object TEXT NOT NULL,
        outcome TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_by_tenant ON audit (tenant, id);

    CREATE TABLE answers (
        owner TEXT NOT NULL,
        route TEXT NOT NULL,
        key TEXT NOT NULL,
        body_hash BLOB NOT NULL,
        status INTEGER NOT NULL,
        headers TEXT NOT NULL,
        body BLOB NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (owner, route, key)
    ) STRICT;
    CREATE INDEX answers_by_age ON answers (at);

    CREATE TABLE facts (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE rollups (
        step INTEGER NOT NULL,
        start INTEGER NOT NULL,
        queue TEXT NOT NULL,
        tenant TEXT NOT NULL,
        sums BLOB NOT NULL,
        PRIMARY KEY (step, start, queue, tenant)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rollups_through (
        log INTEGER PRIMARY KEY,
        position INTEGER NOT NULL
    ) STRICT;
",
    "ALTER TABLE answers ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE facts ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;",
    "
    CREATE TABLE sign_ins (
        hash BLOB PRIMARY KEY,
        key_id TEXT NOT NULL,
        bound BLOB NOT NULL,
        begun_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE alerts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        rule TEXT NOT NULL,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        tenant TEXT NOT NULL,
        thing TEXT NOT NULL,
        name TEXT NOT NULL,
        since INTEGER NOT NULL,
        ended_at INTEGER,
        value REAL NOT NULL,
        worst REAL NOT NULL,
        above REAL NOT NULL,
        detail TEXT NOT NULL,
        alarms INTEGER NOT NULL,
        alarmed_at INTEGER,
        acknowledged_at INTEGER,
        acknowledged_by TEXT,
        watch TEXT NOT NULL
    ) STRICT;
    CREATE INDEX alerts_by_tenant ON alerts (tenant, id);
    CREATE INDEX alerts_by_subject ON alerts (rule, tenant, thing, name, id);
    CREATE INDEX alerts_firing ON alerts (id) WHERE ended_at IS NULL;
",
];
