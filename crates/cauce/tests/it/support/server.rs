//! A server process: started, asked, reloaded, stopped, killed.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{ADMIN, Answer, SOON, Setup, call, ms, until};

/// The binary, with nothing of this process's environment that would configure it. Another build of
/// it, an optimised one say, is named by `CAUCE_TEST_BINARY`.
pub(crate) fn command(setup: &Setup) -> Command {
    let named = std::env::var_os("CAUCE_TEST_BINARY");
    let mut command = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_cauce").into()));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CAUCE_") || name == "RUST_LOG" {
            command.env_remove(&*name);
        }
    }
    command.arg("--config").arg(setup.config()).arg("--json");
    command
}

/// Runs a command to its end.
pub(crate) fn run(setup: &Setup, arguments: &[&str]) -> Output {
    command(setup).args(arguments).output().unwrap()
}

/// A server that runs. Dropped, it is killed.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    /// From the start of the process to the line that says where it listens.
    pub(crate) took: Duration,
    child: Child,
    _stdout: BufReader<ChildStdout>,
    _folder: Arc<TempDir>,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub(crate) fn start(setup: &Setup) -> Server {
        let log = setup.path().join("log");
        let log = OpenOptions::new().create(true).append(true).open(log);
        let began = Instant::now();
        let mut child = command(setup)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("the server did not start: {}", setup.log()));
        let addr = told["listening"]
            .as_str()
            .and_then(|url| url.strip_prefix("http://"));
        Server {
            addr: addr.unwrap().parse().unwrap(),
            took: began.elapsed(),
            child,
            _stdout: stdout,
            _folder: setup.folder(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks with the key for everything.
    pub(crate) async fn ask(&self, request: &str, body: Option<&str>) -> Answer {
        self.ask_as(ADMIN, request, &[], body).await
    }

    /// Asks with this key and these headers.
    pub(crate) async fn ask_as(
        &self,
        key: &str,
        request: &str,
        more: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        self.try_ask(key, request, more, body).await.unwrap()
    }

    /// The same where the server may go away meanwhile.
    pub(crate) async fn try_ask(
        &self,
        key: &str,
        request: &str,
        more: &[(&str, &str)],
        body: Option<&str>,
    ) -> std::io::Result<Answer> {
        let bearer = format!("Bearer {key}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend_from_slice(more);
        call(self.addr, request, &headers, body).await
    }

    /// Asks for something that is there.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask(&format!("GET {path}"), None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// Has something done that is right.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let answer = self.ask(&format!("POST {path}"), Some(&body)).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer.json()
    }

    /// A counter of a queue.
    pub(crate) async fn count(&self, queue: &str, counter: &str) -> u64 {
        let status = self.get(&format!("/api/queues/{queue}")).await;
        let found = status["counts"]
            .get(counter)
            .or_else(|| status.get(counter));
        found
            .and_then(Value::as_u64)
            .unwrap_or_else(|| panic!("no {counter} in {status}"))
    }

    /// Waits until nothing is pending in these queues.
    pub(crate) async fn emptied(&self, queues: &[&str], within: Duration) {
        for queue in queues {
            let what = format!("{queue} is empty");
            until(&what, within, async || {
                self.count(queue, "pending").await == 0
            })
            .await;
        }
    }

    /// Every queue for which the conservation law does not hold.
    pub(crate) async fn law_breakers(&self) -> Vec<String> {
        let queues = self.get("/api/queues").await;
        let mut broken = Vec::new();
        for queue in queues["items"].as_array().unwrap() {
            let count = |name: &str| queue["counts"][name].as_u64().unwrap();
            let pending = queue["pending"].as_u64().unwrap();
            let ends: u64 = ["completed", "dead", "unknown", "expired", "cancelled"]
                .map(count)
                .iter()
                .sum();
            let in_all = ["accepted", "duplicates", "withheld", "rejected"].map(count);
            if count("accepted") != ends + pending
                || count("received") != in_all.iter().sum::<u64>()
            {
                broken.push(queue.to_string());
            }
        }
        broken
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.pid().to_string()])
            .status();
        assert!(sent.unwrap().success(), "{name} could not be sent");
    }

    /// Kills the process without a warning, and waits until it has gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the process to stop; answers how it ended and how long it took.
    pub(crate) async fn stop(mut self, within: Duration) -> (ExitStatus, Duration) {
        let began = Instant::now();
        self.signal("TERM");
        let status = self.ended(within).await;
        (status, began.elapsed())
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "still there after {within:?}");
            tokio::time::sleep(ms(10)).await;
        }
    }

    /// Lets the server take its configuration again, and waits until it says so.
    pub(crate) async fn reload(&self, setup: &Setup) {
        let told = || setup.log().matches("configuration is reloaded").count();
        let before = told();
        self.signal("HUP");
        until("the configuration is reloaded", SOON, async || {
            told() > before
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
