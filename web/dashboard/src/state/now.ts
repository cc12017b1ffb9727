// What time it is, for what changes by the day.

import { useEffect, useState } from "preact/hooks";

const EVERY_MS = 60_000;

/** The running minute. */
export function useMinute(): number {
  const [minute, set] = useState(minuteOf);
  useEffect(() => {
    const timer = setInterval(() => set(minuteOf()), EVERY_MS / 4);
    return () => clearInterval(timer);
  }, []);
  return minute;
}

function minuteOf(): number {
  return Math.floor(Date.now() / EVERY_MS) * EVERY_MS;
}
