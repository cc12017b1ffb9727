//! What `deploy` holds for others to watch Cauce with: every metric and label that it names is one that
//! a server tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpStream,
    path::Path,
};

use crate::support::{Outside, SOON, Server, Setup, events, track, web_event};

const FILES: [&str; 3] = [
    "grafana/cauce.json",
    "prometheus/alerts.yml",
    "prometheus/alerts_test.yml",
];
/// Labels that Prometheus adds by itself.
const ADDED: [&str; 2] = ["instance", "job"];
const MAX_CONNECTIONS: usize = 8;

/// Labels by metric.
type Named = BTreeMap<String, BTreeSet<String>>;

/// Every metric of ours in a text, with the labels that stand in braces behind it.
fn named_in(text: &str) -> Named {
    let mut named = Named::new();
    for (at, _) in text.match_indices("cauce_") {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        if before.is_ascii_alphanumeric() || "_/-.".contains(before) {
            continue;
        }
        let rest = &text[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let braces = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let labels = braces.map_or("", |(labels, _)| labels);
        let labels = labels.split(',').filter_map(|label| {
            let name = label.split(['=', '!']).next()?.trim();
            (!name.is_empty()).then(|| name.to_owned())
        });
        named.entry(name.to_owned()).or_default().extend(labels);
    }
    named
}

/// Every metric that a server tells, with its labels.
fn told_in(text: &str) -> Named {
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    named_in(&samples.join("\n"))
}

#[test]
fn metrics_and_their_labels_are_found_in_texts() {
    let text = r#"rate(cauce_a_total{queue=~"$queue",state!="x"}[5m]) / cauce_b > x/cauce_no.md"#;
    let named = named_in(text);
    let names: Vec<_> = named.keys().map(String::as_str).collect();
    assert_eq!(names, ["cauce_a_total", "cauce_b"]);
    let labels: Vec<_> = named["cauce_a_total"].iter().map(String::as_str).collect();
    assert_eq!(labels, ["queue", "state"]);
}

/// A server to which everything has happened that it counts.
async fn seasoned(outside: &Outside) -> Server {
    let setup = Setup::new(outside.accounts("acme"))
        .with(
            "queues.meta",
            "rate = [[50, \"1s\"]]\nbatch = { max_wait = \"50ms\" }\n",
        )
        .and("http", &format!("max_connections = {MAX_CONNECTIONS}"))
        .with("tracking.export", "folder = \"export\"\n");
    let server = Server::start(&setup);
    server
        .post("/api/pixels/events?tenant=acme", &events("meta", 0, 10))
        .await;
    server.emptied(&["meta"], SOON).await;
    track(&server, vec![web_event(1, 1, "CLICK")]).await;
    let open = || TcpStream::connect(server.addr).unwrap();
    // More connections than there may be: some are refused, and that is counted.
    let many: Vec<TcpStream> = (0..MAX_CONNECTIONS + 4).map(|_| open()).collect();
    // Those that are taken hear nothing for a while; one that is not hears so at once.
    crate::support::until("one too many is refused", SOON, async || {
        let hears = |one: &TcpStream| one.set_nonblocking(true).and_then(|()| one.peek(&mut [0]));
        many.iter().any(|one| hears(one).is_ok())
    })
    .await;
    drop(many);
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_is_watched_is_one_that_a_server_tells() {
    let outside = Outside::start().await;
    let server = seasoned(&outside).await;
    let mut told = Named::new();
    crate::support::until("all is told", SOON, async || {
        let answer = server.try_ask(crate::support::ADMIN, "GET /metrics", &[], None);
        if let Ok(answer) = answer.await {
            told = told_in(&answer.body);
        }
        told.contains_key("cauce_http_refused_total")
    })
    .await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let mut wrong = Vec::new();
    for file in FILES {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        // In JSON the quotes around the values of labels are escaped.
        for (name, labels) in named_in(&text.replace("\\\"", "\"")) {
            let Some(has) = told.get(&name) else {
                wrong.push(format!("{file}: no server tells {name}"));
                continue;
            };
            let unknown =
                |label: &&String| !has.contains(*label) && !ADDED.contains(&label.as_str());
            for label in labels.iter().filter(unknown) {
                wrong.push(format!("{file}: {name} has no label {label}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
