//! The tables of the projection, as the steps that lead from one version to the next. A step is never
//! changed once released: a new one is added at the end.

/// The steps.
pub(super) const STEPS: &[&str] = &[
    "
    CREATE TABLE through (
        log INTEGER PRIMARY KEY,
        position INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE messages (
        job BLOB PRIMARY KEY,
        taken_at INTEGER NOT NULL,
        tenant TEXT NOT NULL,
        sender TEXT NOT NULL,
        campaign TEXT,
        number INTEGER,
        variant INTEGER,
        contact TEXT,
        conversation TEXT,
        metadata BLOB,
        kind TEXT NOT NULL,
        phone_hash BLOB NOT NULL,
        phone BLOB NOT NULL,
        priority INTEGER NOT NULL,
        stage INTEGER NOT NULL,
        word INTEGER,
        state INTEGER NOT NULL,
        provider_id TEXT,
        told_id TEXT,
        job_code TEXT,
        job_detail TEXT,
        told_code TEXT,
        told_detail TEXT,
        tries TEXT NOT NULL,
        due_at INTEGER NOT NULL,
        completed_at INTEGER,
        ended_at INTEGER,
        sent_at INTEGER,
        delivered_at INTEGER,
        read_at INTEGER,
        failed_at INTEGER,
        answered_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX messages_by_tenant ON messages (tenant);
    CREATE INDEX messages_by_campaign ON messages (tenant, campaign) WHERE campaign IS NOT NULL;
    CREATE INDEX messages_by_phone ON messages (phone_hash);
    CREATE INDEX messages_by_provider ON messages (provider_id) WHERE provider_id IS NOT NULL;
    CREATE INDEX messages_unknown ON messages (stage) WHERE stage = 3;

    CREATE TABLE told (
        account TEXT NOT NULL,
        provider_id TEXT NOT NULL,
        word INTEGER NOT NULL,
        job BLOB,
        code TEXT,
        detail TEXT,
        at INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        PRIMARY KEY (provider_id, account, word)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX told_by_job ON told (job) WHERE job IS NOT NULL;
    CREATE INDEX told_by_age ON told (received_at);

    CREATE TABLE inbound (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        account TEXT NOT NULL,
        provider_id TEXT NOT NULL,
        phone_hash BLOB NOT NULL,
        phone BLOB NOT NULL,
        kind TEXT NOT NULL,
        text BLOB,
        reply_to TEXT,
        at INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        opt INTEGER,
        opt_done INTEGER NOT NULL,
        answers BLOB,
        UNIQUE (account, provider_id)
    ) STRICT;
    CREATE INDEX inbound_by_tenant ON inbound (tenant, id);
    CREATE INDEX inbound_by_phone ON inbound (phone_hash, at);
    CREATE INDEX inbound_by_answered ON inbound (answers) WHERE answers IS NOT NULL;
    CREATE INDEX inbound_to_opt ON inbound (opt_done) WHERE opt_done = 0;

    CREATE TABLE campaigns (
        tenant TEXT NOT NULL,
        campaign TEXT NOT NULL,
        batch_size INTEGER NOT NULL,
        first_sent_at INTEGER,
        last_sent_at INTEGER,
        PRIMARY KEY (tenant, campaign)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE figures (
        tenant TEXT NOT NULL,
        campaign TEXT NOT NULL,
        variant INTEGER NOT NULL,
        measure INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (tenant, campaign, variant, measure)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE failures (
        tenant TEXT NOT NULL,
        campaign TEXT NOT NULL,
        code TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (tenant, campaign, code)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE batches (
        tenant TEXT NOT NULL,
        campaign TEXT NOT NULL,
        batch INTEGER NOT NULL,
        taken INTEGER NOT NULL,
        queued INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        PRIMARY KEY (tenant, campaign, batch)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE counts (
        name TEXT PRIMARY KEY,
        count INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE unwanted (
        job BLOB NOT NULL,
        at INTEGER NOT NULL,
        tenant TEXT NOT NULL,
        phone_hash BLOB NOT NULL,
        phone BLOB NOT NULL,
        done INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (job, at)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX unwanted_to_tell ON unwanted (done) WHERE done = 0;

    CREATE TABLE restrictions (
        sender TEXT PRIMARY KEY,
        count INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
    // What is to be counted by analytics, and when messages were first to be sent.
    "
    ALTER TABLE messages ADD COLUMN wanted_at INTEGER;

    CREATE TABLE to_count (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        job BLOB,
        inbound INTEGER
    ) STRICT;
    INSERT INTO to_count (job) SELECT job FROM messages;
    INSERT INTO to_count (inbound) SELECT id FROM inbound;
",
    // Messages that were sent under the name of a campaign and are not to its audience.
    "
    INSERT INTO figures SELECT tenant, campaign, 0, 104, count(*) FROM messages
        WHERE campaign IS NOT NULL AND number IS NULL GROUP BY tenant, campaign;
",
    // When messages expire, and those that were taken back because their recipient had opted out.
    "
    ALTER TABLE messages ADD COLUMN expires_at INTEGER;
    INSERT INTO figures SELECT tenant, campaign, variant, 105, count(*) FROM messages
        WHERE campaign IS NOT NULL AND number IS NOT NULL AND state = 7 AND job_code = 'opted_out'
        GROUP BY tenant, campaign, variant;
",
];
