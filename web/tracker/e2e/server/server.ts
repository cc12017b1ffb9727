// A running server: one that the environment tells of, or one that is started for these tests.
//
//   CAUCE_BINARY     the program to start, with keys and a folder of its own
//
// or, for a server that runs somewhere:
//
//   CAUCE_URL        where it listens, as http://127.0.0.1:8080
//   CAUCE_WRITE_KEY  a key of scope `ingest` for CAUCE_SITE; it has to allow the origin of the pages
//   CAUCE_READ_KEY   a key of scope `read`, to look at what has come in
//   CAUCE_TENANT     the tenant of both keys
//   CAUCE_SITE       the id of the site

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { SITE, TENANT } from "../world.js";

const ADMIN_KEY = "ck_live_test0000000000000000000000000000000000000000000000";

export interface Server {
  url: string;
  writeKey: string;
  readKey: string;
  tenant: string;
  site: string;
  /** Whether it keeps nothing of visitors who have not said yes. */
  asksFirst: boolean;
  stop(): void;
}

export async function serverFor(origin: string): Promise<Server> {
  const binary = process.env["CAUCE_BINARY"];
  return binary ? start(binary, origin) : told();
}

function told(): Server {
  return {
    url: needed("CAUCE_URL"),
    writeKey: needed("CAUCE_WRITE_KEY"),
    readKey: needed("CAUCE_READ_KEY"),
    tenant: needed("CAUCE_TENANT"),
    site: needed("CAUCE_SITE"),
    asksFirst: false,
    stop: () => undefined,
  };
}

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; hint: the head of server.ts says what it is`);
  return value;
}

async function start(binary: string, origin: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "cauce-web-"));
  const config = join(folder, "cauce.toml");
  writeFileSync(
    config,
    `data_dir = ${JSON.stringify(join(folder, "data"))}
[http]
listen = "127.0.0.1:0"
admin_key = "${ADMIN_KEY}"
[limits]
min_free = "64 MiB"
[tracking]
ask_first = true
[tracking.buffer]
flush_interval = "200ms"
`,
  );
  const child = spawn(binary, ["--config", config, "--json", "serve"], { stdio: ["ignore", "pipe", "pipe"] });
  const stop = (): void => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const url = await listening(child);
    const key = (body: object) => makeKey(url, { tenant: TENANT, ...body });
    return {
      url,
      writeKey: await key({ name: "web", scopes: ["ingest"], site: SITE, origins: [origin] }),
      readKey: await key({ name: "look", scopes: ["read"] }),
      tenant: TENANT,
      site: SITE,
      asksFirst: true,
      stop,
    };
  } catch (error) {
    stop();
    throw error;
  }
}

/** The first line that a server prints says where it listens. */
function listening(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  child.stderr!.on("data", (text: Buffer) => said.push(String(text)));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`the server did not start: ${said.join("")}`)));
    createInterface(child.stdout!).once("line", (line) => resolve(JSON.parse(line).listening));
  });
}

async function makeKey(url: string, body: object): Promise<string> {
  const response = await fetch(`${url}/api/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 201, await response.clone().text());
  return ((await response.json()) as { key: string }).key;
}
