// Whom a campaign is for: everybody with one of some tags, or with the tag that a file gets here.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address } from "../../api/client.ts";
import type { Campaign, ContactTag, Page_ContactTag } from "../../api/schema.ts";
import { number } from "../../format.ts";
import { counted, t } from "../../i18n.ts";
import { refresh, usePolled } from "../../state/poll.ts";
import { may } from "../../state/session.ts";
import { isOfAll } from "../../state/tenant.ts";
import { Answered } from "../../ui/answered.tsx";
import { Empty, Field } from "../../ui/basics.tsx";
import { ImportFile, noSubmit } from "../contacts/import.tsx";
import type { PartProps } from "./edit.tsx";
import type { Form } from "./form.ts";

/** So many tags can be looked over; more are searched. */
const MANY = 12;

interface Props extends Pick<PartProps, "form" | "change"> {
  wrong: string | undefined;
  isPartOf: Campaign | undefined;
  /** Told when a file begins to be taken, and when it is. */
  onTaking(isTaking: boolean): void;
}

export function Audience({ form, change, wrong, isPartOf, onTaking }: Props): JSX.Element {
  const [named] = form.sender.split("/");
  const tenant = isOfAll() ? (named ?? "") : "";
  const tags = usePolled<Page_ContactTag>(isOfAll() && !tenant ? null : address("/api/contacts/tags", { tenant }), 30_000);
  const [isImporting, setImporting] = useState(false);
  if (isOfAll() && !tenant) return <Empty title={t("campaign.senderFirst")} />;
  return (
    <div class="fields">
      {wrong && <p class="wrong">{wrong}</p>}
      <Answered of={tags}>{({ items }) => <Tags tags={items} form={form} change={change} />}</Answered>
      {isPartOf && form.tags.length === 0 && (isPartOf.estimatedContacts ?? 0) > 0 && (
        <p class="note">{counted("campaign.namedContacts", isPartOf.estimatedContacts ?? 0)}</p>
      )}
      {may("manage") && !isImporting && (
        <p>
          <button type="button" onClick={() => setImporting(true)}>
            {t("campaign.fromFile")}
          </button>
        </p>
      )}
      {isImporting && (
        <div class="variant">
          <ImportFile
            tenant={tenant}
            needsTag
            onTaking={onTaking}
            onDone={(added) => {
              // Tags may have been chosen while the file was on its way.
              change(({ tags }: Form) => ({ tags: [...new Set([...tags, ...added])] }));
              refresh();
            }}
          />
        </div>
      )}
    </div>
  );
}

function Tags({ tags, form, change }: { tags: ContactTag[] } & Pick<PartProps, "form" | "change">): JSX.Element {
  const [search, setSearch] = useState("");
  const chosen = new Set(form.tags);
  const known = new Map(tags.map(({ tag, contacts }) => [tag, contacts]));
  const all: ContactTag[] = [...tags, ...form.tags.filter((tag) => !known.has(tag)).map((tag) => ({ tag, contacts: 0 }))];
  const shown = all.filter(({ tag }) => chosen.has(tag) || tag.toLowerCase().includes(search.toLowerCase()));
  if (all.length === 0) return <Empty title={t("campaign.noTags")} note={t("campaign.noTagsNote")} />;
  const toggle = (tag: string, on: boolean): void => change({ tags: on ? [...form.tags, tag] : form.tags.filter((one) => one !== tag) });
  const sum = form.tags.reduce((total, tag) => total + (known.get(tag) ?? 0), 0);
  return (
    <>
      {all.length > MANY && (
        <Field label={t("campaign.findTag")}>
          <input type="search" value={search} onKeyDown={noSubmit} onInput={(event) => setSearch(event.currentTarget.value)} />
        </Field>
      )}
      <fieldset class="tags">
        <legend>{t("campaign.tags")}</legend>
        {shown.slice(0, 100).map(({ tag, contacts }) => (
          <label key={tag} class="tag">
            <input type="checkbox" checked={chosen.has(tag)} onChange={(event) => toggle(tag, event.currentTarget.checked)} />
            <span>{tag}</span> <span class="note num">{number(contacts)}</span>
          </label>
        ))}
      </fieldset>
      <p class="note" aria-live="polite">
        {form.tags.length > 0 ? counted("campaign.atMost", sum) : t("campaign.chooseTags")}
      </p>
    </>
  );
}
