import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert, StreamCampaign, StreamQueue } from "../src/api/schema.ts";
import { type Board, EMPTY, type Told, after } from "../src/state/board.ts";

const queue = (name: string, pending: number): Told => ({ kind: "queue", data: { name, pending } as StreamQueue });
const campaign = (campaignId: string, status: string): Told => ({ kind: "campaign", data: { campaignId, status } as StreamCampaign });
const pending = ({ queues }: Board): [string, number][] => queues.map((one) => [one.name, one.pending]);

test("news takes the place of what was known of the same thing", () => {
  const first = after(EMPTY, [{ kind: "snapshot", data: {} }, queue("b", 1), queue("a", 2), campaign("c1", "sending")]);
  assert.deepEqual(pending(first), [["a", 2], ["b", 1]]);
  const second = after(first, [queue("b", 5), campaign("c1", "paused")]);
  assert.deepEqual(pending(second), [["a", 2], ["b", 5]]);
  assert.equal(second.campaigns.get("c1")?.status, "paused");
  assert.deepEqual(pending(first), [["a", 2], ["b", 1]], "what was drawn stays as it was");
});

test("what is gone goes, and a snapshot forgets all that it does not name", () => {
  const board = after(EMPTY, [queue("a", 1), queue("b", 1), { kind: "queue", data: { name: "a", gone: true } }]);
  assert.deepEqual(pending(board), [["b", 1]]);
  assert.deepEqual(pending(after(board, [{ kind: "snapshot", data: {} }, queue("c", 3)])), [["c", 3]]);
});

test("of a campaign that has ended the board knows nothing, since nothing more is told of it", () => {
  for (const status of ["completed", "stopped", "failed"]) {
    const board = after(after(EMPTY, [campaign("c1", "sending")]), [campaign("c1", status)]);
    assert.equal(board.campaigns.has("c1"), false, status);
  }
});

test("alerts that fire are there, the newest first, and go when they are over", () => {
  const alert = (id: string, state: string, since: string): Told => ({ kind: "alert", data: { id, state, since } as Alert });
  const board = after(EMPTY, [alert("a", "firing", "2026-01-01T10:00:00Z"), alert("b", "firing", "2026-01-01T11:00:00Z")]);
  assert.deepEqual(board.alerts.map(({ id }) => id), ["b", "a"]);
  const later = after(board, [alert("b", "over", "2026-01-01T11:00:00Z")]);
  assert.deepEqual(later.alerts.map(({ id }) => id), ["a"]);
  assert.deepEqual(after(later, [{ kind: "snapshot", data: {} }]).alerts, []);
});
