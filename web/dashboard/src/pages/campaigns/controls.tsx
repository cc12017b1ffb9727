// What can be done with a campaign. What cannot be taken back is asked about first; what can be, can
// be undone.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../../api/client.ts";
import type { Campaign, CampaignStarted } from "../../api/schema.ts";
import { inWords } from "../../api/words.ts";
import { duration } from "../../format.ts";
import { counted, t } from "../../i18n.ts";
import { refresh } from "../../state/poll.ts";
import { go } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { Link } from "../../ui/basics.tsx";
import { Ask } from "../../ui/dialog.tsx";
import { done, say } from "../../ui/toasts.tsx";
import { isOpen, isUnderWay } from "./figures.ts";

type Question = "start" | "pause" | "stop" | "delete";

export function Controls({ campaign }: { campaign: Campaign }): JSX.Element | null {
  // The question is about the campaign as it was when it was asked.
  const [asked, ask] = useState<[Question, Campaign] | null>(null);
  if (!may("send")) return null;
  const path = `/api/campaigns/${encodeURIComponent(campaign.id)}`;
  const order = (what: string): Promise<unknown> => call(`${path}/${what}`, { method: "POST", body: {} });
  const { name, status } = campaign;
  const resume = async (): Promise<void> => {
    try {
      await done(t("campaign.resumed", { name }), () => order("queue-resume"), () => order("queue-pause"));
    } catch (error) {
      say(inWords(error), { bad: true });
      refresh();
    }
  };
  const button = (what: Question, kind = ""): JSX.Element => (
    <button type="button" class={kind} onClick={() => ask([what, campaign])}>
      {t(`campaign.do.${what}`)}
    </button>
  );
  return (
    <>
      <Link to={`/campaigns/new?from=${encodeURIComponent(campaign.id)}`} class="button">
        {t("campaign.copy")}
      </Link>
      {isOpen(status) && (
        <>
          <Link to={`/campaigns/${encodeURIComponent(campaign.id)}/edit`} class="button">
            {t("campaign.edit")}
          </Link>
          {button("delete", "danger-quiet")}
          {button("start", "primary")}
        </>
      )}
      {isUnderWay(status) && (
        <>
          {button("stop", "danger-quiet")}
          {status === "paused" ? (
            <button type="button" class="primary" onClick={() => void resume()}>
              {t("campaign.do.resume")}
            </button>
          ) : (
            button("pause", "primary")
          )}
        </>
      )}
      {asked && <Question what={asked[0]} campaign={asked[1]} path={path} order={order} onClose={() => ask(null)} />}
    </>
  );
}

interface QuestionProps {
  what: Question;
  campaign: Campaign;
  path: string;
  order(what: string): Promise<unknown>;
  onClose(): void;
}

function Question({ what, campaign, path, order, onClose }: QuestionProps): JSX.Element {
  const { name } = campaign;
  const run = async (): Promise<void> => {
    if (what === "start") {
      const { estimatedTime } = (await order("start")) as CampaignStarted;
      await done(t("campaign.started", { name, time: duration(estimatedTime) }), async () => undefined);
    } else if (what === "pause") {
      await done(t("campaign.paused", { name }), () => order("queue-pause"), () => order("queue-resume"));
    } else if (what === "stop") {
      await done(t("campaign.stopped", { name }), () => order("queue-stop"));
    } else {
      await done(t("campaign.deleted", { name }), () => call(path, { method: "DELETE" }));
      go("/campaigns");
    }
    onClose();
  };
  return (
    <Ask
      title={t(`campaign.ask.${what}`, { name })}
      confirm={t(`campaign.do.${what}`)}
      danger={what === "stop" || what === "delete"}
      onClose={onClose}
      run={run}
    >
      <p>{counted(`campaign.note.${what}`, campaign.estimatedContacts ?? 0, { sender: campaign.sender })}</p>
    </Ask>
  );
}
