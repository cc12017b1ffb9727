// What each campaign reached and earned.

import type { JSX } from "preact";
import { Failure, address, call } from "../../api/client.ts";
import type { CampaignAnalytics, ConversionAnalytics, Money, Page_Campaign, Rate } from "../../api/schema.ts";
import { change, number, percent } from "../../format.ts";
import { t } from "../../i18n.ts";
import { useAsked, usePolled } from "../../state/poll.ts";
import { narrow } from "../../state/route.ts";
import { Answered } from "../../ui/answered.tsx";
import { Empty, Panel } from "../../ui/basics.tsx";
import { SaveCsv } from "../../ui/save.tsx";
import { Table } from "../../ui/table.tsx";
import { isOpen } from "../campaigns/figures.ts";
import { inWords } from "./headline.tsx";
import { type Question, SELDOM_MS } from "./question.ts";

/** Each is asked for by itself; of more, those with the most people who converted, then the newest. */
const MAX_SHOWN = 20;

interface Props {
  question: Question;
  conversions: ConversionAnalytics;
}

interface Shown {
  name: string;
  figures: CampaignAnalytics;
}

export function Campaigns({ question, conversions }: Props): JSX.Element {
  const own = usePolled<Page_Campaign>(address("/api/campaigns", { tenant: question.tenant, limit: MAX_SHOWN }), SELDOM_MS);
  const title = t("nav.campaigns");
  return (
    <Answered of={own}>
      {({ items }) => {
        const names = new Map(items.filter(({ status }) => !isOpen(status)).map(({ id, name }) => [id, name]));
        const all = [...new Set([...conversions.campaigns.map(({ campaignId }) => campaignId), ...names.keys()])];
        return <Shown question={question} ids={all.slice(0, MAX_SHOWN)} names={names} title={title} />;
      }}
    </Answered>
  );
}

function Shown({ question, ids, names, title }: { question: Question; ids: string[]; names: Map<string, string>; title: string }): JSX.Element {
  const paths = ids.map((id) => address(`/api/analytics/campaigns/${encodeURIComponent(id)}`, question.query));
  const found = useAsked(paths.join("\n"), (signal) => Promise.all(paths.map((path) => figuresOf(path, signal))), SELDOM_MS / 2);
  return (
    <Answered of={found}>
      {(all) => {
        const shown = all.flatMap((figures) => (figures ? [{ figures, name: names.get(figures.campaignId) ?? figures.campaignId }] : []));
        return (
          <Panel title={title} side={<SaveCsv title={title} {...fileOf(shown)} />}>
            <List shown={shown} title={title} />
          </Panel>
        );
      }}
    </Answered>
  );
}

/** The figures of a campaign; null where nothing was counted of it in the range. */
async function figuresOf(path: string, signal: AbortSignal): Promise<CampaignAnalytics | null> {
  try {
    return await call<CampaignAnalytics>(path, { signal });
  } catch (error) {
    if (error instanceof Failure && error.status === 404) return null;
    throw error;
  }
}

function List({ shown, title }: { shown: Shown[]; title: string }): JSX.Element {
  return (
    <Table
      label={title}
      items={shown}
      keyOf={({ figures }) => figures.campaignId}
      empty={<Empty title={t("analytics.noCampaigns")} note={t("analytics.noCampaignsNote")} />}
      columns={[
        {
          head: t("campaign.title"),
          cell: ({ name, figures }) => (
            <>
              <button type="button" class="link strong" onClick={() => narrow({ campaign: figures.campaignId }, true)}>
                {name}
              </button>
              {figures.variants.length > 1 && <small class="under">{t("analytics.variants", { n: number(figures.variants.length) })}</small>}
            </>
          ),
        },
        { head: t("analytics.sent"), number: true, cell: ({ figures }) => number(figures.sent) },
        { head: t("analytics.delivered"), number: true, cell: ({ figures }) => percent(figures.delivered.rate) },
        { head: t("analytics.read"), number: true, cell: ({ figures }) => percent(figures.read.rate) },
        { head: t("campaign.answered"), number: true, cell: ({ figures }) => percent(figures.answered.rate) },
        { head: t("analytics.converted"), number: true, cell: ({ figures }) => percent(figures.converted.rate) },
        { head: t("analytics.revenue"), number: true, cell: ({ figures }) => <Amounts of={figures.revenue} /> },
        { head: t("analytics.cost"), number: true, cell: ({ figures }) => <Amounts of={figures.cost} /> },
        { head: "ROI", number: true, cell: ({ figures }) => <Roi of={figures.roi} /> },
      ]}
    />
  );
}

/** Amounts, each currency by itself. */
export function Amounts({ of }: { of: Money[] }): JSX.Element {
  return (
    <>
      {of.map((money) => (
        <div key={money.currency}>{inWords(money)}</div>
      ))}
    </>
  );
}

export function Roi({ of }: { of: Record<string, number> }): JSX.Element {
  const all = Object.entries(of);
  return (
    <>
      {all.map(([currency, roi]) => (
        <div key={currency}>
          {change(roi)}
          {all.length > 1 && ` ${currency}`}
        </div>
      ))}
    </>
  );
}

/** One row for each campaign, with columns for each currency that there is. */
function fileOf(shown: Shown[]): { head: string[]; rows: (string | number | null | undefined)[][] } {
  const currencies = [...new Set(shown.flatMap(({ figures }) => [...figures.revenue, ...figures.cost].map(({ currency }) => currency)))].sort();
  const rates = ["delivered", "read", "answered", "converted"] as const;
  const share = ({ hits, rate }: Rate): (number | null | undefined)[] => [hits, rate];
  const amount = (of: Money[], name: string): string | undefined => of.find(({ currency }) => currency === name)?.amount;
  return {
    head: ["campaignId", "name", "sent", "failed", ...rates.flatMap((rate) => [rate, `${rate}Rate`]), ...currencies.flatMap((name) => [`revenue${name}`, `cost${name}`, `roi${name}`])],
    rows: shown.map(({ name, figures }) => [
      figures.campaignId,
      name,
      figures.sent,
      figures.failed,
      ...rates.flatMap((rate) => share(figures[rate])),
      ...currencies.flatMap((of) => [amount(figures.revenue, of), amount(figures.cost, of), figures.roi[of]]),
    ]),
  };
}
