// Every page in both themes and at three widths: axe finds nothing, nothing sticks out, no page
// complains; and a picture of each for whoever wants to look.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { Server } from "./server.js";
import { LOOKED, PICTURES, World, launch } from "./world.js";

const PAGES: [name: string, path: string][] = [
  ["overview", "/"],
  ["alerts", "/alerts"],
  ["queues", "/queues"],
  ["queue", "/queues/relay.orders"],
  ["job", "/queues/relay.broken?state=dead&job="],
  ["dead", "/dead?queue=relay.broken"],
  ["campaigns", "/campaigns"],
  ["campaign", "/campaigns/CAMPAIGN"],
  ["draft", "/campaigns/DRAFT"],
  ["campaign-edit", "/campaigns/DRAFT/edit"],
  ["campaign-new", "/campaigns/new"],
  ["messages", "/messages?tenant=shop"],
  ["unknown", "/messages/unknown"],
  ["inbound", "/messages/inbound"],
  ["contacts", "/contacts?tenant=shop"],
  ["contact", "/contacts?tenant=shop&contact=customers-3"],
  ["import", "/contacts/import?tenant=shop"],
  ["pixels", "/pixels?range=hour"],
  ["analytics", "/analytics?tenant=shop&period=7d"],
  ["analytics-money", "/analytics?tenant=shop&show=money"],
  ["analytics-campaign", "/analytics?tenant=shop&campaign=autumn-letter"],
  ["tracking", "/tracking?tenant=shop&range=hour"],
  ["sessions", "/sessions"],
  ["destinations", "/settings/destinations"],
  ["keys", "/settings/keys"],
  ["audit", "/settings/audit"],
  ["system", "/settings/system"],
  ["nowhere", "/nowhere"],
];

let browser: Browser;
let server: Server;
let campaigns: { started: string; draft: string };

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.fill();
  campaigns = await server.fillCampaigns();
  await server.fillAnalytics();
  await server.isDead(12);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const theme of ["light", "dark"] as const) {
  for (const width of [390, 768, 1440]) {
    test(`pages are whole and accessible, ${theme}, ${width} wide`, async () => {
      const world = await World.signedIn(browser, server, { theme, width, language: width === 768 ? "es" : "en" });
      const [job] = await server.isDead(12);
      const wrong: string[] = [];
      await world.go("/");
      for (const [name, path] of PAGES) {
        await world.visit((path.endsWith("job=") ? path + job! : path).replace("CAMPAIGN", campaigns.started).replace("DRAFT", campaigns.draft));
        // The chart has had two looks at the counters.
        if (name === "overview") await world.page.waitForFunction(() => document.querySelector(".legend .num")?.textContent !== "–");
        await world.page.screenshot({ path: `${PICTURES}/${name}-${theme}-${width}.png`, fullPage: true });
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

test("sign-in is whole and accessible", async () => {
  for (const theme of ["light", "dark"] as const) {
    const world = await World.open(browser, server, { theme, width: 390 });
    await world.page.goto(server.url);
    await world.page.locator("input[name=key]").waitFor();
    await world.page.screenshot({ path: `${PICTURES}/sign-in-${theme}-390.png` });
    assert.deepEqual([...(await world.findings()), ...world.complaints], []);
    await world.close();
  }
});

test("a first visit loads at most 150 KB", async () => {
  const world = await World.signedIn(browser, server);
  await world.go("/");
  const loaded = await world.page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .map((entry) => entry as PerformanceResourceTiming)
      .filter(({ name }) => !name.includes("/api/"))
      .map(({ name, encodedBodySize }) => ({ name, encodedBodySize })),
  );
  assert.ok(loaded.some(({ name }) => name.endsWith(".js")) && loaded.some(({ name }) => name.endsWith(".css")), JSON.stringify(loaded));
  assert.ok(loaded.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0) <= 150_000, JSON.stringify(loaded));
  await world.close();
});
