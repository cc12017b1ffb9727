// Makes src/api/schema.ts from openapi.json: one type for each schema of the API.
//
// Own lines and not a package: the document uses a small part of JSON Schema, and a part that is not
// known here ends the build instead of becoming `any`.

import { readFileSync, writeFileSync } from "node:fs";

const FROM = new URL("../../../openapi.json", import.meta.url);
const TO = new URL("../src/api/schema.ts", import.meta.url);

const { components } = JSON.parse(readFileSync(FROM, "utf8"));
const types = Object.entries(components.schemas).map(
  ([name, schema]) => `${comment(schema)}export type ${name} = ${typeOf(schema, name)};\n`,
);
const text = `// Made from openapi.json by scripts/types.js.\n\n${types.join("\n")}`;
if (readIfThere(TO) !== text) writeFileSync(TO, text);

function typeOf(schema, where) {
  if (schema === true || Object.keys(schema).every((key) => ["description", "example"].includes(key))) return "unknown";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  const several = schema.oneOf ?? schema.anyOf;
  if (several) return several.map((one) => typeOf(one, where)).join(" | ");
  if (schema.allOf) return schema.allOf.map((one) => typeOf(one, where)).join(" & ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const kinds = [schema.type].flat();
  return kinds.map((kind) => plain(kind, schema, where)).join(" | ");
}

function plain(kind, schema, where) {
  switch (kind) {
    case "string":
    case "boolean":
    case "null":
      return kind;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `Array<${typeOf(schema.items ?? true, where)}>`;
    case "object":
      return object(schema, where);
    default:
      throw new Error(`${where}: no type for ${JSON.stringify(schema)}`);
  }
}

function object(schema, where) {
  if (!schema.properties) return `Record<string, ${typeOf(schema.additionalProperties || true, where)}>`;
  const needed = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(
    ([name, field]) => `${comment(field)}${JSON.stringify(name)}${needed.has(name) ? "" : "?"}: ${typeOf(field, where)};`,
  );
  return `{\n${fields.join("\n")}\n}`;
}

function comment(schema) {
  const text = schema.description?.replace(/\s+/g, " ").replaceAll("*/", "* /");
  return text ? `/** ${text} */\n` : "";
}

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
