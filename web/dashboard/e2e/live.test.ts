// Figures come by one stream; where that is not to be had, pages ask for them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { Server } from "./server.js";
import { becomes } from "./until.js";
import { World, launch } from "./world.js";

let browser: Browser;
let server: Server;

before(async () => {
  server = await Server.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** How often each path was asked for since this was called. */
function asked(page: Page): Map<string, number> {
  const counts = new Map<string, number>();
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    counts.set(pathname, (counts.get(pathname) ?? 0) + 1);
  });
  return counts;
}

async function turn(queue: string, order: "pause" | "resume"): Promise<void> {
  await server.call(`POST /api/queues/${queue}/${order}`, {});
}

/** Returns once a change was shown that nobody asked for: it has come by the stream. */
async function streamed(page: Page, counts: Map<string, number>, queue: string): Promise<void> {
  const row = page.getByRole("row").filter({ hasText: queue });
  for (;;) {
    const before = counts.get("/api/queues") ?? 0;
    await turn(queue, "pause");
    await row.getByText("Paused").waitFor();
    await turn(queue, "resume");
    await row.getByText("Open").waitFor();
    if ((counts.get("/api/queues") ?? 0) === before) return;
  }
}

test("what changes elsewhere is shown by one stream, which nobody asks for again", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  const counts = asked(page);
  await world.go("/queues");
  await streamed(page, counts, "relay.orders");
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.getByRole("link", { name: "Queues", exact: true }).click();
  await streamed(page, counts, "relay.orders");
  assert.equal(counts.get("/api/stream"), 1);
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("without the stream pages ask by themselves", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await page.route(/\/api\/stream/, (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
  await world.go("/queues");
  const row = page.getByRole("row").filter({ hasText: "relay.slow" });
  await turn("relay.slow", "pause");
  await row.getByText("Paused").waitFor();
  await turn("relay.slow", "resume");
  await row.getByText("Open").waitFor();
  await world.close();
});

test("a page that nobody sees holds no stream, and asks for nothing when it is seen again", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await page.addInitScript(() => {
    const open = new Set<EventSource>();
    (window as unknown as { open: Set<EventSource> }).open = open;
    const Counted = class extends EventSource {
      constructor(url: string) {
        super(url);
        open.add(this);
      }
      override close(): void {
        super.close();
        open.delete(this);
      }
    };
    window.EventSource = Counted as typeof EventSource;
    let isHidden = false;
    Object.defineProperty(document, "hidden", { get: () => isHidden });
    (window as unknown as { hide(on: boolean): void }).hide = (on) => {
      isHidden = on;
      document.dispatchEvent(new Event("visibilitychange"));
    };
  });
  const counts = asked(page);
  await world.go("/queues");
  const holds = (): Promise<number> => page.evaluate(() => (window as unknown as { open: Set<EventSource> }).open.size);
  const hide = (on: boolean): Promise<void> => page.evaluate((on) => (window as unknown as { hide(on: boolean): void }).hide(on), on);
  await streamed(page, counts, "relay.broken");
  assert.equal(await holds(), 1);
  const row = page.getByRole("row").filter({ hasText: "relay.broken" });
  // A stream that is slow to begin is asked about: on a busy machine it takes another look.
  for (let before = -1; before !== (counts.get("/api/queues") ?? 0); ) {
    await turn("relay.broken", "pause");
    await row.getByText("Paused").waitFor();
    before = counts.get("/api/queues") ?? 0;
    await hide(true);
    assert.equal(await holds(), 0);
    await turn("relay.broken", "resume");
    await hide(false);
    assert.equal(await holds(), 1);
    await row.getByText("Open").waitFor();
  }
  await world.visit("/tracking?tenant=shop");
  // That of all figures, and that of events.
  await becomes(holds, 2);
  await hide(true);
  assert.equal(await holds(), 0);
  await hide(false);
  await becomes(holds, 2);
  await world.close();
});
