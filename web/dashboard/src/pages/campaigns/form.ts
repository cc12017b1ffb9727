// What stands in the form of a campaign, and what becomes of it: pure, so that it can be tested.

import type { Campaign, CampaignBody, CampaignVariant } from "../../api/schema.ts";

/** One thing to say. */
export interface Content {
  kind: "text" | "template";
  text: string;
  /** Twilio's id of a template. */
  contentSid: string;
  /** WhatsApp's name of one, and its language. */
  name: string;
  language: string;
  /** What stands in its places, in order: one a line. */
  values: string;
  /** A template that is more than that, as JSON; empty for others. */
  json: string;
}

export interface Variant extends Content {
  title: string;
  weight: string;
}

export interface Form {
  name: string;
  /** `tenant/account`. */
  sender: string;
  isSplit: boolean;
  /** The first is what everybody is told, unless there are several. */
  variants: Variant[];
  tags: string[];
  isTimed: boolean;
  /** As an input of the kind `datetime-local` has it. */
  at: string;
  late: string;
  hasWindow: boolean;
  from: string;
  to: string;
  zone: string;
  priority: string;
  cost: string;
  currency: string;
}

/** So many things to say can be compared. */
export const MAX_VARIANTS = 10;
const NO_CONTENT: Content = { kind: "text", text: "", contentSid: "", name: "", language: "", values: "", json: "" };

export function newVariant(title: string): Variant {
  return { ...NO_CONTENT, title, weight: "1" };
}

export function blank(): Form {
  return {
    name: "",
    sender: "",
    isSplit: false,
    variants: [newVariant("A")],
    tags: [],
    isTimed: false,
    at: "",
    late: "",
    hasWindow: false,
    from: "09:00",
    to: "21:00",
    zone: "",
    priority: "normal",
    cost: "",
    currency: "",
  };
}

/** A campaign as the form shows it. */
export function formOf(campaign: Campaign): Form {
  const variants = campaign.variants ?? [];
  const { sendWindow: hours } = campaign;
  return {
    ...blank(),
    name: campaign.name,
    sender: `${campaign.tenant}/${campaign.sender}`,
    isSplit: variants.length > 0,
    variants:
      variants.length > 0
        ? variants.map((one) => ({ ...contentOf(one.message, one.template), title: one.name, weight: String(one.weight ?? 1) }))
        : [{ ...contentOf(campaign.message, campaign.template), title: "A", weight: "1" }],
    tags: campaign.tags,
    isTimed: campaign.scheduledAt != null,
    at: localOf(new Date(campaign.scheduledAt ?? NaN)),
    late: campaign.late ?? "",
    ...(hours && { hasWindow: true, from: hours.from, to: hours.to, zone: hours.timeZone ?? "" }),
    priority: campaign.priority,
    cost: campaign.cost == null ? "" : String(campaign.cost),
    currency: campaign.currency ?? "",
  };
}

/** The call that makes a campaign, or changes one: there, `null` takes away what is not meant any more. */
export function bodyOf(form: Form, isNew: boolean, isOfAll: boolean): CampaignBody {
  const [tenant = "", sender = ""] = split(form.sender);
  const gone = isNew ? {} : { scheduledAt: null, sendWindow: null, late: null, cost: null, currency: null };
  const contents = form.isSplit
    ? { variants: form.variants.map(variantBody) }
    : { ...(!isNew && { message: null, template: null, variants: [] }), ...contentBody(form.variants[0]!) };
  return {
    ...gone,
    ...(isNew && isOfAll && { tenant }),
    name: form.name.trim(),
    sender,
    ...contents,
    audience: { tags: form.tags },
    priority: form.priority,
    ...(form.isTimed && form.at && { scheduledAt: new Date(form.at).toISOString() }),
    ...(form.isTimed && form.late && { late: form.late }),
    ...(form.hasWindow && { sendWindow: { from: form.from, to: form.to, ...(form.zone && { timeZone: form.zone }) } }),
    ...(form.cost && { cost: Number(form.cost) }),
    ...(form.currency && { currency: form.currency.toUpperCase() }),
  };
}

/** What a text or a template is in the form. */
export function contentOf(text: string | null | undefined, template: Record<string, unknown> | null | undefined): Content {
  if (!template) return { ...NO_CONTENT, text: text ?? "" };
  const known = { ...NO_CONTENT, kind: "template" as const, contentSid: textOf(template, "contentSid"), name: textOf(template, "name"), language: textOf(template, "language") };
  const values = valuesOf(template);
  return values === null ? { ...known, json: JSON.stringify(template, null, 2) } : { ...known, values: values.join("\n") };
}

function textOf(of: Record<string, unknown>, name: string): string {
  const value = of[name];
  return typeof value === "string" ? value : "";
}

/** What stands in the places of a template; nothing where it is more than a list of texts. */
function valuesOf({ variables, components }: Record<string, unknown>): string[] | null {
  if (variables && components) return null;
  if (variables) {
    const pairs = Object.entries(variables).map(([place, value]) => [Number(place), String(value)] as const);
    pairs.sort(([a], [b]) => a - b);
    return pairs.every(([place, value], index) => place === index + 1 && !value.includes("\n")) ? pairs.map(([, value]) => value) : null;
  }
  if (!components) return [];
  if (!Array.isArray(components) || components.length !== 1) return null;
  const [only] = components as { type?: unknown; parameters?: unknown }[];
  if (only?.type !== "body" || !Array.isArray(only.parameters)) return null;
  const texts = (only.parameters as { type?: unknown; text?: unknown }[]).map((one) => (one.type === "text" && typeof one.text === "string" ? one.text : null));
  return texts.some((one) => one === null || one.includes("\n")) ? null : (texts as string[]);
}

function contentBody(content: Content): Pick<CampaignVariant, "message" | "template"> {
  if (content.kind === "text") return content.text.trim() ? { message: content.text } : {};
  if (content.json) return { template: JSON.parse(content.json) as Record<string, unknown> };
  const values = content.values.split("\n").map((line) => line.trim());
  while (values.at(-1) === "") values.pop();
  if (content.contentSid) {
    const variables = Object.fromEntries(values.map((value, index) => [String(index + 1), value]));
    return { template: { contentSid: content.contentSid, ...(values.length > 0 && { variables }) } };
  }
  const parameters = values.map((text) => ({ type: "text", text }));
  const components = [{ type: "body", parameters }];
  return { template: { name: content.name, language: content.language, ...(values.length > 0 && { components }) } };
}

function variantBody(variant: Variant): CampaignVariant {
  return { name: variant.title.trim(), weight: Number(variant.weight) || 1, ...contentBody(variant) };
}

/** Names of tenants have no slash. */
function split(sender: string): string[] {
  const at = sender.indexOf("/");
  return at < 0 ? [] : [sender.slice(0, at), sender.slice(at + 1)];
}

/** A moment as an input of the kind `datetime-local` has it, in the zone of the browser; empty for none. */
export function localOf(at: Date): string {
  if (Number.isNaN(at.getTime())) return "";
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** A text in pieces: its places, and what stands between. */
export function filled(text: string): { text: string; isPlace: boolean }[] {
  return text
    .split(/(\{\{[^{}]*\}\})/)
    .filter(Boolean)
    .map((piece) => ({ text: piece, isPlace: piece.startsWith("{{") && piece.endsWith("}}") }));
}

type Gap = "name" | "sender" | "at" | "json";

/** What is missing before it can be saved, by field. */
export function missing(form: Form): Set<Gap> {
  const faults = new Set<Gap>();
  if (!form.name.trim()) faults.add("name");
  if (!form.sender) faults.add("sender");
  if (form.isTimed && !(Date.parse(form.at) > Date.now())) faults.add("at");
  const said = form.isSplit ? form.variants : form.variants.slice(0, 1);
  if (said.some(isBroken)) faults.add("json");
  return faults;
}

/** Whether it is a template whose JSON is none. */
export function isBroken({ kind, json }: Content): boolean {
  return kind === "template" && json !== "" && !isObject(json);
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
