// What is wrong is shown where one looks first, acknowledged, and told to a channel for a test.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { Server } from "./server.js";
import { World, launch } from "./world.js";

let browser: Browser;
let server: Server;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.fill();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

interface Firing {
  items: { kind: string; subject: { name: string }; acknowledgedAt: string | null }[];
}

test("dead letters raise an alert, which leads to them and is acknowledged", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/");
  const alert = page.getByRole("listitem").filter({ hasText: "relay.broken" }).filter({ hasText: "too much above" });
  await alert.getByText("Dead letters").waitFor();
  await page.getByRole("link", { name: /^Alerts/ }).first().click();
  await page.getByRole("heading", { name: "Alerts", level: 1 }).waitFor();
  await alert.getByRole("button", { name: "I know" }).click();
  await alert.getByText(/knows/).waitFor();
  const { items } = await server.call<Firing>("GET /api/alerts?state=firing&kind=dead_letters");
  assert.deepEqual(items.filter(({ subject }) => subject.name === "relay.broken").map(({ acknowledgedAt }) => acknowledgedAt !== null), [true]);
  await alert.getByRole("link", { name: "Take a look" }).click();
  await page.waitForURL(/\/dead\?queue=relay\.broken/);
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("a channel is tested, and what became of it is shown", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/alerts");
  const row = page.getByRole("row").filter({ hasText: "ops" }).filter({ hasText: "Webhook" });
  await row.getByRole("button", { name: "Test" }).click();
  await page.getByText("A message is on its way to ops").waitFor();
  const drawer = page.getByRole("dialog");
  await drawer.getByText("Attempt 1").first().waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  assert.deepEqual(world.complaints, []);
  await world.close();
});
