// What a campaign says, as it was written.

import type { JSX } from "preact";
import type { Campaign } from "../../api/schema.ts";
import { percent } from "../../format.ts";
import { t } from "../../i18n.ts";
import { contentOf, filled } from "./form.ts";

export function Said({ campaign }: { campaign: Campaign }): JSX.Element {
  const variants = campaign.variants ?? [];
  if (variants.length === 0) return <Bubble text={campaign.message} template={campaign.template} />;
  const weights = variants.reduce((sum, variant) => sum + (variant.weight ?? 1), 0);
  return (
    <div class="said">
      {variants.map((variant) => (
        <div key={variant.name}>
          <p class="note">
            <strong>{variant.name}</strong> · {percent((variant.weight ?? 1) / weights, 0)}
          </p>
          <Bubble text={variant.message} template={variant.template} />
        </div>
      ))}
    </div>
  );
}

interface BubbleProps {
  text?: string | null | undefined;
  template?: Record<string, unknown> | null | undefined;
}

/** A message as it looks on a phone, or the template that makes it. */
export function Bubble({ text, template }: BubbleProps): JSX.Element {
  if (template) {
    const { contentSid, name, language, values } = contentOf(null, template);
    return (
      <div class="bubble template">
        <p>
          <strong>{contentSid || name}</strong> {language && <span class="note">{language}</span>}
        </p>
        {values && <p class="said-text note">{values}</p>}
      </div>
    );
  }
  if (!text) return <p class="note">{t("campaign.noMessage")}</p>;
  return (
    <p class="bubble">
      {filled(text).map((piece, place) => (piece.isPlace ? <mark key={place}>{piece.text}</mark> : <span key={place}>{piece.text}</span>))}
    </p>
  );
}
