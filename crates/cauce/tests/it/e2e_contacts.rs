//! `cauce import contacts`: through a server, into a folder, and what it refuses.

use std::fs;

use serde_json::json;

use crate::process::Room;

const CONFIG: &str = r#"
[http]
listen = "127.0.0.1:0"
[limits]
min_free = "64 MiB"
[pixels]
default_country = "ES"
"#;

/// A file of the kind that Excel writes in Spain, with two bad rows at its end.
fn file(rows: u32) -> String {
    let mut file = "\u{feff}Teléfono;Nombre;Ciudad\r\n".to_owned();
    for n in 0..rows {
        file.push_str(&format!("600{n:06};Persona {n};Jaén\r\n"));
    }
    file.push_str("12;Eva;\r\n600111222;\"Luz;\r\n");
    file
}

#[test]
fn contacts_go_from_a_file_through_a_server_and_bad_rows_come_back() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    let key = server.first_key.clone().unwrap();
    fs::write(room.path("c.csv"), file(20_000)).unwrap();
    let path = room.path("c.csv").display().to_string();
    let args = [
        "import", "contacts", &path, "--tenant", "acme", "--tags", "june",
    ];
    let at = ["--json", "--url", &server.url, "--key", &key];
    let look = room
        .run(&[&args[..], &["--dry-run"], &at].concat())
        .done()
        .json();
    assert_eq!(
        (&look["dryRun"], &look["created"], &look["rejected"]),
        (&json!(true), &json!(0), &json!(2)),
        "{look}"
    );
    let done = room.run(&[&args[..], &at].concat()).done().json();
    assert_eq!(
        (&done["rows"], &done["created"], &done["rejected"]),
        (&json!(20_002), &json!(20_000), &json!(2)),
        "{done}"
    );
    let rejected = fs::read_to_string(room.path("c.rejected.csv")).unwrap();
    assert!(
        rejected.starts_with("\u{feff}cauce_line;cauce_reason;Teléfono")
            && rejected.contains("20002;\""),
        "{rejected}"
    );
    // A server that runs on the folder is the only one to write there.
    let beside = room.run(&[&args[..], &["--offline"]].concat());
    assert_eq!(beside.code, Some(1), "{}", beside.err);
    assert!(
        beside
            .err
            .contains("held by another process; hint: stop the server"),
        "{}",
        beside.err
    );
    assert!(server.stop().success());
}

#[test]
fn contacts_go_into_a_folder_without_a_server() {
    let room = Room::new(CONFIG);
    fs::write(room.path("c.csv"), file(3_000)).unwrap();
    let path = room.path("c.csv").display().to_string();
    let bad = room.path("bad.csv").display().to_string();
    let args = [
        "import",
        "contacts",
        &path,
        "--tenant",
        "acme",
        "--offline",
        "--rejected",
        &bad,
    ];
    let done = room.run(&args).done();
    assert!(
        done.out.contains(
            "3002 rows (UTF-8, columns by \";\"): 3000 contacts made, 0 changed, 2 rows rejected"
        ),
        "{}",
        done.out
    );
    assert!(
        done.out.contains("  phone_invalid: 1") && done.out.contains("bad.csv"),
        "{}",
        done.out
    );
    assert!(fs::read_to_string(&bad).unwrap().contains(";12;Eva;"));
    let again = room.run(&[&args[..], &["--json"]].concat()).done().json();
    assert_eq!(
        (&again["created"], &again["updated"]),
        (&json!(0), &json!(3_000)),
        "{again}"
    );
}

#[test]
fn file_that_is_no_table_is_refused_before_anything_is_asked() {
    let room = Room::new(CONFIG);
    for (text, says) in [
        ("PK\u{3}\u{4} and so on", "a spreadsheet or a ZIP, not CSV"),
        (
            "nombre;ciudad\nAna;Jaén\n",
            "line 1: the first row names no column for the phone",
        ),
        ("", "the file is empty"),
    ] {
        fs::write(room.path("c.csv"), text).unwrap();
        let path = room.path("c.csv").display().to_string();
        // Nobody listens there.
        let refused = room.run(&[
            "import",
            "contacts",
            &path,
            "--url",
            "http://127.0.0.1:1",
            "--key",
            "k",
        ]);
        assert_eq!(refused.code, Some(1), "{}", refused.err);
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    let nowhere = room.run(&[
        "import",
        "contacts",
        "nowhere.csv",
        "--url",
        "http://127.0.0.1:1",
        "--key",
        "k",
    ]);
    assert!(
        nowhere.err.contains("cannot read nowhere.csv"),
        "{}",
        nowhere.err
    );
    let whose = room.run(&["import", "contacts", "x.csv", "--offline"]);
    assert_eq!(whose.code, Some(2), "{}", whose.err);
}
