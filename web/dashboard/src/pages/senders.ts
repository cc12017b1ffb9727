// Accounts that messages are sent from.

import type { Destination } from "../api/schema.ts";

const MESSENGERS = ["twilio", "evolution", "whatsapp_cloud"];

export function isMessenger({ platform }: Pick<Destination, "platform">): boolean {
  return MESSENGERS.includes(platform);
}
