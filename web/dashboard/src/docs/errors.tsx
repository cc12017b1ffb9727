// What each code of a problem means. The `type` of a problem leads here.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Heading, Panel } from "../ui/basics.tsx";
import type { Code, Reference } from "./document.ts";
import { Inline } from "./prose.tsx";
import { d, meaning } from "./texts.ts";

export function Errors({ reference }: { reference: Reference }): JSX.Element {
  // The browser looked for the place before it was there.
  useEffect(() => document.getElementById(location.hash.slice(1))?.scrollIntoView(), []);
  return (
    <>
      <Heading title={d("errors")} />
      <p>
        <Inline text={d("errorsNote")} />
      </p>
      <Panel>
        <dl class="codes">
          {reference.codes.map((code) => (
            <Meaning key={code.name} of={code} />
          ))}
        </dl>
      </Panel>
    </>
  );
}

function Meaning({ of: { name, status } }: { of: Code }): JSX.Element {
  return (
    <div id={name}>
      <dt>
        <a href={`#${name}`}>
          <code>{name}</code>
        </a>{" "}
        <span class="note num">{status}</span>
      </dt>
      <dd>
        <Inline text={meaning(name)} />
      </dd>
    </div>
  );
}
