// The tracker against a server as it is built, from the script that it serves to what can be read
// of its visitors. `server.ts` says which server; the pages are at http://shop.test:CAUCE_PAGE_PORT,
// 8765 unless told.

import assert from "node:assert/strict";
import { type Server as Shop, createServer } from "node:http";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext, Page, Response } from "playwright-core";
import { type Event } from "../collector.js";
import { cauce, flush, launch, loaded } from "../world.js";
import { type Server, serverFor } from "./server.js";

const PORT = Number(process.env["CAUCE_PAGE_PORT"] ?? 8765);
const ORIGIN = `http://shop.test:${PORT}`;
const PATIENCE_MS = 30_000;

let browser: Browser;
let shop: Shop;
let server: Server;
/** More attributes of the tag, by the path of the page. Pages have the consent of their visitors. */
const tags = new Map<string, string>();
before(async () => {
  server = await serverFor(ORIGIN);
  browser = await launch();
  const own = `data-key="${server.writeKey}" data-tenant="${server.tenant}" data-site="${server.site}"`;
  shop = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", ORIGIN);
    const tag = `${own} ${tags.get(pathname) ?? `data-consent="granted"`}`;
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(
      `<!doctype html><title>Shop</title><script async src="${server.url}/t.js" ${tag}></script><button id="buy">Buy</button>`,
    );
  });
  await new Promise<void>((resolve) => shop.listen(PORT, "127.0.0.1", resolve));
});
after(async () => {
  await browser?.close();
  shop?.closeAllConnections();
  shop?.close();
  server?.stop();
});

test("a page's events are taken, and are there to be read", async () => {
  const page = await open("/basket?token=secret#part");
  await page.click("#buy");
  await cauce(page, "track", "ADD_TO_CART", { sku: "A-1", text: "👍".slice(0, 1) });
  const before = await counted();
  assert.equal((await flushed(page)).status(), 202);
  assert.deepEqual(await countedSince(before), { received: 3, stored: 3 });
  const events = await until(page, 3);
  const types = events.map(({ eventType }) => eventType).sort();
  assert.deepEqual(types, ["ADD_TO_CART", "CLICK", "PAGE_VIEW"]);
  const view = events.find(({ eventType }) => eventType === "PAGE_VIEW");
  assert.equal(view?.metadata["url"], `${ORIGIN}/basket`);
});

test("what a page hands over when it goes arrives", async () => {
  const page = await open("/gone");
  const visitor = await visitorOf(page);
  await page.goto("about:blank");
  const events = await untilOf(visitor, 1);
  assert.equal(events[0]?.metadata["path"], "/gone");
});

test("what is done without a network arrives when it is back, once", async () => {
  const page = await open("/tunnel");
  await flushed(page);
  await page.context().setOffline(true);
  for (const step of [1, 2, 3]) await cauce(page, "track", "STEP", { step });
  await flush(page);
  await page.context().setOffline(false);
  // The browser says so by itself, too.
  await flush(page);
  const steps = (await until(page, 4)).filter(({ eventType }) => eventType === "STEP");
  assert.deepEqual(steps.map(({ metadata }) => metadata["step"]).sort(), [1, 2, 3]);
});

test("addresses of single-page apps are views, and equal events a count", async () => {
  const page = await open("/app");
  await page.evaluate(() => history.pushState({}, "", "/app/settings"));
  await page.waitForTimeout(100);
  for (let n = 0; n < 5; n++) await cauce(page, "track", "PING", { same: true });
  await flushed(page);
  const events = (await until(page, 3)) as (Event & { count: number })[];
  const paths = events.filter(({ eventType }) => eventType === "PAGE_VIEW").map(({ metadata }) => metadata["path"]);
  assert.deepEqual(paths.sort(), ["/app", "/app/settings"]);
  const pings = events.filter(({ eventType }) => eventType === "PING");
  assert.equal(pings.reduce((sum, { count }) => sum + count, 0), 5);
});

test("a visitor who says no, or whose browser does, is not there", async () => {
  tags.set("/no", 'data-consent="ask"');
  const page = await open("/no");
  await cauce(page, "consent", "denied");
  await cauce(page, "track", "AFTER");
  await flush(page);
  assert.equal(await visitorOf(page), "");
  // Global Privacy Control comes as a header, also where no script sees it.
  const context = await browser.newContext({ extraHTTPHeaders: { "sec-gpc": "1" } });
  const before = await counted();
  await flushed(await open("/signal", context));
  assert.deepEqual(await countedSince(before), { received: 1, withheld: 1 });
});

test("where a server asks first, silence is a no, and a yes sends what has waited", async (t) => {
  if (!server.asksFirst) return t.skip("this server does not");
  tags.set("/silent", "");
  const silent = await open("/silent");
  const before = await counted();
  await flushed(silent);
  assert.deepEqual(await countedSince(before), { received: 1, withheld: 1 });
  tags.set("/asked", 'data-consent="ask"');
  const asked = await open("/asked");
  await cauce(asked, "track", "EARLY");
  await cauce(asked, "consent", "granted");
  await flush(asked);
  const types = (await until(asked, 2)).map(({ eventType }) => eventType).sort();
  assert.deepEqual(types, ["EARLY", "PAGE_VIEW"]);
  // It holds on pages that do not ask.
  const visitor = await visitorOf(asked);
  await asked.goto(`${ORIGIN}/silent`);
  await loaded(asked);
  await flush(asked);
  assert.equal((await untilOf(visitor, 3)).length, 3);
  assert.deepEqual(await read(await visitorOf(silent)), []);
});

test("a page of another origin is refused", async () => {
  const page = await (await browser.newContext()).newPage();
  const before = await counted();
  await page.goto(`http://localhost:${PORT}/`);
  await loaded(page);
  // The page is not told why: the server names no origin to it that its key does not.
  const refused = page.waitForEvent("requestfailed");
  await flush(page);
  await refused;
  assert.deepEqual(await countedSince(before), {});
});

async function open(path: string, context?: BrowserContext): Promise<Page> {
  const page = await (context ?? (await browser.newContext())).newPage();
  await page.goto(ORIGIN + path);
  await loaded(page);
  return page;
}

/** Sends what waits, and answers what the server says to it. */
async function flushed(page: Page): Promise<Response> {
  const answer = page.waitForResponse((response) => response.url().includes("/tracking-v2/events"));
  await flush(page);
  return answer;
}

async function visitorOf(page: Page): Promise<string> {
  return page.evaluate((site) => localStorage.getItem(`cauce.${site}.v`) ?? "", server.site);
}

async function until(page: Page, count: number): Promise<Event[]> {
  return untilOf(await visitorOf(page), count);
}

/** Events are stored some seconds after they are taken. */
async function untilOf(visitor: string, count: number): Promise<Event[]> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const events = await read(visitor);
    if (events.length >= count) return events;
    if (Date.now() > end) assert.fail(`${events.length} of ${count} events of the visitor are there`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** What the server has counted of the tenant's events, by what became of them. */
async function counted(): Promise<Record<string, number>> {
  const answer = await ask("/tracking-v2/health");
  return (answer as { events: Record<string, number> }).events;
}

/** What has grown, and by how much. */
async function countedSince(before: Record<string, number>): Promise<Record<string, number>> {
  const grown = Object.entries(await counted()).map(([name, count]) => [name, count - before[name]!] as const);
  return Object.fromEntries(grown.filter(([, count]) => count));
}

async function read(visitor: string): Promise<Event[]> {
  return ((await ask(`/tracking-v2/events?visitorId=${visitor}`)) as { items: Event[] }).items;
}

async function ask(path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${server.readKey}` };
  const response = await fetch(server.url + path, { headers });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}
