// The reference of the API, as somebody uses it who writes a program.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { ADMIN_KEY, Server } from "./server.js";
import { becomes } from "./until.js";
import { LOOKED, PICTURES, World, launch } from "./world.js";

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

const PAGES: [name: string, path: string][] = [
  ["docs", "/docs"],
  ["docs-operation", "/docs/makeCampaign"],
  ["docs-search", "/docs/listJobs?q=scopes"],
  ["docs-schema", "/docs/schemas/Job"],
  ["docs-errors", "/docs/errors#queue_full"],
  ["docs-nowhere", "/docs/nowhere"],
];

for (const theme of ["light", "dark"] as const) {
  for (const width of [390, 768, 1440]) {
    test(`pages of the reference are whole and accessible, ${theme}, ${width} wide`, async () => {
      const world = await World.open(browser, server, { theme, width, language: width === 768 ? "es" : "en" });
      const wrong: string[] = [];
      for (const [name, path] of PAGES) {
        await world.go(path);
        // What opens on demand is looked at, too.
        await world.page.evaluate(() => document.querySelectorAll("main details").forEach((one) => one.setAttribute("open", "")));
        await world.page.screenshot({ path: `${PICTURES}/${name}-${theme}-${width}.png` });
        const looked = LOOKED[`${theme} ${width}`];
        if (looked) wrong.push(...(await world.findings(looked)).map((finding) => `${name}: ${finding}`));
        const wide = await world.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) wrong.push(`${name}: ${wide} px stick out at the side`);
      }
      wrong.push(...world.complaints);
      await world.close();
      assert.deepEqual(wrong, []);
    });
  }
}

test("every operation of the server's own document has a page, reached by its address", async () => {
  const world = await World.open(browser, server);
  const { page } = world;
  const openapi = await server.call<{ paths: Record<string, Record<string, { operationId: string }>> }>("GET /openapi.json");
  const written = Object.values(openapi.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
  await world.go("/docs");
  const missing = await page.evaluate(async (ids) => {
    const found: string[] = [];
    for (const id of ids) {
      const link = document.querySelector<HTMLElement>(`.contents a[href="/docs/${id}"]`);
      link?.click();
      for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
      const curl = document.querySelector('pre[aria-label="curl"]')?.textContent ?? "";
      if (location.pathname !== `/docs/${id}` || !link?.hasAttribute("aria-current") || !curl.startsWith("curl ")) found.push(id);
    }
    return found;
  }, written);
  assert.ok(written.length > 80, `${written.length} operations`);
  assert.deepEqual(missing, []);
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("an operation is looked for and opened with the keyboard alone", async () => {
  const world = await World.open(browser, server);
  const { page } = world;
  await world.go("/docs");
  await page.keyboard.press("/");
  await page.keyboard.type("pause queues");
  await page.getByText("Enter opens the first").waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/docs/pauseQueue" && url.searchParams.get("q") === "pause queues");
  await page.reload();
  await becomes(() => page.getByLabel("Search").inputValue(), "pause queues");
  await world.close();
});

const answered = (page: Page, what: RegExp): Promise<void> => page.locator(".result pre").first().filter({ hasText: what }).waitFor();
const sendIt = (page: Page): Promise<void> => page.getByRole("button", { name: "Send", exact: true }).click();

test("a call is tried with a pasted key, which is nowhere afterwards", async () => {
  const world = await World.open(browser, server);
  const { page } = world;
  await world.go("/docs/getQueue");
  await sendIt(page);
  await page.getByRole("alert").filter({ hasText: "Fill in queue first" }).waitFor();
  await page.getByLabel("queue", { exact: true }).fill("relay.orders");
  await page.getByText("a key that I paste").click();
  await page.getByLabel("Key", { exact: false }).last().fill(ADMIN_KEY);
  await sendIt(page);
  await page.locator(".result .badge").filter({ hasText: "200" }).waitFor();
  await answered(page, /"name": "relay\.orders"/);
  const curl = await page.locator('pre[aria-label="curl"]').innerText();
  assert.ok(curl.includes(`'${server.url}/api/queues/relay.orders'`), curl);
  const kept = await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + location.href);
  assert.equal((kept + curl).includes(ADMIN_KEY), false);
  // The key goes from one operation to the next, and not beyond the page.
  await page.getByRole("link", { name: "List keys" }).click();
  await page.getByRole("heading", { level: 1, name: "List keys" }).waitFor();
  await sendIt(page);
  await page.locator(".result .badge").filter({ hasText: "200" }).waitFor();
  await page.reload();
  await page.locator("#title").waitFor();
  await sendIt(page);
  await page.locator(".result .badge").filter({ hasText: "401" }).waitFor();
  await answered(page, /no_key/);
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("a call is tried with the session of the dashboard, and changes what it says", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/docs/createKey");
  await page.getByText("the session of the dashboard").waitFor();
  const body = page.getByRole("textbox", { name: /^Body/ });
  await body.fill("{");
  await sendIt(page);
  await page.getByRole("alert").filter({ hasText: "not JSON" }).waitFor();
  await body.fill(JSON.stringify({ name: "from the reference", tenant: "shop", scopes: ["read"] }));
  await sendIt(page);
  await page.locator(".result .badge").filter({ hasText: "201" }).waitFor();
  const { items } = await server.call<{ items: { name: string }[] }>("GET /api/keys");
  assert.ok(items.some(({ name }) => name === "from the reference"));
  await page.getByText("nothing", { exact: true }).click();
  await sendIt(page);
  await page.locator(".result .badge").filter({ hasText: "401" }).waitFor();
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("a stream is seen while it flows, and stopped", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/docs/streamTrackingEvents");
  await page.getByLabel("tenantId", { exact: true }).or(page.getByLabel("tenant", { exact: true })).fill("shop");
  await sendIt(page);
  const stop = page.getByRole("button", { name: "Stop" });
  await stop.waitFor();
  // What happens before the stream has begun is not on it.
  await page.locator(".result .badge").filter({ hasText: "200" }).waitFor();
  await server.track(3);
  await answered(page, /PAGE_VIEW/);
  await stop.click();
  await stop.waitFor({ state: "detached" });
  await answered(page, /PAGE_VIEW/);
  await world.close();
});

test("the type of a problem leads to what its code means", async () => {
  const world = await World.open(browser, server);
  const { type } = await (await fetch(`${server.url}/api/queues`)).json() as { type: string };
  await world.go(type);
  assert.equal(type, "/docs/errors#no_key");
  await world.page.locator("#no_key").getByText("No key came along").waitFor();
  assert.ok(await world.page.locator("#no_key").isVisible());
  await world.close();
});

test("nothing hostile in an address runs, and where there is nothing that is said", async () => {
  const world = await World.open(browser, server);
  const { page } = world;
  await page.addInitScript("window.boom = () => { window.boomed = true; }");
  for (const path of ["/docs/<img src=x onerror=boom()>", "/docs/schemas/__proto__", "/docs/%22%3E%3Cscript%3Eboom()%3C%2Fscript%3E", "/docs?q=<svg/onload=boom()>", "/docs/errors#<img src=x onerror=boom()>", "/docs/%ff"]) {
    await world.go(path);
    assert.equal(await page.evaluate(() => "boomed" in window), false, path);
  }
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("the reference says when the server is gone, and what is on the page stays", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/docs/listQueues");
  await server.kill();
  await sendIt(page);
  await page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
  await server.run();
  await sendIt(page);
  await page.locator(".result .badge").filter({ hasText: "200" }).waitFor();
  await world.close();
});
