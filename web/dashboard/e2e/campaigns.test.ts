// A campaign from a file to its end, and what may go wrong on the way.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
  await server.addContacts(12, "customers");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const PEOPLE = ["teléfono;nombre;ciudad", ...Array.from({ length: 30 }, (_, n) => `+34611${100_000 + n};Eva ${n};Jaén`), "600;Nobody;Lugo", ";Nameless;Lugo"].join("\r\n");
const file = (name: string, text: string | Buffer): { name: string; mimeType: string; buffer: Buffer } => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

const state = async (id: string): Promise<string> => (await server.call<{ status: string }>(`GET /api/campaigns/${id}`)).status;

/** The id of the campaign whose page is shown. */
async function shownId(page: Page): Promise<string> {
  await page.waitForURL(/\/campaigns\/(?!new)[^/]+$/);
  return page.evaluate(() => location.pathname.split("/")[2]!);
}

async function answer(page: Page, button: string): Promise<void> {
  await page.getByRole("dialog").getByRole("button", { name: button, exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

test("a campaign is made from a file, seen before it leaves, started, paused, resumed and stopped", async () => {
  // Nothing leaves until all controls were tried, however slow this machine is.
  await server.call("POST /api/whatsapp/queue/pause?tenant=shop", {});
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/campaigns");
  await page.getByRole("link", { name: "New campaign" }).click();
  await page.getByLabel("Name", { exact: false }).first().fill("Summer sale");
  await page.getByRole("textbox", { name: "Text" }).fill("Hola {{name}}, nos vemos en {{ciudad|tu ciudad}}");
  await page.getByRole("button", { name: "Add people from a file" }).click();
  await page.locator("input[type=file]").setInputFiles(file("clientes.csv", Buffer.from(PEOPLE, "latin1")));
  // Enter in a field of the file sends no campaign, and none is saved while the file is on its way.
  await page.getByLabel("Tags for all").press("Enter");
  await assert.rejects(page.getByText("Give it a name").waitFor({ timeout: 200 }));
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  await page.route(/contacts\/import/, async (route) => held.then(() => route.continue()));
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("The file is on its way.").waitFor();
  await page.getByRole("button", { name: "Save as a draft", disabled: true }).waitFor();
  const customers = page.getByRole("checkbox", { name: /^customers/ });
  await customers.check();
  goOn();
  await page.getByRole("link", { name: "Download 2 rows that were not taken" }).waitFor();
  const rejected = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download 2 rows" }).click();
  assert.match((await rejected).suggestedFilename(), /rejected\.csv$/);
  // What was chosen meanwhile stays.
  await page.getByText("At most 42 contacts").waitFor();
  await customers.uncheck();
  await page.getByText("At most 30 contacts").waitFor();
  await page.getByRole("button", { name: "Save as a draft" }).click();
  const id = await shownId(page);
  await page.getByText(/^Hola Eva \d+, nos vemos en Jaén$/).first().waitFor();
  assert.equal(await state(id), "draft");
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("dialog").getByText("30 people").waitFor();
  await answer(page, "Start");
  await page.getByText("Sending", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await answer(page, "Pause");
  await page.getByText("Paused", { exact: true }).waitFor();
  assert.equal(await state(id), "paused");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Sending", { exact: true }).waitFor();
  assert.equal(await state(id), "sending");
  await page.getByRole("button", { name: "Stop" }).click();
  await answer(page, "Stop");
  await page.getByText("Stopped", { exact: true }).waitFor();
  assert.equal(await state(id), "stopped");
  assert.deepEqual(world.complaints, []);
  await world.close();
  await server.call("POST /api/whatsapp/queue/resume?tenant=shop", {});
});

test("a campaign is followed to its end, and each recipient has a state and a reason", async () => {
  const id = await server.addCampaign("Followed", { audience: { tags: ["customers"] } });
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go(`/campaigns/${id}`);
  await page.getByRole("button", { name: "Start" }).click();
  await answer(page, "Start");
  const bar = page.getByRole("progressbar");
  await page.waitForFunction(() => Number(document.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")) === 100);
  assert.equal(await bar.getAttribute("aria-label"), "Progress of Followed");
  await page.getByText("wants no messages").first().waitFor();
  await page.getByLabel("State").selectOption("failed");
  const row = page.getByRole("row").filter({ hasText: "+34600100008" });
  await row.getByText("Failed").waitFor();
  await row.getByRole("button", { name: /^job_/ }).click();
  await page.getByRole("dialog").getByText("Attempt 1").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByLabel("State").selectOption("skipped");
  await page.getByText("something the text needs is not known").first().waitFor();
  const table = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download CSV" }).click();
  const [, ...rows] = readFileSync(await (await table).path(), "utf8").trim().split("\r\n");
  assert.ok(rows.length === 2 && rows.every((line) => line.includes("skipped")), rows.join("\n"));
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("a file of the wrong shape is refused in words, and nothing of it is taken", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/contacts/import?tenant=shop");
  const before = await server.call<{ items: unknown[] }>("GET /api/contacts/imports?tenant=shop");
  const choose = (name: string, text: string | Buffer): Promise<void> => page.locator("input[type=file]").setInputFiles(file(name, text));
  const isChosen = (name: string): Promise<void> => page.getByText(name, { exact: true }).waitFor();
  await choose("empty.csv", "");
  await page.getByRole("alert").filter({ hasText: "The file is empty" }).waitFor();
  await choose("book.xls", Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0, 0]));
  await page.getByRole("alert").filter({ hasText: "before 2007" }).waitFor();
  await page.getByRole("button", { name: "Import", exact: true, disabled: true }).waitFor();
  await choose("book.xlsx", Buffer.from([0x50, 0x4b, 3, 4, 0, 0]));
  await isChosen("book.xlsx");
  await page.getByLabel("Sheet").waitFor();
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "nothing was taken" }).waitFor();
  await choose("no_phone.csv", "name;city\nAna;Jaén\n");
  await isChosen("no_phone.csv");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: /phone/ }).waitFor();
  await choose("heading.csv", "phone\n");
  await isChosen("heading.csv");
  await page.getByRole("button", { name: "Check only" }).click();
  await page.getByText("The file has no rows below its heading.").waitFor();
  await choose("good.csv", "phone\n+34600100200\n");
  await isChosen("good.csv");
  await page.getByRole("button", { name: "Check only" }).click();
  await page.getByText("Only looked at; nothing was changed.").waitFor();
  const now = await server.call<{ items: { dryRun: boolean }[] }>("GET /api/contacts/imports?tenant=shop");
  assert.deepEqual(now.items.filter(({ dryRun }) => !dryRun).length, before.items.length);
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("a form that is half filled says what it lacks, and outlives a reload", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/campaigns/new");
  await page.getByRole("textbox", { name: "Text" }).fill("Hola {{name}}");
  await page.waitForFunction(() => JSON.stringify({ ...sessionStorage }).includes("Hola"));
  await page.getByRole("button", { name: "Save as a draft" }).click();
  await page.getByText("Give it a name").waitFor();
  await becomes(() => page.evaluate(() => document.activeElement?.getAttribute("name")), "name");
  await page.reload();
  await page.getByText("This is what you had not saved.").waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Text" }).inputValue(), "Hola {{name}}");
  await page.getByRole("button", { name: "Begin anew" }).click();
  await becomes(() => page.getByRole("textbox", { name: "Text" }).inputValue(), "");
  await world.close();
});

test("two operators do not undo each other's work unseen", async () => {
  const id = await server.addCampaign("Shared", { audience: { tags: ["customers"] } });
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go(`/campaigns/${id}/edit`);
  await page.getByRole("textbox", { name: "Text" }).fill("Mine");
  await page.waitForFunction(() => JSON.stringify({ ...sessionStorage }).includes("Mine"));
  await server.call(`PATCH /api/campaigns/${id}`, { message: "Theirs" });
  // What is from before a reload began from what was there then.
  await page.reload();
  await page.getByText("This is what you had not saved.").waitFor();
  await page.getByRole("button", { name: "Save as a draft" }).click();
  await page.getByRole("dialog").getByText("was saved by somebody else").waitFor();
  await answer(page, "Save mine");
  assert.equal(await shownId(page), id);
  assert.equal((await server.call<{ message: string }>(`GET /api/campaigns/${id}`)).message, "Mine");
  await world.go(`/campaigns/${id}/edit`);
  await page.getByRole("textbox", { name: "Text" }).fill("");
  await page.getByRole("button", { name: "Save as a draft" }).click();
  // A text that was emptied is not the one that was there before.
  await page.locator(".faulty").filter({ hasText: "Text" }).getByRole("alert").filter({ hasText: "missing" }).waitFor();
  await page.getByRole("link", { name: "Cancel" }).click();
  assert.equal(await shownId(page), id);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").waitFor();
  await server.call(`POST /api/campaigns/${id}/start`, {});
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alert").filter({ hasText: "not as you see it any more" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Delete" }).waitFor({ state: "detached" });
  await world.close();
});
