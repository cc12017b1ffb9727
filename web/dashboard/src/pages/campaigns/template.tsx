// A template of the provider, and what stands in its places.

import type { JSX } from "preact";
import { t } from "../../i18n.ts";
import { Field } from "../../ui/basics.tsx";
import type { Variant } from "./form.ts";

interface Props {
  variant: Variant;
  change(part: Partial<Variant>): void;
  wrong: string | undefined;
}

export function Template({ variant, change, wrong }: Props): JSX.Element {
  if (variant.json) {
    return (
      <Field label={t("campaign.json")} note={t("campaign.jsonNote")} wrong={wrong}>
        <textarea class="mono" rows={10} spellcheck={false} value={variant.json} onInput={(event) => change({ json: event.currentTarget.value || " " })} />
      </Field>
    );
  }
  return (
    <>
      <div class="filters">
        <Field label={t("campaign.contentSid")} wrong={wrong}>
          <input maxLength={64} spellcheck={false} placeholder="HX…" value={variant.contentSid} onInput={(event) => change({ contentSid: event.currentTarget.value.trim() })} />
        </Field>
        {!variant.contentSid && (
          <>
            <Field label={t("campaign.templateName")}>
              <input maxLength={512} spellcheck={false} value={variant.name} onInput={(event) => change({ name: event.currentTarget.value.trim() })} />
            </Field>
            <Field label={t("contact.language")}>
              <input maxLength={16} spellcheck={false} placeholder="es" value={variant.language} onInput={(event) => change({ language: event.currentTarget.value.trim() })} />
            </Field>
          </>
        )}
      </div>
      <Field label={t("campaign.values")} note={t("campaign.valuesNote")}>
        <textarea rows={3} value={variant.values} onInput={(event) => change({ values: event.currentTarget.value })} />
      </Field>
    </>
  );
}
