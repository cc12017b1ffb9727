//! What is wrong is said once, with what to do; the exit code tells whose fault it is, and nothing
//! is harmed.

use std::{fs, os::unix::fs::FileExt};

use crate::process::Room;

const PLAIN: &str = "[http]\nlisten = \"127.0.0.1:0\"\n";

/// The command fails with this code, and with the message of the snapshot.
macro_rules! check {
    ($room:expr, $args:expr, $code:literal) => {{
        let ended = $room.run($args);
        assert_eq!(ended.code, Some($code), "{}{}", ended.out, ended.err);
        insta::assert_snapshot!(ended.err.trim_end());
    }};
}

#[test]
fn an_unknown_setting_is_wrong_usage() {
    let room = Room::new("[http]\nlisten = \"127.0.0.1:0\"\n[limit]\nmax_jobs = 5\n");
    check!(room, &["serve"], 2);
    assert!(!room.path("cauce-data").exists(), "nothing was begun");
}

#[test]
fn a_missing_variable_is_wrong_usage() {
    let room = Room::new("[http]\nadmin_key = \"${CAUCE_ADMIN_KEY}\"\n");
    check!(room, &["check"], 2);
}

#[test]
fn a_file_that_is_not_toml_is_wrong_usage() {
    let room = Room::new("[http]\nlisten = 127.0.0.1:0\n");
    check!(room, &["serve"], 2);
}

#[test]
fn a_folder_in_use_is_refused_with_the_process_that_uses_it() {
    let room = Room::new(PLAIN);
    let server = room.serve();
    let ended = room.run(&["serve"]);
    assert_eq!(ended.code, Some(1));
    let message = ended.err.replace(&server.pid().to_string(), "PID");
    insta::assert_snapshot!(message.trim_end());
    for offline in ["repair", "compact"] {
        let ended = room.run(&["store", offline]);
        assert_eq!(ended.code, Some(1), "{offline}");
        assert!(
            ended.err.contains(&server.pid().to_string()),
            "{offline}: {}",
            ended.err
        );
    }
    assert!(server.stop().success(), "the first one was not disturbed");
}

#[test]
fn a_port_in_use_is_refused() {
    let room = Room::new(PLAIN);
    let server = room.serve();
    let other = Room::new(&format!(
        "[http]\nlisten = \"127.0.0.1:{}\"\n",
        server.port()
    ));
    let ended = other.run(&["serve"]);
    assert_eq!(ended.code, Some(1));
    let lines: Vec<_> = ended
        .err
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    insta::assert_snapshot!(lines.join("\n").replace(server.port(), "PORT"));
}

/// A file stands where the folder should be: that stops root as well, which modes do not.
#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let room = Room::new("data_dir = \"file/data\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    room.write("file", "");
    check!(room, &["serve"], 1);
    let ended = room.run(&["check", "--offline"]);
    assert_eq!(ended.code, Some(1), "{}", ended.out);
}

#[test]
fn a_job_log_of_a_newer_version_is_refused_untouched() {
    let room = Room::new(PLAIN);
    room.serve().stop();
    let log = room.path("cauce-data/jobs/00000001.log");
    // The version is the two bytes behind the magic of each copy of the header.
    let file = fs::OpenOptions::new().write(true).open(&log).unwrap();
    for copy in [8, 72] {
        file.write_all_at(&99_u16.to_le_bytes(), copy).unwrap();
    }
    let before = fs::read(&log).unwrap();
    check!(room, &["serve"], 1);
    assert!(fs::read(&log).unwrap() == before);
    assert_eq!(room.run(&["store", "check"]).code, Some(1));
    assert_eq!(room.run(&["store", "repair"]).code, Some(1));
    assert!(fs::read(&log).unwrap() == before);
}

#[test]
fn keys_of_a_newer_version_are_refused() {
    let room = Room::new(PLAIN);
    room.serve().stop();
    // SQLite keeps its user version in four bytes, big-endian (sqlite.org/fileformat2.html, 1.3).
    let file = fs::OpenOptions::new()
        .write(true)
        .open(room.path("cauce-data/control.db"))
        .unwrap();
    file.write_all_at(&99_u32.to_be_bytes(), 60).unwrap();
    check!(room, &["serve"], 1);
}

#[test]
fn a_command_that_does_not_exist_is_wrong_usage() {
    let room = Room::new(PLAIN);
    assert_eq!(room.run(&["serv"]).code, Some(2));
    assert_eq!(
        room.run(&["dead", "retry"]).code,
        Some(2),
        "neither a job nor a queue"
    );
}

#[test]
fn a_command_without_a_key_says_how_to_get_one() {
    check!(Room::new(PLAIN), &["queues"], 2);
}

#[test]
fn a_server_that_does_not_answer_is_named() {
    let room = Room::new(PLAIN);
    check!(
        room,
        &["queues", "--url", "http://127.0.0.1:1", "--key", "k"],
        1
    );
}

#[test]
fn store_commands_name_the_folder_that_they_miss() {
    check!(Room::new(PLAIN), &["store", "check"], 1);
}
