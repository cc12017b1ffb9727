//! A server under a service manager, and the command that asks whether it is ready.

use std::{
    os::unix::net::UnixDatagram,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::process::{Room, until};

const CONFIG: &str = "[http]\nlisten = \"127.0.0.1:0\"\n[limits]\nmin_free = \"64 MiB\"\n";

/// What a service manager hears.
struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
}

impl Manager {
    fn new(room: &Room) -> Manager {
        let socket = UnixDatagram::bind(room.path("notify")).unwrap();
        let patience = Duration::from_millis(100);
        socket.set_read_timeout(Some(patience)).unwrap();
        let heard = Vec::new();
        Manager { socket, heard }
    }

    /// Waits until something was said so often in all.
    fn hears(&mut self, word: &str, times: usize) {
        let found = until(|| {
            self.listen();
            let said = self.heard.iter().filter(|said| *said == word).count();
            (said >= times).then_some(())
        });
        assert!(found.is_some(), "no {word} among {:?}", self.heard);
    }

    /// Takes what is said next, if it is said soon.
    fn listen(&mut self) {
        let mut message = [0; 256];
        if let Ok(length) = self.socket.recv(&mut message) {
            let text = String::from_utf8_lossy(&message[..length]);
            self.heard.extend(text.lines().map(str::to_owned));
        }
    }
}

/// Sends a signal to a process.
fn signal(child: &Child, name: &str) {
    let mut kill = std::process::Command::new("kill");
    let pid = child.id().to_string();
    assert!(kill.args([name, &pid]).status().unwrap().success());
}

#[test]
fn a_service_manager_hears_that_it_is_ready_alive_reloading_and_stopping() {
    let room = Room::new(CONFIG);
    let mut manager = Manager::new(&room);
    let mut child = room
        .command(&["serve"])
        .env("NOTIFY_SOCKET", room.path("notify"))
        .env("WATCHDOG_USEC", "400000")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    manager.hears("READY=1", 1);
    manager.hears("WATCHDOG=1", 3);
    signal(&child, "-HUP");
    manager.hears("RELOADING=1", 1);
    manager.hears("READY=1", 2);
    signal(&child, "-TERM");
    manager.hears("STOPPING=1", 1);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_server_that_nobody_watches_says_nothing_of_being_alive() {
    // No watchdog at all, and one for another process.
    for watched in [
        &[][..],
        &[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")],
    ] {
        let room = Room::new(CONFIG);
        let mut manager = Manager::new(&room);
        let mut child = room
            .command(&["serve"])
            .env("NOTIFY_SOCKET", room.path("notify"))
            .envs(watched.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        manager.hears("READY=1", 1);
        // Twenty times as long as one who is watched is silent.
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(1) {
            manager.listen();
        }
        signal(&child, "-TERM");
        manager.hears("STOPPING=1", 1);
        assert!(child.wait().unwrap().success());
        let heard = &manager.heard;
        assert!(!heard.contains(&"WATCHDOG=1".to_owned()), "{heard:?}");
    }
}

#[test]
fn ready_asks_without_a_key_and_tells_by_its_exit_code() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    let asked = room.run(&["ready", "--url", &server.url]).done();
    assert!(asked.out.contains("log"), "{}", asked.out);
    let asked = room.run(&["ready", "--json", "--url", &server.url]).done();
    assert!(asked.json()["checks"].is_array());
    let url = server.url.clone();
    server.stop();
    let asked = room.run(&["ready", "--url", &url]);
    assert_eq!(asked.code, Some(1));
    assert!(asked.err.contains("cannot reach"), "{}", asked.err);
    assert!(
        asked.err.contains("hint: start `cauce serve`"),
        "{}",
        asked.err
    );
}
