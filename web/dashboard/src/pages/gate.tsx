// Whether jobs leave a queue: of all tenants, or of all but some.

import type { JSX } from "preact";
import type { Queue } from "../api/schema.ts";
import { t, word } from "../i18n.ts";
import { Badge } from "../ui/basics.tsx";
import { toneOf } from "./tones.ts";

/** Most tenants that are named. */
const MAX_NAMED = 3;

export function GateBadge({ queue }: { queue: Queue }): JSX.Element {
  const shut = shutFor(queue);
  return (
    <>
      <Badge tone={shut ? "warn" : toneOf(queue.gate)}>{word("gate", queue.gate)}</Badge>
      {shut && <small class="under">{shut}</small>}
    </>
  );
}

/** For whom the gate is shut by itself; nothing where it is so for nobody, or for all. */
export function shutFor({ gate, gatedTenants }: Queue): string {
  const shut = Object.entries(gatedTenants);
  if (gate !== "open" || shut.length === 0) return "";
  const named = shut.slice(0, MAX_NAMED).map(([tenant, state]) => `${tenant}: ${word("gate", state)}`);
  const rest = shut.length - named.length;
  return [...named, ...(rest > 0 ? [t("campaign.andMore", { n: rest })] : [])].join(", ");
}
