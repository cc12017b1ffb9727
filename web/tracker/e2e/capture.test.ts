// What is recorded of a page, and what never is.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { World, cauce, flush, launch, loaded, pass, settle } from "./world.js";

let browser: Browser;
let world: World;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => (world = await World.start(browser)));
afterEach(() => world.stop());

/** Sends a closing event, and answers the metadata of all of a type that came before it. */
async function seen(page: Page, type: string): Promise<Record<string, unknown>[]> {
  await cauce(page, "track", "LAST");
  await flush(page);
  await world.collector.until(() => world.collector.of("LAST").length > 0, "the last event");
  return world.collector.of(type).map(({ metadata }) => metadata);
}

test("a page view has the address without what is personal", async () => {
  const asked = "/bill/ana@example.com?utm_source=mail&email=ana@example.com&utm_term=b@c.de&gclid=7&q=x#top";
  const shown = { title: "  Bill\n of ana@example.com " };
  const body = `<a id="go" href="${asked}">go</a>`;
  const page = await world.open("/from?token=secret", { body });
  world.show("/bill/ana@example.com", shown);
  await page.click("#go");
  await page.waitForURL(/bill/);
  await loaded(page);
  const [, view] = await seen(page, "PAGE_VIEW");
  assert.deepEqual(view, {
    url: `${world.origin()}/bill/*?utm_source=mail&gclid=7`,
    path: "/bill/*",
    title: "Bill of *",
    referrer: `${world.origin()}/from`,
    utm_source: "mail",
    gclid: "7",
  });
  assert.doesNotMatch(JSON.stringify(world.collector.taken), /ana@|secret|b@c/);
});

test("single-page apps are followed, each address once", async () => {
  const page = await world.open("/", {}, { frozen: true });
  const go = async (run: () => void): Promise<void> => {
    await page.evaluate(run);
    await page.clock.runFor(60);
  };
  await go(() => {
    history.pushState({}, "", "/a");
    setTimeout(() => (document.title = "A"), 20);
  });
  await go(() => history.replaceState({}, "", "/a"));
  await go(() => history.replaceState({}, "", "/a#part"));
  await go(() => history.replaceState({}, "", "/a?filter=red"));
  await go(() => history.pushState({}, "", "/passed"));
  await page.evaluate(() => history.pushState({}, "", "/redirect"));
  await go(() => history.replaceState({}, "", "/b"));
  await page.evaluate(() => {
    const back = new Promise((done) => addEventListener("popstate", done, { once: true }));
    history.back();
    return back.then(() => undefined);
  });
  await page.clock.runFor(60);
  const views = await seen(page, "PAGE_VIEW");
  assert.deepEqual(
    views.map(({ path }) => path),
    ["/", "/a", "/passed", "/b", "/passed"],
  );
  assert.equal(views[1]!["title"], "A");
  assert.equal(views[3]!["referrer"], `${world.origin()}/passed`);
});

test("the page's own errors of pushState stay its own", async () => {
  const page = await world.open("/");
  const thrown = await page.evaluate(() => {
    try {
      history.pushState({}, "", "https://elsewhere.example/");
      return "nothing";
    } catch (error) {
      return (error as Error).name;
    }
  });
  assert.equal(thrown, "SecurityError");
});

test("a page that comes back from the browser's cache is viewed again", async () => {
  const page = await world.open("/");
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow")));
  assert.equal((await seen(page, "PAGE_VIEW")).length, 2);
});

test("clicks are named by what was clicked, and never by what was written", async () => {
  const long = "word ".repeat(40);
  const body = `
    <a id="link" href="/next?user=7#x" onclick="return false"><b>Go   <i id="in">on</i></b></a>
    <a id="mail" href="mailto:ana@example.com" onclick="return false">ana@example.com</a>
    <button id="button" onclick="event.stopImmediatePropagation()">${long}</button>
    <form onsubmit="return false"><input name="id" value="v"><input type="submit" id="send" value="secret"></form>
    <div data-cauce="editor"><p id="text" contenteditable>secret</p></div>
    <p id="plain">nothing</p>`;
  const page = await world.open("/", { body });
  for (const id of ["in", "mail", "button", "send", "text", "plain"]) await page.click(`#${id}`);
  const clicks = await seen(page, "CLICK");
  const path = "/";
  assert.deepEqual(clicks, [
    { path, id: "link", href: `${world.origin()}/next`, text: "Go on" },
    { path, id: "mail", text: "*" },
    { path, id: "button", text: long.slice(0, 64) },
    { path, id: "send" },
    { path, name: "editor" },
  ]);
  assert.doesNotMatch(JSON.stringify(world.collector.taken), /secret|ana@/);
});

test("scrolling is told in quarters, each once a page", async () => {
  const body = `<div style="height: 10000px"></div>`;
  const page = await world.open("/", { body });
  const scroll = async (to: number): Promise<void> => {
    await page.evaluate(
      (y) =>
        new Promise<void>((done) => {
          addEventListener("scroll", () => done(), { once: true });
          scrollTo(0, y);
        }),
      to,
    );
  };
  await scroll(2_500);
  await scroll(10);
  await scroll(2_500);
  await scroll(99_999);
  await page.evaluate(() => history.pushState({}, "", "/second"));
  await scroll(10);
  await scroll(3_000);
  const depths = await seen(page, "SCROLL");
  assert.deepEqual(depths, [
    ...[25, 50, 75, 100].map((depth) => ({ path: "/", depth })),
    { path: "/second", depth: 25 },
  ]);
});

test("a form is named, and what is in it is not sent", async () => {
  const body = `
    <form id="sign-up" name="join" action="/join?ref=7" method="post" onsubmit="return false">
      <input name="id" value="secret"><input name="name" value="secret"><input name="action" value="secret">
      <textarea name="note">secret</textarea><button id="send">Send</button>
    </form>`;
  const page = await world.open("/form", { body });
  await page.click("#send");
  assert.deepEqual(await seen(page, "FORM_SUBMIT"), [
    { path: "/form", id: "sign-up", name: "join", action: "/join" },
  ]);
  assert.doesNotMatch(JSON.stringify(world.collector.taken), /secret/);
});

test("only what the tag asks for is captured", async () => {
  const body = `<button id="button">Buy</button>`;
  const page = await world.open("/", { body, tag: { "data-capture": "click" } });
  await page.click("#button");
  assert.equal((await seen(page, "CLICK")).length, 1);
  assert.equal(world.collector.of("PAGE_VIEW").length, 0);
});

test("a visitor stays, a session ends after half an hour of nothing", async () => {
  const page = await world.open("/", { tag: { "data-capture": "" } }, { frozen: true });
  // Each is answered before time passes, so that none is given up in between and sent again.
  const track = async (type: string): Promise<void> => {
    await cauce(page, "track", type);
    await flush(page);
    await world.collector.until(() => world.collector.of(type).length === 1, type);
    await settle(page, world);
  };
  await track("A");
  await page.clock.fastForward(29 * 60_000);
  await track("B");
  await page.clock.fastForward(29 * 60_000);
  await page.reload();
  await loaded(page);
  await track("C");
  await page.clock.fastForward(31 * 60_000);
  await cauce(page, "track", "D");
  await cauce(page, "reset");
  await track("E");
  assert.equal(world.collector.events.length, 5);
  const of = (type: string) => world.collector.of(type)[0]!;
  const [a, b, c, d, e] = ["A", "B", "C", "D", "E"].map(of) as [never, never, never, never, never];
  const session = ({ sessionId }: { sessionId: string }): string => sessionId;
  const visitor = ({ visitorId }: { visitorId: string }): string => visitorId;
  assert.deepEqual([session(b), session(c)], [session(a), session(a)]);
  assert.equal(new Set([a, d, e].map(session)).size, 3);
  assert.equal(new Set([a, b, c, d].map(visitor)).size, 1);
  assert.notEqual(visitor(e), visitor(a));
});

test("a page with the tag twice is counted once", async () => {
  const page = await world.open("/", { body: world.tag() }, { frozen: true });
  await pass(page, world, 4_000);
  assert.equal((await seen(page, "PAGE_VIEW")).length, 1);
});
