// One event as the server takes it, as a line of JSON.

import { session, visitor } from "./identity.ts";
import { uuid } from "./uuid.ts";

/** Something that happened; who it happened to is added once that may be known. */
export interface Happening {
  type: string;
  /** A JSON object. */
  metadata: string;
  at: number;
}

/** `add to cart` and `add_to_cart` are one type: ADD_TO_CART. */
export function eventType(name: unknown): string {
  return String(name).toUpperCase().replace(/\W+/g, "_").slice(0, 64);
}

export function eventJson({ type, metadata, at }: Happening): string {
  return (
    `{"eventId":"${uuid()}","visitorId":"${visitor()}","sessionId":"${session(at)}",` +
    `"eventType":"${type}","metadata":${metadata},"occurredAt":"${new Date(at).toISOString()}"}`
  );
}
