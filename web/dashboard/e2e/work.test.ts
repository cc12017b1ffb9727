// What an operator does, from signing in to signing out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { ADMIN_KEY, Server } from "./server.js";
import { becomes } from "./until.js";
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

const gate = async (queue: string): Promise<string> => (await server.call<{ gate: string }>(`GET /api/queues/${queue}`)).gate;

test("one signs in with a key, sees where one wanted to go, and signs out", async () => {
  const world = await World.open(browser, server);
  const { page } = world;
  await page.goto(`${server.url}/queues`);
  await page.getByLabel("Key").fill("ck_live_wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "This key is not accepted" }).waitFor();
  await page.getByLabel("Key").fill(ADMIN_KEY);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Queues", level: 1 }).waitFor();
  const [cookie] = await world.context.cookies();
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, "Strict"]);
  assert.equal(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage })).then((kept) => kept.includes("ck_live")), false);
  // What was begun is not there for whoever comes next.
  await page.evaluate(() => history.pushState(null, "", "/campaigns/new"));
  await page.reload();
  await page.getByLabel("Name", { exact: false }).first().fill("Begun");
  await page.waitForFunction(() => Object.keys(sessionStorage).length > 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Key").waitFor();
  await becomes(() => page.evaluate(() => JSON.stringify({ ...sessionStorage })), "{}");
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("whoever signs out in one tab is signed out in all of them", async () => {
  const world = await World.signedIn(browser, server);
  await world.go("/queues");
  const other = await world.context.newPage();
  await other.goto(`${server.url}/dead`);
  await other.getByRole("heading", { name: "Dead letters", level: 1 }).waitFor();
  await world.page.getByRole("button", { name: "Sign out" }).click();
  await world.page.getByLabel("Key").waitFor();
  await other.getByLabel("Key").waitFor();
  await world.close();
});

test("a session that has ended is told in the language of the page", async () => {
  const world = await World.signedIn(browser, server, { language: "es" });
  await world.go("/queues");
  await world.context.clearCookies();
  await world.page.getByRole("link", { name: "Campañas" }).click();
  await world.page.getByText("Tu sesión ha terminado; vuelve a entrar.").waitFor();
  await world.close();
});

test("a queue is paused after a question, and that is undone", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/queues/relay.orders");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal(await gate("relay.orders"), "open");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByText("relay.orders is paused").waitFor();
  assert.equal(await gate("relay.orders"), "paused");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone").waitFor();
  assert.equal(await gate("relay.orders"), "open");
  await world.close();
});

test("a queue that is shut for one tenant alone says so", async () => {
  await server.call("POST /api/queues/relay.orders/pause?tenant=shop", {});
  const world = await World.signedIn(browser, server);
  await world.go("/queues");
  await world.page.getByRole("row").filter({ hasText: "relay.orders" }).getByText("shop: Paused").waitFor();
  await world.go("/queues/relay.orders");
  await world.page.getByText("shop: Paused").waitFor();
  await server.call("POST /api/queues/relay.orders/resume?tenant=shop", {});
  await world.page.getByText("shop: Paused").waitFor({ state: "detached" });
  await world.close();
});

test("dead letters are counted by reason and tried again", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await server.isDead(12);
  await world.go("/dead?queue=relay.broken");
  await page.getByLabel("Text in the reason").fill("nothing says this");
  await becomes(() => page.getByText("Change the filters above.").count(), 2);
  await page.getByRole("button", { name: "Try all that match again", disabled: true }).waitFor();
  await page.getByLabel("Text in the reason").fill("");
  await page.getByRole("button", { name: "Try these again" }).first().click();
  await page.getByText("12 jobs will be tried again.").waitFor();
  server.isBroken = false;
  await page.getByRole("dialog").getByRole("button", { name: "Try again" }).click();
  await page.getByText("No dead letters here").first().waitFor();
  server.isBroken = true;
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("a drain that is undone by mistake drains again", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await server.call("POST /api/queues/relay.slow/drain", {});
  await world.go("/queues/relay.slow");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("relay.slow flows again").waitFor();
  assert.equal(await gate("relay.slow"), "open");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone").waitFor();
  assert.equal(await gate("relay.slow"), "draining");
  await server.call("POST /api/queues/relay.slow/resume", {});
  await world.close();
});

test("a message behind a dialog is shown in it, where it can be pressed", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  // So that none is on its way while it is changed.
  await server.call("POST /api/queues/relay.slow/pause", {});
  await world.go("/queues/relay.slow");
  await page.getByRole("row").filter({ hasText: /Waiting|Scheduled/ }).getByRole("button", { name: /^job_/ }).first().click();
  const drawer = page.getByRole("dialog");
  await drawer.getByLabel("Priority").selectOption("high");
  await drawer.getByRole("button", { name: "Undo" }).click();
  await drawer.getByText("Undone").waitFor();
  await becomes(() => drawer.getByLabel("Priority").inputValue(), "normal");
  await server.call("POST /api/queues/relay.slow/resume", {});
  await world.close();
});

test("a job is followed from its arrival, with why it stands where it stands", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/queues/relay.slow");
  // The list is live: by the time of a click, another may be the first of it.
  const id = await page.getByRole("button", { name: /^job_/ }).first().innerText();
  await page.getByRole("button", { name: id, exact: true }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText("Taken in").waitFor();
  await drawer.getByText("Attempt 1").first().waitFor();
  await page.waitForURL((url) => url.href.includes(id));
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  await page.waitForURL((url) => !url.href.includes(id));
  await world.close();
});

test("a key is made, shown once, and revoked", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/settings/keys");
  await page.getByRole("button", { name: "Make a key" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("by hand");
  await page.getByRole("dialog").getByRole("button", { name: "Make a key" }).click();
  const secret = await page.locator("code.secret").innerText();
  await server.call("GET /api/queues", undefined, secret);
  await page.getByRole("button", { name: "I have kept it" }).click();
  const row = page.getByRole("row").filter({ hasText: "by hand" });
  await row.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await row.getByText("Revoked").waitFor();
  await assert.rejects(server.call("GET /api/queues", undefined, secret), /revoked/);
  assert.ok(!(await page.content()).includes(secret));
  await world.close();
});

test("what is wrong with a key stands beside its fields", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/settings/keys");
  await page.getByRole("button", { name: "Make a key" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Name").fill("ñ".repeat(90));
  await form.getByLabel("Tenant").fill("Ü");
  await form.getByRole("button", { name: "Make a key" }).click();
  await becomes(() => form.locator(".faulty .wrong").allTextContents().then((all) => all.length), 2);
  await form.getByText("Some fields above still need something").waitFor();
  await world.close();
});

test("an address of settings that leads to nothing says so", async () => {
  const world = await World.signedIn(browser, server);
  await world.go("/settings/nothing");
  await world.page.getByRole("heading", { name: "No such page", level: 1 }).waitFor();
  await world.close();
});

test("language and theme are chosen, and stay", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/");
  await page.getByLabel("Language").selectOption("es");
  await page.getByRole("heading", { name: "Resumen", level: 1 }).waitFor();
  await page.getByLabel("Colores").selectOption("dark");
  await page.reload();
  await page.getByRole("heading", { name: "Resumen", level: 1 }).waitFor();
  await becomes(() => page.evaluate(() => [getComputedStyle(document.documentElement).colorScheme, document.documentElement.lang]), ["dark", "es"]);
  await world.close();
});

test("a key that may not is told so, and offered nothing that it may not", async () => {
  const { key } = await server.call<{ key: string }>("POST /api/keys", { name: "looks", tenant: "shop", scopes: ["read"] });
  const world = await World.signedIn(browser, server, { key });
  await world.go("/queues");
  assert.equal(await world.page.getByRole("button", { name: "Pause" }).count(), 0);
  await world.go("/settings/keys");
  await world.page.getByText("Your key does not allow this").waitFor();
  await world.close();
});

test("a key that is revoked while the page is open leads to signing in again", async () => {
  const made = await server.call<{ id: string; key: string }>("POST /api/keys", { name: "goes", tenant: "shop", scopes: ["read"] });
  const world = await World.signedIn(browser, server, { key: made.key });
  await world.go("/queues");
  await server.call(`DELETE /api/keys/${made.id}`);
  await world.page.getByText("was revoked or has expired").waitFor();
  await world.page.getByLabel("Key").waitFor();
  await world.close();
});

test("the page outlives a restart of the server", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/queues");
  await page.getByRole("link", { name: "relay.orders" }).waitFor();
  // First it hangs, and then it is gone.
  server.signal("SIGSTOP");
  await page.getByText("The server cannot be reached").waitFor();
  await becomes(() => page.getByRole("link", { name: "relay.orders" }).count(), 1);
  server.signal("SIGCONT");
  await page.getByText("The server cannot be reached").waitFor({ state: "hidden" });
  await server.kill();
  await page.getByText("The server cannot be reached").waitFor();
  await becomes(() => page.getByRole("link", { name: "relay.orders" }).count(), 1);
  await server.run();
  await page.getByText("The server cannot be reached").waitFor({ state: "hidden" });
  await page.getByRole("link", { name: "relay.orders" }).click();
  await page.getByRole("heading", { name: "relay.orders", level: 1 }).waitFor();
  await world.close();
});
