// Examples made from schemas: what they give as one, and else a value of their kind.

import { type Schema, merged, nameOf } from "./document.ts";

type Schemas = Record<string, Schema>;

export type Extent = "all" | "needed";

/**
 * An example of a schema. With `needed` it has of an object what it must have and what comes with an
 * example, so that it can be sent as it is.
 */
export function example(schema: Schema, schemas: Schemas, extent: Extent, within: string[] = []): unknown {
  if (schema.example !== undefined) return schema.example;
  const name = schema.$ref && nameOf(schema.$ref);
  if (name !== undefined && within.includes(name)) return {};
  const inner = name === undefined ? within : [...within, name];
  const whole = merged(schema, schemas);
  if (whole.example !== undefined) return whole.example;
  const several = whole.oneOf ?? whole.anyOf;
  if (several) return example(several.find((one) => one.type !== "null") ?? {}, schemas, extent, inner);
  if (whole.default !== undefined && whole.default !== null) return whole.default;
  if (whole.enum) return whole.enum[0];
  return plain(whole, schemas, extent, inner);
}

function plain(schema: Schema, schemas: Schemas, extent: Extent, within: string[]): unknown {
  const kinds = [schema.type].flat();
  switch (kinds.find((kind) => kind !== "null")) {
    case "string":
      return text(schema.format);
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "boolean":
      return true;
    case "array":
      return [example(schema.items ?? {}, schemas, extent, within)];
    default:
      return object(schema, schemas, extent, within);
  }
}

function object(schema: Schema, schemas: Schemas, extent: Extent, within: string[]): Record<string, unknown> {
  const needed = new Set(schema.required ?? []);
  const kept = Object.entries(schema.properties ?? {}).filter(
    ([name, field]) => extent === "all" || needed.has(name) || field.example !== undefined,
  );
  const made = kept.map(([name, field]) => [name, example(field, schemas, extent, within)] as const);
  const more = schema.additionalProperties;
  const any = typeof more === "object" && made.length === 0 && extent === "all";
  return Object.fromEntries(any ? [["name", example(more, schemas, extent, within)]] : made);
}

function text(format: string | undefined): string {
  switch (format) {
    case "date-time":
      return "2026-01-31T09:00:00.000Z";
    case "date":
      return "2026-01-31";
    case "uuid":
      return "3f2b8c1e-5d4a-4f6b-9c8d-000000000001";
    case "uri":
      return "https://example.com/";
    case "email":
      return "ana@example.com";
    default:
      return "…";
  }
}
