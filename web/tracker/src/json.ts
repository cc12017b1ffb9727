// Turns what a page hands over into JSON that a strict parser takes.

// Kept from the start: some pages replace it later.
const stringify = JSON.stringify;

/** The most UTF-16 units of one event's metadata. */
export const MAX_METADATA_CHARS = 16_384;

/** Stands for metadata that cannot be sent. The event itself still happened. */
export const DROPPED_METADATA = '{"dropped":"metadata"}';

/** The metadata of an event as a JSON object, whatever was given. */
export function metadataJson(metadata: unknown): string {
  try {
    const json = stringify(metadata ?? {});
    const object = wellFormed(json[0] === "{" ? json : `{"value":${json}}`);
    return object.length > MAX_METADATA_CHARS ? DROPPED_METADATA : object;
  } catch {
    return DROPPED_METADATA;
  }
}

/**
 * A text cut within a pair of surrogates leaves half a character, which JSON writes as an escape
 * that no strict parser takes. A backslash that is itself escaped begins no escape.
 */
function wellFormed(json: string): string {
  return json.replace(/\\(\\|ud...)/g, (escape, rest: string) => (rest[1] ? "\ufffd" : escape));
}
