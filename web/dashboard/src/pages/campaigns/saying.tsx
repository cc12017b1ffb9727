// What a campaign says: one text or template for all, or several to find out which does best.

import type { JSX } from "preact";
import { useId, useRef } from "preact/hooks";
import { counted, t } from "../../i18n.ts";
import { Field } from "../../ui/basics.tsx";
import type { PartProps } from "./edit.tsx";
import { MAX_VARIANTS, type Variant, isBroken, newVariant } from "./form.ts";
import { Bubble } from "./said.tsx";
import { Template } from "./template.tsx";

/** What every contact has; attributes can be written by hand. */
const PLACES = ["name", "phone"];

export function Saying({ form, change, faults, isTried }: PartProps & { isTried: boolean }): JSX.Element {
  const { isSplit } = form;
  const variants = isSplit ? form.variants : form.variants.slice(0, 1);
  const put = (place: number, part: Partial<Variant>): void =>
    change({ variants: form.variants.map((one, index) => (index === place ? { ...one, ...part } : one)) });
  const split = (on: boolean): void => {
    const next = on && form.variants.length < 2 ? [...form.variants, newVariant("B")] : form.variants;
    change({ isSplit: on, variants: next });
  };
  const ofAll = faults.at("/message") ?? faults.at("/template") ?? faults.at("/variants");
  const wrongWith = (variant: Variant, place: number): string | undefined =>
    isTried && isBroken(variant) ? t("campaign.badJson") : ((isSplit ? faults.at(`/variants/${place}`) : undefined) ?? (place === 0 ? ofAll : undefined));
  return (
    <div class="fields">
      <label class="inline">
        <input type="checkbox" checked={isSplit} onChange={(event) => split(event.currentTarget.checked)} /> {t("campaign.split")}
      </label>
      {variants.map((variant, place) => (
        <One
          key={place}
          variant={variant}
          isSplit={isSplit}
          change={(part) => put(place, part)}
          remove={isSplit && variants.length > 2 ? () => change({ variants: form.variants.filter((_, index) => index !== place) }) : undefined}
          wrong={wrongWith(variant, place)}
        />
      ))}
      {isSplit && variants.length < MAX_VARIANTS && (
        <p>
          <button type="button" onClick={() => change({ variants: [...form.variants, newVariant(String.fromCharCode(65 + form.variants.length))] })}>
            {t("campaign.addVariant")}
          </button>
        </p>
      )}
    </div>
  );
}

interface OneProps {
  variant: Variant;
  isSplit: boolean;
  change(part: Partial<Variant>): void;
  remove: (() => void) | undefined;
  wrong: string | undefined;
}

function One({ variant, isSplit, change, remove, wrong }: OneProps): JSX.Element {
  const group = useId();
  const kinds = (
    <fieldset class="segments">
      <legend class="hidden">{t("campaign.kind")}</legend>
      {(["text", "template"] as const).map((kind) => (
        <label key={kind}>
          <input type="radio" name={group} checked={variant.kind === kind} onChange={() => change({ kind })} />
          <span>{t(`campaign.kind.${kind}`)}</span>
        </label>
      ))}
    </fieldset>
  );
  return (
    <div class={isSplit ? "variant" : ""}>
      {isSplit && (
        <div class="filters">
          <Field label={t("campaign.variant")}>
            <input maxLength={64} required value={variant.title} onInput={(event) => change({ title: event.currentTarget.value })} />
          </Field>
          <Field label={t("campaign.weight")}>
            <input type="number" min={1} max={1000} value={variant.weight} onInput={(event) => change({ weight: event.currentTarget.value })} />
          </Field>
          {remove && (
            <button type="button" class="danger-quiet" onClick={remove}>
              {t("campaign.removeVariant")}
            </button>
          )}
        </div>
      )}
      <div class="write">
        <div class="fields">
          {kinds}
          {variant.kind === "text" ? <Words variant={variant} change={change} wrong={wrong} /> : <Template variant={variant} change={change} wrong={wrong} />}
        </div>
        <div class="looks" aria-hidden="true">
          {variant.kind === "text" && variant.text ? <Bubble text={variant.text} /> : <p class="bubble quiet">{t("campaign.looks")}</p>}
        </div>
      </div>
    </div>
  );
}

function Words({ variant, change, wrong }: Pick<OneProps, "variant" | "change" | "wrong">): JSX.Element {
  const area = useRef<HTMLTextAreaElement>(null);
  const insert = (place: string): void => {
    const { selectionStart: start, selectionEnd: end } = area.current!;
    change({ text: variant.text.slice(0, start) + place + variant.text.slice(end) });
    area.current!.focus();
  };
  return (
    <>
      <Field label={t("campaign.text")} note={t("campaign.textNote")} wrong={wrong}>
        <textarea ref={area} name="message" rows={5} maxLength={20_000} value={variant.text} onInput={(event) => change({ text: event.currentTarget.value })} />
      </Field>
      <p class="insert">
        <span class="note">{t("campaign.insert")}</span>
        {PLACES.map((name) => (
          <button key={name} type="button" class="small mono" onClick={() => insert(`{{${name}}}`)}>
            {`{{${name}}}`}
          </button>
        ))}
        <span class="note num">{counted("campaign.characters", [...variant.text].length)}</span>
      </p>
    </>
  );
}
