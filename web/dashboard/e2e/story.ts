// What an application may have to tell of the last four weeks. The same each time, but for when it is.

const HOUR_MS = 3_600_000;
const HOURS = 4 * 168;

type Event = Record<string, unknown>;

export function story(now: number): Event[] {
  const last = Math.floor(now / HOUR_MS) - 1;
  const hours = Array.from({ length: HOURS }, (_, back) => last - back);
  return [...hours.flatMap((hour, back) => talk(hour * HOUR_MS, back)), ...campaign(now)];
}

/** The people who write in an hour: more in the afternoon, fewer on days off, and once far more. */
function talk(at: number, back: number): Event[] {
  const [hour, day] = [new Date(at).getUTCHours(), new Date(at).getUTCDay()];
  const usual = hour < 7 || hour > 20 ? 0 : Math.ceil((3 + 4 * Math.sin(((hour - 7) / 14) * Math.PI)) * (day % 6 === 0 ? 0.4 : 1));
  // Whatever hour it is now: one is unusual at night, too, and the past begins with somebody.
  const count = back === 26 ? usual + 40 : back === HOURS - 1 ? Math.max(1, usual) : usual;
  const apart = Math.floor((50 * 60_000) / Math.max(1, count));
  return Array.from({ length: count }, (_, n) => person(at + n * apart, back * 40 + n)).flat();
}

/** Somebody writes, is answered, and perhaps buys. */
function person(at: number, n: number): Event[] {
  const who = { phone: `+34611${String(100_000 + (n % 90_000))}`, channel: n % 4 === 0 ? "instagram" : "whatsapp" };
  const seconds = (after: number): string => new Date(at + after * 1_000).toISOString();
  const answered = 15 + 41 * (n % 13) + (n % 17 === 0 ? 1_500 : 0);
  const events: Event[] = [{ ...who, type: "messageReceived", messageType: n % 9 === 0 ? "media" : "text", at: seconds(0) }];
  if (n % 23 === 0) return [...events, { ...who, type: "messageFailed", error: n % 2 ? "131026" : "131047", at: seconds(answered) }];
  events.push({ ...who, type: "messageSent", messageType: n % 6 === 0 ? "template" : "text", at: seconds(answered) });
  if (n % 50 !== 0) events.push({ ...who, type: "messageDelivered", at: seconds(answered + 2) });
  if (n % 3 !== 0) events.push({ ...who, type: "messageRead", at: seconds(answered + 30) });
  if (n % 11 === 0) events.push({ ...who, type: "handoff", at: seconds(answered + 40) });
  const steps = ["lead", "qualified_lead", "appointment"].slice(0, [0, 1, 1, 2, 0, 3, 0, 1, 2, 3][n % 10]);
  events.push(...steps.map((kind, step) => ({ ...who, type: "conversion", kind, at: seconds(answered + 60 * (step + 1)) })));
  if (n % 30 === 5) events.push({ ...who, type: "conversion", kind: "sale", value: `${40 + (n % 70)}.${String(n % 100).padStart(2, "0")}`, currency: n % 60 === 5 ? "EUR" : "USD", at: seconds(answered + 400) });
  if (n % 2 === 0) events.push({ ...who, type: "conversationEnded", endedBy: ["agent", "bot", "user"][n % 3], at: seconds(answered + 500) });
  return events;
}

/** A campaign of another program. One of its texts is read more often, without doubt. */
function campaign(now: number): Event[] {
  const at = (minutes: number): string => new Date(now - 3 * 24 * HOUR_MS + minutes * 60_000).toISOString();
  const each = Array.from({ length: 240 }, (_, n) => {
    const of = { phone: `+34622${String(100_000 + n)}`, campaignId: "autumn-letter", variant: n % 2 ? "Question" : "Offer" };
    const events: Event[] = [{ ...of, type: "messageSent", messageType: "template", at: at(0) }];
    if (n % 25 !== 0) events.push({ ...of, type: "messageDelivered", at: at(1) });
    if (n % 25 !== 0 && n % 10 < (n % 2 ? 8 : 5)) events.push({ ...of, type: "messageRead", at: at(20) });
    if (n % 24 === 1) events.push({ ...of, type: "conversion", kind: "sale", value: "89.90", currency: "EUR", at: at(90) });
    return events;
  });
  return [...each.flat(), { type: "campaign", campaignId: "autumn-letter", cost: "42.75", currency: "EUR", at: at(0) }];
}
