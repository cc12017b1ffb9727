//! A server and the commands around it, from the first start to a restored backup.

use serde_json::{Value, json};

use crate::process::{Room, Server, until};

/// An account whose platform nobody answers for: jobs stay where they can be looked at.
const CONFIG: &str = r#"
[http]
listen = "127.0.0.1:0"
[queues.meta.batch]
max_wait = "1h"
[limits]
min_free = "64 MiB"
[[accounts]]
name = "acme-meta"
tenant = "acme"
platform = "meta"
dataset_id = "1"
access_token = "t"
base_url = "http://127.0.0.1:1"
"#;

const EVENT: &str = r#"{"eventType":"purchase","user":{"email":"a@example.com"},
    "data":{"value":10,"currency":"EUR"},"page":{"url":"https://shop.example"},
    "client":{"ip":"192.0.2.1","userAgent":"test"}}"#;

/// Asks the server with its first key and answers JSON.
fn ask(room: &Room, server: &Server, args: &[&str]) -> Value {
    let key = server.first_key.as_deref().unwrap();
    let args = [args, &["--json", "--url", &server.url, "--key", key]].concat();
    room.run(&args).done().json()
}

fn take_event(room: &Room, server: &Server) -> String {
    let key = [
        "keys",
        "create",
        "--name",
        "app",
        "--tenant",
        "acme",
        "--scopes",
        "ingest,read",
    ];
    let key = ask(room, server, &key)["key"].as_str().unwrap().to_owned();
    let (status, body) = server.post("/api/pixels/events", &key, EVENT);
    assert_eq!(status, 202, "{body}");
    let jobs = ask(room, server, &["jobs", "list", "meta"]);
    jobs["items"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_first_start_shows_a_key_and_later_ones_do_not() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    assert!(
        server
            .first_key
            .as_ref()
            .is_some_and(|key| key.starts_with("ck_live_"))
    );
    assert!(
        !server.log().contains("ck_live_"),
        "keys do not stand in logs"
    );
    assert!(server.stop().success());
    let again = room.serve();
    assert_eq!(again.first_key, None);
    again.stop();
    let configured =
        Room::new(&CONFIG.replace("[http]", "[http]\nadmin_key = \"0123456789abcdef\""));
    assert_eq!(configured.serve().first_key, None);
}

#[test]
fn jobs_and_queues_can_be_looked_at_and_held() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    let job = take_event(&room, &server);
    assert_eq!(
        ask(&room, &server, &["queues"])["items"][0]["counts"]["waiting"],
        1
    );
    assert_eq!(
        ask(&room, &server, &["jobs", "show", &job])["state"],
        "waiting"
    );
    assert!(ask(&room, &server, &["jobs", "why", &job])["summary"].is_string());
    assert_eq!(
        ask(&room, &server, &["queues", "pause", "meta"])["gate"],
        "paused"
    );
    assert_eq!(
        ask(&room, &server, &["queues", "show", "meta"])["gate"],
        "paused"
    );
    assert_eq!(
        ask(&room, &server, &["queues", "resume", "meta"])["gate"],
        "open"
    );
    assert_eq!(
        ask(&room, &server, &["dead", "list", "meta"])["reasons"],
        json!([])
    );
    let counted = ask(
        &room,
        &server,
        &["dead", "retry", "--queue", "meta", "--dry-run"],
    );
    assert_eq!(counted["count"], 0);
    assert_eq!(
        ask(&room, &server, &["jobs", "cancel", &job])["cancelled"],
        true
    );
    assert_eq!(
        ask(&room, &server, &["jobs", "show", &job])["state"],
        "cancelled"
    );
    server.stop();
}

#[test]
fn tables_are_printed_for_people() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    let job = take_event(&room, &server);
    let key = server.first_key.clone().unwrap();
    for args in [
        vec!["queues"],
        vec!["queues", "show", "meta"],
        vec!["jobs", "list", "meta"],
        vec!["jobs", "show", &job],
        vec!["jobs", "why", &job],
        vec!["dead", "list", "meta"],
        vec!["keys", "list"],
    ] {
        let args = [args.as_slice(), &["--url", &server.url, "--key", &key]].concat();
        let shown = room.run(&args).done();
        assert!(!shown.out.is_empty(), "{args:?}");
        assert!(
            !shown.out.contains('\u{1b}'),
            "no colour away from a terminal: {args:?}"
        );
    }
    server.stop();
}

#[test]
fn a_key_made_beside_a_server_works_and_a_revoked_one_does_not() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    let create = [
        "keys", "create", "--name", "n", "--tenant", "acme", "--scopes", "read", "--json",
    ];
    let made = room.run(&create).done().json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let works = || {
        room.run(&["queues", "--url", &server.url, "--key", key])
            .code
            == Some(0)
    };
    assert!(until(|| works().then_some(())).is_some());
    assert_eq!(
        room.run(&["keys", "list", "--json"]).done().json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    room.run(&["keys", "revoke", id]).done();
    assert!(until(|| (!works()).then_some(())).is_some());
    server.stop();
}

#[test]
fn a_public_write_key_is_made_for_a_site_and_its_origins() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    let create = [
        "keys",
        "create",
        "--name",
        "web",
        "--tenant",
        "acme",
        "--site",
        "shop",
        "--origins",
        "https://shop.example,https://www.shop.example",
    ];
    let through = ask(&room, &server, &create);
    let beside = room.run(&[&create[..], &["--json"]].concat()).done().json();
    for made in [&through, &beside] {
        assert!(made["key"].as_str().unwrap().starts_with("cw_"), "{made}");
        assert_eq!(made["scopes"], json!(["ingest"]), "{made}");
        assert_eq!(made["site"], "shop", "{made}");
        let origins = json!(["https://shop.example", "https://www.shop.example"]);
        assert_eq!(made["origins"], origins, "{made}");
    }
    let nowhere = room.run(&[
        "keys", "create", "--name", "w", "--tenant", "acme", "--site", "s",
    ]);
    assert_eq!(nowhere.code, Some(2), "{}", nowhere.err);
    let more = room.run(&[&create[..], &["--scopes", "read"]].concat());
    assert!(
        more.code != Some(0) && more.err.contains("ingest"),
        "{}",
        more.err
    );
    server.stop();
}

#[test]
fn a_reload_takes_accounts_and_a_bad_file_changes_nothing() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    room.write("cauce.toml", &CONFIG.replace("acme-meta", "acme-two"));
    server.signal("HUP");
    server.wait_for_log("the configuration is reloaded");
    let key = server.first_key.clone().unwrap();
    let lines = || {
        let queue = ask(&room, &server, &["queues", "show", "meta"]);
        queue["lines"].to_string()
    };
    assert!(lines().contains("acme-two"));
    room.write("cauce.toml", "[htpp]\n");
    server.signal("HUP");
    let log = server.wait_for_log("the configuration was not reloaded");
    assert!(log.contains("unknown setting `htpp`"), "{log}");
    room.write("cauce.toml", CONFIG);
    assert!(lines().contains("acme-two"), "the bad file changed nothing");
    assert!(!server.log().contains(&key));
    server.stop();
}

#[test]
fn a_backup_taken_beside_a_server_is_a_data_folder() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    let job = take_event(&room, &server);
    room.run(&["store", "backup", "copy"]).done();
    let key = server.first_key.clone().unwrap();
    assert_eq!(
        room.run(&["store", "backup", "copy"]).code,
        Some(2),
        "it is not overwritten"
    );
    let mut databases = 0;
    for entry in std::fs::read_dir(room.path("cauce-data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // What is kept of sessions is a cache.
        if name.ends_with(".db") && name != "sessions.db" {
            assert!(room.path("copy").join(&name).exists(), "no {name}");
            databases += 1;
        }
    }
    assert!(databases > 3, "{databases}");
    server.stop();
    let restored = Room::new(&format!("data_dir = {:?}\n{CONFIG}", room.path("copy")));
    let mut server = restored.serve();
    assert_eq!(server.first_key, None, "the keys came along");
    server.first_key = Some(key);
    assert_eq!(
        ask(&restored, &server, &["jobs", "show", &job])["state"],
        "waiting"
    );
    server.stop();
    for tool in ["check", "compact", "repair", "check"] {
        restored.run(&["store", tool, "--json"]).done().json();
    }
}

#[test]
fn the_openapi_document_can_be_printed() {
    let room = Room::new("");
    assert!(room.run(&["openapi"]).done().json()["openapi"].is_string());
}
