// Which time, in whose time zone; what is chosen stands in the address.

import type { JSX } from "preact";
import { t } from "../../i18n.ts";
import { narrow, parameter } from "../../state/route.ts";
import type { Whose } from "../../state/tenant.ts";
import { Field } from "../../ui/basics.tsx";
import { TenantChoice } from "../../ui/tenant_choice.tsx";
import { dateIn, ownZone } from "../../zoned.ts";
import { PERIODS, type Period, type Range, periodOf } from "./period.ts";

interface Props {
  whose: Whose;
  zone: string;
  /** What is shown; null where what was written is no range. */
  range: Range | null;
  now: number;
}

export function Choices({ whose, zone, range, now }: Props): JSX.Element {
  const period = periodOf(parameter("period"));
  const choose = (chosen: Period): void => {
    // One's own dates begin with those that are shown.
    const dates = chosen === "custom" && range ? { from: dateIn(zone, range.from), to: dateIn(zone, (range.to ?? now) - (range.to ? 1 : 0)) } : { from: "", to: "" };
    narrow({ period: chosen, interval: "", ...dates });
  };
  return (
    <div class="filters choices">
      <TenantChoice whose={whose} />
      <div class="field period">
        <span aria-hidden="true">{t("range.label")}</span>
        <fieldset class="segments">
          <legend class="hidden">{t("range.label")}</legend>
          {PERIODS.map((name) => (
            <label key={name}>
              <input type="radio" name="period" value={name} checked={period === name} onChange={() => choose(name)} />
              {t(`analytics.period.${name}`)}
            </label>
          ))}
        </fieldset>
      </div>
      {period === "custom" && (
        <>
          <DateField name="from" label={t("campaign.from")} />
          <DateField name="to" label={t("campaign.to")} />
        </>
      )}
      <ZoneChoice zone={zone} />
    </div>
  );
}

function DateField({ name, label }: { name: string; label: string }): JSX.Element {
  return (
    <Field label={label}>
      <input type="date" name={name} value={parameter(name)} onChange={(event) => narrow({ [name]: event.currentTarget.value })} />
    </Field>
  );
}

function ZoneChoice({ zone }: { zone: string }): JSX.Element {
  const own = ownZone();
  const zones = [...new Set([own, "UTC", zone, ...Intl.supportedValuesOf("timeZone")])];
  return (
    <Field label={t("analytics.zone")}>
      <select name="zone" value={zone} onChange={(event) => narrow({ zone: event.currentTarget.value === own ? "" : event.currentTarget.value })}>
        {zones.map((name) => (
          <option key={name} value={name}>
            {name.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    </Field>
  );
}
