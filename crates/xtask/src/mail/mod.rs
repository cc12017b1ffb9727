//! `cargo xtask mail`: letters of alerts, in both languages, to a mail server that is not ours: aiosmtpd,
//! which wants a password, encrypted by STARTTLS and from the beginning, and takes nobody at the first
//! try, as greylisting does.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    python::{self, Package},
    server::Server,
    shell::{self, ensure},
};

const AIOSMTPD: Package = Package {
    name: "aiosmtpd",
    version: "1.4.6",
};
/// Receives letters and reads them with Python's own parser.
const RECEIVE: &str = "crates/xtask/src/mail/receive.py";

/// Runs the task.
pub(crate) fn run() -> Result<()> {
    ensure(&[("openssl", "openssl")])?;
    let python = python::installed(&AIOSMTPD)?.join("bin/python");
    for how in ["starttls", "tls"] {
        receive(&python, how)?;
    }
    Ok(())
}

fn receive(python: &std::path::Path, how: &str) -> Result<()> {
    let folder = env::temp_dir().join(format!("cauce-mail-ca-{}-{how}", std::process::id()));
    fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    openssl.args(["-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
    // One of an authority is none of a server.
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    shell::run(openssl.stderr(Stdio::null()))?;
    let mut receiver = Command::new(python)
        .args([RECEIVE, how])
        .arg(&certificate)
        .arg(&key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the receiver")?;
    let mut told = BufReader::new(receiver.stdout.take().context("it has a stdout")?).lines();
    let address = told
        .next()
        .context("the receiver says where it listens")??;
    let server = Server::start("mail", &configuration(&address, &certificate))?;
    let mut orders = receiver.stdin.take().context("it has a stdin")?;
    writeln!(orders, "{}\n{}", server.url, server.key)?;
    drop(orders);
    for line in told {
        shell::say(&line?);
    }
    let ended = receiver.wait()?;
    fs::remove_dir_all(&folder)?;
    server.stop()?;
    match ended.success() {
        true => Ok(()),
        false => bail!("the receiver is not content, {ended}"),
    }
}

fn configuration(address: &str, certificate: &std::path::Path) -> String {
    format!(
        r#"
[transport]
ca = "${{file:{}}}"
[queues.alerts]
retry = {{ base = "200ms", cap = "400ms" }}
[alerts.email]
smtp = "{address}"
from = "Cauce <cauce@example.com>"
to = ["Ana <ana@example.com>"]
[[alerts.channels]]
name = "madrid"
type = "email"
to = ["luis@example.com"]
language = "es"
[[accounts]]
name = "acme-meta"
tenant = "acme"
platform = "meta"
dataset_id = "1"
access_token = "x"
base_url = "http://127.0.0.1:9"
"#,
        certificate.display()
    )
}
