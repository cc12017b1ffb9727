//! Campaigns from outside: what the API says of them, and what reached people at the messenger.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use cauce_sim::{Fault, Treatment};
use serde_json::{Value, json};

use crate::support::{Messenger, SOON, Server, contacts, ms, number, secs, until};

/// Requests of a sender on their way at once, as `QUICK` has it.
const IN_FLIGHT: u64 = 20;
/// As fast as the stand-in answers, and quick to try again.
const QUICK: &str = r#"rate = []
concurrency = 20
retry = { max_attempts = 6, base = "50ms", cap = "300ms" }
breaker = { failures = 10, open_for = "1s", probes = 1 }
"#;

/// Makes a campaign and answers its id.
async fn campaign(server: &Server, body: Value) -> String {
    let made = server.post("/api/campaigns", &body).await;
    made["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{made}"))
        .to_owned()
}

fn greeting(messenger: &Messenger, people: std::ops::Range<u64>) -> Value {
    json!({
        "tenant": "acme", "name": "Saludo", "message": "Hola {{name|amigo}}", "sender": messenger.sender(),
        "contacts": contacts(people),
    })
}

async fn start(server: &Server, id: &str) -> Value {
    let path = format!("/api/campaigns/{id}/start");
    server.post(&path, &json!({})).await
}

async fn act(server: &Server, id: &str, action: &str) -> Value {
    let path = format!("/api/campaigns/{id}/{action}");
    server.post(&path, &json!({})).await
}

async fn status(server: &Server, id: &str) -> Value {
    let path = format!("/api/campaigns/{id}/queue-status");
    let answer = server.get(&path).await;
    assert_eq!(answer["success"], true);
    answer["status"].clone()
}

async fn becomes(server: &Server, id: &str, state: &str, within: Duration) -> Value {
    let what = format!("the campaign is {state}");
    until(&what, within, async || {
        status(server, id).await["status"] == state
    })
    .await;
    status(server, id).await
}

/// The digits of the recipients that are listed in a state.
async fn listed(server: &Server, id: &str, state: &str) -> BTreeSet<u64> {
    let (mut numbers, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let path =
            format!("/api/campaigns/{id}/recipients?state={state}&limit=500&cursor={cursor}");
        let page = server.get(&path).await;
        for item in page["items"].as_array().unwrap() {
            let phone = item["phone"].as_str().unwrap();
            numbers.insert(phone.trim_start_matches('+').parse().unwrap());
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return numbers,
        }
    }
}

fn all(people: std::ops::Range<u64>) -> BTreeSet<u64> {
    let digits = people.map(|person| number(person).trim_start_matches('+').parse().unwrap());
    digits.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn campaign_reaches_everybody_once_and_says_so() {
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(QUICK);
    let server = Server::start(&setup);
    twilio.listen(&server);
    twilio
        .at
        .messages()
        .treat(&number(7), Treatment::Refused(21_211));
    let id = campaign(&server, greeting(&twilio, 0..300)).await;
    start(&server, &id).await;
    let ended = becomes(&server, &id, "completed", secs(20)).await;
    assert_eq!(ended["progress"]["total"], 300);
    assert_eq!(ended["progress"]["success"], 299);
    assert_eq!(ended["progress"]["failed"], 1);
    assert_eq!(twilio.twice(), Vec::<u64>::new());
    assert_eq!(twilio.effects().len(), 299);
    twilio.at.messages().called_back().await;
    until("every message is read", SOON, async || {
        listed(&server, &id, "read").await.len() == 299
    })
    .await;
    let texts = twilio.at.messages().taken();
    assert!(
        texts
            .iter()
            .all(|taken| taken.content.starts_with("Hola Ana "))
    );
    assert_eq!(listed(&server, &id, "failed").await, all(7..8));
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_answer_to_a_stop_only_what_is_in_flight_goes_out() {
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(QUICK);
    let server = Server::start(&setup);
    twilio
        .at
        .faults()
        .always(Fault::SlowAnswer { delay: ms(80) });
    let id = campaign(&server, greeting(&twilio, 0..2_000)).await;
    start(&server, &id).await;
    let ledger = twilio.at.ledger();
    until("a good many are sent", SOON, async || {
        ledger.request_count() > 100
    })
    .await;
    act(&server, &id, "queue-stop").await;
    let at_answer = ledger.request_count();
    tokio::time::sleep(secs(1)).await;
    let after = ledger.request_count() - at_answer;
    println!("{at_answer} requests until the answer to queue-stop, {after} after it");
    // Those were on their way, and their heads had not yet been read by the stand-in; without the stop
    // hundreds would follow.
    assert!(after <= IN_FLIGHT, "{after} requests after the answer");
    let stopped = becomes(&server, &id, "stopped", SOON).await;
    let (done, total) = (
        &stopped["progress"]["processed"],
        &stopped["progress"]["total"],
    );
    assert!(done.as_u64() < total.as_u64(), "{stopped}");
    assert_eq!(twilio.twice(), Vec::<u64>::new());
    // It is final.
    let path = format!("POST /api/campaigns/{id}/queue-resume");
    assert_eq!(server.ask(&path, Some("{}")).await.status, 409);
    let path = format!("POST /api/campaigns/{id}/start");
    assert_eq!(server.ask(&path, Some("{}")).await.status, 409);
    drop(server);
    let server = Server::start(&setup);
    tokio::time::sleep(ms(500)).await;
    assert_eq!(ledger.request_count(), at_answer + after);
    assert_eq!(status(&server, &id).await["status"], "stopped");
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn campaign_ends_though_an_application_sends_under_its_name() {
    let twilio = Messenger::twilio().await;
    let server = Server::start(&twilio.setup(QUICK));
    let id = campaign(&server, greeting(&twilio, 0..3)).await;
    let beside = json!({
        "to": number(9), "text": "Hola", "sender": twilio.sender(), "campaignId": id,
    });
    let path = "/api/whatsapp/messages?tenant=acme";
    server.post(path, &beside).await;
    start(&server, &id).await;
    let ended = becomes(&server, &id, "completed", secs(20)).await;
    assert_eq!(ended["progress"]["total"], 3);
    assert_eq!(twilio.effects().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_holds_over_a_crash_and_resume_forgets_nobody() {
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(&QUICK.replace("rate = []", r#"rate = [[100, "1s"]]"#));
    let server = Server::start(&setup);
    let id = campaign(&server, greeting(&twilio, 0..300)).await;
    start(&server, &id).await;
    let ledger = twilio.at.ledger();
    until("some are sent", SOON, async || ledger.request_count() > 20).await;
    act(&server, &id, "queue-pause").await;
    let at_answer = ledger.request_count();
    server.kill();
    let server = Server::start(&setup);
    tokio::time::sleep(ms(1_500)).await;
    // What was on its way when the answer came still arrives; without the pause 150 would.
    assert!(ledger.request_count() <= at_answer + IN_FLIGHT);
    assert_eq!(status(&server, &id).await["status"], "paused");
    act(&server, &id, "queue-resume").await;
    becomes(&server, &id, "completed", secs(20)).await;
    assert_eq!(twilio.twice(), Vec::<u64>::new());
    let reached: BTreeSet<u64> = twilio.effects().into_keys().collect();
    let missing: Vec<_> = all(0..300).difference(&reached).copied().collect();
    let unknown = listed(&server, &id, "unknown").await;
    assert!(missing.iter().all(|to| unknown.contains(to)), "{missing:?}");
}

/// How often the process is killed, and how many people the campaign has: a night's run takes a
/// hundred kills and ten thousand people.
fn cycles() -> u64 {
    let asked = std::env::var("CAUCE_KILL_CYCLES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(10)
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_during_a_campaign_send_nobody_twice_and_forget_nobody() {
    let people = cycles() * 100;
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(&QUICK.replace("rate = []", r#"rate = [[400, "1s"]]"#));
    twilio
        .at
        .faults()
        .chance(0.5, Fault::SlowAnswer { delay: ms(30) });
    twilio
        .at
        .faults()
        .chance(0.02, Fault::ServerError { status: 500 });
    let mut server = Server::start(&setup);
    let id = campaign(&server, greeting(&twilio, 0..people)).await;
    start(&server, &id).await;
    let mut random = cauce_sim::Random::new(11);
    for _ in 0..cycles() {
        tokio::time::sleep(ms(50 + random.below(300))).await;
        server.kill();
        server = Server::start(&setup);
        twilio.listen(&server);
    }
    becomes(&server, &id, "completed", secs(120)).await;
    let effects = twilio.effects();
    let reached: BTreeSet<u64> = effects.keys().copied().collect();
    let unknown = listed(&server, &id, "unknown").await;
    let missing: BTreeSet<u64> = all(0..people).difference(&reached).copied().collect();
    println!(
        "{} kills, {people} people: {} reached, {} missing, {} unknown",
        cycles(),
        reached.len(),
        missing.len(),
        unknown.len()
    );
    assert_eq!(twilio.twice(), Vec::<u64>::new(), "somebody got it twice");
    assert!(
        missing.is_subset(&unknown),
        "forgotten: {:?}",
        missing.difference(&unknown)
    );
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_campaigns_start_on_time_and_at_once_after_downtime() {
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(QUICK);
    let server = Server::start(&setup);
    let at = |ahead: Duration| {
        let then = jiff::Timestamp::now() + ahead;
        json!(then.to_string())
    };
    let planned = async |server: &Server, people, ahead: Duration| {
        let mut body = greeting(&twilio, people);
        body["scheduledAt"] = at(ahead);
        campaign(server, body).await
    };
    let due = Instant::now() + secs(2);
    let punctual = planned(&server, 0..10, secs(2)).await;
    assert_eq!(status(&server, &punctual).await["status"], "scheduled");
    until("it has started", SOON, async || {
        twilio.effects().len() == 10
    })
    .await;
    let late = Instant::now().saturating_duration_since(due);
    println!("ten people were reached {late:?} after the time");
    assert!(Instant::now() >= due, "it was early");
    assert!(late < secs(1), "{late:?}");

    let missed = planned(&server, 10..20, secs(1)).await;
    server.kill();
    tokio::time::sleep(ms(1_600)).await;
    let server = Server::start(&setup);
    let back = Instant::now();
    until("it starts at once", SOON, async || {
        twilio.effects().len() == 20
    })
    .await;
    println!("and {:?} after the return", back.elapsed());
    assert!(back.elapsed() < secs(1), "{:?}", back.elapsed());
    becomes(&server, &missed, "completed", SOON).await;
    assert_eq!(twilio.twice(), Vec::<u64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn breaker_opens_probes_and_closes_and_nothing_is_lost() {
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(&QUICK.replace("rate = []", r#"rate = [[100, "1s"]]"#));
    let server = Server::start(&setup);
    let id = campaign(&server, greeting(&twilio, 0..400)).await;
    start(&server, &id).await;
    let ledger = twilio.at.ledger();
    until("some are sent", SOON, async || ledger.request_count() > 30).await;
    twilio
        .at
        .faults()
        .always(Fault::ServerError { status: 503 });
    let breaker = async || status(&server, &id).await["metrics"]["circuitBreakerStatus"].clone();
    until("the breaker opens", SOON, async || {
        breaker().await == "open"
    })
    .await;
    let before = ledger.request_count();
    tokio::time::sleep(secs(3)).await;
    let probes = ledger.request_count() - before;
    println!("{probes} probes in 3 s");
    // What was on its way when it opened still arrives; without a breaker 300 would.
    let most = 4 + IN_FLIGHT;
    assert!((1..=most).contains(&probes), "{probes} probes in 3 s");
    twilio.at.faults().clear();
    until("the breaker closes", SOON, async || {
        breaker().await == "closed"
    })
    .await;
    let ended = becomes(&server, &id, "completed", secs(20)).await;
    assert_eq!(ended["progress"]["success"], 400, "{ended}");
    assert_eq!(twilio.effects().len(), 400);
    assert_eq!(twilio.twice(), Vec::<u64>::new());
}

/// How long the soak below lasts; 600 is what a release should have seen.
fn soak() -> Duration {
    let asked = std::env::var("CAUCE_SOAK_SECONDS").ok();
    secs(asked.and_then(|text| text.parse().ok()).unwrap_or(24))
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_are_exact_at_the_messenger_through_bursts_and_kills() {
    const KILL_EVERY: Duration = Duration::from_secs(10);
    let twilio = Messenger::twilio().await;
    let windows = r#"rate = [[10, "1s"], [95, "10s"], [560, "1m"], [36000, "1h"]]"#;
    let setup = twilio.setup(&QUICK.replace("rate = []", windows));
    let mut server = Server::start(&setup);
    let people = soak().as_secs() * 6;
    // Two campaigns and single messages share the one allowance of their sender.
    for (first, last) in [(0, people), (people, people * 2)] {
        let id = campaign(&server, greeting(&twilio, first..last)).await;
        start(&server, &id).await;
    }
    let (mut down, mut kills, mut singles) = (Duration::ZERO, 0, people * 2);
    let began = Instant::now();
    while began.elapsed() < soak() {
        for _ in 0..5 {
            let message = json!({"to": number(singles), "text": "x", "sender": twilio.sender()});
            singles += 1;
            server
                .post("/api/whatsapp/messages?tenant=acme", &message)
                .await;
        }
        tokio::time::sleep(KILL_EVERY.min(soak().saturating_sub(began.elapsed()))).await;
        if began.elapsed() < soak() {
            let dead = Instant::now();
            server.kill();
            server = Server::start(&setup);
            down += dead.elapsed();
            kills += 1;
        }
    }
    let ledger = twilio.at.ledger();
    for (max, seconds) in [(10, 1), (95, 10), (560, 60)] {
        let highest = ledger.highest_in(secs(seconds));
        println!("at most {highest} of {max} in {seconds} s");
        assert!(highest <= max, "{highest} of {max} in {seconds} s");
    }
    let requests = ledger.requests();
    let alive = (requests[requests.len() - 1].at - requests[0].at).saturating_sub(down);
    let per_second = if soak() > secs(60) { 560.0 / 60.0 } else { 9.5 };
    // What was in hand when the process died may have left: it counts as late as it can have, which
    // costs up to a second's allowance each time.
    let allowed = alive.as_secs_f64() * per_second - f64::from(kills * 10);
    let used = requests.len() as f64;
    println!(
        "{used} of {allowed:.0} ({:.1} %) in {alive:?} beside {kills} kills ({down:?})",
        used / allowed * 100.0
    );
    assert!(used >= allowed * 0.95, "{used} of {allowed}");
    assert_eq!(twilio.twice(), Vec::<u64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_stop_gets_nothing_more_of_a_running_campaign() {
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(&QUICK.replace("rate = []", r#"rate = [[50, "1s"]]"#));
    let server = Server::start(&setup);
    twilio.listen(&server);
    let id = campaign(&server, greeting(&twilio, 0..200)).await;
    start(&server, &id).await;
    let last = number(199);
    twilio.say(&last, "No me deis de baja");
    twilio.say(&number(198), "baja");
    twilio.at.messages().called_back().await;
    let ended = becomes(&server, &id, "completed", secs(20)).await;
    assert_eq!(twilio.at.messages().effects_of(&number(198)), 0);
    assert_eq!(
        twilio.at.messages().effects_of(&last),
        1,
        "that was no word to opt out by"
    );
    assert_eq!(ended["progress"]["success"], 199, "{ended}");
    // The next campaign leaves the person out from the start.
    let next = campaign(&server, greeting(&twilio, 190..200)).await;
    start(&server, &next).await;
    let ended = becomes(&server, &next, "completed", secs(20)).await;
    assert_eq!(ended["metrics"]["skipped"]["opted_out"], 1, "{ended}");
    assert_eq!(twilio.at.messages().effects_of(&number(198)), 0);
}
