// What the first people would be sent, and how many there are: what one looks at before starting.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure, address, call } from "../../api/client.ts";
import type { Campaign, CampaignPreview, Page_CampaignPreview } from "../../api/schema.ts";
import { moment, number } from "../../format.ts";
import { counted, t, word } from "../../i18n.ts";
import { Failed } from "../../ui/answered.tsx";
import { Badge, Empty, Panel, Skeleton } from "../../ui/basics.tsx";
import { Bubble } from "./said.tsx";

const SHOWN = 6;

export function Preview({ campaign, path }: { campaign: Campaign; path: string }): JSX.Element {
  const [found, set] = useState<CampaignPreview[] | Failure | undefined>();
  const [tries, retry] = useState(0);
  useEffect(() => {
    let isOver = false;
    call<Page_CampaignPreview>(address(`${path}/preview`, { limit: SHOWN }), { method: "POST", body: {} }).then(
      ({ items }) => isOver || set(items),
      (error: unknown) => isOver || set(error instanceof Failure ? error : new Failure(0, "unreachable", String(error))),
    );
    return () => void (isOver = true);
  }, [path, campaign.updatedAt, campaign.estimatedContacts, tries]);
  const audience = campaign.estimatedContacts ?? 0;
  return (
    <Panel title={t("campaign.preview")} side={<strong class="num">{counted("campaign.audienceOf", audience)}</strong>}>
      {found === undefined && <Skeleton rows={4} />}
      {found instanceof Failure && <Failed failure={found} retry={() => retry(tries + 1)} />}
      {Array.isArray(found) && found.length === 0 && <Empty title={t("campaign.nobodyYet")} note={t("campaign.nobodyYetNote")} />}
      {Array.isArray(found) && found.length > 0 && (
        <>
          <ul class="previews">
            {found.map((one, place) => (
              <One key={`${place} ${one.contactId}`} preview={one} />
            ))}
          </ul>
          {audience > found.length && <p class="note">{t("campaign.andMore", { n: number(audience - found.length) })}</p>}
        </>
      )}
    </Panel>
  );
}

function One({ preview }: { preview: CampaignPreview }): JSX.Element {
  const content = preview.content as { text?: string; template?: Record<string, unknown> } | null | undefined;
  return (
    <li>
      <p class="note">
        <span class="mono">{preview.contactId}</span>
        {preview.variant && ` · ${preview.variant}`}
      </p>
      {preview.skipped ? (
        <p class="left-out">
          <Badge tone="warn">{word("skip", preview.skipped)}</Badge> {preview.detail && <code>{preview.detail}</code>}
        </p>
      ) : (
        <Bubble text={content?.text} template={content?.template} />
      )}
      {preview.dueAt && <p class="note">{t("campaign.dueAt", { at: moment(preview.dueAt) })}</p>}
    </li>
  );
}
