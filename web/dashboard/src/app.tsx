// The frame around every page: who is signed in, where one can go, whether the server is there.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Text, t } from "./i18n.ts";
import { Overview } from "./pages/overview.tsx";
import { QueueList } from "./pages/queues.tsx";
import { OneQueue } from "./pages/queue.tsx";
import { DeadLetters } from "./pages/dead.tsx";
import { Pixels } from "./pages/pixels.tsx";
import { Tracking } from "./pages/tracking.tsx";
import { Sessions } from "./pages/sessions.tsx";
import { Settings } from "./pages/settings.tsx";
import { SignIn } from "./pages/sign_in.tsx";
import { type Language, type Theme, language, theme } from "./state/preferences.ts";
import { parts, path } from "./state/route.ts";
import { connection, lookWho, signOut, who } from "./state/session.ts";
import { Empty, Heading, Link, Skeleton } from "./ui/basics.tsx";
import { Toasts, say } from "./ui/toasts.tsx";
import { inWords } from "./ui/dialog.tsx";

const PAGES: [string, Text][] = [
  ["", "nav.overview"],
  ["queues", "nav.queues"],
  ["dead", "nav.dead"],
  ["pixels", "nav.pixels"],
  ["tracking", "nav.tracking"],
  ["sessions", "nav.sessions"],
  ["settings", "nav.settings"],
];

export function App(): JSX.Element {
  useEffect(() => void lookWho(), []);
  if (who.value === undefined) return <Waiting />;
  if (who.value === null) return <SignIn />;
  return <Frame />;
}

function Waiting(): JSX.Element {
  return (
    <main class="waiting">
      <Lost />
      <h1 class="hidden">Cauce</h1>
      <Skeleton rows={3} />
    </main>
  );
}

function Frame(): JSX.Element {
  useFocus();
  return (
    <div class="frame">
      <a class="skip" href="#main">
        {t("nav.skip")}
      </a>
      <header class="bar">
        <Link to="/" class="brand">
          <img src={new URL("./icon.svg", import.meta.url).href} alt="" width="28" height="28" />
          Cauce
        </Link>
        <Navigation />
        <Account />
      </header>
      <main id="main" tabIndex={-1}>
        <Lost />
        <Page key={path.value} />
      </main>
      <Toasts />
    </div>
  );
}

function Navigation(): JSX.Element {
  const pages = useRef<HTMLElement>(null);
  // On a small screen the names stand in one line that scrolls.
  useEffect(() => pages.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [parts.value[0]]);
  return (
    <nav ref={pages} class="pages-nav" aria-label={t("nav.pages")}>
      <ul>
        {PAGES.map(([name, text]) => (
          <li key={name}>
            <Link to={`/${name}`} current={(parts.value[0] ?? "") === name}>
              {t(text)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Account(): JSX.Element {
  const leave = async (): Promise<void> => {
    try {
      await signOut();
    } catch (error) {
      say(inWords(error), { bad: true });
    }
  };
  return (
    <div class="account">
      <Preferences />
      <p class="whoami">
        <strong>{who.value?.name}</strong>
        <span class="note">{who.value?.tenant === "*" ? t("account.all") : who.value?.tenant}</span>
      </p>
      <button type="button" class="small" onClick={() => void leave()}>
        {t("action.signOut")}
      </button>
    </div>
  );
}

export function Preferences(): JSX.Element {
  return (
    <div class="preferences">
      <select
        aria-label={t("account.language")}
        value={language.value}
        onChange={(event) => (language.value = event.currentTarget.value as Language)}
      >
        <option value="en">English</option>
        <option value="es">Español</option>
      </select>
      <select aria-label={t("account.theme")} value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="system">{t("theme.system")}</option>
        <option value="light">{t("theme.light")}</option>
        <option value="dark">{t("theme.dark")}</option>
      </select>
    </div>
  );
}

/** Says that the server is away; what was known stays on the page. */
export function Lost(): JSX.Element {
  return (
    <div class="lost" role="alert" hidden={connection.value === "there"}>
      {connection.value === "lost" && t("state.lost")}
    </div>
  );
}

function Page(): JSX.Element {
  const [first, second, third] = parts.value;
  if (first === undefined) return <Overview />;
  if (first === "queues" && second !== undefined && third === undefined) return <OneQueue name={second} />;
  if (first === "settings" && third === undefined) return <Settings tab={second ?? "destinations"} />;
  if (second === undefined) {
    if (first === "queues") return <QueueList />;
    if (first === "dead") return <DeadLetters />;
    if (first === "pixels") return <Pixels />;
    if (first === "tracking") return <Tracking />;
    if (first === "sessions") return <Sessions />;
  }
  return (
    <>
      <Heading title={t("state.noPage")} />
      <Empty title={t("state.noPageNote")} />
    </>
  );
}

/** Whoever comes to a new page begins at its title. */
function useFocus(): void {
  const before = useRef(path.value);
  useEffect(() => {
    if (before.current === path.value) return;
    before.current = path.value;
    document.getElementById("title")?.focus();
  }, [path.value]);
}
