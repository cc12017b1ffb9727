//! A folder with a configuration, and the `cauce` processes that run in it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Long enough for a loaded machine; nothing waits for it unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that processes run in.
pub(crate) struct Room {
    dir: tempfile::TempDir,
}

impl Room {
    /// A folder with this configuration.
    pub(crate) fn new(config: &str) -> Room {
        let room = Room {
            dir: tempfile::tempdir().unwrap(),
        };
        room.write("cauce.toml", config);
        room
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A command in this folder, without anything of the outer environment that it would read.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cauce"));
        command.args(args).current_dir(self.dir.path()).env_clear();
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self, self.command(args).output().unwrap())
    }

    /// Starts a server and waits until it listens.
    pub(crate) fn serve(&self) -> Server {
        let mut child = self
            .command(&["--json", "serve"])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(self.path("serve.log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let log = || fs::read_to_string(self.path("serve.log")).unwrap();
        let started: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("not started: {}", log()));
        Server {
            child,
            url: started["listening"].as_str().unwrap().to_owned(),
            first_key: started["firstKey"].as_str().map(str::to_owned),
            log: self.path("serve.log"),
        }
    }
}

/// How a command ended, with the folder's own path taken out of what it said.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    fn of(room: &Room, output: Output) -> Ended {
        let dir = room.dir.path().display().to_string();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&dir, "DIR");
        Ended {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.out, self.err))
    }

    /// The same, and it has to have gone well.
    pub(crate) fn done(self) -> Ended {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }
}

/// A server. It is killed when the test ends without stopping it.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) first_key: Option<String>,
    log: PathBuf,
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits until the log says something.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        until(|| {
            let log = fs::read_to_string(&self.log).unwrap();
            log.contains(text).then_some(log)
        })
        .unwrap_or_else(|| panic!("the log never said {text:?}: {}", self.log()))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Stops it as a service manager does.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        until(|| self.child.try_wait().unwrap()).expect("it ends within its 25 seconds")
    }

    /// Posts JSON and answers status and body.
    pub(crate) fn post(&self, path: &str, key: &str, body: &str) -> (u16, String) {
        self.call("POST", path, key, body)
    }

    /// Gets something.
    pub(crate) fn get(&self, path: &str, key: &str) -> (u16, String) {
        self.call("GET", path, key, "")
    }

    fn call(&self, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended by itself where the test stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again; processes tell nobody when they are done.
pub(crate) fn until<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(found) = ask() {
            return Some(found);
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}
