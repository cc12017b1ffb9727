// A real server with something to show: jobs that arrive, jobs that are refused, events of a site; and
// the endpoints that it delivers to.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Server as HttpServer, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Messenger } from "./messenger.js";
import { story } from "./story.js";
import { becomes } from "./until.js";

export const ADMIN_KEY = "ck_live_test0000000000000000000000000000000000000000000000";
const TENANT = "shop";
/** How often it is tried to start on the same port again. */
const MAX_STARTS = 40;
const SITE = "6f1c1f0e-8a53-4a4e-9d3c-0d1f6a1b2c3d";

export class Server {
  url = "";
  /** What the receiver answers to /broken; a test may make it well again. */
  isBroken = true;
  readonly messenger = new Messenger();
  private child: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), "cauce-dashboard-"));
  private readonly receiver: HttpServer;
  private port = 0;

  private constructor() {
    this.receiver = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        if (Messenger.isFor(request.url)) return this.messenger.answer(request, body, response);
        const status = request.url === "/slow" ? 503 : request.url === "/broken" && this.isBroken ? 422 : 200;
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(request.url?.includes("/events") ? { events_received: 40 } : {}));
      });
    });
  }

  static async start(): Promise<Server> {
    const server = new Server();
    await new Promise<void>((listening) => server.receiver.listen(0, "127.0.0.1", listening));
    // What listens would keep the tests from ending.
    await server.run().catch((error: unknown) => server.stop().then(() => Promise.reject(error as Error)));
    return server;
  }

  /** Starts the program; on the port that it had before, if it ran before. */
  async run(): Promise<void> {
    for (let tries = MAX_STARTS; ; tries--) {
      try {
        return await this.begin();
      } catch (error) {
        // Meanwhile the port may have been lent to somebody else's connection.
        if (tries === 1 || !/in use/i.test(String(error))) throw error;
      }
      await new Promise((later) => setTimeout(later, 250));
    }
  }

  private async begin(): Promise<void> {
    const binary = process.env["CAUCE_BINARY"];
    if (!binary) throw new Error("CAUCE_BINARY is not set; hint: `cargo xtask web --test` sets it");
    const config = join(this.folder, "cauce.toml");
    writeFileSync(config, this.config());
    const child = spawn(binary, ["--config", config, "--json", "serve"], { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    this.url = await listening(child);
    this.port = Number(new URL(this.url).port);
    this.messenger.hook = `${this.url}/webhooks/whatsapp-cloud`;
  }

  /** Ends the program at once, as a power cut does. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** Stops the program for a while, as one that hangs, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.child?.kill(signal);
  }

  async stop(): Promise<void> {
    await this.kill();
    this.receiver.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async call<T>(request: string, body?: unknown, key = ADMIN_KEY): Promise<T> {
    const [method, path] = request.split(" ") as [string, string];
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${request}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Hands in enough of everything that no page is empty. */
  async fill(): Promise<void> {
    const items = (from: number, count: number): object[] => Array.from({ length: count }, (_, id) => ({ id: from + id, total: 12.5 }));
    await this.call(`POST /api/relays/orders?tenant=${TENANT}`, items(0, 60));
    await this.call(`POST /api/relays/broken?tenant=${TENANT}`, items(100, 12));
    await this.call(`POST /api/relays/slow?tenant=${TENANT}`, items(200, 30));
    const events = Array.from({ length: 40 }, (_, n) => ({ eventType: n % 3 ? "lead" : "purchase", eventId: uuid(n), ...buyer(n) }));
    await this.call(`POST /api/pixels/events?tenant=${TENANT}`, events);
    await this.track(50);
    await this.call(`PUT /api/sessions/shop-1/status?tenant=${TENANT}`, { status: "connected" });
    const keyed = { tenant: TENANT, scopes: ["read"] };
    for (const name of ["Night watch", "Reports"]) await this.call("POST /api/keys", { ...keyed, name });
  }

  /** Waits until so many jobs have been refused for good; answers which. */
  async isDead(count: number): Promise<string[]> {
    let ids: string[] = [];
    await becomes(async () => {
      const { items } = await this.call<{ items: { id: string }[] }>("GET /api/queues/relay.broken/dead");
      ids = items.map(({ id }) => id);
      return ids.length;
    }, count);
    return ids;
  }

  /** People to write to; what becomes of a message follows from the last digit of the number. */
  async addContacts(count: number, tag: string): Promise<void> {
    const contacts = Array.from({ length: count }, (_, n) => ({
      id: `${tag}-${n}`,
      phone: `+34600${String(100_000 + n)}`,
      tags: [tag],
      attributes: { city: ["Jaén", "Lugo", "Soria"][n % 3] },
      // One has no name: a text that needs it leaves them out.
      ...(n !== 7 && { name: `Ana ${n}` }),
    }));
    await this.call(`POST /api/contacts?tenant=${TENANT}`, contacts);
    await this.call(`POST /api/contacts/opt-out?tenant=${TENANT}`, { phones: [contacts[5]!.phone] });
  }

  async addCampaign(name: string, more: object = {}): Promise<string> {
    const body = { tenant: TENANT, name, sender: "shop-whatsapp", message: "Hola {{name}}, {{city|aquí}}", ...more };
    return (await this.call<{ id: string }>("POST /api/campaigns", body)).id;
  }

  /** One campaign that is through, and one that has not started. */
  async fillCampaigns(): Promise<{ started: string; draft: string }> {
    await this.addContacts(40, "customers");
    const variants = [
      { name: "Short", weight: 2, message: "Hola {{name}}, hoy -20 %" },
      { name: "Long", weight: 1, message: "Hola {{name}}, esta semana todo a mitad de precio en {{city|tu ciudad}}. ¿Te esperamos?" },
    ];
    const audience = { tags: ["customers"] };
    const started = await this.addCampaign("Winter sale", { audience, variants, cost: 0.05, currency: "EUR" });
    await this.call(`POST /api/campaigns/${started}/start`, {});
    const sendWindow = { from: "09:00", to: "21:00", timeZone: "Europe/Madrid" };
    const draft = await this.addCampaign("Spring collection", { audience, sendWindow });
    return { started, draft };
  }

  /** Four weeks of conversations, conversions and a campaign with two texts, as an application tells them. */
  async fillAnalytics(): Promise<void> {
    const events = story(Date.now());
    for (let from = 0; from < events.length; from += 1_000) {
      const { rejected } = await this.call<{ rejected: object[] }>(`POST /api/analytics/track?tenant=${TENANT}`, events.slice(from, from + 1_000));
      assert.deepEqual(rejected, []);
    }
  }

  async track(count: number): Promise<void> {
    const key = await this.call<{ key: string }>("POST /api/keys", { name: "site", tenant: TENANT, scopes: ["ingest"] });
    const events = Array.from({ length: count }, (_, n) => ({
      eventType: ["PAGE_VIEW", "CLICK", "SCROLL"][n % 3],
      visitorId: uuid(n % 7),
      sessionId: uuid(n % 9),
      metadata: { url: `https://shop.example/${["", "hats", "shoes", "sale"][n % 4]}` },
    }));
    await this.call("POST /tracking-v2/events", { siteId: SITE, events }, key.key);
  }

  private config(): string {
    const { port } = this.receiver.address() as AddressInfo;
    const relay = (name: string, more = ""): string => `[relays.${name}]
tenant = "${TENANT}"
url = "http://127.0.0.1:${port}/${name}"
${more}
`;
    return `data_dir = ${JSON.stringify(join(this.folder, "data"))}
[http]
listen = "127.0.0.1:${this.port}"
admin_key = "${ADMIN_KEY}"
[limits]
min_free = "64 MiB"
[tracking.buffer]
flush_interval = "200ms"
[alerts]
every = "200ms"
[alerts.defaults]
dead_letters = { above = 1, below = 0, over_after = "1h" }
disk_full = { enabled = false }
[[alerts.channels]]
name = "ops"
type = "webhook"
url = "http://127.0.0.1:${port}/ops"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
[[accounts]]
name = "shop-meta"
tenant = "${TENANT}"
platform = "meta"
dataset_id = "1234567890"
access_token = "test-token"
base_url = "http://127.0.0.1:${port}"
limits = { rate = [[50, "1s"]], concurrency = 2 }
[[accounts]]
name = "shop-backend"
tenant = "${TENANT}"
platform = "backend"
base_url = "http://127.0.0.1:${port}"
token = "test-token"
${Messenger.account("shop-whatsapp", TENANT, port)}
[queues.whatsapp]
breaker = { failures = 10000 }
${relay("orders", 'limits = { rate = [[5, "1s"], [2000, "1h"]], concurrency = 2 }')}
${relay("broken")}
${relay("slow")}`;
  }
}

function uuid(n: number): string {
  return `3f2b8c1e-5d4a-4f6b-9c8d-${String(n).padStart(12, "0")}`;
}

function buyer(n: number): object {
  return { user: { email: `buyer${n}@example.org` }, data: { value: 10 + n, currency: "EUR" }, page: { url: "https://shop.example/" } };
}

/** The first line that a server prints says where it listens. */
function listening(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  child.stderr!.on("data", (text: Buffer) => said.push(String(text)));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`the server did not start: ${said.join("")}`)));
    createInterface(child.stdout!).once("line", (line) => resolve((JSON.parse(line) as { listening: string }).listening));
  });
}
