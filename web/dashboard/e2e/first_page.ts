// How long it takes from opening a page to something that can be used, while the server is at work;
// and beside it, in turns, a page with nothing in it but a title and a row, which takes what the browser
// itself takes. This is measured and not tested: what a machine is busy with else is no fault of the page.
//
// `cargo xtask web --measure` prints it; so does CAUCE_BINARY=… npm run measure.

import { type Server as HttpServer, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, loadavg } from "node:os";
import type { Browser } from "playwright-core";
import { Server } from "./server.js";
import { World, launch } from "./world.js";

const ROUNDS = 15;
const PAGES = ["/", "/queues", "/queues/relay.orders"];
const BLANK = "a blank page";
const BLANK_HTML = '<!doctype html><title>Blank</title><main><h1 id="title">Blank</h1><table><tbody><tr><td>1</td></tr></tbody></table></main>';
const JOBS = 5_000;
const EVERY_MS = 20;

interface Seen {
  /** The page has its title. */
  title: number;
  /** The first row of a table is drawn: what was asked for is there. */
  row: number;
}

type Visits = [first: Seen, again: Seen];

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
async function opened(browser: Browser, server: Server, signIn: SignIn, url: string): Promise<Visits> {
  const world = await World.open(browser, server);
  await world.context.addCookies(signIn);
  await world.context.addInitScript(watch);
  const open = async (): Promise<Seen> => {
    await world.page.goto(url);
    const found = await world.page.waitForFunction(() => {
      const { seen } = window as unknown as { seen: Partial<Seen> };
      return seen.title && seen.row ? seen : null;
    });
    return (await found.jsonValue()) as Seen;
  };
  const both: Visits = [await open(), await open()];
  await world.close();
  return both;
}

type SignIn = Parameters<World["context"]["addCookies"]>[0];

/** One sign-in for all: an address may not try so often. */
async function signedIn(browser: Browser, server: Server): Promise<SignIn> {
  const world = await World.signedIn(browser, server);
  const cookies = await world.context.cookies();
  await world.close();
  return cookies;
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

async function blankServer(): Promise<HttpServer> {
  const blank = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(BLANK_HTML));
  await new Promise<void>((listening) => blank.listen(0, "127.0.0.1", listening));
  return blank;
}

/** Each page's figures, and how far they are from those of the blank page. */
function print(rounds: Map<string, Visits[]>): void {
  console.log("page                    first: title    row  beyond blank   again: title    row  beyond blank  (ms)");
  for (const [name, visits] of rounds) {
    const of = (place: 0 | 1, what: keyof Seen, page = visits): number => median(page.map((both) => both[place][what]));
    const figures = ([0, 1] as const).map((place) => {
      const [title, row, blank] = [of(place, "title"), of(place, "row"), of(place, "row", rounds.get(BLANK))];
      const beyond = name === BLANK ? "" : `+${(row - blank).toFixed(0)} x${(row / blank).toFixed(1)}`;
      return `${title.toFixed(0).padStart(13)} ${row.toFixed(0).padStart(6)}  ${beyond.padStart(12)}`;
    });
    console.log(`${name.padEnd(22)} ${figures.join(" ")}`);
  }
}

const server = await Server.start();
const blank = await blankServer();
const browser = await launch();
let rest = (): void => undefined;
try {
  await server.fill();
  for (let from = 0; from < JOBS; from += 500) {
    await server.call("POST /api/relays/orders?tenant=shop", Array.from({ length: 500 }, (_, id) => ({ id: from + id, total: 12.5 })));
  }
  rest = busy(server);
  const signIn = await signedIn(browser, server);
  const addresses = new Map([[BLANK, `http://127.0.0.1:${(blank.address() as AddressInfo).port}/`], ...PAGES.map((path) => [path, server.url + path] as const)]);
  const rounds = new Map([...addresses.keys()].map((name) => [name, [] as Visits[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, url] of addresses) rounds.get(name)!.push(await opened(browser, server, signIn, url));
  }
  console.log(`from opening to usable, medians of ${ROUNDS} in turns; ${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}, ${process.env["CAUCE_BINARY"]}`);
  print(rounds);
} finally {
  rest();
  await browser.close();
  blank.close();
  await server.stop();
}
