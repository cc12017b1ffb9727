// The form of a campaign: new, from another one, or one that has not started.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Failure, call } from "../../api/client.ts";
import { useOnce } from "../../api/once.ts";
import type { Campaign, Destination, Page_Destination } from "../../api/schema.ts";
import { t, word } from "../../i18n.ts";
import { Faults } from "../../state/faults.ts";
import { type Polled, usePolled } from "../../state/poll.ts";
import { go, parameter } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { isOfAll } from "../../state/tenant.ts";
import { type Change, useUnfinished } from "../../state/unfinished.ts";
import { Answered } from "../../ui/answered.tsx";
import { Empty, Field, Heading, Link, Panel } from "../../ui/basics.tsx";
import { Ask } from "../../ui/dialog.tsx";
import { done } from "../../ui/toasts.tsx";
import { isMessenger } from "../senders.ts";
import { Audience } from "./audience.tsx";
import { type Form, MAX_VARIANTS, blank, bodyOf, formOf, missing } from "./form.ts";
import { Saying } from "./saying.tsx";
import { Timing } from "./timing.tsx";

/** Fields that show what the server found wrong with them. */
const FIELDS = ["/name", "/sender", "/message", "/template", ...Array.from({ length: MAX_VARIANTS }, (_, place) => `/variants/${place}`), "/variants", "/audience", "/scheduledAt", "/late", "/sendWindow", "/priority", "/cost", "/currency"];

/** A new campaign; one that begins as another where the address names it. */
export function NewCampaign(): JSX.Element {
  const from = parameter("from");
  const other = usePolled<Campaign>(from ? `/api/campaigns/${encodeURIComponent(from)}` : null, 3_600_000);
  if (!may("send")) return <NotAllowed />;
  if (!from) return <Edit key="new" title={t("campaigns.new")} first={blank()} keep="campaign" />;
  return (
    <Opened of={other} title={t("campaigns.new")}>
      {(campaign) => <Edit title={t("campaigns.new")} first={{ ...formOf(campaign), name: t("campaign.copyOf", { name: campaign.name }), isTimed: false, at: "" }} keep={`copy-${from}`} />}
    </Opened>
  );
}

export function EditCampaign({ id }: { id: string }): JSX.Element {
  const campaign = usePolled<Campaign>(`/api/campaigns/${encodeURIComponent(id)}`, 3_600_000);
  if (!may("send")) return <NotAllowed />;
  return (
    <Opened of={campaign} title={t("campaign.edit")}>
      {(data) => <Edit title={t("campaign.editTitle", { name: data.name })} first={formOf(data)} keep={`campaign-${id}`} was={data} />}
    </Opened>
  );
}

/** The page has a title while there is nothing else, too. */
function Opened({ of, title, children }: { of: Polled<Campaign>; title: string; children: (campaign: Campaign) => JSX.Element }): JSX.Element {
  if (of.data) return children(of.data);
  return (
    <>
      <Heading title={title} />
      <Panel>
        <Answered of={of} rows={8}>
          {children}
        </Answered>
      </Panel>
    </>
  );
}

function NotAllowed(): JSX.Element {
  return (
    <>
      <Heading title={t("campaigns.new")} />
      <Panel>
        <Empty title={t("state.noRights")} note={t("campaign.needsSend")} />
      </Panel>
    </>
  );
}

interface Props {
  title: string;
  first: Form;
  /** Under which name what is unfinished is kept. */
  keep: string;
  /** The campaign that is edited, as it is by now. */
  was?: Campaign;
}

function Edit({ title, first, keep, was }: Props): JSX.Element {
  const { value: form, of: since, isFromBefore, change, forget } = useUnfinished<Form>(keep, first, was?.updatedAt);
  const once = useOnce();
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [faults, setFaults] = useState(new Faults());
  const [changed, setChanged] = useState<Campaign | null>(null);
  const [isTaking, setTaking] = useState(false);
  const gaps = tried ? missing(form) : new Set<string>();
  const path = was ? `/api/campaigns/${encodeURIComponent(was.id)}` : "/api/campaigns";
  const save = async (unchangedSince: string): Promise<void> => {
    const body = { ...bodyOf(form, !was, isOfAll()), ...(was && { unchangedSince }) };
    const saved = await call<Campaign>(path, was ? { method: "PATCH", body } : { method: "POST", body, once: once(body) });
    forget();
    await done(t("campaign.saved", { name: saved.name }), async () => undefined);
    go(`/campaigns/${encodeURIComponent(saved.id)}`);
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isTaking) return;
    setTried(true);
    setFaults(new Faults());
    if (missing(form).size > 0) return showFirst();
    setBusy(true);
    try {
      await save(since);
    } catch (error) {
      if (isChanged(error)) setChanged(await call<Campaign>(path).catch(() => null));
      else setFaults(new Faults(error, FIELDS));
      showFirst();
    }
    setBusy(false);
  };
  /** Puts this one in the place of the one that was shown; of another one that is asked again. */
  const overwrite = async (theirs: Campaign): Promise<void> => {
    try {
      await save(theirs.updatedAt);
    } catch (error) {
      if (!isChanged(error)) throw error;
      setChanged(await call<Campaign>(path));
      throw new Error(t("form.changedAgain"));
    }
  };
  return (
    <>
      <p class="crumb">
        <Link to="/campaigns">{t("nav.campaigns")}</Link>
      </p>
      <Heading title={title} note={t("campaign.formNote")} />
      {isFromBefore && (
        <p class="notice">
          {t("form.fromBefore")}{" "}
          <button type="button" class="link" onClick={() => forget(first)}>
            {t("form.beginAnew")}
          </button>
        </p>
      )}
      <form class="edit" noValidate onSubmit={(event) => void submit(event)}>
        <Panel title={t("campaign.whatFor")}>
          <Basics form={form} change={change} faults={faults} gaps={gaps} isNew={!was} />
        </Panel>
        <Panel title={t("campaign.says")}>
          <Saying form={form} change={change} faults={faults} isTried={tried} />
        </Panel>
        <Panel title={t("campaign.audience")}>
          <Audience form={form} change={change} wrong={faults.at("/audience")} isPartOf={was} onTaking={setTaking} />
        </Panel>
        <Panel title={t("campaign.timing")}>
          <Timing form={form} change={change} faults={faults} isLate={gaps.has("at")} />
        </Panel>
        <div class="save">
          {faults.rest && (
            <p class="wrong" role="alert">
              {faults.rest}
            </p>
          )}
          {gaps.size > 0 && <p class="wrong">{t("form.incomplete")}</p>}
          {isTaking && <p role="status">{t("campaign.taking")}</p>}
          <div class="buttons">
            <Link to={was ? `/campaigns/${encodeURIComponent(was.id)}` : "/campaigns"} class="button">
              {t("action.cancel")}
            </Link>
            <button type="submit" class="primary" disabled={busy || isTaking}>
              {t("campaign.save")}
            </button>
          </div>
          <p class="note">{t("campaign.saveNote")}</p>
        </div>
      </form>
      {changed && (
        <Ask title={t("form.changedTitle")} confirm={t("form.overwrite")} danger onClose={() => setChanged(null)} run={() => overwrite(changed)}>
          <p>{t("form.changedNote", { name: changed.name, state: word("campaignState", changed.status) })}</p>
        </Ask>
      )}
    </>
  );
}

function isChanged(error: unknown): boolean {
  return error instanceof Failure && error.code === "changed_meanwhile";
}

/** Whoever cannot see the red lines is led to the first of them. */
function showFirst(): void {
  requestAnimationFrame(() => {
    const field = document.querySelector<HTMLElement>(".faulty :is(input, select, textarea), .faulty button");
    if (field) field.focus();
    else document.querySelector(".wrong")?.scrollIntoView({ block: "center" });
  });
}

export interface PartProps {
  form: Form;
  change(change: Change<Form>): void;
  faults: Faults;
}

function Basics({ form, change, faults, gaps, isNew }: PartProps & { gaps: Set<string>; isNew: boolean }): JSX.Element {
  const destinations = usePolled<Page_Destination>("/api/destinations", 60_000);
  return (
    <div class="fields">
      <Field label={t("keys.name")} note={t("campaign.nameNote")} wrong={gaps.has("name") ? t("campaign.nameMissing") : faults.at("/name")}>
        <input name="name" maxLength={200} value={form.name} onInput={(event) => change({ name: event.currentTarget.value })} />
      </Field>
      <Answered of={destinations} rows={1}>
        {({ items }) => <Sender senders={items.filter(isMessenger)} form={form} change={change} isNew={isNew} wrong={gaps.has("sender") ? t("campaign.senderMissing") : faults.at("/sender")} />}
      </Answered>
    </div>
  );
}

interface SenderProps {
  senders: Destination[];
  form: Form;
  change(change: Change<Form>): void;
  isNew: boolean;
  wrong: string | undefined;
}

function Sender({ senders, form, change, isNew, wrong }: SenderProps): JSX.Element {
  if (senders.length === 0) return <Empty title={t("campaign.noSenders")} note={t("campaign.noSendersNote")} />;
  // A campaign stays with its tenant.
  const [tenant] = form.sender.split("/");
  const fitting = isNew ? senders : senders.filter((sender) => sender.tenant === tenant);
  const only = fitting.length === 1 ? `${fitting[0]!.tenant}/${fitting[0]!.name}` : "";
  if (only && !form.sender) queueMicrotask(() => change({ sender: only }));
  return (
    <Field label={t("campaign.sender")} note={t("campaign.senderNote")} wrong={wrong}>
      <select name="sender" value={form.sender} onChange={(event) => change({ sender: event.currentTarget.value })}>
        {!form.sender && <option value="">{t("campaign.chooseSender")}</option>}
        {fitting.map((sender) => (
          <option key={`${sender.tenant}/${sender.name}`} value={`${sender.tenant}/${sender.name}`}>
            {isOfAll() ? `${sender.tenant} · ` : ""}
            {sender.name} ({word("platform", sender.platform)})
          </option>
        ))}
      </select>
    </Field>
  );
}

