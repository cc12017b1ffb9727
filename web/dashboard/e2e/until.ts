// Waiting for facts. What comes about by a click or a call comes when it comes, on a busy machine later.

import assert from "node:assert/strict";

/** After so long it will not come about any more. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** Waits until what is read is as it should be; fails with how it differs, if it stays so. */
export async function becomes<T>(read: () => Promise<T>, wanted: T): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return assert.deepEqual(await read(), wanted);
    } catch (error) {
      if (!(error instanceof assert.AssertionError) || performance.now() > end) throw error;
    }
    await new Promise((later) => setTimeout(later, LOOK_EVERY_MS));
  }
}
