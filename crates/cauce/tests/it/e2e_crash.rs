//! Crashes and stops: what was acknowledged is delivered, and repeated only where an answer was lost.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_sim::{Fault, Random};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::support::{
    ADMIN, Outside, QUEUES, SOON, Server, Setup, Told, event, id, ms, secs, traffic, until,
};

/// Requests in flight at most, of each platform.
const CONCURRENCY: u64 = 4;
/// Jobs in one request at most.
const BATCH: u64 = 20;

/// Half of the starts take no longer; a single one may meet a disk that others keep busy.
const START: Duration = secs(2);

/// A policy with which much is in flight at any moment.
fn busy() -> String {
    format!(
        "concurrency = {CONCURRENCY}\nrate = []\n\
         batch = {{ max_items = {BATCH}, max_wait = \"20ms\", priority_wait = \"10ms\" }}\n\
         retry = {{ max_attempts = 100, base = \"20ms\", cap = \"200ms\" }}\n\
         breaker = {{ failures = 100, open_for = \"200ms\" }}\n"
    )
}

fn busy_setup(outside: &Outside) -> Setup {
    let setup = Setup::new(outside.accounts("acme"));
    QUEUES.iter().fold(setup, |setup, queue| {
        setup.with(&format!("queues.{queue}"), &busy())
    })
}

/// How often the process is killed; a night's run takes hundreds.
fn cycles() -> u64 {
    let asked = std::env::var("CAUCE_KILL_CYCLES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(15)
}

/// Posts shop traffic until the server has gone; notes every acknowledgement.
async fn load(server: Arc<Server>, seed: u64, told: Arc<Mutex<Told>>) {
    let mut traffic = traffic(seed);
    for size in [40, 1, 10].into_iter().cycle() {
        let (body, _) = traffic.next_batch(size);
        let body = String::from_utf8(body).unwrap();
        let request = "POST /api/pixels/events?tenant=acme";
        match server.try_ask(ADMIN, request, &[], Some(&body)).await {
            Ok(answer) if answer.status == 202 && !answer.json().is_null() => {
                told.lock().await.note(&answer.json());
            }
            // A torn answer acknowledges nothing.
            Ok(answer) => assert!(
                answer.status == 202 || answer.status == 0 || answer.status == 503,
                "{} {}",
                answer.status,
                answer.body
            ),
            Err(_) => return,
        }
        tokio::time::sleep(ms(5)).await;
    }
}

/// The events of jobs in these states.
async fn events_in(server: &Server, queue: &str, states: &str) -> BTreeSet<String> {
    let (mut events, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let path = format!("/api/queues/{queue}/jobs?state={states}&limit=500&cursor={cursor}");
        let page = server.get(&path).await;
        for job in page["items"].as_array().unwrap() {
            let id = job["id"].as_str().unwrap();
            let detail = server.get(&format!("/api/jobs/{id}")).await;
            events.extend(detail["payload"]["event_id"].as_str().map(str::to_owned));
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return events,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_however_often_the_process_is_killed() {
    let outside = Outside::start().await;
    for queue in QUEUES {
        let faults = outside.of(queue).faults();
        faults.chance(0.03, Fault::ServerError { status: 503 });
        faults.chance(0.5, Fault::SlowAnswer { delay: ms(30) });
    }
    let setup = busy_setup(&outside);
    let told = Arc::new(Mutex::new(Told::default()));
    let (mut random, mut starts) = (Random::new(7), Vec::new());
    for cycle in 0..cycles() {
        let server = Arc::new(Server::start(&setup));
        let ready = server.ask("GET /readyz", None).await;
        assert_eq!(ready.status, 200, "{}", ready.body);
        starts.push(server.took);
        let loads: Vec<_> = (0..3)
            .map(|n| tokio::spawn(load(Arc::clone(&server), cycle * 10 + n, Arc::clone(&told))))
            .collect();
        tokio::time::sleep(ms(80 + random.below(320))).await;
        // On a busy machine it may not have come to anything yet.
        until("every queue has something to do", SOON, async || {
            let told = told.lock().await;
            QUEUES.iter().all(|queue| told.count(queue) > 20)
        })
        .await;
        server.signal("KILL");
        for load in loads {
            load.await.unwrap();
        }
        // The last handle waits for the end of the process.
        drop(server);
    }
    for queue in QUEUES {
        outside.of(queue).faults().clear();
    }
    let server = Server::start(&setup);
    server.emptied(&QUEUES, secs(30)).await;
    let told = told.lock().await;
    for queue in QUEUES {
        let ledger = outside.ledger(queue);
        let missing = told.missing(queue, ledger);
        let explained = events_in(&server, queue, "dead,unknown").await;
        let lost: Vec<_> = missing.difference(&explained).collect();
        println!(
            "{queue}: {} acknowledged, {} missing, {} dead or unknown, {} repeated of {} requests",
            told.count(queue),
            missing.len(),
            explained.len(),
            ledger.repeats(),
            ledger.request_count()
        );
        assert!(lost.is_empty(), "{queue} lost {lost:?}");
        assert!(
            ledger.repeats() <= cycles() * CONCURRENCY * BATCH,
            "{queue}: {}",
            ledger.repeats()
        );
        // Jobs that were on their way in three crashes in a row are suspected of causing them.
        let reasons = server
            .get(&format!("/api/queues/{queue}/dead?groupBy=reason"))
            .await;
        let others = reasons["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["code"] != "poison");
        assert!(others.is_none(), "{queue}: {reasons}");
    }
    starts.sort_unstable();
    let (half, slowest) = (starts[starts.len() / 2], starts[starts.len() - 1]);
    println!(
        "{} kills; half of the starts within {half:?}, all within {slowest:?}",
        cycles()
    );
    assert!(half < START, "half of the starts take longer than {half:?}");
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

/// Leads for Google, whose platform knows no repeats of them.
fn leads(from: u64, count: u64) -> Value {
    let make = |number| {
        let mut event = event(&id(number));
        event["eventType"] = json!("lead");
        event["platforms"] = json!(["google"]);
        event["client"]["gaClientId"] = json!(format!("{number}.1760000000"));
        event
    };
    (from..from + count).map(make).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_to_a_platform_without_ids_over_kills() {
    let outside = Outside::start().await;
    outside
        .google
        .faults()
        .always(Fault::SlowAnswer { delay: ms(40) });
    let setup = busy_setup(&outside);
    let mut told = Told::default();
    for cycle in 0..6 {
        let server = Server::start(&setup);
        told.post(&server, &leads(cycle * 1_000, 60)).await;
        tokio::time::sleep(ms(120)).await;
        server.kill();
    }
    let server = Server::start(&setup);
    server.emptied(&["google"], secs(10)).await;
    let ledger = outside.ledger("google");
    assert_eq!(ledger.repeats(), 0, "an event was sent twice");
    let unknown = events_in(&server, "google", "unknown").await;
    println!("{} of {} are unknown", unknown.len(), told.count("google"));
    // Each visitor has one event here, so a request holds one. Besides those on the road, the ones
    // whose answer was not on disk yet are uncertain; what had not left is not.
    let most = 6 * CONCURRENCY * 3;
    assert!(unknown.len() as u64 <= most, "{} unknown", unknown.len());
    let missing = told.missing("google", ledger);
    assert!(
        missing.is_subset(&unknown),
        "lost {:?}",
        missing.difference(&unknown)
    );
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_with_a_backlog_finishes_what_is_in_flight_and_repeats_nothing() {
    let outside = Outside::start().await;
    for queue in QUEUES {
        let faults = outside.of(queue).faults();
        faults.always(Fault::SlowAnswer { delay: ms(250) });
    }
    let setup = busy_setup(&outside);
    let server = Server::start(&setup);
    let mut told = Told::default();
    for part in 0..3 {
        let events: Value = (part * 700..(part + 1) * 700)
            .map(|n| event(&id(n)))
            .collect();
        told.post(&server, &events).await;
    }
    until("requests are in flight", secs(5), async || {
        QUEUES
            .iter()
            .all(|queue| outside.ledger(queue).in_flight() > 0)
    })
    .await;
    let (status, took) = server.stop(secs(25)).await;
    println!("stopped with {status} after {took:?}");
    assert!(status.success(), "{status}: {}", setup.log());
    let arrived: u64 = QUEUES
        .iter()
        .map(|queue| outside.ledger(queue).accepted_events())
        .sum();
    assert!(arrived < 4 * 2_100, "there was no backlog left");
    for queue in QUEUES {
        outside.of(queue).faults().clear();
    }
    let began = Instant::now();
    let server = Server::start(&setup);
    server.emptied(&QUEUES, secs(20)).await;
    println!("the rest took {:?}", began.elapsed());
    told.assert_arrived(&outside);
    for queue in QUEUES {
        assert_eq!(outside.ledger(queue).repeats(), 0, "{queue}");
        assert_eq!(server.count(queue, "unknown").await, 0, "{queue}");
        assert_eq!(server.count(queue, "dead").await, 0, "{queue}");
    }
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}
