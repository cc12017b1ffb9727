"""Hands events in, then asks the server for statistics and DuckDB for the same from the files.

    CAUCE_URL, CAUCE_KEY  the server, and a key for everything
    first argument        the folder of the event store
"""

import json
import os
import random
import sys
import time
import urllib.request
import uuid

import duckdb

URL, KEY = os.environ["CAUCE_URL"], os.environ["CAUCE_KEY"]
FILES = os.path.join(sys.argv[1], "tracking_events_*", "*.parquet")
DAY = 86_400_000
NOW = int(time.time() * 1000)
# In two months at least, whatever the day.
START = NOW - 40 * DAY
KINDS = ["PAGE_VIEW"] * 5 + ["CLICK"] * 3 + ["SCROLL"] * 8 + ["LEAD", "PURCHASE"]
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
HUMAN = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
chance = random.Random(7)


def ask(method, path, body=None, agent=HUMAN):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, method=method)
    request.add_header("Authorization", f"Bearer {KEY}")
    request.add_header("Content-Type", "application/json")
    request.add_header("User-Agent", agent)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def some_id():
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


SITES = [some_id() for _ in range(3)]
PEOPLE = [(some_id(), [some_id() for _ in range(4)]) for _ in range(800)]


def event():
    visitor, sessions = chance.choice(PEOPLE)
    page = chance.randrange(40)
    return {
        "eventId": some_id(),
        "visitorId": visitor,
        "sessionId": chance.choice(sessions),
        "eventType": chance.choice(KINDS),
        "metadata": {"url": f"https://shop.example/p/{page}", "text": "ñ \" " * (page % 3)},
        "occurredAt": START + chance.randrange(40 * DAY),
    }


def batch(tenant, events):
    return {"tenantId": tenant, "siteId": chance.choice(SITES), "events": events}


def fill():
    handed_in = 0
    for number in range(80):
        events = [event() for _ in range(400)]
        # Equal to the one before it but for its id: the two are a row with a count.
        events += [dict(e, eventId=some_id()) for e in chance.sample(events, 100)]
        call = batch("acme" if number % 4 else "globex", events)
        agent = BOT if number % 10 == 9 else HUMAN
        # Each tenth call is sent again, as after an answer that was lost.
        for _ in range(2 if number % 10 == 5 else 1):
            ask("POST", "/tracking-v2/events", call, agent)
            handed_in += len(events)
    while json.loads(ask("GET", "/tracking-v2/health"))["buffer"]["currentSize"]:
        time.sleep(0.1)
    return handed_in


def served(tenant, start, end, site, interval):
    path = f"/tracking-v2/stats/tenant/{tenant}?from={start}&to={end}&interval={interval}"
    return json.loads(ask("GET", path + (f"&siteId={site}" if site else "")))


def read(tenant, start, end, site, interval):
    where = "tenant_id = ? AND epoch_ms(occurred_at) >= ? AND epoch_ms(occurred_at) < ?"
    values = [tenant, start, end]
    if site:
        where += " AND site_id = ?::UUID"
        values.append(site)
    rows = f"FROM read_parquet('{FILES}') WHERE {where}"
    one = lambda what, more="": duckdb.execute(f"SELECT {what} {rows} {more}", values).fetchone()
    many = lambda what, more: duckdb.execute(f"SELECT {what} {rows} {more}", values).fetchall()
    events, estimated, visitors, sessions = one(
        "sum(count), sum(count * weight), count(DISTINCT visitor_id), count(DISTINCT session_id)",
        "AND NOT bot",
    )
    step = {"hour": 3_600_000, "day": DAY}[interval]
    began = f"epoch_ms(occurred_at) // {step} * {step}"
    return {
        "totalEvents": int(events or 0),
        "estimatedEvents": round(estimated or 0, 3),
        "uniqueVisitors": visitors,
        "uniqueSessions": sessions,
        "botEvents": int(one("sum(count)", "AND bot")[0] or 0),
        "eventsByType": {
            kind: int(n)
            for kind, n in many("event_type, sum(count)", "AND NOT bot GROUP BY ALL")
        },
        "timeSeries": {
            int(at): int(n)
            for at, n in many(f"{began} AS began, sum(count)", "AND NOT bot GROUP BY began")
        },
    }


def millis(text):
    return int(
        duckdb.execute("SELECT epoch_ms(?::TIMESTAMPTZ)", [text]).fetchone()[0]
    )


def compare(tenant, start, end, site, interval):
    said, found = served(tenant, start, end, site, interval), read(tenant, start, end, site, interval)
    said["estimatedEvents"] = round(said["estimatedEvents"], 3)
    step = {"hour": 3_600_000, "day": DAY}[interval]
    said["timeSeries"] = {
        millis(point["at"]) // step * step: point["events"]
        for point in said["timeSeries"]
        if point["events"]
    }
    for name, value in found.items():
        if said[name] != value:
            sys.exit(f"{name} of {tenant} {start}..{end} {site} {interval}: {said[name]} is served, {value} is in the files")
    return found["totalEvents"]


handed_in = fill()
compared = 0
for tenant in ["acme", "globex", "nobody"]:
    for start, end in [
        (START, NOW + DAY),
        (NOW // DAY * DAY - 20 * DAY, NOW // DAY * DAY - 5 * DAY),
        (START + 123_456_789, NOW - 987_654_321),
        (NOW - 3 * DAY, NOW - 3 * DAY + 4_567_891),
    ]:
        for site in [None, *SITES]:
            for interval in ["hour", "day"]:
                compare(tenant, start, end, site, interval)
                compared += 1

whole = compare("acme", START, NOW + DAY, None, "day")
export = os.path.join(sys.argv[1], "..", "..", "export.parquet")
with open(export, "wb") as file:
    path = f"/tracking-v2/export?tenant=acme&format=parquet&from={START}&to={NOW + DAY}"
    file.write(ask("GET", path))
counted = duckdb.execute(
    f"SELECT sum(count) FILTER (NOT bot) FROM read_parquet('{export}')"
).fetchone()[0]
if counted != whole or not 0 < whole < handed_in:
    sys.exit(f"{counted} events are in the export, {whole} are served")
rows, files = duckdb.execute(
    f"SELECT count(*), count(DISTINCT filename) FROM read_parquet('{FILES}', filename = true)"
).fetchone()
print(f"DuckDB {duckdb.__version__} and the server agree on {compared} questions: {rows} rows in {files} files")
