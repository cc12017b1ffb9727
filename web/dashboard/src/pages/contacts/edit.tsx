// The form of a contact: a new one, or one that is known.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../../api/client.ts";
import type { Contact, ContactBody } from "../../api/schema.ts";
import { t } from "../../i18n.ts";
import { useFaults } from "../../state/faults.ts";
import { Field } from "../../ui/basics.tsx";
import { Ask } from "../../ui/dialog.tsx";
import { done } from "../../ui/toasts.tsx";
import { attributesOf, linesOf, splitTags } from "./fields.ts";

const FIELDS = ["phone", "name", "tags", "language", "timezone", "attributes"] as const;

interface Props {
  contact?: Contact;
  tenant: string;
  onClose(): void;
}

export function EditContact({ contact, tenant, onClose }: Props): JSX.Element {
  const [form, set] = useState({
    phone: contact?.phone ?? "",
    name: contact?.name ?? "",
    tags: contact?.tags.join(", ") ?? "",
    language: contact?.language ?? "",
    timezone: contact?.timezone ?? "",
    attributes: linesOf(contact?.attributes ?? {}),
  });
  const pointer = (name: (typeof FIELDS)[number]): string => (contact ? `/${name}` : `/0/${name}`);
  const faults = useFaults(FIELDS.map(pointer));
  const run = async (): Promise<void> => {
    const before = contact?.attributes ?? {};
    const body: ContactBody = {
      phone: form.phone,
      name: form.name.trim() || null,
      tags: splitTags(form.tags, contact?.tags),
      language: form.language.trim() || null,
      timezone: form.timezone.trim() || null,
      attributes: attributesOf(form.attributes, before),
    };
    await faults.during(() =>
      contact
        ? call(address(`/api/contacts/${encodeURIComponent(contact.id)}`, { tenant }), { method: "PATCH", body })
        : call(address("/api/contacts", { tenant }), { method: "POST", body: [body] }),
    );
    await done(t("campaign.saved", { name: form.name.trim() || form.phone }), async () => undefined);
    onClose();
  };
  const input = (name: "phone" | "name" | "tags" | "language" | "timezone", label: string, note?: string, more: object = {}): JSX.Element => (
    <Field label={label} note={note} wrong={faults.at(pointer(name))}>
      <input name={name} maxLength={500} value={form[name]} onInput={(event) => set({ ...form, [name]: event.currentTarget.value })} {...more} />
    </Field>
  );
  return (
    <Ask title={contact ? t("contacts.editTitle") : t("contacts.add")} confirm={t("action.save")} onClose={onClose} run={run}>
      {input("phone", t("messages.phone"), t("messages.phoneNote"), { type: "tel", required: true })}
      {input("name", t("keys.name"))}
      {input("tags", t("contacts.tags"), t("contacts.tagsNote"))}
      {input("language", t("contact.language"), undefined, { placeholder: "es" })}
      {input("timezone", t("contacts.zone"), undefined, { placeholder: "Europe/Madrid" })}
      <Field label={t("contacts.attributes")} note={t("contacts.attributesNote")} wrong={faults.at(pointer("attributes"))}>
        <textarea name="attributes" rows={3} value={form.attributes} onInput={(event) => set({ ...form, attributes: event.currentTarget.value })} />
      </Field>
    </Ask>
  );
}
