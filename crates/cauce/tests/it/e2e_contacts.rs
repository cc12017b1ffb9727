//! `cauce import contacts`: through a server, into a folder, and what it refuses.

use std::fs;

use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};
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

/// A workbook as people keep it: a sheet of notes that is hidden, phones as numbers, dates, a formula
/// that fails, and two bad rows at its end.
fn workbook(rows: u32) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Notas")?.set_hidden(true);
    let people = book.add_worksheet().set_name("Gente")?;
    people.set_active(true);
    people.write_row(1, 0, ["Teléfono", "Nombre", "Cita", "Ciudad"])?;
    let day = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy");
    let person = |sheet: &mut Worksheet, row: u32, phone: f64, name: &str| {
        sheet.write_number(row, 0, phone)?;
        sheet.write_string(row, 1, name)?;
        sheet
            .write_number_with_format(row, 2, 45_943, &day)
            .map(drop)
    };
    for n in 0..rows {
        person(
            people,
            n + 2,
            f64::from(600_000_000 + n),
            &format!("Persona {n}"),
        )?;
    }
    person(people, rows + 2, 12.0, "Eva; la \"otra\"")?;
    person(people, rows + 3, 600_999_999.0, "Luz")?;
    let failed = rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!");
    people.write_formula(rows + 3, 3, failed)?;
    book.save_to_buffer()
}

#[test]
fn contacts_go_from_a_workbook_through_a_server_and_bad_rows_come_back() {
    let room = Room::new(CONFIG);
    let server = room.serve();
    let key = server.first_key.clone().unwrap();
    fs::write(room.path("c.xlsx"), workbook(3_000).unwrap()).unwrap();
    let path = room.path("c.xlsx").display().to_string();
    let args = ["import", "contacts", &path, "--tenant", "acme"];
    let at = ["--json", "--url", &server.url, "--key", &key];
    let done = room.run(&[&args[..], &at].concat()).done().json();
    assert_eq!(
        (&done["rows"], &done["created"], &done["rejected"]),
        (&json!(3_002), &json!(3_000), &json!(2)),
        "{done}"
    );
    assert_eq!(
        (&done["encoding"], &done["worksheet"]),
        (&json!("XLSX"), &json!("Gente")),
        "{done}"
    );
    let reasons = json!({"phone_invalid": 1, "formula_failed": 1});
    assert_eq!(done["reasons"], reasons);
    let rejected = fs::read_to_string(room.path("c.rejected.csv")).unwrap();
    let last = "3003;\"phone: no country has such a number; hint: are digits missing?\";12;\"Eva; la \"\"otra\"\"\";2025-10-13;";
    assert_eq!(rejected.lines().nth(1), Some(last), "{rejected}");
    let (status, known) = server.get("/api/contacts?tenant=acme&limit=1", &key);
    assert_eq!(status, 200);
    assert!(
        known.contains("\"+34600000000\"") && known.contains("\"Cita\":\"2025-10-13\""),
        "{known}"
    );
    let other = [&args[..], &["--worksheet", "Otra"], &at].concat();
    let refused = room.run(&other);
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(
        refused
            .err
            .contains("no sheet \"Otra\"; it has \"Notas\", \"Gente\""),
        "{}",
        refused.err
    );
    assert!(server.stop().success());
    let again = room.run(&[&args[..], &["--offline"]].concat()).done();
    assert!(
        again
            .out
            .contains("3002 rows (XLSX, sheet \"Gente\"): 0 contacts made, 3000 changed"),
        "{}",
        again.out
    );
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
        ("PK\u{3}\u{4} and so on", "a ZIP and no XLSX workbook"),
        ("PK and so on", "no column for the phone"),
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
