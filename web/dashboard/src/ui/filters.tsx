// Filters of lists; what they hold stands in the address, but for what is about a person.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n.ts";
import { narrow, parameter } from "../state/route.ts";

interface Props {
  name: string;
  label: string;
}

/** A text, which narrows the list as soon as one stops typing. */
export function Search({ name, label }: Props): JSX.Element {
  return <Typed name={name} label={label} value={parameter(name)} set={(text) => narrow({ [name]: text, cursor: "" })} />;
}

interface PrivateProps extends Props {
  value: string;
  set(text: string): void;
  /** Why the list is not narrowed by what stands there. */
  wrong?: string | undefined;
}

/** A text about a person, which stands in no address: those are kept and shared. */
export function PrivateSearch({ name, label, value, set, wrong }: PrivateProps): JSX.Element {
  const put = (text: string): void => {
    set(text);
    narrow({ cursor: "" });
  };
  return <Typed name={name} label={label} value={value} set={put} wrong={wrong} />;
}

function Typed({ name, label, value, set, wrong }: PrivateProps): JSX.Element {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current && document.activeElement !== input.current) input.current.value = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onInput = (event: { currentTarget: HTMLInputElement }): void => {
    const text = event.currentTarget.value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => set(text.trim()), 300);
  };
  return (
    <label class="field">
      <span>{label}</span>
      <input ref={input} type="search" name={name} defaultValue={value} maxLength={200} onInput={onInput} />
      {wrong && <small role="status">{wrong}</small>}
    </label>
  );
}

interface ChoiceProps extends Props {
  options: [string, string][];
  /** Left out where one has to be chosen. */
  any?: string | null;
}

export function Choice({ name, label, options, any = t("filter.any") }: ChoiceProps): JSX.Element {
  const asked = parameter(name);
  // Where one has to be, the first is chosen as long as none is.
  const isOne = any !== null || options.some(([value]) => value === asked);
  return (
    <label class="field">
      <span>{label}</span>
      <select name={name} value={isOne ? asked : options[0]?.[0]} onChange={(event) => narrow({ [name]: event.currentTarget.value, cursor: "" })}>
        {any !== null && <option value="">{any}</option>}
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
