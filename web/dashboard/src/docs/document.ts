// The OpenAPI document as the reference reads it: operations in groups, schemas with their references.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  example?: unknown;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  required?: boolean;
  description?: string;
  example?: unknown;
  schema: Schema;
}

export interface Content {
  kind: string;
  schema: Schema;
}

export interface Answer {
  status: string;
  description: string;
  content: Content[];
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  group: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  bodies: Content[];
  bodyNeeded: boolean;
  answers: Answer[];
  /** The scope that a key needs; none where no key is asked for. */
  scope: string | undefined;
  /** Whether a public write key will do, too. */
  writeKey: boolean;
}

export interface Group {
  name: string;
  description: string;
  operations: Operation[];
}

/** A kind of problem, and the status that it is answered with. */
export interface Code {
  name: string;
  status: string;
}

export interface Reference {
  version: string;
  groups: Group[];
  schemas: Record<string, Schema>;
  codes: Code[];
}

interface Raw {
  $ref?: string;
  description?: string;
  content?: Record<string, { schema?: Schema }>;
  required?: boolean;
}

interface RawOperation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: Raw;
  responses: Record<string, Raw>;
  security?: Record<string, string[]>[];
}

export interface OpenApi {
  info: { version: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, RawOperation>>;
  components: { schemas: Record<string, Schema>; responses?: Record<string, Raw> };
}

/** Reads the document. A group that it does not describe comes last, under its name. */
export function read(document: OpenApi): Reference {
  const groups = new Map((document.tags ?? []).map(({ name, description }) => [name, { name, description: description ?? "", operations: [] as Operation[] }]));
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, raw] of Object.entries(item)) {
      const one = operation(method, path, raw, document);
      const group = groups.get(one.group) ?? { name: one.group, description: "", operations: [] };
      group.operations.push(one);
      groups.set(one.group, group);
    }
  }
  return {
    version: document.info.version,
    groups: [...groups.values()].filter((group) => group.operations.length > 0),
    schemas: document.components.schemas,
    codes: Object.entries(document.components.responses ?? {}).flatMap(([name, { description }]) =>
      (codesIn(description ?? "") ?? []).map((code) => ({ name: code, status: name.replace("Problem", "") })),
    ),
  };
}

/** The codes that the description of a problem lists; none where it is no such description. */
export function codesIn(description: string): string[] | undefined {
  return description.match(/^Problem with `code` (.+)\.$/)?.[1]?.split(", ");
}

/** Every operation, in the order of the groups. */
export function operations(reference: Reference): Operation[] {
  return reference.groups.flatMap((group) => group.operations);
}

/** The name that a reference ends in. */
export function nameOf(ref: string): string {
  return ref.split("/").at(-1) ?? ref;
}

/** What a reference stands for, under the description of the place that refers to it. */
export function resolved(schema: Schema, schemas: Record<string, Schema>): Schema {
  if (!schema.$ref) return schema;
  const target = schemas[nameOf(schema.$ref)] ?? {};
  const { $ref: _, ...here } = schema;
  return { ...target, ...here };
}

/** One object of all that has to hold together. */
export function merged(schema: Schema, schemas: Record<string, Schema>): Schema {
  const whole = resolved(schema, schemas);
  if (!whole.allOf) return whole;
  const { allOf, ...rest } = whole;
  return allOf.map((part) => merged(part, schemas)).reduce(
    (sum, part) => ({
      ...sum,
      type: "object",
      properties: { ...sum.properties, ...part.properties },
      required: [...(sum.required ?? []), ...(part.required ?? [])],
    }),
    rest,
  );
}

function operation(method: string, path: string, raw: RawOperation, document: OpenApi): Operation {
  const security = raw.security ?? [];
  const bearer = security.find((one) => one["bearer"]);
  return {
    id: raw.operationId,
    method: method.toUpperCase(),
    path,
    group: raw.tags?.[0] ?? "",
    summary: raw.summary ?? raw.operationId,
    description: raw.description ?? "",
    parameters: raw.parameters ?? [],
    bodies: contents(raw.requestBody),
    bodyNeeded: raw.requestBody?.required ?? false,
    answers: Object.entries(raw.responses).map(([status, answer]) => {
      const whole = answer.$ref ? (document.components.responses?.[nameOf(answer.$ref)] ?? {}) : answer;
      return { status, description: whole.description ?? "", content: contents(whole) };
    }),
    scope: bearer?.["bearer"]?.[0],
    writeKey: security.some((one) => one["writeKey"]),
  };
}

function contents(raw: Raw | undefined): Content[] {
  return Object.entries(raw?.content ?? {}).map(([kind, { schema }]) => ({ kind, schema: schema ?? {} }));
}
