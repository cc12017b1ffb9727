// A browser, a shop with pages that carry the tag, and a collector on another origin.

import { existsSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";
import { Collector } from "./collector.js";

export const TENANT = "shop";
export const SITE = "6f1c1f0e-8a53-4a4e-9d3c-0d1f6a1b2c3d";
export const KEY = "cw_test";

/** What a page of the shop is made of. */
export interface Shown {
  /** Attributes of the tag, besides the three that it always has. */
  tag?: Record<string, string>;
  title?: string;
  head?: string;
  body?: string;
  headers?: Record<string, string>;
}

/** How a page is opened. */
export interface How {
  /** From an origin that browsers take for secure. */
  secure?: boolean;
  /** With a clock that only a test moves on. */
  frozen?: boolean;
}

/** Where Debian and others put the browser. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"].map((name) => `/usr/bin/${name}`);

export async function launch(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? BROWSERS.find(existsSync);
  if (!executablePath) throw new Error("no Chromium; hint: apt-get install chromium, or set CHROMIUM");
  const hosts = ["shop.test", "collector.test"].map((host) => `MAP ${host} 127.0.0.1`);
  const args = ["--no-sandbox", `--host-resolver-rules=${hosts.join(",")}`];
  return chromium.launch({ executablePath, args });
}

export class World {
  readonly collector: Collector;
  readonly context: BrowserContext;
  /** Errors and refusals that pages have shown in their consoles. */
  readonly complaints: string[] = [];
  /** How many requests have failed. */
  failures = 0;
  private readonly shop: Server;
  private readonly pages = new Map<string, Shown>();

  private constructor(collector: Collector, context: BrowserContext) {
    this.collector = collector;
    this.context = context;
    context.on("weberror", (error) => this.complaints.push(String(error.error())));
    context.on("requestfailed", () => this.failures++);
    this.shop = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://shop.test");
      const shown = this.pages.get(pathname) ?? {};
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...shown.headers });
      response.end(pathname === "/favicon.ico" ? "" : this.html(shown));
    });
  }

  static async start(browser: Browser): Promise<World> {
    const world = new World(await Collector.start(), await browser.newContext());
    await new Promise<void>((resolve) => world.shop.listen(0, "127.0.0.1", resolve));
    return world;
  }

  async stop(): Promise<void> {
    await this.context.close();
    this.collector.stop();
    this.shop.close();
    this.shop.closeAllConnections();
  }

  /** The shop's origin: plain HTTP under a name, or one that browsers take for secure. */
  origin(secure = false): string {
    return `http://${secure ? "localhost" : "shop.test"}:${(this.shop.address() as AddressInfo).port}`;
  }

  /** What a path shows. */
  show(path: string, shown: Shown): void {
    this.pages.set(path, shown);
  }

  /** Opens a page in a tab of its own, with the tracker loaded. */
  async open(address: string, shown: Shown = {}, how: How = {}): Promise<Page> {
    const url = new URL(address, this.origin(how.secure));
    this.show(url.pathname, shown);
    const page = await this.context.newPage();
    page.on("console", (line) => line.type() === "error" && this.complaints.push(line.text()));
    if (how.frozen) await freeze(page);
    await page.goto(url.href);
    await loaded(page);
    return page;
  }

  tag(more: Record<string, string> = {}): string {
    const attributes = { "data-key": KEY, "data-tenant": TENANT, "data-site": SITE, ...more };
    const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
    return `<script async src="${this.collector.url}/t.js" ${written.join(" ")}></script>`;
  }

  private html({ tag, title = "Shop", head = "", body = "" }: Shown): string {
    return `<!doctype html><title>${title}</title>${head}${this.tag(tag)}<body>${body}`;
  }
}

/** Waits for the tracker. */
export async function loaded(page: Page): Promise<void> {
  await page.waitForFunction(() => window.cauce?.track);
}

/** Makes the tracker send without waiting for more. */
export async function flush(page: Page): Promise<void> {
  await page.evaluate(() => dispatchEvent(new Event("online")));
}

/** Calls the tracker as a page does. */
export async function cauce(page: Page, ...call: unknown[]): Promise<unknown> {
  return page.evaluate((args) => window.cauce!(...(args as ["track"])), call);
}

const START = Date.parse("2026-01-01T00:00:00Z");

async function freeze(page: Page): Promise<void> {
  await page.clock.install({ time: START });
  await page.clock.pauseAt(START + 1_000);
}

/** Waits until the page knows that a request of the tracker has failed. */
export async function failed(page: Page, world: World): Promise<void> {
  if (!world.failures) await world.context.waitForEvent("requestfailed");
  await settle(page, world);
}

/** Lets time pass for a page whose clock is frozen, and waits for what it sends then. */
export async function pass(page: Page, world: World, ms: number): Promise<void> {
  await page.clock.runFor(ms);
  await settle(page, world);
}

/**
 * Lets time pass in turns until something holds. What is sent by the clock may be put off by an
 * answer that comes late, so one turn is not enough on a machine that is busy.
 */
export async function passUntil(page: Page, world: World, holds: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 60 && !holds(); turn += 1) await pass(page, world, 4_000);
  await world.collector.until(holds, what);
}

/** A request that comes after every other that the page has sent. */
export async function settle(page: Page, world: World): Promise<void> {
  await page.evaluate((url) => fetch(url).then(() => undefined), `${world.collector.url}/marker`);
}

/** What the tracker keeps in the browser. */
export async function stored(page: Page): Promise<string[]> {
  return page.evaluate((site) => {
    const ours = Object.keys(localStorage).filter((key) => key.startsWith(`cauce.${site}.`));
    return ours.map((key) => key.split(".")[2]!.slice(0, 1)).sort();
  }, SITE);
}
