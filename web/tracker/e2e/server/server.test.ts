// The tracker against a running server, told of in the environment:
//
//   CAUCE_URL        where it listens, as http://127.0.0.1:8080
//   CAUCE_WRITE_KEY  a key of scope `ingest` for CAUCE_SITE; it has to allow the origin below
//   CAUCE_READ_KEY   a key of scope `read`, to look at what has come in
//   CAUCE_TENANT     the tenant of both keys
//   CAUCE_SITE       the id of the site
//   CAUCE_PAGE_PORT  the pages are served from http://shop.test:PORT, 8765 unless told

import assert from "node:assert/strict";
import { type Server, createServer } from "node:http";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type Event } from "../collector.js";
import { cauce, flush, launch, loaded } from "../world.js";

const PORT = Number(process.env["CAUCE_PAGE_PORT"] ?? 8765);
const ORIGIN = `http://shop.test:${PORT}`;
const SERVER = told("CAUCE_URL");
const [KEY, TENANT, SITE] = [told("CAUCE_WRITE_KEY"), told("CAUCE_TENANT"), told("CAUCE_SITE")];
const PATIENCE_MS = 30_000;

let browser: Browser;
let shop: Server;
before(async () => {
  browser = await launch();
  const tag = `data-key="${KEY}" data-tenant="${TENANT}" data-site="${SITE}"`;
  shop = createServer((_request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(
      `<!doctype html><title>Shop</title><script async src="${SERVER}/t.js" ${tag}></script><button id="buy">Buy</button>`,
    );
  });
  await new Promise<void>((resolve) => shop.listen(PORT, "127.0.0.1", resolve));
});
after(async () => {
  await browser.close();
  shop.closeAllConnections();
  shop.close();
});

test("a page's events are taken, and are there to be read", async () => {
  const page = await open("/basket?token=secret#part");
  await page.click("#buy");
  await cauce(page, "track", "ADD_TO_CART", { sku: "A-1", text: "👍".slice(0, 1) });
  const answer = page.waitForResponse((response) => response.url().includes("/tracking-v2/events"));
  await flush(page);
  const taken = await answer;
  assert.equal(taken.status(), 202);
  const { received, processed, discarded, duplicates } = await taken.json();
  assert.deepEqual({ received, processed, discarded, duplicates }, {
    received: 3,
    processed: 3,
    discarded: 0,
    duplicates: 0,
  });
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

async function open(path: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(ORIGIN + path);
  await loaded(page);
  return page;
}

async function visitorOf(page: Page): Promise<string> {
  return page.evaluate((site) => localStorage.getItem(`cauce.${site}.v`) ?? "", SITE);
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

async function read(visitor: string): Promise<Event[]> {
  const headers = { authorization: `Bearer ${told("CAUCE_READ_KEY")}` };
  const url = `${SERVER}/tracking-v2/events?visitorId=${visitor}`;
  const response = await fetch(url, { headers });
  assert.equal(response.status, 200, await response.clone().text());
  const answer = (await response.json()) as { items?: Event[]; events?: Event[] };
  return answer.items ?? answer.events ?? [];
}

function told(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; hint: the head of this file says what it is`);
  return value;
}
