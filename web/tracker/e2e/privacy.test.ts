// Consent, and the two signals that stand for a no everywhere.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Batch } from "./collector.js";
import { World, cauce, flush, launch, loaded, pass, stored } from "./world.js";

let browser: Browser;
let world: World;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => (world = await World.start(browser)));
afterEach(() => world.stop());

const ASK = { tag: { "data-consent": "ask" } };

test("until the visitor answers nothing is stored or sent", async () => {
  const page = await world.open("/", ASK, { frozen: true });
  await cauce(page, "track", "ADD_TO_CART");
  await pass(page, world, 60_000);
  await flush(page);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
  await pass(page, world, 1_000);
  assert.deepEqual(await stored(page), []);
  assert.equal(await cauce(page, "consent"), "ask");
  assert.equal(world.collector.taken.length, 0);
});

test("a yes sends what happened before it, at the time it happened", async () => {
  const page = await world.open("/", ASK, { frozen: true });
  await cauce(page, "track", "EARLY");
  await pass(page, world, 60_000);
  await cauce(page, "consent", "granted");
  await cauce(page, "track", "LATE");
  await flush(page);
  await world.collector.until(() => world.collector.events.length === 3, "all three");
  const [early, late] = ["EARLY", "LATE"].map((type) => world.collector.of(type)[0]!) as [never, never];
  const at = ({ occurredAt }: { occurredAt: string }): number => Date.parse(occurredAt);
  assert.equal(at(late) - at(early), 60_000);
});

test("a batch says that there was a yes, of the visitor or the page, and nothing where there was none", async () => {
  const said = async (page: Page, type: string): Promise<unknown> => {
    await cauce(page, "track", type);
    await flush(page);
    await world.collector.until(() => world.collector.of(type).length === 1, type);
    const has = ({ events }: Batch): boolean => events.some(({ eventType }) => eventType === type);
    return world.collector.taken.find(({ batch }) => has(batch))!.batch.consent;
  };
  const page = await world.open("/silent");
  assert.equal(await said(page, "SILENT"), undefined);
  await cauce(page, "consent", "granted");
  assert.deepEqual(await said(page, "GRANTED"), { analytics: true });
  await page.reload();
  await loaded(page);
  assert.deepEqual(await said(page, "REMEMBERED"), { analytics: true });
  await page.evaluate(() => localStorage.clear());
  const tagged = await world.open("/tagged", { tag: { "data-consent": "granted" } });
  assert.deepEqual(await said(tagged, "TAGGED"), { analytics: true });
});

test("a yes is remembered", async () => {
  const page = await world.open("/", ASK);
  await cauce(page, "consent", "granted");
  await page.reload();
  await loaded(page);
  await flush(page);
  await world.collector.until(() => world.collector.of("PAGE_VIEW").length === 2, "the second page");
});

test("a no clears what is stored, and is remembered", async () => {
  const page = await world.open("/", {}, { frozen: true });
  await cauce(page, "track", "BEFORE");
  assert.deepEqual(await stored(page), ["q", "s", "v"]);
  await cauce(page, "consent", "denied");
  assert.deepEqual(await stored(page), ["c"]);
  for (const again of [false, true]) {
    if (again) {
      await page.reload();
      await loaded(page);
    }
    await cauce(page, "track", "AFTER");
    await pass(page, world, 60_000);
    await flush(page);
    await pass(page, world, 1_000);
    assert.deepEqual(await stored(page), ["c"]);
    assert.equal(await cauce(page, "consent"), "denied");
  }
  assert.equal(world.collector.taken.length, 0);
});

test("a tag that says no holds against a yes of before", async () => {
  const page = await world.open("/");
  await cauce(page, "consent", "granted");
  await flush(page);
  await world.collector.until(() => world.collector.events.length === 1, "the page view");
  world.show("/", { tag: { "data-consent": "denied" } });
  await page.reload();
  await loaded(page);
  await cauce(page, "track", "AFTER");
  await flush(page);
  assert.deepEqual(await stored(page), ["c"]);
  await cauce(page, "consent", "granted");
  await cauce(page, "track", "AGREED");
  await flush(page);
  await world.collector.until(() => world.collector.of("AGREED").length === 1, "what was agreed to");
  assert.equal(world.collector.of("AFTER").length, 0);
});

test("a no before the tracker is loaded holds", async () => {
  const head = `<script>window.cauce=window.cauce||function(){(cauce.q=cauce.q||[]).push(arguments)}
    cauce("consent", "denied")</script>`;
  const page = await world.open("/", { head }, { frozen: true });
  await pass(page, world, 60_000);
  assert.deepEqual(await stored(page), ["c"]);
  assert.equal(world.collector.taken.length, 0);
});

const signals: Record<string, () => void> = {
  globalPrivacyControl: () =>
    Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true }),
  doNotTrack: () => Object.defineProperty(Navigator.prototype, "doNotTrack", { get: () => "1" }),
};
for (const [signal, on] of Object.entries(signals)) {
  test(`${signal} is a no that nothing overrides`, async () => {
    const first = await world.open("/", {}, { frozen: true });
    assert.deepEqual(await stored(first), ["q", "s", "v"]);
    await world.context.addInitScript(on);
    await first.evaluate(() => dispatchEvent(new Event("online")));
    await world.collector.until(() => world.collector.events.length === 1, "the page before");
    await first.close();
    const page = await world.open("/");
    assert.equal(await cauce(page, "consent", "granted"), "denied");
    await cauce(page, "track", "AFTER");
    await flush(page);
    await pass(page, world, 60_000);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    await pass(page, world, 1_000);
    assert.deepEqual(await stored(page), []);
    assert.equal(world.collector.taken.length, 1);
  });
}
