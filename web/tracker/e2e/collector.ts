// A stand-in for the server: takes what the tracker sends, writes it down, and answers as a test
// wants it to. It serves t.js too.

import { readFileSync } from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Event {
  eventId: string;
  visitorId: string;
  sessionId: string;
  eventType: string;
  metadata: Record<string, unknown>;
  occurredAt: string;
}

export interface Batch {
  tenantId: string;
  siteId: string;
  sentAt: string;
  consent?: { analytics: boolean };
  events: Event[];
}

export interface Taken {
  method: string;
  url: URL;
  contentType: string;
  batch: Batch;
  status: number;
}

/** How to answer: a status with headers, a connection that breaks off, or never. */
export type Answer = { status: number; headers?: Record<string, string> } | "abort" | "hang";

const ACCEPTED: Answer = { status: 202 };
const PATIENCE_MS = 15_000;

export class Collector {
  readonly taken: Taken[] = [];
  /** How the next requests are answered. */
  answer: (batch: Batch) => Answer = () => ACCEPTED;
  private readonly server: Server;
  private readonly waiting = new Set<() => void>();

  private constructor() {
    this.server = createServer((request, response) => void this.on(request, response));
  }

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.server.listen(0, "127.0.0.1", resolve));
    return collector;
  }

  /** Its address, under a name that browsers do not take for secure. */
  get url(): string {
    return `http://collector.test:${(this.server.address() as AddressInfo).port}`;
  }

  /** The events that were accepted, in order. */
  get events(): Event[] {
    return this.taken.filter(({ status }) => status === 202).flatMap(({ batch }) => batch.events);
  }

  /** Accepted events of one type. */
  of(type: string): Event[] {
    return this.events.filter(({ eventType }) => eventType === type);
  }

  /** Waits until something holds of what was taken. */
  async until(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        const seen = this.taken.map(({ status, batch }) => `${status}:${batch.events.length}`);
        const types = this.events.map(({ eventType }) => eventType);
        reject(new Error(`waited in vain for ${what}; taken: ${seen}; accepted: ${types}`));
      }, PATIENCE_MS);
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
    });
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async on(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    if (url.pathname === "/t.js") {
      response.setHeader("content-type", "text/javascript");
      response.end(readFileSync("dist/t.js"));
      return;
    }
    response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
    response.setHeader("access-control-expose-headers", "Retry-After");
    if (url.pathname !== "/tracking-v2/events") {
      response.end();
      return;
    }
    this.take(request, url, await text(request), response);
  }

  private take(request: IncomingMessage, url: URL, body: string, response: ServerResponse): void {
    const { method = "" } = request;
    const batch = method === "POST" ? (JSON.parse(body) as Batch) : { ...NOTHING };
    const answer = this.answer(batch);
    const status = typeof answer === "string" ? 0 : answer.status;
    const contentType = request.headers["content-type"] ?? "";
    this.taken.push({ method, url, contentType, batch, status });
    if (answer === "abort") request.socket.destroy();
    else if (answer !== "hang") {
      const received = batch.events.length;
      response.writeHead(status, { "content-type": "application/json", ...answer.headers });
      response.end(JSON.stringify({ received, processed: received, discarded: 0, duplicates: 0 }));
    }
    for (const look of [...this.waiting]) look();
  }
}

const NOTHING: Batch = { tenantId: "", siteId: "", sentAt: "", events: [] };

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
