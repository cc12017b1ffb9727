// Texts that would break a page that believed them: in addresses, in fields, and in what the server
// says. None runs, none breaks the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { Server } from "./server.js";
import { World, launch } from "./world.js";

const SEEDS = [
  "<script>boom()</script>",
  "<img src=x onerror=boom()>",
  "<svg/onload=boom()>",
  '"><script>boom()</script>',
  "'><img src=x onerror=boom()>",
  "javascript:boom()",
  "</textarea><script>boom()</script>",
  "{{constructor.constructor('boom()')()}}",
  "${boom()}",
  "<iframe srcdoc='<script>parent.boom()</script>'></iframe>",
  "<a href=javascript:boom()>x</a>",
  "<style>*{display:none}</style>",
  "\u202Egnp.exe",
  "\u0000\u0001\u001B[31m",
  "𝕏😀👩‍👩‍👧‍👦",
  "ﷺ".repeat(20),
  "a".repeat(5_000),
  "__proto__",
  "../../../etc/passwd",
  "%00%ff%2e%2e%2f",
];
/** 200 of them: each as it is, and within what surrounds texts in pages, addresses and JSON. */
const HOSTILE = SEEDS.flatMap((seed) =>
  ["", "'", '"', "`", "-->", "</title>", "\\", "]]>", "&lt;", "\n"].map((before) => before + seed),
);

let browser: Browser;
let server: Server;
let campaigns: { started: string; draft: string };

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.fill();
  campaigns = await server.fillCampaigns();
  await server.fillAnalytics();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const PAGES = ["/", "/alerts", "/queues", "/queues/relay.orders", "/dead", "/campaigns", "/campaigns/CAMPAIGN", "/campaigns/DRAFT", "/campaigns/DRAFT/edit", "/messages", "/messages/unknown", "/messages/inbound", "/contacts?tenant=shop", "/contacts/import?tenant=shop", "/pixels", "/analytics?tenant=shop", "/analytics?tenant=shop&campaign=autumn-letter", "/tracking?tenant=shop", "/sessions", "/settings/destinations", "/settings/keys", "/settings/audit", "/settings/system"];

/** Puts a text in place of each text of an answer, other than those that name things. */
function poisoned(value: unknown, text: () => string, key = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => poisoned(one, text));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poisoned(one, text, name)]));
  }
  if (typeof value !== "string" || /At$|^at$|^scopes$|^id$|Cursor$|^tenant$/.test(key)) return value;
  return text();
}

const FIRST = /(<script type="application\/json" id="first">)(.*)(<\/script>)/;

/** The same with the answers that the server has written into a page, as it would write them. */
function poisonedPage(html: string, text: () => string): string {
  return html.replace(FIRST, (_whole, begin: string, json: string, end: string) => {
    const { "/api/session": session, ...answers } = JSON.parse(json) as Record<string, unknown>;
    const told = JSON.stringify({ "/api/session": session, ...(poisoned(answers, text) as object) });
    return begin + told.replaceAll("<", "\\u003c") + end;
  });
}

async function watched(world: World): Promise<Page> {
  await world.context.addInitScript("window.boom = () => { window.boomed = true; }");
  return world.page;
}

/** What a text would have become that was taken for HTML, also where the policy keeps it from running. */
const TAKEN = '[onerror], [onload], iframe, script:not([src]), a[href^="javascript:" i], style:not([nonce])';

async function isWhole(page: Page): Promise<boolean> {
  return page.evaluate((taken) => !("boomed" in window) && document.querySelector("#title") !== null && document.querySelector(taken) === null, TAKEN);
}

/** The trap closes: a page that takes a text for HTML is not whole. */
async function assertTrap(page: Page): Promise<void> {
  for (const seed of SEEDS.filter((seed) => seed.startsWith("<"))) {
    await page.evaluate((html) => document.body.insertAdjacentHTML("beforeend", `<div id="trap">${html}</div>`), seed);
    assert.equal(await isWhole(page), false, seed);
    await page.evaluate(() => document.getElementById("trap")!.remove());
  }
  assert.equal(await isWhole(page), true);
}

test("200 hostile texts in every answer do nothing on any page", async () => {
  assert.equal(HOSTILE.length, 200);
  const world = await World.signedIn(browser, server);
  const page = await watched(world);
  let used = 0;
  // A stream is not an answer that ends: without it, pages ask.
  await page.route(/\/api\/stream/, (route) => route.abort());
  await page.route(/\/(api(?!\/stream)|metrics|readyz|tracking-v2\/(stats|health|throttling))/, async (route) => {
    const response = await route.fetch();
    if (route.request().url().endsWith("/api/session") || !response.ok()) return route.fulfill({ response });
    return route.fulfill({ response, json: poisoned(await response.json(), () => HOSTILE[used++ % HOSTILE.length]!) });
  });
  // The first answers come with the page.
  await page.route(server.url + "/**", async (route) => {
    if (route.request().resourceType() !== "document") return route.fallback();
    const response = await route.fetch();
    return route.fulfill({ response, body: poisonedPage(await response.text(), () => HOSTILE[used++ % HOSTILE.length]!) });
  });
  for (const path of PAGES) {
    for (let round = 0; round < 2; round++) {
      const to = path.replace("CAMPAIGN", campaigns.started).replace("DRAFT", campaigns.draft);
      await (round === 0 ? world.go(to) : world.visit(to));
      assert.ok(await isWhole(page), path);
    }
  }
  assert.ok(used > 200, `${used} texts were shown`);
  assert.deepEqual(world.complaints, []);
  await assertTrap(page);
  await world.close();
});

test("200 hostile texts in addresses and fields do nothing", async () => {
  const world = await World.signedIn(browser, server);
  const page = await watched(world);
  await world.go("/queues/relay.orders");
  for (const [index, text] of HOSTILE.entries()) {
    const value = encodeURIComponent(text.slice(0, 1_000));
    const path = [`/queues/relay.orders?q=${value}`, `/queues/${value}`, `/dead?queue=${value}&job=${value}`, `/sessions?session=${value}`, `/tracking?tenant=${value}`, `/settings/${value}`, `/campaigns/${value}`, `/campaigns/new?from=${value}`, `/messages?to=${value}&message=${value}`, `/contacts?tenant=shop&contact=${value}`, `/analytics?tenant=shop&zone=${value}&period=custom&from=${value}&campaign=${value}`][index % 11]!;
    await page.evaluate(async (to) => {
      history.pushState(null, "", to);
      dispatchEvent(new PopStateEvent("popstate"));
      for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    }, path);
    // A page whose code is loaded when it is wanted comes later.
    await page.locator("#title").waitFor();
    assert.ok(await isWhole(page), path);
  }
  await world.go("/queues/relay.orders");
  for (let from = 0; from < HOSTILE.length; from += 20) {
    await page.evaluate(async (texts) => {
      const fields = document.querySelectorAll<HTMLInputElement>("input[type=search]");
      for (const [index, text] of texts.entries()) {
        const field = fields[index % fields.length]!;
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise(requestAnimationFrame);
      }
      // As long as it takes until the last ones narrow the list.
      await new Promise((later) => setTimeout(later, 400));
    }, HOSTILE.slice(from, from + 20));
    assert.ok(await isWhole(page), HOSTILE.slice(from, from + 20).join(" "));
  }
  assert.deepEqual(world.complaints, []);
  await world.close();
});
