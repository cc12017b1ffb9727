// The figures that the stream has told, by name: pure, so that it can be tested.

import type { StreamCampaign, StreamQueue } from "../api/schema.ts";

export interface Board {
  /** In the order of their names, as lists of the API have them. */
  queues: StreamQueue[];
  campaigns: ReadonlyMap<string, StreamCampaign>;
}

export const EMPTY: Board = { queues: [], campaigns: new Map() };

export interface Told {
  kind: string;
  data: unknown;
}

type Gone = { name: string; gone: true };

/** The board after some news. A snapshot takes the place of all that was there before. */
export function after(board: Board, news: Told[]): Board {
  let queues = new Map<string, StreamQueue>(board.queues.map((queue) => [queue.name, queue]));
  let campaigns = new Map(board.campaigns);
  for (const { kind, data } of news) {
    if (kind === "snapshot") {
      [queues, campaigns] = [new Map(), new Map()];
    } else if (kind === "queue") {
      const queue = data as StreamQueue | Gone;
      if ("gone" in queue) queues.delete(queue.name);
      else queues.set(queue.name, queue);
    } else if (kind === "campaign") {
      const campaign = data as StreamCampaign;
      campaigns.set(campaign.campaignId, campaign);
    }
  }
  const names = [...queues.keys()].sort((a, b) => (a < b ? -1 : 1));
  return { queues: names.map((name) => queues.get(name)!), campaigns };
}
