// One campaign: each of its rates with how sure it is, and whether its variants differ yet.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { Campaign, CampaignAnalytics, CampaignAnalyticsFigures, Rate, VariantDifference } from "../../api/schema.ts";
import { NOTHING, number, percent } from "../../format.ts";
import { t, word } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Link, Pairs, type Tone } from "../../ui/basics.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { SaveCsv } from "../../ui/save.tsx";
import { Table } from "../../ui/table.tsx";
import { Amounts, Roi } from "./campaigns.tsx";
import { EVERY_MS, type Question, SELDOM_MS } from "./question.ts";

interface Props {
  id: string;
  question: Question;
  onClose(): void;
}

export function CampaignDrawer({ id, question, onClose }: Props): JSX.Element {
  const name = encodeURIComponent(id);
  const found = usePolled<CampaignAnalytics>(address(`/api/analytics/campaigns/${name}`, question.query), EVERY_MS);
  // Campaigns of other programs have figures, and no page here.
  const own = usePolled<Campaign>(`/api/campaigns/${name}`, SELDOM_MS);
  return (
    <Dialog drawer title={own.data?.name ?? id} onClose={onClose}>
      <Answered of={found} rows={8}>
        {(figures) => (
          <>
            <p class="note">
              {t("analytics.intervals")} {own.data && <Link to={`/campaigns/${name}`}>{t("analytics.itsPage")}</Link>}
            </p>
            <Whole figures={figures} />
            <h3>{t("analytics.rates")}</h3>
            <Rates figures={figures} />
            {figures.differences.length > 0 && (
              <>
                <h3>{t("analytics.differences")}</h3>
                <Differences figures={figures} />
              </>
            )}
          </>
        )}
      </Answered>
    </Dialog>
  );
}

function Whole({ figures }: { figures: CampaignAnalytics }): JSX.Element {
  const kinds = figures.conversions.filter(({ count }) => count > 0);
  return (
    <Pairs
      of={[
        [t("analytics.sent"), number(figures.sent)],
        [t("overview.failed"), number(figures.failed)],
        ...kinds.map(({ kind, count }): [string, string] => [word("conversion", kind), number(count)]),
        [t("analytics.revenue"), figures.revenue.length > 0 && <Amounts of={figures.revenue} />],
        [t("analytics.cost"), figures.cost.length > 0 && <Amounts of={figures.cost} />],
        ["ROI", Object.keys(figures.roi).length > 0 && <Roi of={figures.roi} />],
      ]}
    />
  );
}

const RATES = ["delivered", "read", "answered", "converted"] as const;

interface Row {
  name: string;
  of: CampaignAnalyticsFigures;
}

function Rates({ figures }: { figures: CampaignAnalytics }): JSX.Element {
  const variants = figures.variants.map((one): Row => ({ name: one.variant || t("analytics.noVariant"), of: one }));
  const rows: Row[] = [{ name: t("analytics.all"), of: figures }, ...variants];
  const cells = rows.map(({ name, of }) => [name, of.sent, ...RATES.flatMap((rate) => [of[rate].hits, of[rate].of, of[rate].rate, of[rate].low, of[rate].high])]);
  const head = ["variant", "sent", ...RATES.flatMap((rate) => [rate, `${rate}Of`, `${rate}Rate`, `${rate}Low`, `${rate}High`])];
  return (
    <>
      <Table
        label={t("analytics.rates")}
        items={rows}
        keyOf={(row, place) => `${place} ${row.name}`}
        empty={<Empty title={t("tracking.nothing")} />}
        columns={[
          { head: t("campaign.variant"), cell: ({ name }) => <strong>{name}</strong> },
          { head: t("analytics.sent"), number: true, cell: ({ of }) => number(of.sent) },
          { head: t("analytics.delivered"), number: true, cell: ({ of }) => <Share of={of.delivered} /> },
          { head: t("analytics.read"), number: true, cell: ({ of }) => <Share of={of.read} /> },
          { head: t("campaign.answered"), number: true, cell: ({ of }) => <Share of={of.answered} /> },
          { head: t("analytics.converted"), number: true, cell: ({ of }) => <Share of={of.converted} /> },
        ]}
      />
      <SaveCsv title={t("analytics.rates")} head={head} rows={cells} />
    </>
  );
}

function Share({ of: { rate, low, high } }: { of: Rate }): JSX.Element {
  if (rate == null) return <>{NOTHING}</>;
  return (
    <>
      {percent(rate)}
      <small class="between num">
        {percent(low)} – {percent(high)}
      </small>
    </>
  );
}

const VERDICTS: Record<string, Tone> = { real: "good", notYet: "warn", tooFew: "plain" };

function Differences({ figures }: { figures: CampaignAnalytics }): JSX.Element {
  const probability = (p: number | null | undefined): string => (p != null && p < 0.0001 ? `< ${number(0.0001, 4)}` : number(p, 4));
  return (
    <>
      <Table
        label={t("analytics.differences")}
        items={figures.differences}
        keyOf={({ variants, rate }) => [rate, ...variants].join("\n")}
        empty={<Empty title={t("tracking.nothing")} />}
        columns={[
          { head: t("analytics.between"), cell: (one) => <Sides of={one} figures={figures} /> },
          { head: t("analytics.isReal"), cell: ({ verdict }) => <Badge tone={VERDICTS[verdict] ?? "plain"}>{word("verdict", verdict)}</Badge> },
          { head: "p", number: true, cell: ({ p }) => probability(p) },
          { head: t("analytics.neededP"), number: true, cell: ({ neededP }) => probability(neededP) },
        ]}
      />
      <p class="note">{t("analytics.differencesNote")}</p>
    </>
  );
}

/** Both variants with their rates, the better one first. */
function Sides({ of, figures }: { of: VariantDifference; figures: CampaignAnalytics }): JSX.Element {
  const rate = RATES.find((name) => name === of.rate);
  const sides = of.variants.map((name) => {
    const variant = figures.variants.find((one) => one.variant === name);
    return { name: name || t("analytics.noVariant"), rate: (rate && variant?.[rate].rate) ?? null };
  });
  sides.sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0));
  return (
    <>
      <strong>{word("analytics.rate", of.rate)}</strong>
      <small class="under num">{sides.map((side) => `${side.name} ${percent(side.rate)}`).join(" · ")}</small>
    </>
  );
}
