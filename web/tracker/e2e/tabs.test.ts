// Several tabs of one site: one visitor, one session, and no event lost or sent by both.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser } from "playwright-core";
import { World, cauce, failed, flush, launch } from "./world.js";

let browser: Browser;
let world: World;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => (world = await World.start(browser)));
afterEach(() => world.stop());

const QUIET = { tag: { "data-capture": "" } };

test("tabs share a visitor and a session", async () => {
  const [a, b] = [await world.open("/a"), await world.open("/b")];
  await flush(a);
  await flush(b);
  await world.collector.until(() => world.collector.events.length === 2, "both views");
  const ids = world.collector.events.map(({ visitorId, sessionId }) => `${visitorId} ${sessionId}`);
  assert.equal(new Set(ids).size, 1);
});

// With locks where the origin is secure, without where it is not.
for (const secure of [true, false]) {
  test(`what a closed tab leaves is sent once by those that stay (secure: ${secure})`, async () => {
    world.collector.answer = () => "abort";
    const leaving = await world.open("/a", QUIET, { secure });
    assert.equal(await leaving.evaluate(() => "locks" in navigator), secure);
    for (const type of ["A", "B", "C"]) await cauce(leaving, "track", type);
    await flush(leaving);
    await failed(leaving, world);
    const staying = [await world.open("/b", QUIET, { secure }), await world.open("/c", QUIET, { secure })];
    await leaving.close({ runBeforeUnload: true });
    await leaving.waitForEvent("close").catch(() => undefined);
    world.collector.answer = () => ({ status: 202 });
    await Promise.all(staying.map(flush));
    await world.collector.until(() => world.collector.events.length >= 3, "what was left");
    for (const tab of staying) await cauce(tab, "track", "LAST");
    await Promise.all(staying.map(flush));
    await world.collector.until(() => world.collector.of("LAST").length === 2, "both tabs");
    const { events } = world.collector;
    // Without a lock both may take it over in the same moment. The server knows repeats by their id.
    const once = secure ? events : [...new Map(events.map((event) => [event.eventId, event])).values()];
    const types = once.map(({ eventType }) => eventType).sort();
    assert.deepEqual(types, ["A", "B", "C", "LAST", "LAST"]);
  });
}

test("a tab that is there keeps its queue to itself", async () => {
  const owner = await world.open("/a", QUIET, { frozen: true });
  const other = await world.open("/b", QUIET);
  await cauce(owner, "track", "OWN");
  await cauce(other, "track", "OTHER");
  await flush(other);
  await world.collector.until(() => world.collector.of("OTHER").length === 1, "the other's event");
  assert.equal(world.collector.of("OWN").length, 0);
});

test("a tab that was given up for dead does not send again what another has sent", async () => {
  const slept = await world.open("/a", QUIET, { frozen: true });
  await cauce(slept, "track", "SLEPT");
  const other = await world.open("/b", QUIET);
  await other.evaluate(() => {
    for (const [key, queue] of Object.entries(localStorage)) {
      if (key.includes(".q")) localStorage.setItem(key, (queue as string).replace(/^\d+/, "1"));
    }
  });
  await flush(other);
  await world.collector.until(() => world.collector.of("SLEPT").length === 1, "the adopted event");
  await cauce(slept, "track", "AWAKE");
  await flush(slept);
  await world.collector.until(() => world.collector.of("AWAKE").length === 1, "the next event");
  assert.equal(world.collector.of("SLEPT").length, 1);
});
