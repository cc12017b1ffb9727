// How long it takes from opening a page to something that can be used, while the server is at work.
// This is measured and not tested: what a machine is busy with else is no fault of the page.
//
// `cargo xtask web --measure` prints it; so does CAUCE_BINARY=… npm run measure.

import { cpus, loadavg } from "node:os";
import type { Browser } from "playwright-core";
import { Server } from "./server.js";
import { World, launch } from "./world.js";

const ROUNDS = 15;
const PAGES = ["/", "/queues", "/queues/relay.orders"];
const JOBS = 5_000;
const EVERY_MS = 20;

interface Seen {
  /** The page has its title. */
  title: number;
  /** The first row of a table is drawn: what was asked for is there. */
  row: number;
}

/** Notes in a page when each thing was drawn, in milliseconds since it was opened. */
function watch(): void {
  const seen: Partial<Seen> = {};
  (window as unknown as { seen: Partial<Seen> }).seen = seen;
  const look = (name: keyof Seen, selector: string): void => {
    if (seen[name] !== undefined || !document.querySelector(selector)) return;
    seen[name] = 0;
    requestAnimationFrame(() => setTimeout(() => (seen[name] = performance.now())));
  };
  new MutationObserver(() => {
    look("title", "#title");
    look("row", "main tbody tr");
  }).observe(document, { childList: true, subtree: true });
}

/** Opens a page in a browser that has never seen it, and once more in one that has. */
async function opened(browser: Browser, server: Server, path: string): Promise<[first: Seen, again: Seen]> {
  const world = await World.signedIn(browser, server);
  await world.context.addInitScript(watch);
  const open = async (): Promise<Seen> => {
    await world.page.goto(server.url + path);
    const found = await world.page.waitForFunction(() => {
      const { seen } = window as unknown as { seen: Partial<Seen> };
      return seen.title && seen.row ? seen : null;
    });
    return (await found.jsonValue()) as Seen;
  };
  const both: [Seen, Seen] = [await open(), await open()];
  await world.close();
  return both;
}

function median(of: number[]): number {
  return [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)]!;
}

/** Hands in jobs without an end, so that queues are full and move. */
function busy(server: Server): () => void {
  let number = 0;
  const timer = setInterval(() => {
    const items = Array.from({ length: 5 }, () => ({ id: number++, total: 12.5 }));
    void server.call("POST /api/relays/orders?tenant=shop", items).catch(() => undefined);
  }, EVERY_MS);
  return () => clearInterval(timer);
}

const server = await Server.start();
const browser = await launch();
let rest = (): void => undefined;
try {
  await server.fill();
  for (let from = 0; from < JOBS; from += 500) {
    await server.call("POST /api/relays/orders?tenant=shop", Array.from({ length: 500 }, (_, id) => ({ id: from + id, total: 12.5 })));
  }
  rest = busy(server);
  console.log(`from opening to usable, medians of ${ROUNDS}; ${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}, ${process.env["CAUCE_BINARY"]}`);
  console.log("page                   first: title    row   again: title    row  (ms)");
  for (const path of PAGES) {
    const rounds: [Seen, Seen][] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await opened(browser, server, path));
    const of = (place: 0 | 1, name: keyof Seen): string => median(rounds.map((both) => both[place][name])).toFixed(0).padStart(6);
    console.log(`${path.padEnd(24)}       ${of(0, "title")} ${of(0, "row")}         ${of(1, "title")} ${of(1, "row")}`);
  }
} finally {
  rest();
  await browser.close();
  await server.stop();
}
