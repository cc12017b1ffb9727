// Where one begins: how to call, what holds for every route, and the groups.

import type { JSX } from "preact";
import { Heading, Link, Panel } from "../ui/basics.tsx";
import { Code } from "./code.tsx";
import { Method } from "./contents.tsx";
import type { Reference } from "./document.ts";
import { Inline } from "./prose.tsx";
import { type DocsText, d } from "./texts.ts";

const RULES: [DocsText, DocsText][] = [
  ["rule.key", "rule.keyNote"],
  ["rule.json", "rule.jsonNote"],
  ["rule.problem", "rule.problemNote"],
  ["rule.idempotency", "rule.idempotencyNote"],
  ["rule.lists", "rule.listsNote"],
  ["rule.limits", "rule.limitsNote"],
];

export function Overview({ reference }: { reference: Reference }): JSX.Element {
  const begin = `export CAUCE_KEY=ck_live_…\ncurl ${location.origin}/api/queues \\\n  -H "Authorization: Bearer $CAUCE_KEY"`;
  return (
    <>
      <Heading title={d("title")} note={d("note", { version: reference.version })} />
      <Panel title={d("begin")}>
        <p>
          <Inline text={d("beginNote")} />
        </p>
        <Code label="curl" text={begin} />
        <p>
          <a href="/openapi.json" download="openapi.json">
            openapi.json
          </a>{" "}
          <span class="note">{d("fileNote")}</span>
        </p>
      </Panel>
      <Panel title={d("rules")}>
        <dl class="rules">
          {RULES.map(([name, text]) => (
            <div key={name}>
              <dt>{d(name)}</dt>
              <dd>
                <Inline text={d(text)} />
              </dd>
            </div>
          ))}
        </dl>
        <p>
          <Link to="/docs/errors">{d("errorsAll")}</Link>
        </p>
      </Panel>
      {reference.groups.map((group) => (
        <Panel key={group.name} title={group.name} class="group">
          {group.description && <p class="note" lang="en">{group.description}</p>}
          <ul class="routes">
            {group.operations.map((operation) => (
              <li key={operation.id}>
                <Method name={operation.method} />
                <Link to={`/docs/${operation.id}`}>{operation.path}</Link>
                <span class="note" lang="en">{operation.summary.replace(/\.$/, "")}</span>
              </li>
            ))}
          </ul>
        </Panel>
      ))}
    </>
  );
}
