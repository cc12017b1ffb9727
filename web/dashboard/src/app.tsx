// The frame around every page: who is signed in, where one can go, whether the server is there.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { inWords } from "./api/words.ts";
import { number } from "./format.ts";
import { type Text, t } from "./i18n.ts";
import { Alerts } from "./pages/alerts.tsx";
import { Overview } from "./pages/overview.tsx";
import { QueueList } from "./pages/queues.tsx";
import { OneQueue } from "./pages/queue.tsx";
import { DeadLetters } from "./pages/dead.tsx";
import { SignIn } from "./pages/sign_in.tsx";
import { follow, useFiring } from "./state/live.ts";
import { parts, path } from "./state/route.ts";
import { connection, signOut, who } from "./state/session.ts";
import { Link, NoPage, Skeleton } from "./ui/basics.tsx";
import { useFocus } from "./ui/focus.ts";
import { lazy } from "./ui/lazy.tsx";
import { Mark } from "./ui/mark.tsx";
import { Preferences } from "./ui/preferences.tsx";
import { Toasts, say } from "./ui/toasts.tsx";

/** Pages that belong together, under a word for them. */
const GROUPS: [Text | null, [string, Text][]][] = [
  [
    null,
    [
      ["", "nav.overview"],
      ["alerts", "nav.alerts"],
    ],
  ],
  [
    "nav.delivery",
    [
      ["queues", "nav.queues"],
      ["dead", "nav.dead"],
      ["pixels", "nav.pixels"],
    ],
  ],
  [
    "nav.messaging",
    [
      ["campaigns", "nav.campaigns"],
      ["messages", "nav.messages"],
      ["contacts", "nav.contacts"],
      ["sessions", "nav.sessions"],
    ],
  ],
  [
    "nav.insight",
    [
      ["analytics", "nav.analytics"],
      ["tracking", "nav.tracking"],
    ],
  ],
  [null, [["settings", "nav.settings"]]],
];

export function App(): JSX.Element {
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
  useEffect(follow, [who.value?.id]);
  // Other pages come while nothing else is done, so that nobody waits for them later.
  useEffect(() => whenIdle(() => LATER.forEach(({ come }) => come())), []);
  return (
    <div class="frame">
      <a class="skip" href="#main">
        {t("nav.skip")}
      </a>
      <header class="bar">
        <Link to="/" class="brand">
          <Mark size={28} />
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

function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(work);
  else setTimeout(work, 1_000);
}

function Navigation(): JSX.Element {
  const pages = useRef<HTMLElement>(null);
  // On a small screen the names stand in one line that scrolls; it grows with what is counted beside them.
  useEffect(() => {
    const sizes = new ResizeObserver(() => pages.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }));
    for (const group of pages.current?.children ?? []) sizes.observe(group);
    return () => sizes.disconnect();
  }, [parts.value[0]]);
  return (
    <nav ref={pages} class="pages-nav" aria-label={t("nav.pages")}>
      {GROUPS.map(([group, pages], place) => (
        <div key={place} class="group">
          {group && <p id={group}>{t(group)}</p>}
          <ul aria-labelledby={group ?? undefined}>
            {pages.map(([name, text]) => (
              <li key={name}>
                <Link to={`/${name}`} current={(parts.value[0] ?? "") === name}>
                  {t(text)}
                  {name === "alerts" && <Firing />}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** How many alerts fire that nobody knows of yet. */
function Firing(): JSX.Element | null {
  const { data } = useFiring();
  const count = data?.items.filter((alert) => !alert.acknowledgedAt).length ?? 0;
  return count > 0 ? <span class="count">{number(count)}</span> : null;
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
      <a href="/docs">{t("nav.docs")}</a>
      <button type="button" class="small" onClick={() => void leave()}>
        {t("action.signOut")}
      </button>
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

const messaging = lazy(["campaigns", "messages", "contacts", "sessions"], () => import("./pages/messaging.ts"));
const seldom = lazy(["pixels", "tracking", "settings"], () => import("./pages/seldom.ts"));
const insight = lazy(["analytics"], () => import("./pages/analytics/page.tsx"));
const LATER = [messaging, seldom, insight];

const OneCampaign = messaging.page((of) => of.OneCampaign);
const EditCampaign = messaging.page((of) => of.EditCampaign);
const Messages = messaging.page((of) => of.Messages);
const Settings = seldom.page((of) => of.Settings);

/** Pages without a name of their own in the address. */
const PLAIN: Record<string, (props: object) => JSX.Element> = {
  "": Overview,
  alerts: Alerts,
  queues: QueueList,
  dead: DeadLetters,
  campaigns: messaging.page((of) => of.Campaigns),
  "campaigns/new": messaging.page((of) => of.NewCampaign),
  messages: () => <Messages tab="" />,
  "messages/unknown": () => <Messages tab="unknown" />,
  "messages/inbound": () => <Messages tab="inbound" />,
  contacts: messaging.page((of) => of.Contacts),
  "contacts/import": messaging.page((of) => of.Imports),
  pixels: seldom.page((of) => of.Pixels),
  analytics: insight.page((of) => of.Analytics),
  tracking: seldom.page((of) => of.Tracking),
  sessions: messaging.page((of) => of.Sessions),
  settings: () => <Settings tab="destinations" />,
};

function Page(): JSX.Element {
  const [first, second = "", third] = parts.value;
  const name = parts.value.join("/");
  const Plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
  if (Plain) return <Plain />;
  if (parts.value.length === 2) {
    if (first === "queues") return <OneQueue name={second} />;
    if (first === "campaigns") return <OneCampaign id={second} />;
    if (first === "settings") return <Settings tab={second} />;
  }
  if (first === "campaigns" && third === "edit" && parts.value.length === 3) return <EditCampaign id={second} />;
  return <NoPage />;
}
