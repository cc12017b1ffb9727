//! The tables and the steps that lead from one version to the next.
//!
//! ```text
//! tenants --< contacts --< tagged >-- tags        opt_outs: by phone, whether or not a contact has it
//!                 \-----< listed >-- lists        imports --< rejected (rows that were not taken)
//!                       campaigns --< skipped (those who were left out), skip_counts
//!                           \-- walks --< touched: by phone, of contacts changed meanwhile
//! ```
//!
//! `contacts.row` is never used twice, so that whoever walks in its order meets what came later at
//! the end. What stands in two tables (`contacts.opted_out`, `contacts.tags`, the counts) is written
//! in one transaction.

/// The steps, oldest first.
pub(super) const STEPS: &[&str] = &[
    "
    CREATE TABLE identity (sealed BLOB NOT NULL) STRICT;

    CREATE TABLE tenants (
        tenant INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        contacts INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE contacts (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant INTEGER NOT NULL,
        id TEXT NOT NULL,
        phone BLOB NOT NULL,
        personal BLOB NOT NULL,
        tags TEXT NOT NULL,
        language TEXT,
        timezone TEXT,
        opted_out INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX contacts_by_id ON contacts (tenant, id);
    CREATE INDEX contacts_by_phone ON contacts (phone);
    CREATE INDEX contacts_by_tenant ON contacts (tenant);
    CREATE INDEX contacts_opted_out ON contacts (tenant) WHERE opted_out = 1;

    CREATE TABLE tags (
        tag INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant INTEGER NOT NULL,
        name TEXT NOT NULL,
        contacts INTEGER NOT NULL DEFAULT 0,
        UNIQUE (tenant, name)
    ) STRICT;
    CREATE TABLE tagged (
        tag INTEGER NOT NULL,
        contact INTEGER NOT NULL,
        PRIMARY KEY (tag, contact)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE lists (
        list INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant INTEGER NOT NULL,
        contacts INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE listed (
        list INTEGER NOT NULL,
        contact INTEGER NOT NULL,
        PRIMARY KEY (list, contact)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE opt_outs (
        phone BLOB PRIMARY KEY,
        tenant INTEGER NOT NULL,
        at INTEGER NOT NULL,
        by TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE imports (
        import INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant INTEGER NOT NULL,
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        ended_at INTEGER,
        told TEXT NOT NULL
    ) STRICT;
    CREATE INDEX imports_by_tenant ON imports (tenant);
    CREATE TABLE rejected (
        import INTEGER NOT NULL,
        piece INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (import, piece)
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE campaigns (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        sender TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        plan TEXT NOT NULL,
        tags TEXT NOT NULL,
        list INTEGER,
        scheduled_at INTEGER,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        started_at INTEGER,
        ended_at INTEGER,
        job TEXT,
        last_row INTEGER NOT NULL,
        estimate INTEGER NOT NULL,
        note_code TEXT,
        note TEXT,
        forgiven_sent INTEGER NOT NULL,
        forgiven_failed INTEGER NOT NULL,
        forgiven_barred INTEGER NOT NULL,
        pruned INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX campaigns_by_tenant ON campaigns (tenant, row);
    CREATE INDEX campaigns_by_state ON campaigns (state, scheduled_at);
    CREATE INDEX campaigns_ended ON campaigns (ended_at) WHERE ended_at IS NOT NULL;

    CREATE TABLE skipped (
        campaign INTEGER NOT NULL,
        contact INTEGER NOT NULL,
        id TEXT,
        why TEXT NOT NULL,
        detail TEXT,
        PRIMARY KEY (campaign, contact)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE skip_counts (
        campaign INTEGER NOT NULL,
        why TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (campaign, why)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE campaigns ADD COLUMN forgiven_restricted INTEGER NOT NULL DEFAULT 0;
",
    "
    CREATE TABLE walks (
        campaign INTEGER PRIMARY KEY,
        tenant INTEGER NOT NULL,
        last_row INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE touched (
        campaign INTEGER NOT NULL,
        phone BLOB NOT NULL,
        PRIMARY KEY (campaign, phone)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO walks SELECT row, tenants.tenant, last_row
        FROM campaigns JOIN tenants ON tenants.name = campaigns.tenant
        WHERE state IN ('queued', 'sending', 'paused');
",
];
