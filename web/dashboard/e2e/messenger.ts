// A messenger that behaves as WhatsApp Cloud does; what becomes of a message follows from the last
// digit of the number that it is for.

import { createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export const APP_SECRET = "test-app-secret";
const NUMBER = "106540352242922";

/** By the last digit: cut off before an answer, refused, read, delivered, or no more than sent. */
const CUT = /9$/;
const REFUSED = /8$/;
const READ = /[0-3]$/;
const DELIVERED = /[4-6]$/;

export class Messenger {
  private count = 0;
  /** Where the server hears of messages; empty for nowhere. */
  hook = "";
  /** How many messages came for each number. */
  readonly got = new Map<string, number>();

  /** Whether a request is one for the messenger. */
  static isFor(url: string | undefined): boolean {
    return url?.includes(`/${NUMBER}`) ?? false;
  }

  answer(request: IncomingMessage, body: string, response: ServerResponse): void {
    if (request.method !== "POST") return reply(response, 200, { id: NUMBER });
    const { to } = JSON.parse(body) as { to: string };
    this.got.set(to, (this.got.get(to) ?? 0) + 1);
    if (CUT.test(to)) return void request.socket.destroy();
    if (REFUSED.test(to)) {
      return reply(response, 400, { error: { message: "(#131026) Message undeliverable", type: "OAuthException", code: 131026 } });
    }
    const id = `wamid.${++this.count}`;
    reply(response, 200, { messaging_product: "whatsapp", contacts: [{ input: to, wa_id: to }], messages: [{ id }] });
    for (const status of READ.test(to) ? ["sent", "delivered", "read"] : DELIVERED.test(to) ? ["sent", "delivered"] : []) void this.tell(id, to, status);
  }

  /** Tells the server of a message; a server that is gone is not told. */
  private async tell(id: string, to: string, status: string): Promise<void> {
    if (!this.hook) return;
    const timestamp = String(Math.ceil(Date.now() / 1_000));
    const value = {
      messaging_product: "whatsapp",
      metadata: { display_phone_number: "34900000001", phone_number_id: NUMBER },
      statuses: [{ id, status, timestamp, recipient_id: to }],
    };
    const body = JSON.stringify({ object: "whatsapp_business_account", entry: [{ id: "1", changes: [{ field: "messages", value }] }] });
    const signature = `sha256=${createHmac("sha256", APP_SECRET).update(body).digest("hex")}`;
    const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
    await fetch(this.hook, { method: "POST", headers, body }).catch(() => undefined);
  }

  /** The account of the configuration that sends through it. */
  static account(name: string, tenant: string, port: number): string {
    return `[[accounts]]
name = "${name}"
tenant = "${tenant}"
platform = "whatsapp_cloud"
phone_number_id = "${NUMBER}"
access_token = "test-token"
app_secret = "${APP_SECRET}"
verify_token = "test-verify"
base_url = "http://127.0.0.1:${port}"
limits = { rate = [[40, "1s"]], concurrency = 8 }
`;
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
