// When a campaign is sent, how urgently, and what it costs.

import type { JSX } from "preact";
import { t, word } from "../../i18n.ts";
import { Field } from "../../ui/basics.tsx";
import type { PartProps } from "./edit.tsx";
import { localOf } from "./form.ts";

const LATE = ["send", "skip", "ask"];
const PRIORITIES = ["critical", "high", "normal", "low"];
export function Timing({ form, change, faults, isLate }: PartProps & { isLate: boolean }): JSX.Element {
  return (
    <div class="fields">
      <fieldset class="segments">
        <legend class="hidden">{t("campaign.timing")}</legend>
        {([false, true] as const).map((isTimed) => (
          <label key={String(isTimed)}>
            <input type="radio" name="timing" checked={form.isTimed === isTimed} onChange={() => change({ isTimed, at: form.at || localOf(new Date(Date.now() + 3_600_000)) })} />
            <span>{isTimed ? t("campaign.atTime") : t("campaign.byHand")}</span>
          </label>
        ))}
      </fieldset>
      {form.isTimed && (
        <div class="filters">
          <Field wide label={t("campaign.scheduledAt")} note={zone()} wrong={isLate ? t("campaign.past") : faults.at("/scheduledAt")}>
            <input type="datetime-local" name="at" value={form.at} onInput={(event) => change({ at: event.currentTarget.value })} />
          </Field>
          <Field wide label={t("campaign.late")} wrong={faults.at("/late")}>
            <select value={form.late} onChange={(event) => change({ late: event.currentTarget.value })}>
              <option value="">{t("campaign.lateSetting")}</option>
              {LATE.map((late) => (
                <option key={late} value={late}>
                  {word("late", late)}
                </option>
              ))}
            </select>
          </Field>
        </div>
      )}
      <label class="inline">
        <input type="checkbox" checked={form.hasWindow} onChange={(event) => change({ hasWindow: event.currentTarget.checked })} /> {t("campaign.windowOnly")}
      </label>
      {form.hasWindow && <Window form={form} change={change} faults={faults} />}
      <div class="filters">
        <Field label={t("job.priority")} wrong={faults.at("/priority")}>
          <select value={form.priority} onChange={(event) => change({ priority: event.currentTarget.value })}>
            {PRIORITIES.map((name) => (
              <option key={name} value={name}>
                {word("priority", name)}
              </option>
            ))}
          </select>
        </Field>
        <Field label={t("campaign.costEach")} wrong={faults.at("/cost")}>
          <input type="number" min={0} step="any" value={form.cost} onInput={(event) => change({ cost: event.currentTarget.value })} />
        </Field>
        <Field label={t("campaign.currency")} wrong={faults.at("/currency")}>
          <input maxLength={3} placeholder="EUR" spellcheck={false} value={form.currency} onInput={(event) => change({ currency: event.currentTarget.value.trim() })} />
        </Field>
      </div>
    </div>
  );
}

/** That of the browser. */
function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function Window({ form, change, faults }: PartProps): JSX.Element {
  const wrong = faults.at("/sendWindow");
  return (
    <>
      <div class="filters">
        <Field label={t("campaign.from")} wrong={wrong}>
          <input type="time" value={form.from} onInput={(event) => change({ from: event.currentTarget.value })} />
        </Field>
        <Field label={t("campaign.to")}>
          <input type="time" value={form.to} onInput={(event) => change({ to: event.currentTarget.value })} />
        </Field>
        <Field label={t("campaign.zone")}>
          <input list="zones" maxLength={64} placeholder={zone()} value={form.zone} onInput={(event) => change({ zone: event.currentTarget.value.trim() })} />
        </Field>
        <datalist id="zones">
          {Intl.supportedValuesOf("timeZone").map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </div>
      <p class="note">{t("campaign.windowNote")}</p>
    </>
  );
}
