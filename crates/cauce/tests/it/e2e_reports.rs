//! Reports of a running server, from the command line.

use crate::support::{ADMIN, Server, Setup, run};

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
        (&["--from", "2020-01-01T00:00:00Z"], 1, "days back"),
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
