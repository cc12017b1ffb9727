// Contacts: who is written to, and who wants no messages.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../../api/client.ts";
import type { Affected, Contact, Page_Contact, Page_ContactTag } from "../../api/schema.ts";
import { ago, moment, number } from "../../format.ts";
import { counted, t } from "../../i18n.ts";
import { useFaults } from "../../state/faults.ts";
import { refresh, usePolled, useTried } from "../../state/poll.ts";
import { go, narrow, parameter } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { type Whose, useTenant } from "../../state/tenant.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Field, Heading, Link, Panel } from "../../ui/basics.tsx";
import { Ask } from "../../ui/dialog.tsx";
import { Choice, PrivateSearch } from "../../ui/filters.tsx";
import { Pages, Table, usePageSize } from "../../ui/table.tsx";
import { TenantChoice } from "../../ui/tenant_choice.tsx";
import { done } from "../../ui/toasts.tsx";
import { EditContact } from "./edit.tsx";
import { ContactDrawer } from "./one.tsx";

export function Contacts(): JSX.Element {
  const whose = useTenant();
  const [asked, ask] = useState<"add" | "out" | null>(null);
  return (
    <>
      <Heading title={t("nav.contacts")} note={t("contacts.note")}>
        {may("manage") && !whose.isOpen && (
          <>
            <button type="button" onClick={() => ask("out")}>
              {t("contacts.optOut")}
            </button>
            <button type="button" onClick={() => ask("add")}>
              {t("contacts.add")}
            </button>
            <Link to={address("/contacts/import", { tenant: whose.tenant })} class="button primary">
              {t("contacts.import")}
            </Link>
          </>
        )}
      </Heading>
      <Panel>
        {whose.isOpen ? (
          <>
            <div class="filters">
              <TenantChoice whose={whose} />
            </div>
            <Empty title={t("tracking.noTenant")} note={t("contacts.ofOne")} />
          </>
        ) : (
          <List whose={whose} />
        )}
      </Panel>
      {asked === "add" && <EditContact tenant={whose.tenant} onClose={() => ask(null)} />}
      {asked === "out" && <OptOut tenant={whose.tenant} onClose={() => ask(null)} />}
      {parameter("contact") && !whose.isOpen && <ContactDrawer id={parameter("contact")} tenant={whose.tenant} onClose={() => narrow({ contact: "" })} />}
    </>
  );
}

function List({ whose }: { whose: Whose }): JSX.Element {
  const { tenant } = whose;
  const query = Object.fromEntries(["tag", "optedOut", "cursor"].map((name) => [name, parameter(name)]));
  const [phone, setPhone] = useState("");
  const limit = usePageSize();
  const { shown: contacts, refusal } = useTried<Page_Contact>("phone", phone, (phone) => address("/api/contacts", { ...query, phone, tenant, limit }), 10_000);
  const tags = usePolled<Page_ContactTag>(address("/api/contacts/tags", { tenant }), 30_000);
  return (
    <>
      <div class="filters" role="search">
        <TenantChoice whose={whose} />
        <Choice name="tag" label={t("contacts.tag")} options={(tags.data?.items ?? []).map(({ tag, contacts: n }) => [tag, `${tag} (${number(n)})`])} />
        <PrivateSearch name="phone" label={t("messages.phone")} value={phone} set={setPhone} wrong={refusal && t("messages.phoneHalf")} />
        <Choice name="optedOut" label={t("contacts.wants")} options={[["false", t("contacts.in")], ["true", t("contacts.out")]]} />
        <FindById tenant={tenant} />
      </div>
      <Answered of={contacts} rows={8}>
        {({ items, nextCursor }) => (
          <>
            <Table
              label={t("nav.contacts")}
              items={items}
              keyOf={(contact) => contact.id}
              empty={<Empty title={t("contacts.none")} note={t("contacts.noneNote")} />}
              columns={[
                {
                  head: t("messages.contact"),
                  cell: (contact) => (
                    <>
                      <button type="button" class="link strong named" onClick={() => narrow({ contact: contact.id }, true)}>
                        {contact.name || contact.id}
                      </button>
                      {contact.name && <small class="under mono">{contact.id}</small>}
                    </>
                  ),
                },
                { head: t("messages.phone"), cell: (contact) => <span class="num">{contact.phone}</span> },
                { head: t("contacts.tags"), cell: (contact) => <TagList tags={contact.tags} /> },
                { head: t("campaign.zone.short"), cell: (contact) => [contact.language, contact.timezone].filter(Boolean).join(" · ") },
                { head: t("contacts.wants"), cell: (contact) => <Wants contact={contact} /> },
                { head: t("contacts.changed"), number: true, cell: (contact) => <time title={moment(contact.updatedAt)}>{ago(contact.updatedAt)}</time> },
              ]}
            />
            <Pages next={nextCursor} sizes />
          </>
        )}
      </Answered>
    </>
  );
}

/** Names are kept encrypted and cannot be searched; an id can be gone to. */
function FindById({ tenant }: { tenant: string }): JSX.Element {
  const [id, setId] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (id.trim()) go(address("/contacts", { tenant, contact: id.trim() }));
  };
  return (
    <form class="field" onSubmit={submit}>
      <label>
        <span class="note">{t("contacts.byId")}</span>
        <input type="search" name="id" maxLength={128} value={id} onInput={(event) => setId(event.currentTarget.value)} />
      </label>
    </form>
  );
}

export function TagList({ tags }: { tags: string[] }): JSX.Element {
  return (
    <span class="tag-list">
      {tags.slice(0, 6).map((tag) => (
        <span key={tag} class="tag-small">
          {tag}
        </span>
      ))}
      {tags.length > 6 && <span class="note">+{tags.length - 6}</span>}
    </span>
  );
}

function Wants({ contact }: { contact: Contact }): JSX.Element {
  return contact.optedOut ? <Badge tone="warn">{t("contacts.out")}</Badge> : <Badge tone="good">{t("contacts.in")}</Badge>;
}

function OptOut({ tenant, onClose }: { tenant: string; onClose(): void }): JSX.Element {
  const [text, setText] = useState("");
  const phones = text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter(Boolean);
  const faults = useFaults(["/phones"], (place) => phones[Number(place)]);
  const run = async (): Promise<void> => {
    const { count } = await faults.during(() => call<Affected>(address("/api/contacts/opt-out", { tenant }), { method: "POST", body: { phones } }));
    const back = (): Promise<unknown> => call(address("/api/contacts/opt-in", { tenant }), { method: "POST", body: { phones } });
    refresh();
    await done(counted("contacts.optedOut", count), async () => undefined, count === phones.length ? back : undefined);
    onClose();
  };
  return (
    <Ask title={t("contacts.optOut")} confirm={counted("contacts.optOutN", phones.length)} onClose={onClose} run={run}>
      <p>{t("contacts.optOutNote")}</p>
      <Field label={t("contacts.phones")} note={t("contacts.phonesNote")} wrong={faults.at("/phones")}>
        <textarea name="phones" required rows={6} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </Field>
    </Ask>
  );
}
