// One contact: what is known, whether it wants messages, and those that it got.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../../api/client.ts";
import type { Contact, Page_Message } from "../../api/schema.ts";
import { inWords } from "../../api/words.ts";
import { ago, moment } from "../../format.ts";
import { t, word } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { go } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Link, Pairs } from "../../ui/basics.tsx";
import { Ask, Dialog } from "../../ui/dialog.tsx";
import { Table } from "../../ui/table.tsx";
import { done, say } from "../../ui/toasts.tsx";
import { MessageState } from "../messages/list.tsx";
import { SendButton } from "../messages/send.tsx";
import { EditContact } from "./edit.tsx";
import { TagList } from "./list.tsx";

interface Props {
  id: string;
  tenant: string;
  onClose(): void;
}

export function ContactDrawer({ id, tenant, onClose }: Props): JSX.Element {
  const contact = usePolled<Contact>(address(`/api/contacts/${encodeURIComponent(id)}`, { tenant }), 10_000);
  return (
    <Dialog drawer title={contact.data?.name || t("messages.contact")} onClose={onClose}>
      <Answered of={contact} rows={8}>
        {(data) => (
          <>
            <p class="why">
              <Badge tone={data.optedOut ? "warn" : "good"}>{data.optedOut ? t("contacts.optOutOne") : t("contacts.wants")}</Badge>{" "}
              {data.optedOutAt && t("contacts.since", { at: moment(data.optedOutAt), by: word("optedOutBy", data.optedOutBy ?? "") })}
            </p>
            <Actions contact={data} tenant={tenant} onGone={onClose} />
            <Facts contact={data} />
            <h3>{t("nav.messages")}</h3>
            <Got phone={data.phone} tenant={tenant} />
          </>
        )}
      </Answered>
    </Dialog>
  );
}

function Facts({ contact }: { contact: Contact }): JSX.Element {
  return (
    <Pairs
      of={[
        [t("messages.phone"), <span class="num">{contact.phone}</span>],
        [t("contacts.id"), <code>{contact.id}</code>],
        [t("contacts.tags"), contact.tags.length > 0 && <TagList tags={contact.tags} />],
        [t("contact.language"), contact.language],
        [t("contacts.zone"), contact.timezone],
        ...Object.entries(contact.attributes).map(([name, value]): [string, string] => [name, String(value)]),
        [t("job.created"), moment(contact.createdAt)],
      ]}
    />
  );
}

function Got({ phone, tenant }: { phone: string; tenant: string }): JSX.Element {
  const found = usePolled<Page_Message>(address("/api/whatsapp/messages", { to: phone, tenant, limit: 20 }), 5_000);
  return (
    <Answered of={found}>
      {({ items }) => (
        <Table
          label={t("nav.messages")}
          items={items}
          keyOf={(message) => message.id}
          empty={<Empty title={t("contacts.noMessages")} />}
          columns={[
            { head: t("job.created"), cell: (message) => <Link to={address("/messages", { message: message.id })}>{ago(message.createdAt)}</Link> },
            { head: t("job.state"), cell: (message) => <MessageState message={message} /> },
            { head: t("campaign.sender"), cell: (message) => message.sender },
            { head: t("campaign.title"), cell: (message) => message.campaignId && <Badge>{t("campaign.title")}</Badge> },
          ]}
        />
      )}
    </Answered>
  );
}

function Actions({ contact, tenant, onGone }: { contact: Contact; tenant: string; onGone(): void }): JSX.Element | null {
  const [asked, ask] = useState<"in" | "edit" | "delete" | null>(null);
  const path = address(`/api/contacts/${encodeURIComponent(contact.id)}`, { tenant });
  const put = (optedOut: boolean): Promise<unknown> => call(path, { method: "PATCH", body: { optedOut } });
  const optOut = async (): Promise<void> => {
    try {
      await done(t("contacts.optedOutOne"), () => put(true), () => put(false));
    } catch (error) {
      say(inWords(error), { bad: true });
    }
  };
  return (
    <div class="buttons">
      {may("send") && <SendButton to={contact.phone} tenant={tenant} />}
      {may("manage") && (
        <>
          <button type="button" onClick={() => (contact.optedOut ? ask("in") : void optOut())}>
            {contact.optedOut ? t("contacts.optInOne") : t("contacts.optOutOne")}
          </button>
          <button type="button" onClick={() => ask("edit")}>
            {t("campaign.edit")}
          </button>
          <button type="button" class="danger-quiet" onClick={() => ask("delete")}>
            {t("campaign.do.delete")}
          </button>
        </>
      )}
      {asked === "in" && (
        <Ask
          title={t("contacts.optInTitle")}
          confirm={t("contacts.optInOne")}
          onClose={() => ask(null)}
          run={async () => {
            await done(t("contacts.optedInOne"), () => put(false));
            ask(null);
          }}
        >
          <p>{t("contacts.optInNote")}</p>
        </Ask>
      )}
      {asked === "edit" && <EditContact contact={contact} tenant={tenant} onClose={() => ask(null)} />}
      {asked === "delete" && (
        <Ask
          danger
          title={t("campaign.ask.delete", { name: contact.name || contact.id })}
          confirm={t("campaign.do.delete")}
          onClose={() => ask(null)}
          run={async () => {
            await done(t("campaign.deleted", { name: contact.name || contact.id }), () => call(path, { method: "DELETE" }));
            onGone();
            go(address("/contacts", { tenant }));
          }}
        >
          <p>{t("contacts.deleteNote")}</p>
        </Ask>
      )}
    </div>
  );
}
