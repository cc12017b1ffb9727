// A browser that is signed in, and complaints about what pages did wrong.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";
import { ADMIN_KEY, type Server } from "./server.js";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome"].map((name) => `/usr/bin/${name}`);
export const PICTURES = "out/pictures";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What is looked at where: at each width everything, and in each theme its colours. */
export const LOOKED: Record<string, "all" | "colours" | "all but colours"> = {
  "light 390": "all but colours",
  "dark 768": "all but colours",
  "light 1440": "all",
  "dark 1440": "colours",
};

export interface How {
  language?: "en" | "es";
  theme?: "light" | "dark";
  width?: number;
  key?: string;
}

export async function launch(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? BROWSERS.find(existsSync);
  if (!executablePath) throw new Error("no Chromium; hint: apt-get install chromium, or set CHROMIUM");
  mkdirSync(PICTURES, { recursive: true });
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

export class World {
  /** What went wrong in pages, other than answers that a test brought about. */
  readonly complaints: string[] = [];
  private constructor(
    readonly server: Server,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    context.on("weberror", (error) => this.complaints.push(String(error.error())));
    page.on("console", (message) => {
      const expected = /Failed to load resource|net::ERR/.test(message.text());
      if (message.type() === "error" && !expected) this.complaints.push(message.text());
    });
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== server.url) this.complaints.push(`asked elsewhere: ${request.url()}`);
    });
  }

  static async open(browser: Browser, server: Server, { language = "en", theme = "light", width = 1440 }: How = {}): Promise<World> {
    const context = await browser.newContext({
      locale: language === "es" ? "es-ES" : "en-GB",
      colorScheme: theme,
      viewport: { width, height: 900 },
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(60_000);
    return new World(server, context, await context.newPage());
  }

  /** Signs in without the form; the form has a test of its own. */
  static async signedIn(browser: Browser, server: Server, how: How = {}): Promise<World> {
    const world = await World.open(browser, server, how);
    const data = { key: how.key ?? ADMIN_KEY };
    const response = await world.context.request.post(`${server.url}/api/session`, { data, headers: { origin: server.url } });
    assert.equal(response.status(), 200, await response.text());
    return world;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.server.url + path);
    await this.settled();
  }

  /** Goes to another page as a link does, which loads nothing anew. */
  async visit(path: string): Promise<void> {
    await this.page.evaluate(async (to) => {
      history.pushState(null, "", to);
      dispatchEvent(new PopStateEvent("popstate"));
      // What is drawn is drawn by the second frame from here.
      for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    }, path);
    await this.settled();
  }

  /** Waits until the page is there and nothing of it is being loaded, opened or drawn any more. */
  async settled(): Promise<void> {
    await this.page.locator("#title").waitFor();
    await this.page.waitForFunction(() => !document.querySelector(".skeleton, .plot:empty, dialog:not([open])"));
  }

  /**
   * What axe finds wrong on the page as it is now (WCAG 2.2 AA and good practice). To look at the colours takes
   * as long as all else; they are the same at every width, and all else is the same in both themes.
   */
  async findings(of: "all" | "colours" | "all but colours" = "all"): Promise<string[]> {
    // Through the debugger and not as a script of the page, which the policy forbids.
    if (!(await this.page.evaluate(() => "axe" in window))) await this.page.evaluate(axe);
    const found = await this.page.evaluate(async (of) => {
      const colours = "color-contrast";
      const options = { all: {}, colours: { runOnly: { type: "rule", values: [colours] } }, "all but colours": { rules: { [colours]: { enabled: false } } } }[of];
      const { violations } = await (window as unknown as Axe).axe.run(options);
      return violations.map(({ id, nodes }) => ({ id, where: nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`) }));
    }, of);
    return found.map(({ id, where }) => `${id} at ${where.slice(0, 5).join("; ")}`);
  }

  async close(): Promise<void> {
    // What a test has put in the way of calls may be at work on one.
    await this.page.unrouteAll({ behavior: "ignoreErrors" });
    await this.context.close();
  }
}

interface Axe {
  axe: { run(options: object): Promise<{ violations: Violation[] }> };
}

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary: string }[];
}
