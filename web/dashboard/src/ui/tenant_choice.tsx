// Where one says whose things are meant.

import type { JSX } from "preact";
import { t } from "../i18n.ts";
import { type Whose, choose } from "../state/tenant.ts";
import { Search } from "./filters.tsx";

/** Nothing where the key is of one tenant. */
export function TenantChoice({ whose }: { whose: Whose }): JSX.Element | null {
  if (!whose.isChoice) return null;
  if (whose.known.length === 0) return <Search name="tenant" label={t("job.tenant")} />;
  const names = [...new Set([...whose.known, ...(whose.tenant ? [whose.tenant] : [])])];
  return (
    <label class="field">
      <span>{t("job.tenant")}</span>
      <select name="tenant" value={whose.tenant} onChange={(event) => choose(event.currentTarget.value)}>
        {whose.mayAll ? <option value="">{t("account.all")}</option> : !whose.tenant && <option value="">{t("tenant.choose")}</option>}
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
