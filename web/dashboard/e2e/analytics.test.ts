// Figures as they are asked for: the page shows those of the API, of the time and the zone that were
// chosen, and says where something is estimated.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { CampaignAnalytics, ConversationAnalytics, ConversionAnalytics, MessageAnalytics } from "../src/api/schema.ts";
import { Server } from "./server.js";
import { becomes } from "./until.js";
import { World, launch } from "./world.js";

let browser: Browser;
let server: Server;

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.fillAnalytics();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A range that is over, so that nothing is added while it is looked at. */
const day = (back: number): string => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
const [FIRST, LAST] = [day(10), day(1)];
const ASKED = `tenant=shop&zone=Europe/Madrid&period=custom&from=${FIRST}&to=${LAST}`;

const number = (n: number, digits = 0): string => new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(n);
const percent = (share: number | null | undefined): string => new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 }).format(share!);

/** What the API says of the time that the page asks for. */
async function figures<T>(of: string, page: Page): Promise<T> {
  const asked = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name)).find(({ pathname }) => pathname === "/api/analytics/messages")!.search);
  return server.call<T>(`GET /api/analytics/${of}${asked}`);
}

async function tile(page: Page, label: string): Promise<string> {
  return page.locator(".headline .figure").filter({ has: page.getByText(label, { exact: true }) }).locator("strong").first().innerText();
}

async function rowsOf(page: Page, table: string): Promise<string[][]> {
  return page.getByRole("region", { name: table, exact: true }).locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText.trim())));
}

async function saved(page: Page, click: () => Promise<void>): Promise<string[][]> {
  const file = page.waitForEvent("download");
  await click();
  return readFileSync(await (await file).path(), "utf8").trim().split("\r\n").map((line) => line.split(","));
}

test("what the page shows is what the API says, of the chosen time in the chosen zone", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go(`/analytics?${ASKED}`);
  const messages = await figures<MessageAnalytics>("messages", page);
  const midnight = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Madrid", dateStyle: "short", timeStyle: "short" });
  assert.deepEqual([messages.from, messages.to].map((at) => midnight.format(new Date(at)).slice(-5)), ["00:00", "00:00"]);
  assert.ok(messages.sent > 100);
  for (const [label, value] of [["Sent", messages.sent], ["Received", messages.received], ["Delivered", messages.delivered], ["Read", messages.read], ["Failed", messages.failed]] as const) {
    assert.equal(await tile(page, label), number(value), label);
  }
  const delivered = page.locator(".headline .figure").filter({ hasText: "Delivered" });
  await delivered.getByText(`${percent(messages.deliveryRate)} of those sent`).waitFor();
  await delivered.getByText(`before: ${number(messages.previous.figures["delivered"]!)}`).waitFor();
  const talks = await figures<ConversationAnalytics>("conversations", page);
  assert.equal(await tile(page, "Conversations"), number(talks.started));
  assert.deepEqual((await rowsOf(page, "Conversations and responses")).map(([, count]) => count), [talks.firstResponse, talks.response, talks.duration].map(({ count }) => number(count)));
  await page.getByText(/off by at most 0.8% of themselves/).first().waitFor();
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("money is exact, each currency by itself, and the funnel has its rates", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go(`/analytics?${ASKED}`);
  const conversions = await figures<ConversionAnalytics>("conversions", page);
  const shown = await page.locator(".headline .figure").filter({ has: page.getByText("Revenue", { exact: true }) }).locator("strong").allInnerTexts();
  const digits = (text: string): string => text.replace(/[^\d.]/g, "");
  assert.deepEqual(shown.map(digits), conversions.revenue.map(({ amount }) => amount));
  assert.equal(conversions.revenue.length, 2);
  const funnel = await rowsOf(page, "From lead to sale");
  assert.deepEqual(
    funnel.map(([, people, rate]) => [people, rate]),
    conversions.funnel.map(({ people, rate }) => [number(people), rate == null ? "–" : percent(rate)]),
  );
  await page.getByLabel("Shown").selectOption("money");
  await page.getByLabel("Currency").selectOption("USD");
  const chart = page.locator(".panel").filter({ has: page.getByRole("heading", { name: "Over time" }) });
  await chart.getByText("Revenue", { exact: false }).first().waitFor();
  const usd = conversions.revenue.find(({ currency }) => currency === "USD")!;
  await chart.locator(".legend").getByText(usd.amount).waitFor();
  const [, ...rows] = await saved(page, () => chart.getByRole("button", { name: "Download CSV" }).click());
  const cents = rows.reduce((sum, [, revenue]) => sum + Number(revenue!.replace(".", "")), 0);
  assert.deepEqual([rows.length, cents], [10, usd.units]);
  assert.match(rows[0]![0]!, /T00:00:00\+0[12]:00$/);
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("a campaign says what it earned, and which difference of its variants is real", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go(`/analytics?${ASKED}`);
  const campaign = await figures<CampaignAnalytics>("campaigns/autumn-letter", page);
  const row = (await rowsOf(page, "Campaigns")).find(([name]) => name!.includes("autumn-letter"))!;
  assert.deepEqual(row.slice(1, 4), [number(campaign.sent), percent(campaign.delivered.rate), percent(campaign.read.rate)]);
  assert.deepEqual([row[6], row[7]], ["€899.00", "€42.75"]);
  assert.equal(row[8], `+${percent(campaign.roi["EUR"])}`);
  await page.getByRole("button", { name: "autumn-letter" }).click();
  const drawer = page.getByRole("dialog");
  const { low, high } = campaign.variants.find(({ variant }) => variant === "Question")!.read;
  await drawer.getByText(`${percent(low)} – ${percent(high)}`).waitFor();
  const read = campaign.differences.find(({ rate }) => rate === "read")!;
  assert.equal(read.verdict, "real");
  await drawer.getByRole("row").filter({ hasText: "Question" }).getByText("Real", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  await world.close();
});

test("the next days are estimates with their error, and an unusual hour is named", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/analytics?tenant=shop&zone=UTC");
  const outlook = page.locator(".panel").filter({ has: page.getByRole("heading", { name: "The next days" }) });
  await outlook.getByText("Estimate", { exact: true }).waitFor();
  await outlook.getByText(/such (an )?estimates? w(as|ere) off by [\d.,]+%/).waitFor();
  assert.ok((await rowsOf(page, "Unusual hours of the last seven days")).some(([, count, , word]) => Number(count) >= 30 && word === "more than usual"));
  const rows = await saved(page, () => outlook.getByRole("button", { name: "Download CSV", exact: true }).click());
  assert.deepEqual([rows.length, rows.at(-1)![1], Number(rows.at(-1)![2]) >= 0], [1 + 14 + 1 + 7, "", true]);
  await world.close();
});

test("what is chosen stands in the address, by keyboard too, and outlives a reload", async () => {
  const world = await World.signedIn(browser, server);
  const { page } = world;
  await world.go("/analytics?tenant=shop");
  await page.getByRole("radio", { name: "30 days" }).focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(/period=7d/);
  await page.locator("select[name=interval]").selectOption("hour");
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await page.reload();
  await world.settled();
  await becomes(() => page.getByRole("radio", { name: "7 days" }).isChecked(), true);
  await becomes(() => page.locator("select[name=interval]").inputValue(), "hour");
  await becomes(() => page.getByLabel("Time zone").inputValue(), "Asia/Tokyo");
  await page.getByRole("radio", { name: "Custom" }).check({ force: true });
  await page.locator("input[name=from]").fill(LAST);
  await page.locator("input[name=to]").fill(FIRST);
  await page.getByText("It ends before it begins").waitFor();
  await page.locator("input[name=to]").fill("");
  await page.locator("input[name=from]").fill("2020-01-01");
  await page.getByText("older figures are not kept").first().waitFor();
  assert.deepEqual(world.complaints, []);
  await world.close();
});

test("where nothing was counted and where nothing may be seen, the page says so", async () => {
  const world = await World.signedIn(browser, server, { language: "es" });
  await world.go("/analytics?tenant=nobody");
  await world.page.getByText("En este tiempo no se contó nada").waitFor();
  await world.page.getByText("Muy poco pasado para una estimación").waitFor();
  await world.close();
  const { key } = await server.call<{ key: string }>("POST /api/keys", { name: "blind", tenant: "shop", scopes: ["ingest"] });
  const blind = await World.signedIn(browser, server, { key });
  await blind.go("/analytics");
  await blind.page.getByText("Your key does not allow this").first().waitFor();
  await blind.close();
});

test("what is shown is downloaded as a report, by keyboard too", async () => {
  const world = await World.signedIn(browser, server, { language: "es" });
  const { page } = world;
  await world.go(`/analytics?${ASKED}`);
  const menu = page.locator("summary").filter({ hasText: "Informe" });
  await menu.press("Enter");
  await page.getByRole("link", { name: "PDF" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "PDF" }).waitFor({ state: "hidden" });
  // Where it was opened is where one is again.
  await becomes(() => menu.evaluate((one) => one === document.activeElement), true);
  await page.keyboard.press("Enter");
  const report = page.waitForEvent("download");
  await page.getByRole("link", { name: "PDF" }).click();
  const file = await report;
  assert.match(file.suggestedFilename(), /\.pdf$/);
  assert.equal(readFileSync(await file.path(), "latin1").slice(0, 5), "%PDF-");
  assert.deepEqual(world.complaints, []);
  await world.close();
});
