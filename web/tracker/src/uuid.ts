// `crypto.randomUUID` exists on HTTPS only, and trackers are put on plain HTTP pages too.

/** A random UUID (RFC 9562, version 4). */
export function uuid(): string {
  // 1 and 0 stand for any digit; 8 for the variant, whose two high bits are fixed.
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) => {
    const random = crypto.getRandomValues(new Uint8Array(1))[0]! & 15;
    return (+digit ^ (random >> (+digit / 4))).toString(16);
  });
}
