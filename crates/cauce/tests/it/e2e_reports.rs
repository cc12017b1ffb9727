//! Reports that are sent by themselves: each once, whatever dies, and late where nobody was there.

use std::collections::BTreeSet;

use cauce_store::analytics::{Analytics, Settings};
use serde_json::{Value, json};

use crate::support::{
    ADMIN, Post, SOON, Server, Setup, now_ms,
    pager::{Pager, subject},
    run, secs, until,
};

const DAY_MS: i64 = 86_400_000;
const WEEKLY: &str = "/api/analytics/reports/weekly/send";

/// A weekly report for two people.
const REPORT: &str = "[[reports]]\nname = \"weekly\"\ntenant = \"acme\"\nperiod = \"week\"\n\
                      at = \"00:00\"\nzone = \"Europe/Madrid\"\nlanguage = \"es\"\n\
                      formats = [\"pdf\", \"xlsx\"]\n\
                      to = [\"Ana <ana@example.com>\", \"luis@example.com\"]\n";

/// A configuration with the report, and with these lines more.
fn setup(post: &Post, more: &str) -> Setup {
    Setup::new(REPORT.to_owned() + more).with("alerts.email", &post.leaves_through())
}

async fn report(server: &Server) -> Value {
    let page = server.get("/api/analytics/reports?tenant=acme").await;
    page["items"][0].clone()
}

/// As if the server had not run in the last weeks.
async fn set_back(setup: &Setup, days: i64) {
    let analytics = Analytics::open(&setup.data(), Settings::default()).unwrap();
    let mark = "report weekly week Europe/Madrid";
    let begun = analytics.mark(mark).await.unwrap().expect("it has begun");
    let back = begun - days * DAY_MS;
    analytics.keep_mark(mark, back).await.unwrap();
    analytics.close().await;
}

async fn are_sent(post: &Post, count: usize) {
    until(&format!("{count} letters"), secs(30), async || {
        post.letters().len() >= count
    })
    .await;
}

/// The names of the files that came.
fn files(post: &Post) -> BTreeSet<String> {
    let letters = post.letters().into_iter();
    letters
        .flat_map(|letter| {
            let parts = letter.text.split("filename=\"").skip(1);
            let names = parts.filter_map(|part| part.split('"').next());
            names.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_sent_once_for_each_week_also_late_and_through_kills() {
    let post = Post::start().await;
    let setup = setup(&post, "");
    let server = Server::start(&setup);
    until("the report has begun", SOON, async || {
        report(&server).await["nextAt"] != Value::Null
    })
    .await;
    let own = report(&server).await;
    assert_eq!(
        (&own["period"], &own["recipients"]),
        (&json!("week"), &json!(2))
    );
    let next = own["nextAt"].as_str().unwrap().parse::<jiff::Timestamp>();
    let next = next.unwrap().as_millisecond();
    assert!(next > now_ms() && next - now_ms() <= 7 * DAY_MS + DAY_MS / 24);
    // A message of the week that is over.
    let at = next - 8 * DAY_MS;
    let event = json!({ "type": "messageSent", "id": "m", "at": at });
    server
        .post("/api/analytics/track?tenant=acme", &event)
        .await;
    server.kill();
    assert!(post.letters().is_empty());

    // Thirteen days before its end lies within the week before the last one: both are late.
    set_back(&setup, 13).await;
    let server = Server::start(&setup);
    are_sent(&post, 4).await;
    // A letter whose answer a crash cuts off goes again; these are told to be sent.
    server.emptied(&["alerts"], SOON).await;
    server.kill();
    let server = Server::start(&setup);
    server.emptied(&["alerts"], SOON).await;
    assert_eq!(post.letters().len(), 4);
    assert_eq!(files(&post).len(), 4, "{:?}", files(&post));
    let letters = post.letters();
    let to_ana = letters
        .iter()
        .filter(|letter| letter.to == ["ana@example.com"]);
    let texts: Vec<&str> = to_ana.map(|letter| letter.text.as_str()).collect();
    assert_eq!(texts.len(), 2);
    let count = |said: &str| texts.iter().filter(|text| text.contains(said)).count();
    assert_eq!(count("Mensajes enviados: 1 ("), 1);
    assert_eq!(count("Mensajes enviados: 0 ("), 1);
    for text in texts {
        let parts = [
            "application/pdf",
            "JVBERi0",
            "UEsDB",
            "text/html",
            "Elaborado el",
        ];
        for part in parts {
            assert!(text.contains(part), "{part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_can_be_sent_at_once_by_whoever_may() {
    let post = Post::start().await;
    let setup = setup(&post, "");
    let server = Server::start(&setup);
    let sent = server.post(WEEKLY, &json!({})).await;
    assert_eq!(sent["jobs"].as_array().unwrap().len(), 2);
    are_sent(&post, 2).await;
    let url = format!("http://{}", server.addr);
    let of_server = ["--url", &url, "--key", ADMIN];
    let send = |name: &'static str| {
        run(
            &setup,
            &[&["report", "--send-now", name][..], &of_server].concat(),
        )
    };
    let done = tokio::task::block_in_place(|| send("weekly"));
    assert!(done.status.success(), "{done:?}");
    are_sent(&post, 4).await;
    let unknown = tokio::task::block_in_place(|| send("yearly"));
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(!unknown.status.success() && said.contains("404"), "{said}");
    let elsewhere = format!("POST {WEEKLY}?tenant=globex");
    assert_eq!(server.ask(&elsewhere, None).await.status, 404);
    let audit = server.get("/api/audit").await.to_string();
    assert!(audit.contains("report.send"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_a_report_that_fails_at_last_is_told_until_it_is_tried_again() {
    let (post, pager) = (Post::start().await, Pager::start().await);
    post.says("luis@example.com", &["550 5.1.1 no such user"]);
    let setup =
        setup(&post, &pager.channel("")).at_root("public_url = \"https://cauce.example\"\n");
    let server = Server::start(&pager.watches(setup, ""));
    server.post(WEEKLY, &json!({})).await;
    let alarm = pager.hears("report_undelivered", "alert.fired").await;
    assert_eq!(alarm["subject"], subject("report", "weekly"));
    assert_eq!(
        (&alarm["tenant"], &alarm["value"]),
        (&json!("acme"), &json!(1.0))
    );
    assert!(!alarm.to_string().contains("luis@"), "{alarm}");
    let letters = "https://cauce.example/queues/alerts?account=reports:weekly";
    assert_eq!(alarm["url"], letters);
    are_sent(&post, 1).await;
    server
        .post("/api/queues/alerts/dead/retry", &json!({}))
        .await;
    are_sent(&post, 2).await;
    pager.hears_the_end(&alarm).await;
    assert_eq!(pager.told().len(), 2, "{:?}", pager.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_written_into_a_file_by_the_command_line() {
    let setup = Setup::new(String::new());
    let server = Server::start(&setup);
    let url = format!("http://{}", server.addr);
    let of_server = ["--url", &url, "--key", ADMIN, "--tenant", "acme"];
    let report = |args: &[&str]| {
        let args = [&["report"][..], args, &of_server].concat();
        tokio::task::block_in_place(|| run(&setup, &args))
    };
    for (format, begins) in [("pdf", &b"%PDF-"[..]), ("xlsx", b"PK"), ("json", b"{")] {
        let file = setup.path().join(format!("report.{format}"));
        let name = file.to_str().unwrap();
        let done = report(&["--format", format, "--out", name, "--zone", "Europe/Madrid"]);
        assert!(done.status.success(), "{done:?}");
        assert!(
            std::fs::read(&file).unwrap().starts_with(begins),
            "{format}"
        );
    }
    let file = setup.path().join("none.pdf");
    let name = file.to_str().unwrap();
    for (args, code, says) in [
        (&["--zone", "Mars"][..], 1, "no such time zone"),
        (&["--from", "2020-01-01T00:00:00Z"], 1, "sums_kept"),
        (&["--period", "year"], 2, "day, week, month"),
        (&["--lang", "fr"], 2, "en, es"),
    ] {
        let refused = report(&[args, &["--out", name]].concat());
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{args:?}: {said}");
    }
    assert!(!file.exists() && !setup.path().join("none.pdf.part").exists());
    let aimless = report(&[]);
    assert_eq!(aimless.status.code(), Some(2), "{aimless:?}");
}
