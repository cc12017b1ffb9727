//! `cauce top` as scripts use it. What its screen shows is tested where it is drawn.

use serde_json::json;

use crate::{
    process::Room,
    support::{ADMIN, Outside, Server, Setup, events, run},
};

#[tokio::test(flavor = "multi_thread")]
async fn one_frame_shows_what_a_server_does() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    server.post("/api/queues/tiktok/pause", &json!({})).await;
    server
        .post("/api/pixels/events?tenant=acme", &events("tiktok", 0, 7))
        .await;
    let url = format!("http://{}", server.addr);
    let room = Room::new("");
    let top = |more: &[&str]| {
        let args = ["top", "--once", "--url", &url, "--key", ADMIN];
        room.run(&[&args, more].concat()).done()
    };
    let frame = top(&[]).out;
    assert!(frame.contains("tiktok (paused)"), "{frame}");
    assert!(frame.contains("meta"), "{frame}");
    assert!(!frame.contains('\u{1b}'), "{frame:?}");
    let frame = top(&["--filter", "tiktok"]).out;
    assert!(!frame.contains("meta"), "{frame}");
    let told = top(&["--json", "--filter", "tiktok"]).json();
    let queue = &told["queues"][0];
    assert_eq!(
        (&queue["name"], &queue["waiting"]),
        (&json!("tiktok"), &json!(7))
    );
    assert!(queue["inPerSecond"].is_number(), "{told}");
}

#[test]
fn without_a_terminal_or_a_server_it_says_what_to_do() {
    let room = Room::new("");
    let nowhere = ["--url", "http://127.0.0.1:1", "--key", "ck_live_x"];
    let ended = room.run(&[&["top"], &nowhere[..]].concat());
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.err.contains("hint: `cauce top --once`"),
        "{}",
        ended.err
    );
    let ended = room.run(&[&["top", "--once"], &nowhere[..]].concat());
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("cannot reach http://127.0.0.1:1"),
        "{}",
        ended.err
    );
    let setup = Setup::new(String::new());
    let ended = run(&setup, &["top", "--once", "--interval", "0"]);
    assert_eq!(ended.status.code(), Some(2));
}
