// Who got a campaign, and who did not and why.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { Campaign, CampaignRecipient, Page_CampaignRecipient } from "../../api/schema.ts";
import { ago, moment } from "../../format.ts";
import { t, word } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { parameter } from "../../state/route.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Panel } from "../../ui/basics.tsx";
import { Choice } from "../../ui/filters.tsx";
import { Pages, Table, usePageSize } from "../../ui/table.tsx";
import { OpenJob } from "../job.tsx";
import { reasonInWords } from "../reason.ts";
import { RECIPIENT_TONES } from "./figures.ts";

const STATES = ["queued", "sent", "delivered", "read", "answered", "failed", "unknown", "expired", "cancelled", "skipped"];

interface Props {
  campaign: Campaign;
  path: string;
  isLive: boolean;
}

export function Recipients({ campaign, path, isLive }: Props): JSX.Element {
  const state = parameter("state");
  const limit = usePageSize();
  const found = usePolled<Page_CampaignRecipient>(address(path, { state, cursor: parameter("cursor"), limit }), isLive ? 2_000 : 15_000);
  return (
    <Panel
      id="recipients"
      title={t("campaign.recipients")}
      side={
        <a class="button small" href={address(path, { state, format: "csv" })} download={`${campaign.id}-${state || "recipients"}.csv`}>
          {t("download.csv")}
        </a>
      }
    >
      <div class="filters" role="search">
        <Choice name="state" label={t("job.state")} options={STATES.map((name) => [name, word("messageState", name)])} />
      </div>
      <Answered of={found} rows={8}>
        {({ items, nextCursor }) => (
          <>
            <List campaign={campaign} recipients={items} />
            <Pages next={nextCursor} sizes />
          </>
        )}
      </Answered>
    </Panel>
  );
}

function List({ campaign, recipients }: { campaign: Campaign; recipients: CampaignRecipient[] }): JSX.Element {
  const variants = campaign.variants ?? [];
  const variantColumn = { head: t("campaign.variant"), cell: (one: CampaignRecipient) => (one.variant == null ? "" : variants[one.variant]?.name) };
  return (
    <Table
      label={t("campaign.recipients")}
      items={recipients}
      keyOf={(one, place) => one.messageId ?? `${place} ${one.contactId}`}
      empty={<Empty title={t("campaign.noRecipients")} note={t("table.narrowed")} />}
      columns={[
        {
          head: t("campaign.recipient"),
          cell: (one) => (
            <>
              <span class="num">{one.phone ?? one.contactId ?? t("campaign.nobody")}</span>
              {one.phone && one.contactId && <small class="under mono">{one.contactId}</small>}
            </>
          ),
        },
        { head: t("job.state"), cell: (one) => <StateOf recipient={one} /> },
        ...(variants.length > 0 ? [variantColumn] : []),
        { head: t("campaign.last"), number: true, cell: (one) => <Last of={one} /> },
        { head: t("campaign.why"), cell: (one) => <Why of={one} /> },
        { head: t("job.id"), cell: (one) => one.messageId && <OpenJob id={one.messageId} /> },
      ]}
    />
  );
}

function StateOf({ recipient }: { recipient: CampaignRecipient }): JSX.Element {
  return (
    <span class="badges">
      <Badge tone={RECIPIENT_TONES[recipient.state] ?? "plain"}>{word("messageState", recipient.state)}</Badge>
      {recipient.answeredAt && <Badge tone="good">{t("messageState.answered")}</Badge>}
    </span>
  );
}

function Last({ of: one }: { of: CampaignRecipient }): JSX.Element {
  const at = one.answeredAt ?? one.readAt ?? one.failedAt ?? one.deliveredAt ?? one.sentAt;
  return <time title={moment(at)}>{ago(at)}</time>;
}

function Why({ of: one }: { of: CampaignRecipient }): JSX.Element | null {
  if (!one.reason && !one.detail) return null;
  if (one.state === "skipped") return <>{one.reason ? word("skip", one.reason) : one.detail}</>;
  const said = reasonInWords({ code: one.reason ?? "", detail: one.detail });
  return (
    <>
      {said}
      {one.reason && said !== one.reason && <small class="under">{one.reason}</small>}
    </>
  );
}
