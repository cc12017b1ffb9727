// How each thing that was said does, with how sure that is.

import type { JSX } from "preact";
import type { Campaign, CampaignVariantStatus, ConfidentShare } from "../../api/schema.ts";
import { NOTHING, number, percent } from "../../format.ts";
import { t } from "../../i18n.ts";
import { Empty, Panel } from "../../ui/basics.tsx";
import { Table } from "../../ui/table.tsx";

export function VariantTable({ campaign, variants }: { campaign: Campaign; variants: CampaignVariantStatus[] }): JSX.Element | null {
  if ((campaign.variants ?? []).length === 0) return null;
  return (
    <Panel title={t("campaign.variants")} side={<span class="note">{t("campaign.interval")}</span>}>
      <Table
        label={t("campaign.variants")}
        items={variants}
        keyOf={(variant) => variant.name}
        empty={<Empty title={t("campaigns.notStarted")} />}
        columns={[
          { head: t("keys.name"), cell: (variant) => <strong class="named">{variant.name}</strong> },
          { head: t("campaigns.messages"), number: true, cell: (variant) => number(variant.total) },
          { head: t("campaign.taken"), number: true, cell: (variant) => number(variant.success) },
          { head: t("messageState.delivered"), number: true, cell: (variant) => <Share of={variant.delivered} /> },
          { head: t("messageState.read"), number: true, cell: (variant) => <Share of={variant.read} /> },
          { head: t("campaign.answered"), number: true, cell: (variant) => <Share of={variant.answered} /> },
        ]}
      />
    </Panel>
  );
}

function Share({ of }: { of: ConfidentShare | null | undefined }): JSX.Element {
  if (!of) return <>{NOTHING}</>;
  return (
    <>
      {percent(of.rate / 100)}
      <small class="under num">
        {percent(of.low / 100)} – {percent(of.high / 100)}
      </small>
    </>
  );
}
