// One campaign: what it will send, how far it is, and who got it.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { Campaign, CampaignProgress, Page_CampaignRecipient } from "../../api/schema.ts";
import { duration, moment, money, number, percent } from "../../format.ts";
import { t, word } from "../../i18n.ts";
import { useCampaign } from "../../state/live.ts";
import { usePolled } from "../../state/poll.ts";
import { narrow, parameter } from "../../state/route.ts";
import { isOfAll } from "../../state/tenant.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Figure, Heading, Link, Pairs, Panel } from "../../ui/basics.tsx";
import { Bars } from "../../ui/bars.tsx";
import { Parts, Progress } from "../../ui/progress.tsx";
import { JobDrawer } from "../job.tsx";
import { reasonInWords } from "../reason.ts";
import { textOf } from "../reason_table.ts";
import { breakerTone } from "../tones.ts";
import { Controls } from "./controls.tsx";
import { campaignTone, counts, isOpen, isUnderWay, noteInWords, partsOf, shareOf } from "./figures.ts";
import { Preview } from "./preview.tsx";
import { Recipients } from "./recipients.tsx";
import { Said } from "./said.tsx";
import { VariantTable } from "./variants.tsx";

export function OneCampaign({ id }: { id: string }): JSX.Element {
  const path = `/api/campaigns/${encodeURIComponent(id)}`;
  const campaign = usePolled<Campaign>(path);
  const status = campaign.data?.status;
  return (
    <>
      <p class="crumb">
        <Link to="/campaigns">{t("nav.campaigns")}</Link>
      </p>
      <Heading title={campaign.data?.name ?? t("campaign.title")}>{campaign.data && <Controls campaign={campaign.data} />}</Heading>
      <Answered of={campaign} rows={8}>
        {(data) => (
          <>
            <p class="lead">
              <Badge tone={campaignTone(data.status)}>{word("campaignState", data.status)}</Badge>
              {data.status === "scheduled" && <span>{t("campaign.startsAt", { at: moment(data.scheduledAt) })}</span>}
              {data.reason && <span>{noteInWords(data.reason)}</span>}
            </p>
            {!isOpen(data.status) && <Running campaign={data} />}
            {isOpen(data.status) && <Preview campaign={data} path={path} />}
            <Plan campaign={data} />
            {!isOpen(data.status) && <Recipients campaign={data} path={`${path}/recipients`} isLive={isUnderWay(data.status)} />}
          </>
        )}
      </Answered>
      {status && parameter("job") && <JobDrawer id={parameter("job")} onClose={() => narrow({ job: "" })} />}
    </>
  );
}

function Running({ campaign }: { campaign: Campaign }): JSX.Element {
  const found = useCampaign(campaign.id, isUnderWay(campaign.status) ? 1_000 : 10_000);
  return (
    <Answered of={found} rows={5}>
      {({ status }) => (
        <>
          <Panel title={t("campaign.progress")} side={<strong class="num large">{percent(shareOf(status), 0)}</strong>}>
            <Bar campaign={campaign} status={status} />
          </Panel>
          <Figures campaign={campaign} status={status} />
          <LeftOut status={status} path={`/api/campaigns/${encodeURIComponent(campaign.id)}`} />
          <VariantTable campaign={campaign} variants={status.metrics.variants} />
        </>
      )}
    </Answered>
  );
}

function Bar({ campaign, status }: { campaign: Campaign; status: CampaignProgress }): JSX.Element {
  const { total } = status.progress;
  const parts = partsOf(status.metrics.messages);
  const waiting = Math.max(0, total - parts.reduce((sum, part) => sum + part.count, 0));
  return (
    <>
      <Progress label={t("campaign.progressOf", { name: campaign.name })} parts={parts} total={total} share={shareOf(status)} />
      <Parts parts={[...parts, ...(waiting > 0 ? [{ label: word("messageState", "queued"), count: waiting, kind: "plain" as const }] : [])]} total={total} />
    </>
  );
}

function Figures({ campaign, status }: { campaign: Campaign; status: CampaignProgress }): JSX.Element {
  const { metrics, progress } = status;
  const breaker = metrics.circuitBreakerStatus;
  const isRunning = campaign.status === "sending";
  return (
    <dl class="figures">
      <Figure label={t("campaign.taken")} value={number(progress.success)} note={t("campaign.of", { n: number(progress.total) })} />
      <Figure label={t("campaign.answered")} value={number(metrics.answered)} />
      <Figure label={t("pixels.success")} value={metrics.successRate == null ? "–" : percent(metrics.successRate / 100)} />
      <Figure label={t("campaign.rate")} value={number(metrics.messagesPerSecond, 1)} note={t("unit.perSecond")} />
      {isRunning ? (
        <Figure label={t("campaign.eta")} value={duration(metrics.etaMs)} />
      ) : (
        <Figure label={t("campaign.processing")} value={duration(metrics.averageProcessingTime)} note={t("campaign.perRequest")} />
      )}
      {metrics.cost != null && <Figure label={t("campaign.cost")} value={money(metrics.cost, campaign.currency)} />}
      {breaker && <Figure label={t("destinations.breaker")} value={word("breaker", breaker)} tone={breakerTone(breaker)} />}
    </dl>
  );
}

/** Who got nothing, and what failed: each by its reason. */
function LeftOut({ status, path }: { status: CampaignProgress; path: string }): JSX.Element | null {
  const [skipped, failures] = [counts(status.metrics.skipped), counts(status.metrics.failures)];
  if (skipped.length + failures.length === 0) return null;
  return (
    <div class="columns">
      {skipped.length > 0 && (
        <Panel title={t("campaign.skipped")} side={<ShowOnly state="skipped" />}>
          <Bars items={skipped.map(([reason, count]) => [word("skip", reason), count])} />
        </Panel>
      )}
      {failures.length > 0 && (
        <Panel title={t("campaign.failures")} side={<ShowOnly state="failed" />}>
          <Failures counts={failures} path={path} />
        </Panel>
      )}
    </div>
  );
}

/** As many of those that failed are looked at for the words of their reasons. */
const LOOKED_AT = 500;

/** Figures have codes alone; where there is no text for one, some of those that failed have the words. */
function Failures({ counts: of, path }: { counts: [string, number][]; path: string }): JSX.Element {
  const isKnown = of.every(([code]) => textOf(code));
  const failed = usePolled<Page_CampaignRecipient>(isKnown ? null : address(`${path}/recipients`, { state: "failed", limit: LOOKED_AT }), 60_000);
  const details = new Map(failed.data?.items.map(({ reason, detail }) => [reason, detail]));
  return <Bars items={of.map(([code, count]) => [reasonInWords({ code, detail: details.get(code) }), count])} tone="bad" />;
}

function ShowOnly({ state }: { state: string }): JSX.Element {
  const show = (): void => {
    narrow({ state, cursor: "" });
    document.getElementById("recipients")?.scrollIntoView();
  };
  return (
    <button type="button" class="small" onClick={show}>
      {t("campaign.who")}
    </button>
  );
}

/** What it says, and how it is sent. */
function Plan({ campaign }: { campaign: Campaign }): JSX.Element {
  const { sendWindow: hours } = campaign;
  const facts: [string, string | null | undefined | false][] = [
    [t("campaign.sender"), campaign.sender],
    [t("job.tenant"), isOfAll() && campaign.tenant],
    [t("campaign.audience"), campaign.tags.join(", ")],
    [t("campaign.contacts"), campaign.estimatedContacts == null ? null : number(campaign.estimatedContacts)],
    [t("job.priority"), word("priority", campaign.priority)],
    [t("campaign.window"), hours && `${hours.from}–${hours.to}${hours.timeZone ? ` (${hours.timeZone})` : ""}`],
    [t("campaign.scheduledAt"), campaign.scheduledAt && moment(campaign.scheduledAt)],
    [t("campaign.late"), campaign.late && word("late", campaign.late)],
    [t("campaign.costEach"), campaign.cost == null ? null : money(campaign.cost, campaign.currency)],
    [t("campaign.startedAt"), campaign.startedAt && moment(campaign.startedAt)],
    [t("campaign.finishedAt"), campaign.finishedAt && moment(campaign.finishedAt)],
  ];
  return (
    <Panel title={t("campaign.plan")}>
      <div class="plan">
        <Said campaign={campaign} />
        <Pairs of={facts} />
      </div>
    </Panel>
  );
}
