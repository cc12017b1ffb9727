// Ranges of time that charts show, up to now.

import { useEffect, useState } from "preact/hooks";

const LENGTHS: Record<string, [ms: number, interval: string]> = {
  hour: [3_600_000, "1m"],
  day: [86_400_000, "15m"],
  week: [7 * 86_400_000, "1h"],
};

/** From where, and in which steps. It moves on each minute, so that answers can be compared. */
export function useRange(name: string): { from: string; interval: string } {
  const [now, setNow] = useState(() => Math.floor(Date.now() / 60_000));
  useEffect(() => {
    const timer = setInterval(() => setNow(Math.floor(Date.now() / 60_000)), 10_000);
    return () => clearInterval(timer);
  }, []);
  const [ms, interval] = LENGTHS[name] ?? LENGTHS["day"]!;
  return { from: new Date(now * 60_000 - ms).toISOString(), interval };
}
