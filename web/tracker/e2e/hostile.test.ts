// Pages and browsers that make it hard. The tracker gets by, and never throws into the page.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser } from "playwright-core";
import { World, cauce, flush, launch, loaded } from "./world.js";

let browser: Browser;
let world: World;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => (world = await World.start(browser)));
afterEach(() => world.stop());

const STUB = `<script>window.cauce=window.cauce||function(){(cauce.q=cauce.q||[]).push(arguments)}</script>`;

test("calls before the tracker is loaded are made up for", async () => {
  const head = `${STUB}<script>cauce("track", "EARLY", { n: 1 })</script>`;
  const page = await world.open("/", { head });
  await flush(page);
  await world.collector.until(() => world.collector.of("EARLY").length === 1, "the early event");
  assert.deepEqual(world.collector.of("EARLY")[0]!.metadata, { n: 1 });
});

test("without storage it works for as long as the page is there", async () => {
  await world.context.addInitScript(() => {
    const blocked = (): never => {
      throw new DOMException("blocked", "SecurityError");
    };
    Object.defineProperty(window, "localStorage", { get: blocked });
  });
  const page = await world.open("/");
  await cauce(page, "track", "A");
  await flush(page);
  await world.collector.until(() => world.collector.of("A").length === 1, "the event");
  await cauce(page, "track", "B");
  await page.goto("about:blank");
  await world.collector.until(() => world.collector.of("B").length === 1, "the last event");
  const ids = world.collector.events.map(({ visitorId, sessionId }) => `${visitorId} ${sessionId}`);
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(world.complaints, []);
});

test("a full storage is no storage", async () => {
  await world.context.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  const page = await world.open("/");
  await cauce(page, "track", "A");
  await flush(page);
  await world.collector.until(() => world.collector.of("A").length === 1, "the event");
});

test("it works in a sandboxed frame, which has neither storage nor locks", async () => {
  world.show("/framed", {});
  const framed = `<iframe sandbox="allow-scripts" src="/framed"></iframe>`;
  await world.open("/", { tag: { "data-capture": "" }, body: framed }, { secure: true });
  await world.collector.until(() => world.collector.of("PAGE_VIEW").length === 1, "the frame's view");
  assert.equal(world.collector.of("PAGE_VIEW")[0]!.metadata["path"], "/framed");
});

test("odd metadata is sent as well as it can be", async () => {
  const page = await world.open("/");
  await page.evaluate(() => {
    const { track } = window.cauce as never as { track: (...args: unknown[]) => void };
    const loop: { self?: unknown } = {};
    loop.self = loop;
    track("HALF", { text: "👍".slice(0, 1), whole: "👍", escaped: "\\ud83d" });
    track("LOOP", loop);
    track("BIG", 10n);
    track("LONG", { text: "x".repeat(20_000) });
    track("TEXT", "text");
    track("NONE");
    track("HOOK", { toJSON: () => undefined });
    track("é");
    track({ toString: () => { throw new Error("no name"); } });
    track();
  });
  await cauce(page, "no such thing");
  await flush(page);
  await world.collector.until(() => world.collector.of("UNDEFINED").length === 1, "the last event");
  const metadata = (type: string): unknown => world.collector.of(type)[0]?.metadata;
  const dropped = { dropped: "metadata" };
  assert.deepEqual(metadata("HALF"), { text: "\ufffd", whole: "👍", escaped: "\\ud83d" });
  assert.deepEqual(metadata("LOOP"), dropped);
  assert.deepEqual(metadata("BIG"), dropped);
  assert.deepEqual(metadata("LONG"), dropped);
  assert.deepEqual(metadata("TEXT"), { value: "text" });
  assert.deepEqual(metadata("NONE"), {});
  assert.deepEqual(metadata("HOOK"), dropped);
  assert.equal(world.collector.of("_").length, 1);
  assert.deepEqual(world.complaints, []);
});

test("a page that replaces what others rely on is still counted", async () => {
  const head = `<script>
    Array.prototype.toJSON = function () { return "list"; };
    Object.prototype.stray = 1;
  </script>`;
  const page = await world.open("/", { head });
  await page.evaluate(() => {
    JSON.stringify = () => {
      throw new Error("not here");
    };
  });
  await cauce(page, "track", "A", { n: 1 });
  await flush(page);
  await world.collector.until(() => world.collector.of("A").length === 1, "the event");
  assert.deepEqual(world.collector.of("A")[0]!.metadata, { n: 1 });
  assert.deepEqual(world.complaints, []);
});

test("a page without fetch and beacons keeps its events for the next", async () => {
  const page = await world.open("/", { tag: { "data-capture": "" } });
  await page.evaluate(() => {
    Object.assign(window, { fetch: undefined });
    Object.defineProperty(navigator, "sendBeacon", { value: undefined });
  });
  await cauce(page, "track", "A");
  await flush(page);
  await page.reload();
  await loaded(page);
  await flush(page);
  await world.collector.until(() => world.collector.of("A").length === 1, "the event");
  assert.deepEqual(world.complaints, []);
});

test("a strict policy needs to allow two addresses, and nothing inline", async () => {
  const { url } = world.collector;
  const policy = `default-src 'none'; script-src ${url}; connect-src ${url}; require-trusted-types-for 'script'`;
  await world.open("/", { headers: { "content-security-policy": policy } });
  await world.collector.until(() => world.collector.of("PAGE_VIEW").length === 1, "the page view");
  assert.deepEqual(world.complaints, []);
});

test("a long title of emoji is cut, and what is sent stays readable", async () => {
  await world.open("/", { title: `x${"🛶".repeat(400)}` });
  await world.collector.until(() => world.collector.of("PAGE_VIEW").length === 1, "the page view");
  const title = world.collector.of("PAGE_VIEW")[0]!.metadata["title"] as string;
  assert.equal(title, `x${"🛶".repeat(127)}\ufffd`);
});
