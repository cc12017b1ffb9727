// Schemas as a list of fields. What a field has inside opens on demand.

import type { JSX } from "preact";
import { Heading, Link, Panel } from "../ui/basics.tsx";
import { Code } from "./code.tsx";
import { type Reference, type Schema, merged, nameOf } from "./document.ts";
import { example } from "./example.ts";
import { Prose, Said } from "./prose.tsx";
import { d } from "./texts.ts";

type Schemas = Record<string, Schema>;

interface Props {
  schema: Schema;
  schemas: Schemas;
  /** The schemas that this one stands in: one that holds itself is not opened again. */
  within?: string[];
}

export function OneSchema({ name, reference }: { name: string; reference: Reference }): JSX.Element {
  const schema = { $ref: `#/components/schemas/${name}` };
  const { description } = merged(schema, reference.schemas);
  return (
    <>
      <Heading title={name} />
      {description && <Prose text={description} />}
      <Panel title={d("fields")}>
        <Fields schema={schema} schemas={reference.schemas} />
      </Panel>
      <Panel title={d("example")}>
        <Code label={d("example")} text={JSON.stringify(example(schema, reference.schemas, "all"), null, 2)} />
      </Panel>
    </>
  );
}

/** What a value has inside, or what it may be. */
export function Fields({ schema, schemas, within = [] }: Props): JSX.Element {
  const name = schema.$ref && nameOf(schema.$ref);
  if (name !== undefined && within.includes(name)) return <Link to={`/docs/schemas/${name}`}>{name}</Link>;
  const inner = name === undefined ? within : [...within, name];
  const whole = merged(schema, schemas);
  const several = choices(whole);
  if (several.length > 0) return <Choices of={several} schemas={schemas} within={inner} />;
  const element = elementOf(whole);
  if (element) return <Fields schema={element} schemas={schemas} within={inner} />;
  const fields = Object.entries(whole.properties ?? {});
  if (fields.length === 0) return <p class="note">{whole.type === "object" ? d("anyFields") : typeName(whole)}</p>;
  const needed = new Set(whole.required ?? []);
  return (
    <ul class="fields">
      {fields.map(([field, value]) => (
        <li key={field}>
          <Field name={field} schema={value} needed={needed.has(field)} schemas={schemas} within={inner} />
        </li>
      ))}
    </ul>
  );
}

interface FieldProps extends Props {
  name: string;
  needed: boolean;
}

function Field({ name, schema, needed, schemas, within = [] }: FieldProps): JSX.Element {
  const whole = merged(schema, schemas);
  return (
    <>
      <p class="field-head">
        <code class="name">{name}</code>
        <span class="note">{typeName(schema.$ref ? schema : whole)}</span>
        {needed && <span class="needed">{d("needed")}</span>}
      </p>
      {whole.description && <Said text={whole.description} />}
      <Limits schema={whole} />
      {hasInside(whole, schemas) && (
        <details>
          <summary>{d("inside")}</summary>
          <Fields schema={schema} schemas={schemas} within={within} />
        </details>
      )}
    </>
  );
}

function Choices({ of, schemas, within }: { of: Schema[]; schemas: Schemas; within: string[] }): JSX.Element {
  const only = of.length === 1 ? of[0] : undefined;
  if (only) return <Fields schema={only} schemas={schemas} within={within} />;
  return (
    <>
      <p class="note">{d("oneOf")}</p>
      <ul class="fields">
        {of.map((one, at) => (
          <li key={at}>
            <p class="field-head">
              <strong>{typeName(one)}</strong>
            </p>
            {one.description && <Said text={one.description} />}
            {hasInside(merged(one, schemas), schemas) && (
              <details>
                <summary>{d("inside")}</summary>
                <Fields schema={one} schemas={schemas} within={within} />
              </details>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What a value may not go beyond, and what it is where nothing is said. */
export function Limits({ schema }: { schema: Schema }): JSX.Element | null {
  const between = (least: unknown, most: unknown): string | undefined => {
    if (least === undefined && most === undefined) return undefined;
    if (least === undefined) return `≤ ${String(most)}`;
    return most === undefined ? `≥ ${String(least)}` : `${String(least)} – ${String(most)}`;
  };
  const facts: [string, string | undefined][] = [
    [d("values"), schema.enum?.map((value) => JSON.stringify(value)).join(", ")],
    [d("range"), between(schema.minimum, schema.maximum)],
    [d("length"), between(schema.minLength, schema.maxLength)],
    [d("items"), between(schema.minItems, schema.maxItems)],
    [d("default"), schema.default === undefined ? undefined : JSON.stringify(schema.default)],
    [d("example"), schema.example === undefined ? undefined : JSON.stringify(schema.example)],
  ];
  const said = facts.filter(([, value]) => value !== undefined);
  if (said.length === 0) return null;
  return (
    <p class="limits note">
      {said.map(([name, value]) => (
        <span key={name}>
          {name}: <code>{value}</code>
        </span>
      ))}
    </p>
  );
}

/** What a value is, in a word or two. */
export function typeName(schema: Schema): string {
  if (schema.$ref) return nameOf(schema.$ref);
  const several = choices(schema);
  if (several.length > 0) return several.map(typeName).join(" | ");
  const kinds = [schema.type].flat().filter((kind) => kind !== undefined);
  if (kinds.length === 0) return d("anything");
  return kinds.map((kind) => kindName(kind, schema)).join(" | ");
}

function kindName(kind: string, schema: Schema): string {
  if (kind === "array") return `[${typeName(schema.items ?? {})}]`;
  if (kind === "object" && typeof schema.additionalProperties === "object") return `{ … : ${typeName(schema.additionalProperties)} }`;
  return kind === "string" && schema.format ? schema.format : kind;
}

/** The schemas of which a value follows one, without the one that says that it may be null. */
function choices(schema: Schema): Schema[] {
  return (schema.oneOf ?? schema.anyOf ?? []).filter((one) => one.type !== "null");
}

/** What a list or a map holds. */
function elementOf(schema: Schema): Schema | undefined {
  return schema.items ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
}

function hasInside(whole: Schema, schemas: Schemas): boolean {
  if (whole.properties && Object.keys(whole.properties).length > 0) return true;
  const parts = [...choices(whole), ...(elementOf(whole) ? [elementOf(whole)!] : [])];
  return parts.some((part) => part.$ref !== undefined || hasInside(merged(part, schemas), schemas));
}
