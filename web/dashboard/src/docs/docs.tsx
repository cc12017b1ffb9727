// The frame of the reference: what there is on one side, what was chosen on the other.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { inWords } from "../api/words.ts";
import { Empty, Heading, Skeleton } from "../ui/basics.tsx";
import { useFocus } from "../ui/focus.ts";
import { Mark } from "../ui/mark.tsx";
import { Preferences } from "../ui/preferences.tsx";
import { parts, path } from "../state/route.ts";
import { Contents } from "./contents.tsx";
import { type Reference, operations } from "./document.ts";
import { Errors } from "./errors.tsx";
import type { Index } from "./find.ts";
import { OneOperation } from "./operation.tsx";
import { Overview } from "./overview.tsx";
import { OneSchema } from "./schema.tsx";
import { load, loaded, lookForSession } from "./state.ts";
import { d } from "./texts.ts";

export function Docs(): JSX.Element {
  useEffect(() => {
    void load();
    void lookForSession();
  }, []);
  const found = loaded.value;
  return (
    <div class="docs">
      <a class="skip" href="#main">
        {d("skip")}
      </a>
      <header class="docs-bar">
        <a href="/docs" class="brand">
          <Mark size={28} />
          Cauce <span class="note">API</span>
        </a>
        <Preferences />
        <a href="/">{d("toDashboard")}</a>
      </header>
      {found === undefined && <Waiting />}
      {found && "failure" in found && <Failed why={inWords(found.failure)} />}
      {found && "reference" in found && <Loaded {...found} />}
    </div>
  );
}

function Waiting(): JSX.Element {
  return (
    <main id="main" tabIndex={-1}>
      <h1 class="hidden">{d("title")}</h1>
      <Skeleton rows={6} />
    </main>
  );
}

function Failed({ why }: { why: string }): JSX.Element {
  return (
    <main id="main" tabIndex={-1}>
      <Heading title={d("title")} />
      <div class="failed" role="alert">
        <p>{d("noDocument")}</p>
        <p class="note">{why}</p>
        <button type="button" onClick={() => void load()}>
          {d("again")}
        </button>
      </div>
    </main>
  );
}

function Loaded({ reference, index }: { reference: Reference; index: Index }): JSX.Element {
  useFocus();
  return (
    <div class="docs-body">
      <Contents reference={reference} index={index} />
      <main id="main" tabIndex={-1}>
        <Page key={path.value} reference={reference} />
      </main>
    </div>
  );
}

function Page({ reference }: { reference: Reference }): JSX.Element {
  const [, first, second, third] = parts.value;
  if (first === undefined) return <Overview reference={reference} />;
  if (first === "errors" && second === undefined) return <Errors reference={reference} />;
  if (first === "schemas" && second !== undefined && third === undefined && Object.hasOwn(reference.schemas, second)) {
    return <OneSchema name={second} reference={reference} />;
  }
  const operation = operations(reference).find(({ id }) => id === first);
  if (operation && second === undefined) return <OneOperation operation={operation} reference={reference} />;
  return (
    <>
      <Heading title={d("nowhere")} />
      <Empty title={d("nowhereNote")} />
    </>
  );
}
