// Sends one message, by hand.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address, call } from "../../api/client.ts";
import { useOnce } from "../../api/once.ts";
import type { Destination, MessageTaken, NewMessage, Page_Destination } from "../../api/schema.ts";
import { t, word } from "../../i18n.ts";
import { useFaults } from "../../state/faults.ts";
import { refresh, usePolled } from "../../state/poll.ts";
import { go } from "../../state/route.ts";
import { isOfAll } from "../../state/tenant.ts";
import { Empty, Field } from "../../ui/basics.tsx";
import { Ask } from "../../ui/dialog.tsx";
import { say } from "../../ui/toasts.tsx";
import { isMessenger } from "../senders.ts";

const FIELDS = ["/to", "/text", "/sender"];

export function SendButton({ to = "", tenant = "" }: { to?: string; tenant?: string }): JSX.Element {
  const [isOpen, open] = useState(false);
  return (
    <>
      <button type="button" class={to ? "" : "primary"} onClick={() => open(true)}>
        {t("messages.send")}
      </button>
      {isOpen && <Send to={to} tenant={tenant} onClose={() => open(false)} />}
    </>
  );
}

function Send({ to: first, tenant, onClose }: { to: string; tenant: string; onClose(): void }): JSX.Element {
  const destinations = usePolled<Page_Destination>("/api/destinations", 60_000);
  const senders = (destinations.data?.items ?? []).filter((one) => isMessenger(one) && (!tenant || one.tenant === tenant));
  const [to, setTo] = useState(first);
  const [text, setText] = useState("");
  const [chosen, choose] = useState("");
  const faults = useFaults(FIELDS);
  const once = useOnce();
  const sender = senders.find((one) => nameOf(one) === chosen) ?? senders[0];
  const run = async (): Promise<void> => {
    const body: NewMessage = { to, text, ...(sender && { sender: sender.name }) };
    const query = isOfAll() ? { tenant: sender?.tenant } : {};
    const { id } = await faults.during(() => call<MessageTaken>(address("/api/whatsapp/messages", query), { method: "POST", body, once: once([query, body]) }));
    say(t("messages.taken"));
    refresh();
    onClose();
    go(`/messages?message=${encodeURIComponent(id)}`);
  };
  return (
    <Ask title={t("messages.send")} confirm={t("messages.sendConfirm")} onClose={onClose} run={run}>
      {destinations.data && senders.length === 0 && <Empty title={t("campaign.noSenders")} note={t("campaign.noSendersNote")} />}
      <Field label={t("campaign.sender")} wrong={faults.at("/sender")}>
        <select value={sender ? nameOf(sender) : ""} onChange={(event) => choose(event.currentTarget.value)}>
          {senders.map((one) => (
            <option key={nameOf(one)} value={nameOf(one)}>
              {isOfAll() ? nameOf(one) : one.name} ({word("platform", one.platform)})
            </option>
          ))}
        </select>
      </Field>
      <Field label={t("messages.phone")} note={t("messages.phoneNote")} wrong={faults.at("/to")}>
        <input type="tel" name="to" required maxLength={40} value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </Field>
      <Field label={t("campaign.text")} note={t("messages.textNote")} wrong={faults.at("/text")}>
        <textarea name="text" required rows={4} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </Field>
    </Ask>
  );
}

function nameOf({ tenant, name }: Destination): string {
  return `${tenant}/${name}`;
}
