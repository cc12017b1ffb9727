// A collector of tracking events on Fastify and SQLite, the way a Node team would build it: the body
// is checked by a JSON schema, events gather in a buffer of 500, and each full buffer (or what there
// is after 5 s) is written in one transaction to a table with the five usual indexes.
//
//   node run.mjs --database events.db
//
// Prints {"address":"127.0.0.1:PORT"} when it listens. GET /count answers how many events it holds.
// It answers before the events are on disk; the write-ahead log is synced at checkpoints only.

import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import fastify from 'fastify';

const { values: args } = parseArgs({ options: { database: { type: 'string' } } });
const MAX_BUFFER = 500;
const FLUSH_MS = 5_000;

const db = new Database(args.database);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = NORMAL');
db.exec(`
  CREATE TABLE events (
    event_id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, site_id TEXT NOT NULL,
    visitor_id TEXT NOT NULL, session_id TEXT NOT NULL, event_type TEXT NOT NULL,
    metadata TEXT, occurred_at INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 1
  ) WITHOUT ROWID;
  CREATE INDEX by_site ON events (tenant_id, site_id, occurred_at DESC);
  CREATE INDEX by_visitor ON events (visitor_id, occurred_at DESC);
  CREATE INDEX by_session ON events (session_id, occurred_at DESC);
  CREATE INDEX by_type ON events (event_type, occurred_at DESC);
  CREATE INDEX by_tenant_type ON events (tenant_id, event_type, occurred_at DESC);
`);
const insert = db.prepare('INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)');
const write = db.transaction((rows) => {
  for (const row of rows) insert.run(row);
});

let buffer = [];
let received = 0;
function flush() {
  const rows = buffer;
  buffer = [];
  if (rows.length > 0) write(rows);
}
setInterval(flush, FLUSH_MS);

const uuid = { type: 'string', format: 'uuid' };
const schema = {
  body: {
    type: 'object',
    required: ['tenantId', 'siteId', 'events'],
    properties: {
      tenantId: { type: 'string', maxLength: 64 },
      siteId: uuid,
      events: {
        type: 'array',
        minItems: 1,
        maxItems: 1000,
        items: {
          type: 'object',
          required: ['visitorId', 'sessionId', 'eventType'],
          properties: {
            eventId: uuid,
            visitorId: uuid,
            sessionId: uuid,
            eventType: { type: 'string', minLength: 1, maxLength: 64 },
            metadata: { type: 'object' },
            occurredAt: { type: 'string', format: 'date-time' },
          },
        },
      },
    },
  },
};

const app = fastify({ bodyLimit: 4 << 20 });
app.post('/tracking-v2/events', { schema }, (request, reply) => {
  const { tenantId, siteId, events } = request.body;
  for (const event of events) {
    buffer.push([
      event.eventId ?? crypto.randomUUID(),
      tenantId,
      siteId,
      event.visitorId,
      event.sessionId,
      event.eventType,
      event.metadata ? JSON.stringify(event.metadata) : null,
      Date.parse(event.occurredAt) || Date.now(),
    ]);
    if (buffer.length >= MAX_BUFFER) flush();
  }
  received += events.length;
  reply.code(202).send({ received: events.length, processed: events.length, bufferSize: buffer.length });
});
app.get('/count', () => {
  flush();
  return { received, stored: db.prepare('SELECT count(*) AS n FROM events').get().n };
});
const address = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(JSON.stringify({ address: address.replace('http://', '') }));
