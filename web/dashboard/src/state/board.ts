// The figures that the stream has told, by name: pure, so that it can be tested.

import type { Alert, StreamCampaign, StreamQueue } from "../api/schema.ts";

export interface Board {
  /** In the order of their names, as lists of the API have them. */
  queues: StreamQueue[];
  /** Those that are under way. What changes of one that has ended, by callbacks that come late, is not told. */
  campaigns: ReadonlyMap<string, StreamCampaign>;
  /** Those that fire, the newest first. */
  alerts: Alert[];
}

export const EMPTY: Board = { queues: [], campaigns: new Map(), alerts: [] };
const ENDED = ["completed", "stopped", "failed"];

export interface Told {
  kind: string;
  data: unknown;
}

type Gone = { name: string; gone: true };

/** The board after some news. A snapshot takes the place of all that was there before. */
export function after(board: Board, news: Told[]): Board {
  let queues = new Map<string, StreamQueue>(board.queues.map((queue) => [queue.name, queue]));
  let campaigns = new Map(board.campaigns);
  let alerts = new Map<string, Alert>(board.alerts.map((alert) => [alert.id, alert]));
  for (const { kind, data } of news) {
    if (kind === "snapshot") {
      [queues, campaigns, alerts] = [new Map(), new Map(), new Map()];
    } else if (kind === "queue") {
      const queue = data as StreamQueue | Gone;
      if ("gone" in queue) queues.delete(queue.name);
      else queues.set(queue.name, queue);
    } else if (kind === "campaign") {
      const campaign = data as StreamCampaign;
      if (ENDED.includes(campaign.status)) campaigns.delete(campaign.campaignId);
      else campaigns.set(campaign.campaignId, campaign);
    } else if (kind === "alert") {
      const alert = data as Alert;
      if (alert.state === "firing") alerts.set(alert.id, alert);
      else alerts.delete(alert.id);
    }
  }
  return {
    queues: [...queues.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    campaigns,
    alerts: [...alerts.values()].sort((a, b) => Date.parse(b.since) - Date.parse(a.since)),
  };
}
