// All campaigns, and how they do.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { Campaign, CampaignQueueMetrics, Page_Campaign } from "../../api/schema.ts";
import { inWords } from "../../api/words.ts";
import { ago, moment, number, percent, short } from "../../format.ts";
import { counted, t, word } from "../../i18n.ts";
import { useCampaign } from "../../state/live.ts";
import { usePolled } from "../../state/poll.ts";
import { parameter } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { isOfAll } from "../../state/tenant.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Figure, Heading, Link, Panel } from "../../ui/basics.tsx";
import { Choice, Search } from "../../ui/filters.tsx";
import { Progress } from "../../ui/progress.tsx";
import { Pages, Table } from "../../ui/table.tsx";
import { breakerTone } from "../tones.ts";
import { STATES, campaignTone, isOpen, isUnderWay, noteInWords, partsOf, shareOf } from "./figures.ts";

/** Each campaign of a page is asked how it does. */
const PAGE = 20;
const EVERY_MS = 2_000;
const SELDOM_MS = 60_000;

export function Campaigns(): JSX.Element {
  const query = Object.fromEntries(["status", "sender", "tenant", "cursor"].map((name) => [name, parameter(name)]));
  const campaigns = usePolled<Page_Campaign>(address("/api/campaigns", { ...query, limit: PAGE }));
  return (
    <>
      <Heading title={t("nav.campaigns")} note={t("campaigns.note")}>
        {may("send") && (
          <Link to="/campaigns/new" class="button primary">
            {t("campaigns.new")}
          </Link>
        )}
      </Heading>
      <System />
      <Panel>
        <div class="filters" role="search">
          <Choice name="status" label={t("job.state")} options={STATES.map((name) => [name, word("campaignState", name)])} />
          <Search name="sender" label={t("campaign.sender")} />
          {isOfAll() && <Search name="tenant" label={t("job.tenant")} />}
        </div>
        <Answered of={campaigns} rows={8}>
          {({ items, nextCursor }) => (
            <>
              <List campaigns={items} />
              <Pages next={nextCursor} />
            </>
          )}
        </Answered>
      </Panel>
    </>
  );
}

function System(): JSX.Element {
  const metrics = usePolled<CampaignQueueMetrics>(address("/api/dashboard/campaign-queue-metrics", { tenant: parameter("tenant") }));
  return (
    <Answered of={metrics} rows={2}>
      {({ metrics: { campaignQueue, system } }) => (
        <dl class="figures">
          <Figure label={t("campaigns.underWay")} value={number(campaignQueue.active + campaignQueue.waiting)} />
          <Figure
            label={word("campaignState", "paused")}
            value={number(campaignQueue.paused)}
            tone={campaignQueue.paused > 0 ? "warn" : "plain"}
            {...(campaignQueue.paused > 0 && { to: "/campaigns?status=paused" })}
          />
          <Figure label={word("campaignState", "scheduled")} value={number(campaignQueue.delayed)} />
          <Figure label={t("campaigns.sent")} value={short(system.messagesSent)} note={counted("unit.messages", system.messagesSent)} />
          <Figure label={t("overview.failed")} value={short(system.messagesFailed)} note={counted("unit.messages", system.messagesFailed)} />
          <Figure
            label={t("destinations.breaker")}
            value={word("breaker", system.circuitBreakerStatus)}
            tone={breakerTone(system.circuitBreakerStatus)}
            note={t("campaigns.inFlight", { n: number(system.activeWorkers) })}
          />
        </dl>
      )}
    </Answered>
  );
}

function List({ campaigns }: { campaigns: Campaign[] }): JSX.Element {
  const isNarrowed = ["status", "sender", "tenant"].some((name) => parameter(name));
  return (
    <Table
      label={t("nav.campaigns")}
      items={campaigns}
      keyOf={(campaign) => campaign.id}
      empty={
        isNarrowed ? <Empty title={t("campaigns.noMatch")} note={t("table.narrowed")} /> : <Empty title={t("campaigns.none")} note={t("campaigns.noneNote")} />
      }
      columns={[
        {
          head: t("keys.name"),
          cell: (campaign) => (
            <>
              <Link to={`/campaigns/${encodeURIComponent(campaign.id)}`} class="strong named">
                {campaign.name}
              </Link>
              <small class="under">{isOfAll() ? `${campaign.tenant} · ${campaign.sender}` : campaign.sender}</small>
            </>
          ),
        },
        {
          head: t("job.state"),
          cell: (campaign) => (
            <>
              <Badge tone={campaignTone(campaign.status)}>{word("campaignState", campaign.status)}</Badge>
              {campaign.reason && <small class="under">{noteInWords(campaign.reason)}</small>}
            </>
          ),
        },
        { head: t("campaign.progress"), cell: (campaign) => (isOpen(campaign.status) ? <span class="note">{t("campaigns.notStarted")}</span> : <Standing campaign={campaign} />) },
        { head: t("campaigns.when"), number: true, cell: (campaign) => <When campaign={campaign} /> },
      ]}
    />
  );
}

/** How far one is. */
function Standing({ campaign }: { campaign: Campaign }): JSX.Element {
  const found = useCampaign(campaign.id, isUnderWay(campaign.status) ? EVERY_MS : SELDOM_MS);
  const status = found.data?.status;
  if (!status) return found.failure ? <span class="note">{inWords(found.failure)}</span> : <span class="skeleton bone" />;
  const { total, success, failed } = status.progress;
  const share = shareOf(status);
  return (
    <span class="standing">
      <Progress label={t("campaign.progressOf", { name: campaign.name })} parts={partsOf(status.metrics.messages)} total={total} share={share} />
      <span class="note num">
        {percent(share, 0)} · {t("campaigns.figures", { success: number(success), total: number(total), failed: number(failed) })}
      </span>
    </span>
  );
}

function When({ campaign }: { campaign: Campaign }): JSX.Element {
  const { status, scheduledAt, startedAt, finishedAt, createdAt } = campaign;
  const at = status === "scheduled" ? scheduledAt : (finishedAt ?? startedAt ?? createdAt);
  return <time title={moment(at)}>{ago(at)}</time>;
}
