// Small pieces that every page is made of.

import type { ComponentChildren, JSX } from "preact";
import { t } from "../i18n.ts";
import { go, path } from "../state/route.ts";

interface LinkProps {
  to: string;
  class?: string;
  current?: boolean;
  children: ComponentChildren;
}

/** A link within the dashboard; a real one, so that it opens in another tab when asked to. */
export function Link({ to, class: name, current, children }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
  // Whatever an answer says, a link leads to a page of this server.
  const href = /^\/(?![/\\])/.test(to) ? to : "/";
  const here = current ?? to.split("?")[0] === path.value;
  return (
    <a href={href} class={name} aria-current={here && current !== undefined ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}

export type Tone = "good" | "warn" | "bad" | "plain" | "busy";

/** A state in a word; its colour only repeats what the word says. */
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }): JSX.Element {
  return <span class={`badge ${tone}`}>{children}</span>;
}

interface PanelProps {
  id?: string;
  title?: string;
  side?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}

/** A part of a page, under its title. */
export function Panel({ id, title, side, children, class: name = "" }: PanelProps): JSX.Element {
  return (
    <section id={id} class={`panel ${name}`}>
      {(title || side) && (
        <div class="panel-head">
          {title && <h2>{title}</h2>}
          {side && <div class="side">{side}</div>}
        </div>
      )}
      {children}
    </section>
  );
}

interface FigureProps {
  label: string;
  value: string;
  note?: ComponentChildren;
  tone?: Tone;
  to?: string;
}

/** One figure, large, with what it is. */
export function Figure({ label, value, note, tone = "plain", to }: FigureProps): JSX.Element {
  return (
    <div class={`figure ${tone}`}>
      <dt>{to ? <Link to={to}>{label}</Link> : label}</dt>
      <dd>
        <strong>{value}</strong>
        {note && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

/** The head of a page. It takes the focus when the page is come to. */
export function Heading({ title, note, children }: { title: string; note?: string; children?: ComponentChildren }): JSX.Element {
  document.title = `${title} · Cauce`;
  return (
    <header class="heading">
      <div>
        <h1 id="title" tabIndex={-1}>
          {title}
        </h1>
        {note && <p class="note">{note}</p>}
      </div>
      {children && <div class="actions">{children}</div>}
    </header>
  );
}

/** Stands where an address leads to nothing. */
export function NoPage(): JSX.Element {
  return (
    <>
      <Heading title={t("state.noPage")} />
      <Empty title={t("state.noPageNote")} />
    </>
  );
}

export function Empty({ title, note }: { title: string; note?: string }): JSX.Element {
  return (
    <div class="empty">
      <p>{title}</p>
      {note && <p class="note">{note}</p>}
    </div>
  );
}

/** Stands where figures will be, as high as they. */
export function Skeleton({ rows = 4 }: { rows?: number }): JSX.Element {
  return (
    <div class="skeleton" role="status">
      <span class="hidden">{t("state.loading")}</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class="bone" />
      ))}
    </div>
  );
}

/** Names and what they stand for; those that stand for nothing are left out. */
export function Pairs({ of }: { of: [name: string, value: ComponentChildren][] }): JSX.Element {
  return (
    <dl class="pairs">
      {of.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

interface FieldProps {
  label: string;
  note?: string | undefined;
  /** What is wrong with what stands there. */
  wrong?: string | undefined;
  /** What stands there takes more room than a name does. */
  wide?: boolean;
  children: ComponentChildren;
}

export function Field({ label, note, wrong, wide = false, children }: FieldProps): JSX.Element {
  return (
    <label class={["field", wide && "wide", wrong && "faulty"].filter(Boolean).join(" ")}>
      <span>{label}</span>
      {children}
      {note && <small>{note}</small>}
      <Wrong text={wrong} />
    </label>
  );
}

/** What is wrong with what stands above. */
export function Wrong({ text }: { text: string | undefined }): JSX.Element | null {
  if (!text) return null;
  return (
    <small class="wrong" role="alert">
      {text}
    </small>
  );
}

/** How full something is. */
export function Meter({ label, value, max, text }: { label: string; value: number; max: number; text: string }): JSX.Element {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <span class="meter" title={text}>
      <meter aria-label={label} min={0} max={1} high={0.9} value={share}>
        {text}
      </meter>
      <span class="num">{text}</span>
    </span>
  );
}
