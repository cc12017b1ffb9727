// One operation: what it does, what it takes and answers, the call for curl, and a try.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Heading, Panel } from "../ui/basics.tsx";
import { Code } from "./code.tsx";
import { Method } from "./contents.tsx";
import { type Answer, type Content, type Operation, type Parameter, type Reference, type Schema, codesIn } from "./document.ts";
import { example } from "./example.ts";
import { Inline, Prose, Said } from "./prose.tsx";
import { type Filled, curl, place, prepared } from "./request.ts";
import { Fields, Limits, typeName } from "./schema.tsx";
import { d } from "./texts.ts";
import { Try } from "./try.tsx";

type Schemas = Record<string, Schema>;

export function OneOperation({ operation, reference }: { operation: Operation; reference: Reference }): JSX.Element {
  const { schemas } = reference;
  const [filled, fill] = useState<Filled>(() => begin(operation, schemas));
  return (
    <>
      <Heading title={operation.summary.replace(/\.$/, "")} />
      <p class="route">
        <Method name={operation.method} />
        <code>{operation.path}</code>
      </p>
      {operation.description && <Prose text={operation.description} />}
      <p class="note">
        <Inline text={access(operation)} />
      </p>
      <div class="operation">
        <div class="said">
          {operation.parameters.length > 0 && (
            <Panel title={d("parameters")}>
              <ul class="fields">
                {operation.parameters.map((parameter) => (
                  <li key={place(parameter)}>
                    <OneParameter parameter={parameter} />
                  </li>
                ))}
              </ul>
            </Panel>
          )}
          {operation.bodies.map((content) => (
            <Panel key={content.kind} title={d("body")} side={<code class="note">{content.kind}</code>}>
              <Fields schema={content.schema} schemas={schemas} />
            </Panel>
          ))}
          <Answers of={operation.answers} schemas={schemas} />
        </div>
        <div class="tried">
          <Panel title="curl">
            <Code label="curl" text={curl(operation, prepared(operation, filled), location.origin)} />
          </Panel>
          <Try operation={operation} filled={filled} fill={fill} />
        </div>
      </div>
    </>
  );
}

/** A call as it is before anybody has filled in anything. */
function begin(operation: Operation, schemas: Schemas): Filled {
  const [first] = operation.bodies;
  return { values: {}, kind: first?.kind ?? "", body: first ? written(first, schemas) : "" };
}

function written({ kind, schema }: Content, schemas: Schemas): string {
  const value = example(schema, schemas, "needed");
  if (kind.endsWith("json")) return JSON.stringify(value, null, 2);
  return typeof value === "string" && value !== "…" ? value : "";
}

function access({ scope, writeKey }: Operation): string {
  if (scope === undefined) return d("open");
  return d(writeKey ? "scopeOrWriteKey" : "scope", { scope });
}

function OneParameter({ parameter }: { parameter: Parameter }): JSX.Element {
  const { name, required, description, schema, example: given } = parameter;
  return (
    <>
      <p class="field-head">
        <code class="name">{name}</code>
        <span class="note">
          {typeName(schema)} · {d(`in.${parameter.in}`)}
        </span>
        {required && <span class="needed">{d("needed")}</span>}
      </p>
      {description && <Said text={description} />}
      <Limits schema={given === undefined ? schema : { ...schema, example: given }} />
    </>
  );
}

function Answers({ of, schemas }: { of: Answer[]; schemas: Schemas }): JSX.Element {
  const problems = of.filter(({ content }) => content.some(({ kind }) => kind === "application/problem+json"));
  const rest = of.filter((answer) => !problems.includes(answer));
  return (
    <>
      {rest.map((answer) => (
        <Panel key={answer.status} title={`${d("answer")} ${answer.status}`} side={<code class="note">{answer.content.map(({ kind }) => kind).join(", ")}</code>}>
          <Prose text={answer.description} />
          {answer.content.filter(({ kind }) => kind.endsWith("json")).map((content) => (
            <Described key={content.kind} content={content} schemas={schemas} />
          ))}
        </Panel>
      ))}
      {problems.length > 0 && (
        <Panel title={d("problems")}>
          <p>{d("problemsNote")}</p>
          <dl class="problems">
            {problems.map(({ status, description }) => (
              <div key={status}>
                <dt>{status}</dt>
                <dd>{codes(description)}</dd>
              </div>
            ))}
          </dl>
        </Panel>
      )}
    </>
  );
}

function Described({ content, schemas }: { content: Content; schemas: Schemas }): JSX.Element {
  return (
    <>
      <Fields schema={content.schema} schemas={schemas} />
      <details>
        <summary>{d("example")}</summary>
        <Code label={d("example")} text={JSON.stringify(example(content.schema, schemas, "all"), null, 2)} />
      </details>
    </>
  );
}

/** The codes that a problem of a status may have, each with what it means. */
function codes(description: string): JSX.Element {
  const names = codesIn(description);
  if (names === undefined) return <Inline text={description} />;
  return (
    <>
      {names.map((name) => (
        <a key={name} href={`/docs/errors#${name}`}>
          <code>{name}</code>
        </a>
      ))}
    </>
  );
}
