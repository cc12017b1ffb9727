// What there is, in groups, narrowed by what is looked for.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Link } from "../ui/basics.tsx";
import { go, narrow, parameter, parts } from "../state/route.ts";
import type { Operation, Reference } from "./document.ts";
import { type Index, find } from "./find.ts";
import { d } from "./texts.ts";

export function Contents({ reference, index }: { reference: Reference; index: Index }): JSX.Element {
  const text = parameter("q");
  const found = find(index, text);
  return (
    <nav class="contents" aria-label={d("contents")}>
      <Search text={text} first={found[0]} />
      <p class="note" role="status">
        {text && (found.length > 0 ? d("found", { n: found.length }) : d("notFound"))}
      </p>
      {/* On a small screen the list is out of the way until it is wanted. */}
      <details class="fold" open={text !== "" || wide()}>
        <summary>{d("contents")}</summary>
        {text ? <List of={found} text={text} /> : <Groups reference={reference} />}
      </details>
    </nav>
  );
}

function wide(): boolean {
  return matchMedia("(min-width: 60rem)").matches;
}

function Search({ text, first }: { text: string; first: Operation | undefined }): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (first) go(to(first, text));
  };
  return (
    <form role="search" onSubmit={submit}>
      <label class="field">
        <span>{d("search")}</span>
        <input
          ref={input}
          type="search"
          name="q"
          value={text}
          maxLength={200}
          placeholder={d("searchHint")}
          autoComplete="off"
          spellcheck={false}
          onInput={(event) => narrow({ q: event.currentTarget.value.trimStart() })}
        />
      </label>
    </form>
  );
}

function Groups({ reference }: { reference: Reference }): JSX.Element {
  return (
    <>
      {reference.groups.map((group) => (
        <section key={group.name}>
          <h2>{group.name}</h2>
          <List of={group.operations} text="" />
        </section>
      ))}
    </>
  );
}

function List({ of, text }: { of: Operation[]; text: string }): JSX.Element {
  return (
    <ul>
      {of.map((operation) => (
        <li key={operation.id}>
          <Link to={to(operation, text)} current={parts.value[1] === operation.id}>
            <Method name={operation.method} />
            <span lang="en">{operation.summary.replace(/\.$/, "")}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** The address of an operation; what was looked for stays beside it. */
function to(operation: Operation, text: string): string {
  return `/docs/${operation.id}${text ? `?q=${encodeURIComponent(text)}` : ""}`;
}

export function Method({ name }: { name: string }): JSX.Element {
  return <span class={`method ${name.toLowerCase()}`}>{name === "DELETE" ? "DEL" : name}</span>;
}
