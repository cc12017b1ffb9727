// Calls that are carried out once, however often they have to be made: a call whose answer was lost is
// made again under the same key, and what it did is not done twice.

import { useRef } from "preact/hooks";

/** The key of a call, the same for as long as it says the same. */
export function useOnce(): (says: unknown) => string {
  const last = useRef({ says: "", key: "" });
  return (says) => {
    const text = JSON.stringify(says);
    if (last.current.says !== text) last.current = { says: text, key: newKey() };
    return last.current.key;
  };
}

/** `crypto.randomUUID` is not there over plain HTTP. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
