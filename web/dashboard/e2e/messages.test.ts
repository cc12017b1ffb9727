// Messages and contacts: unknown outcomes are settled, one message is sent, people are found.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
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

interface Listed {
  items: { id: string; to: string; status: string }[];
}

const listed = (status: string): Promise<Listed> => server.call<Listed>(`GET /api/whatsapp/messages?tenant=shop&limit=500&status=${status}`);

const count = async (status: string): Promise<number> => (await listed(status)).items.length;

test("outcomes that nobody knows are settled by whoever has looked", async () => {
  await server.addContacts(30, "customers");
  const id = await server.addCampaign("Cut off", { audience: { tags: ["customers"] }, message: "Hola" });
  await server.call(`POST /api/campaigns/${id}/start`, {});
  await becomes(() => count("unknown"), 3);
  const [one] = (await listed("unknown")).items;
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/messages/unknown");
  // Also where one has opened it, it is asked first.
  await page.getByRole("button", { name: one!.to, exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "It arrived" }).click();
  await page.getByRole("dialog").last().getByText("They count as sent").waitFor();
  for (const left of [1, 0]) {
    await page.keyboard.press("Escape");
    await becomes(() => page.getByRole("dialog").count(), left);
  }
  assert.equal(await count("unknown"), 3);
  await page.getByRole("row").filter({ hasText: one!.to }).getByRole("button", { name: "It arrived" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Yes, so it was" }).click();
  await page.getByText("1 message was settled").waitFor();
  await page.getByRole("row").filter({ hasText: one!.to }).waitFor({ state: "detached" });
  await becomes(async () => (await listed("sent")).items.filter(({ id }) => id === one!.id).length, 1);
  await page.getByLabel("Choose all").check();
  await page.getByRole("button", { name: "2 did not arrive" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Yes, so it was" }).click();
  await page.getByText("Nothing is unknown").waitFor();
  await becomes(() => count("unknown"), 0);
  assert.ok([...server.messenger.got.values()].every((count) => count === 1), "nobody was written to twice");
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("a message is sent by hand and followed, and a number that is none is named at its field", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/messages");
  await page.getByRole("button", { name: "Send a message" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Phone").fill("not a number");
  await dialog.getByLabel("Text").fill("Hola");
  await dialog.getByRole("button", { name: "Send" }).click();
  await dialog.locator(".faulty").getByRole("alert").waitFor();
  await dialog.getByLabel("Phone").fill("+34 699 100 004");
  // An answer that is lost does not make it two messages.
  let isLost = true;
  await page.route(/\/api\/whatsapp\/messages\?/, async (route) => {
    if (route.request().method() !== "POST" || !isLost) return route.continue();
    isLost = false;
    await route.fetch();
    await route.abort();
  });
  await dialog.getByRole("button", { name: "Send" }).click();
  await dialog.getByText("The server cannot be reached").waitFor();
  await dialog.getByRole("button", { name: "Send" }).click();
  await page.waitForURL(/message=job_/);
  const { items } = await server.call<Listed>(`GET /api/whatsapp/messages?tenant=shop&to=${encodeURIComponent("+34699100004")}`);
  assert.equal(items.length, 1);
  await dialog.getByText("What happened").waitFor();
  await dialog.getByText("The provider says: Delivered").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("failed messages are counted and tried again", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await becomes(async () => (await count("failed")) > 0, true);
  const failed = (await listed("failed")).items;
  await world.go("/messages?status=failed");
  // Those of all tenants.
  await becomes(() => page.getByRole("combobox", { name: "Tenant" }).inputValue(), "");
  const again = page.getByRole("button", { name: "Try failed ones again" });
  const phone = page.getByRole("searchbox", { name: "Phone" });
  // A phone number stands in no address, and what cannot be narrowed by it is not tried again.
  await phone.fill(failed[0]!.to);
  await page.getByText("Take phone and").waitFor();
  await becomes(() => again.isDisabled(), true);
  assert.equal(page.url().includes(failed[0]!.to.slice(1)), false);
  await phone.fill("");
  await page.getByText("Take phone and").waitFor({ state: "detached" });
  await again.click();
  await page.getByText(/^\d+ jobs? will be tried again\.$/).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Try again" }).click();
  await page.getByText(/being tried again/).waitFor();
  await world.close();
});

test("a contact is found, changed, opted out and in again", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/contacts?tenant=shop&tag=customers");
  await page.getByRole("button", { name: "Ana 3", exact: true }).click();
  const drawer = page.getByRole("dialog").first();
  await drawer.getByText("Jaén").waitFor();
  await drawer.getByText("Wants messages", { exact: true }).waitFor();
  await drawer.getByRole("button", { name: "Wants no messages" }).click();
  await drawer.getByText(/by the API/).waitFor();
  await drawer.getByRole("button", { name: "Wants messages again" }).click();
  const question = page.getByRole("dialog").last();
  await question.getByText("Only do this where the person asked for it").waitFor();
  await question.getByRole("button", { name: "Wants messages again" }).click();
  await drawer.getByRole("button", { name: "Wants no messages" }).waitFor();
  await drawer.getByRole("button", { name: "Edit" }).click();
  const form = page.getByRole("dialog").last();
  await form.getByLabel("Attributes").fill("city: Vigo");
  await form.getByRole("button", { name: "Save" }).click();
  await drawer.getByText("Vigo").waitFor();
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("while a number is half typed, the list stays and the field says so", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/contacts?tenant=shop&tag=customers");
  const row = page.getByRole("button", { name: "Ana 3", exact: true });
  await row.waitFor();
  const phone = page.getByLabel("Phone");
  await phone.fill("+346001");
  await page.getByText("No number yet").waitFor();
  assert.equal(await row.isVisible(), true);
  await phone.fill("+34600100004");
  await page.getByText("No number yet").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Ana 4", exact: true }).waitFor();
  await row.waitFor({ state: "detached" });
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("numbers that are none are named, each as it was written", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/contacts?tenant=shop");
  await page.getByRole("button", { name: "Opt numbers out" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Phone numbers").fill("600\n+34600100009\nnobody");
  await form.getByRole("button", { name: "Opt 3 out" }).click();
  await form.getByText(/^600: .* nobody: /).waitFor();
  await world.close();
});

test("of a long list only what is seen is drawn, and all of it can be reached", async () => {
  await server.addContacts(400, "crowd");
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/contacts?tenant=shop&tag=crowd&limit=500");
  const table = page.getByRole("table");
  await table.waitFor();
  await becomes(() => table.getAttribute("aria-rowcount"), "401");
  await becomes(async () => (await page.getByRole("row").count()) < 120, true);
  await page.locator(".long").evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await page.getByRole("button", { name: "Ana 399", exact: true }).waitFor();
  assert.deepEqual(world.complaints, []);
  await world.close();
});
