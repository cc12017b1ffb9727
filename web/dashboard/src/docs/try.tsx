// Tries a call on this server, with the session of the dashboard or a key that is pasted here.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Badge, Field, Panel } from "../ui/basics.tsx";
import { Code } from "./code.tsx";
import type { Operation, Parameter } from "./document.ts";
import { type Filled, fault, keyHeader, missing, place, prepared } from "./request.ts";
import { type Answered, MAX_SHOWN_CHARS, pretty, send } from "./send.ts";
import { pasted, session, shows } from "./state.ts";
import { d } from "./texts.ts";

interface Props {
  operation: Operation;
  filled: Filled;
  fill(filled: Filled): void;
}

export function Try({ operation, filled, fill }: Props): JSX.Element {
  const [answered, setAnswered] = useState<Answered>();
  const [wrong, setWrong] = useState("");
  const running = useRef<AbortController>(undefined);
  const [busy, setBusy] = useState(false);
  useEffect(() => () => running.current?.abort(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const why = refusal(operation, filled);
    setWrong(why);
    if (why) return;
    setAnswered(undefined);
    setBusy(true);
    const stop = new AbortController();
    running.current = stop;
    const key = shows.value === "key" && pasted.value.trim() ? keyHeader(pasted.value.trim()) : undefined;
    try {
      await send(prepared(operation, filled), key, shows.value === "session", stop.signal, setAnswered);
    } catch {
      if (!stop.signal.aborted) setWrong(d("unreachable"));
    }
    setBusy(false);
  };
  return (
    <Panel title={d("try")} class="try">
      <form onSubmit={(event) => void submit(event)}>
        {operation.scope !== undefined && <Shown />}
        <Inputs operation={operation} filled={filled} fill={fill} />
        {operation.method !== "GET" && <p class="careful">{d("careful")}</p>}
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <div class="buttons">
          {busy && (
            <button type="button" onClick={() => running.current?.abort()}>
              {d("stop")}
            </button>
          )}
          <button type="submit" class="primary" disabled={busy}>
            {d("send")}
          </button>
        </div>
      </form>
      {/* The status is told, and not all that came with it. */}
      <p class="hidden" role="status">
        {answered && `${answered.status} ${answered.statusText}. ${answered.done ? d("took", { ms: Math.round(answered.tookMs) }) : d("flows")}`}
      </p>
      {answered && <Result of={answered} />}
    </Panel>
  );
}

/** Why a call is not sent. */
function refusal(operation: Operation, filled: Filled): string {
  const [first] = missing(operation, filled.values);
  if (first !== undefined) return d("fillIn", { name: first.split(":")[1] ?? first });
  if (operation.bodyNeeded && !filled.body.trim()) return d("fillIn", { name: d("body") });
  const why = fault(filled.kind, filled.body);
  return why === undefined ? "" : d("noJson", { why });
}

/** With what the call is made. */
function Shown(): JSX.Element {
  const { value } = session;
  return (
    <fieldset class="shown">
      <legend>{d("with")}</legend>
      {value && (
        <label>
          <input type="radio" name="with" checked={shows.value === "session"} onChange={() => (shows.value = "session")} />
          {d("withSession", { name: value.name })}
        </label>
      )}
      <label>
        <input type="radio" name="with" checked={shows.value === "key"} onChange={() => (shows.value = "key")} />
        {d("withKey")}
      </label>
      <label>
        <input type="radio" name="with" checked={shows.value === "nothing"} onChange={() => (shows.value = "nothing")} />
        {d("withNothing")}
      </label>
      {shows.value === "key" && (
        <Field label={d("key")} note={d("keyNote")}>
          <input
            type="password"
            autoComplete="off"
            spellcheck={false}
            placeholder="ck_live_…"
            value={pasted.value}
            onInput={(event) => (pasted.value = event.currentTarget.value)}
          />
        </Field>
      )}
    </fieldset>
  );
}

function Inputs({ operation, filled, fill }: Props): JSX.Element {
  const set = (name: string, value: string): void => fill({ ...filled, values: { ...filled.values, [name]: value } });
  return (
    <>
      {operation.parameters.map((parameter) => (
        <Field key={place(parameter)} label={parameter.name}>
          <Input parameter={parameter} value={filled.values[place(parameter)] ?? ""} set={(value) => set(place(parameter), value)} />
        </Field>
      ))}
      {operation.bodies.length > 0 && (
        <Field label={`${d("body")} (${filled.kind})`}>
          <textarea
            class="mono"
            rows={Math.min(18, filled.body.split("\n").length + 1)}
            spellcheck={false}
            value={filled.body}
            onInput={(event) => fill({ ...filled, body: event.currentTarget.value })}
          />
        </Field>
      )}
    </>
  );
}

function Input({ parameter, value, set }: { parameter: Parameter; value: string; set(value: string): void }): JSX.Element {
  const { schema, example } = parameter;
  if (schema.enum) {
    return (
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">{d("none")}</option>
        {schema.enum.map((one) => (
          <option key={String(one)}>{String(one)}</option>
        ))}
      </select>
    );
  }
  const hint = example ?? schema.example;
  return (
    <input
      type="text"
      autoComplete="off"
      spellcheck={false}
      placeholder={hint === undefined ? undefined : String(hint)}
      value={value}
      onInput={(event) => set(event.currentTarget.value)}
    />
  );
}

function Result({ of }: { of: Answered }): JSX.Element {
  const tone = of.status < 300 ? "good" : of.status < 500 ? "warn" : "bad";
  return (
    <div class="result">
      <p class="field-head">
        <Badge tone={tone}>{`${of.status} ${of.statusText}`.trim()}</Badge>
        <span class="note num">{of.done ? d("took", { ms: Math.round(of.tookMs) }) : d("flows")}</span>
      </p>
      {of.text ? <Code label={d("answer")} text={of.done ? pretty(of) : of.text} /> : of.done && <p class="note">{d("empty")}</p>}
      {of.cut && <p class="note">{d("cut", { n: MAX_SHOWN_CHARS })}</p>}
      <details>
        <summary>{d("headers")}</summary>
        <pre class="payload" tabIndex={0} role="region" aria-label={d("headers")}>
          {of.headers.map(([name, value]) => `${name}: ${value}`).join("\n")}
        </pre>
      </details>
    </div>
  );
}
