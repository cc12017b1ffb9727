// Events get to the server, once, whatever the network and the server do.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser } from "playwright-core";
import { type Event } from "./collector.js";
import { KEY, SITE, TENANT, World, cauce, failed, flush, launch, loaded, pass, passUntil, settle } from "./world.js";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let browser: Browser;
let world: World;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => (world = await World.start(browser)));
afterEach(() => world.stop());

async function track(page: Parameters<typeof cauce>[0], count: number): Promise<void> {
  await page.evaluate((count) => {
    for (let n = 1; n <= count; n++) window.cauce!("track", "STEP", { n });
  }, count);
}

function steps(events: Event[]): unknown[] {
  return events.filter(({ eventType }) => eventType === "STEP").map(({ metadata }) => metadata["n"]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

test("a batch is what the server takes, and costs no preflight", async () => {
  const page = await world.open("/");
  assert.equal(await page.evaluate(() => isSecureContext), false);
  await cauce(page, "track", "add to cart", { sku: "A-1" });
  await flush(page);
  await world.collector.until(() => world.collector.of("ADD_TO_CART").length === 1, "the event");
  const [{ method, url, contentType, batch }] = world.collector.taken as [never];
  assert.deepEqual([method, contentType], ["POST", "text/plain;charset=UTF-8"]);
  assert.equal((url as URL).searchParams.get("key"), KEY);
  const { tenantId, siteId, sentAt, events } = batch as never;
  assert.deepEqual([tenantId, siteId], [TENANT, SITE]);
  assert.equal(new Date(sentAt).toISOString(), sentAt);
  for (const event of events as Event[]) {
    for (const id of [event.eventId, event.visitorId, event.sessionId]) assert.match(id, UUID_V4);
    assert.equal(new Date(event.occurredAt).toISOString(), event.occurredAt);
  }
  assert.deepEqual((events as Event[])[1]!.metadata, { sku: "A-1" });
});

test("twenty events are a batch", async () => {
  const page = await world.open("/", {}, { frozen: true });
  await track(page, 19);
  await world.collector.until(() => world.collector.events.length === 20, "twenty events");
  assert.equal(world.collector.taken.length, 1);
});

test("fewer are sent after three seconds", async () => {
  const page = await world.open("/", { tag: { "data-capture": "" } }, { frozen: true });
  await track(page, 1);
  await pass(page, world, 2_900);
  assert.equal(world.collector.taken.length, 0);
  await page.clock.runFor(200);
  await world.collector.until(() => world.collector.events.length === 1, "the event");
});

test("a page that goes hands its events over", async () => {
  const page = await world.open("/", {}, { frozen: true });
  await track(page, 3);
  await page.goto("about:blank");
  await world.collector.until(() => world.collector.events.length === 4, "the last events");
});

test("a hidden page hands its events over and goes on", async () => {
  const page = await world.open("/", {}, { frozen: true });
  await track(page, 2);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await world.collector.until(() => steps(world.collector.events).length === 2, "both");
  await track(page, 1);
  await flush(page);
  await world.collector.until(() => steps(world.collector.events).length === 3, "the third");
});

test("what does not fit into the last beacons is sent by the next page", async () => {
  const page = await world.open("/");
  await page.evaluate(() => {
    const filling = "x".repeat(15_000);
    for (let n = 1; n <= 8; n++) window.cauce!("track", "STEP", { n, filling });
  });
  await page.reload();
  await loaded(page);
  await flush(page);
  await world.collector.until(() => steps(world.collector.events).length >= 8, "all eight");
  assert.deepEqual(steps(world.collector.events).sort(), range(1, 8));
});

test("a queue that could not be sent survives a reload and is delivered once", async () => {
  world.collector.answer = () => "abort";
  const page = await world.open("/", {}, { frozen: true });
  await track(page, 3);
  await flush(page);
  await world.collector.until(() => world.collector.taken.length > 0, "a try");
  await failed(page, world);
  await page.reload();
  await loaded(page);
  world.collector.answer = () => ({ status: 202 });
  await flush(page);
  await world.collector.until(() => world.collector.of("PAGE_VIEW").length === 2, "both pages");
  assert.deepEqual(steps(world.collector.events), [1, 2, 3]);
});

test("a request without an answer when its page goes is sent again, after a while", async () => {
  world.collector.answer = () => "hang";
  const page = await world.open("/", { tag: { "data-capture": "" } }, { frozen: true });
  await track(page, 1);
  await flush(page);
  await world.collector.until(() => world.collector.taken.length === 1, "the first try");
  await page.reload();
  await loaded(page);
  world.collector.answer = () => ({ status: 202 });
  await flush(page);
  await pass(page, world, 5_000);
  assert.equal(world.collector.taken.length, 1);
  await pass(page, world, 60_000);
  await world.collector.until(() => steps(world.collector.events).length === 1, "the second try");
});

test("a request without an answer is given up and sent again", async () => {
  world.collector.answer = () => "hang";
  const page = await world.open("/", { tag: { "data-capture": "" } }, { frozen: true });
  await track(page, 1);
  await flush(page);
  await world.collector.until(() => world.collector.taken.length === 1, "the first try");
  world.collector.answer = () => ({ status: 202 });
  await page.clock.runFor(31_000);
  await failed(page, world);
  await passUntil(page, world, () => steps(world.collector.events).length === 1, "the second try");
});

test("events wait for the network to come back", async () => {
  const page = await world.open("/", {}, { frozen: true });
  await world.context.setOffline(true);
  await track(page, 19);
  if (!world.failures) await world.context.waitForEvent("requestfailed");
  await page.waitForFunction(() => !navigator.onLine);
  await world.context.setOffline(false);
  await world.collector.until(() => steps(world.collector.events).length === 19, "all of them");
  assert.deepEqual(steps(world.collector.events), range(1, 19));
});

test("a failure is followed by a try after a backoff", async () => {
  world.collector.answer = () => ({ status: 503 });
  const page = await world.open("/", {}, { frozen: true });
  await flush(page);
  await world.collector.until(() => world.collector.taken.length === 1, "the first try");
  await settle(page, world);
  await pass(page, world, 400);
  await track(page, 30);
  assert.equal(world.collector.taken.length, 1);
  world.collector.answer = () => ({ status: 202 });
  await passUntil(page, world, () => steps(world.collector.events).length >= 19, "the second try");
});

test("a server that asks for patience gets it, from the next page too", async () => {
  const patience = { status: 429, headers: { "retry-after": "30" } };
  world.collector.answer = () => patience;
  const page = await world.open("/", {}, { frozen: true });
  await flush(page);
  await world.collector.until(() => world.collector.taken.length === 1, "the refusal");
  await settle(page, world);
  world.collector.answer = () => ({ status: 202 });
  await pass(page, world, 20_000);
  await track(page, 30);
  await flush(page);
  await page.reload();
  await loaded(page);
  await flush(page);
  await pass(page, world, 8_000);
  assert.equal(world.collector.taken.length, 1);
  await passUntil(page, world, () => world.collector.events.length >= 20, "what had waited");
});

test("a batch that is too large is halved until it fits", async () => {
  world.collector.answer = ({ events }) => ({ status: events.length > 6 ? 413 : 202 });
  const page = await world.open("/", { tag: { "data-capture": "" } });
  await track(page, 20);
  await world.collector.until(() => world.collector.events.length === 20, "all of them");
  assert.deepEqual(steps(world.collector.events), range(1, 20));
  const sizes = world.collector.taken.map(({ batch }) => batch.events.length);
  assert.deepEqual(sizes.slice(0, 3), [20, 10, 5]);
});

for (const status of [400, 401, 403, 413, 422]) {
  test(`what is refused with ${status} is dropped, and counted`, async () => {
    world.collector.answer = () => ({ status });
    const page = await world.open("/", { tag: { "data-capture": "" } });
    await track(page, 1);
    await flush(page);
    await world.collector.until(() => world.collector.taken.length === 1, "the refusal");
    world.collector.answer = () => ({ status: 202 });
    await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.includes(".q")));
    await cauce(page, "track", "NEXT");
    await flush(page);
    await world.collector.until(() => world.collector.of("NEXT").length === 1, "the next");
    await flush(page);
    await page.reload();
    await world.collector.until(() => world.collector.of("EVENTS_DROPPED").length === 1, "the count");
    const [{ metadata }] = world.collector.of("EVENTS_DROPPED") as [Event];
    assert.deepEqual(metadata, { reason: `http_${status}`, count: 1 });
    assert.deepEqual(steps(world.collector.events), []);
  });
}

test("a full queue loses its oldest, and says how many", async () => {
  world.collector.answer = () => "abort";
  const page = await world.open("/", { tag: { "data-capture": "" } }, { frozen: true });
  await cauce(page, "track", "FIRST");
  await flush(page);
  await failed(page, world);
  await track(page, 600);
  await page.reload();
  await loaded(page);
  world.collector.answer = () => ({ status: 202 });
  const dropped = (): number =>
    world.collector
      .of("EVENTS_DROPPED")
      .reduce((sum, { metadata }) => sum + Number(metadata["count"]), 0);
  await flush(page);
  const all = (): boolean => steps(world.collector.events).length + dropped() >= 601;
  await passUntil(page, world, all, "as many as were tracked");
  const sent = steps(world.collector.events);
  assert.equal(sent.length + dropped(), 601);
  assert.deepEqual(sent, range(601 - sent.length, 600));
});
