//! Commands beside and after a server: dead letters, checks, repairs, and the demo.

use std::{fs, process::Output};

use cauce_sim::Poison;
use serde_json::{Value, json};

use crate::support::{ADMIN, Outside, QUEUES, SOON, Server, Setup, Told, events, id, run, secs};

/// What a command printed as JSON.
fn printed(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{complaint}"))
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_of_a_configuration_is_told_at_once() {
    let setup = Setup::new(String::new());
    let text = fs::read_to_string(setup.config()).unwrap();
    let bad = text.replace("min_free", "min_fre") + "[pixels]\nconsent_default = \"perhaps\"\n";
    fs::write(setup.config(), bad).unwrap();
    for command in ["serve", "check", "queues"] {
        let output = run(&setup, &[command]);
        let told = complaint(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {told}");
        assert!(
            told.contains("min_free") && told.contains("consent_default"),
            "{told}"
        );
        assert!(told.contains("2 problems"), "{told}");
        assert!(!told.contains(ADMIN), "{told}");
    }
    assert!(
        !setup.data().exists(),
        "a bad configuration has made a folder"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_which_credential_is_wrong() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let output = run(&setup, &["check"]);
    let all_good = printed(&output)["checks"]
        .as_array()
        .unwrap()
        .iter()
        .all(|c| c["ok"] == true);
    assert!(output.status.success() && all_good, "{}", printed(&output));
    let setup = Setup::new(outside.account("meta", "acme", "expired"));
    let output = run(&setup, &["check"]);
    assert_eq!(output.status.code(), Some(1));
    let found = printed(&output);
    let wrong: Vec<&Value> = found["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["ok"] == false)
        .collect();
    assert_eq!(wrong.len(), 1, "{found}");
    assert_eq!(wrong[0]["name"], "account acme-meta", "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_and_put_back_from_a_terminal() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    outside
        .meta
        .faults()
        .poison([id(3).as_str()], Poison::Named);
    server
        .post("/api/pixels/events?tenant=acme", &events("meta", 0, 10))
        .await;
    server.emptied(&["meta"], SOON).await;
    let url = format!("http://{}", server.addr);
    let at = |arguments: &[&str]| {
        run(
            &setup,
            &[arguments, &["--url", &url, "--key", ADMIN]].concat(),
        )
    };
    let listed = at(&["dead", "list", "meta"]);
    assert!(listed.status.success(), "{}", complaint(&listed));
    let counted = printed(&at(&["dead", "retry", "--queue", "meta", "--dry-run"]));
    assert_eq!(counted["count"], 1, "{counted}");
    let replayed = printed(&at(&["dead", "retry", "--queue", "meta"]));
    assert_eq!(replayed["count"], 1, "{replayed}");
    server.emptied(&["meta"], SOON).await;
    assert_eq!(server.count("meta", "dead").await, 1);
    let wrong_key = run(
        &setup,
        &["queues", "--url", &url, "--key", "ck_live_nobody"],
    );
    assert_eq!(wrong_key.status.code(), Some(1));
    assert!(
        complaint(&wrong_key).contains("401"),
        "{}",
        complaint(&wrong_key)
    );
}

/// Turns some bytes over in the middle of what a log holds.
fn damage(folder: &std::path::Path) {
    let mut logs: Vec<_> = fs::read_dir(folder.join("jobs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "log"))
        .collect();
    logs.sort();
    let mut bytes = fs::read(&logs[0]).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    for byte in &mut bytes[end / 2..end / 2 + 8] {
        *byte ^= 0xff;
    }
    fs::write(&logs[0], bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_folder_is_told_mended_and_served() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let mut told = Told::default();
    server.post("/api/queues/meta/pause", &json!({})).await;
    for part in 0..20 {
        told.post(&server, &events("meta", part * 10, 10)).await;
    }
    server.stop(SOON).await;
    let checked = run(&setup, &["store", "check"]);
    assert!(checked.status.success(), "{}", complaint(&checked));
    assert_eq!(printed(&checked)["clean"], true);

    damage(&setup.data());
    let checked = run(&setup, &["store", "check"]);
    assert_eq!(checked.status.code(), Some(1), "{}", complaint(&checked));
    assert_eq!(printed(&checked)["clean"], false);
    let mended = run(&setup, &["store", "repair"]);
    assert!(mended.status.success(), "{}", complaint(&mended));
    let checked = run(&setup, &["store", "check"]);
    assert!(checked.status.success(), "{}", complaint(&checked));
    let compacted = run(&setup, &["store", "compact"]);
    assert!(compacted.status.success(), "{}", complaint(&compacted));

    // What is whole is served: all but what the damaged record held.
    let server = Server::start(&setup);
    server.post("/api/queues/meta/resume", &json!({})).await;
    server.emptied(&["meta"], SOON).await;
    let arrived = outside.meta.ledger().accepted_ids().len();
    println!("{arrived} of 200 are served around the damage");
    assert!((150..=200).contains(&arrived), "{arrived} of 200");
    told.post(&server, &events("meta", 1_000, 5)).await;
    server.emptied(&["meta"], SOON).await;
    for number in 1_000..1_005 {
        assert_eq!(outside.meta.ledger().count(&id(number)), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_beside_a_server_holds_what_waits() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let mut told = Told::default();
    for queue in QUEUES {
        server
            .post(&format!("/api/queues/{queue}/pause"), &json!({}))
            .await;
    }
    told.post(&server, &events("meta", 0, 40)).await;
    let copy = setup.path().join("copy");
    let copied = run(&setup, &["store", "backup", copy.to_str().unwrap()]);
    assert!(copied.status.success(), "{}", complaint(&copied));
    server.kill();
    fs::remove_dir_all(setup.data()).unwrap();
    fs::rename(&copy, setup.data()).unwrap();
    let server = Server::start(&setup);
    server.post("/api/queues/meta/resume", &json!({})).await;
    server.emptied(&["meta"], SOON).await;
    told.assert_arrived(&outside);
}

#[test]
fn the_demo_loses_nothing_and_says_so() {
    let setup = Setup::new(String::new());
    let began = std::time::Instant::now();
    let folder = setup.path().join("report");
    let report = ["--report", folder.to_str().unwrap()];
    let args = ["demo", "--exit", "--seconds", "5", "--rate", "100"];
    let output = run(&setup, &[&args[..], &report].concat());
    let summary = printed(&output);
    println!("the demo took {:?}", began.elapsed());
    assert!(output.status.success(), "{summary}");
    assert_eq!(summary["good"], true, "{summary}");
    assert_eq!(
        (&summary["lost"], &summary["pending"]),
        (&json!(0), &json!(0))
    );
    for (file, begins) in [("report-es.pdf", &b"%PDF-"[..]), ("report-en.xlsx", b"PK")] {
        let written = std::fs::read(folder.join(file)).unwrap();
        assert!(written.starts_with(begins), "{file}");
    }
    assert!(began.elapsed() < secs(60), "{:?}", began.elapsed());
}
