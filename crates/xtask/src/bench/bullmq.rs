//! BullMQ and its Redis: installed, started, stopped.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::shell::{ensure, run};

const FOLDER: &str = "bench/bullmq";
/// How long Redis may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Installs what is missing: Node, Redis, and the packages of the lockfile.
pub(super) fn install() -> Result<()> {
    if !ensure(&[
        ("node", "nodejs"),
        ("npm", "npm"),
        ("redis-server", "redis-server"),
    ])? {
        bail!("node, npm and redis-server are needed to measure BullMQ")
    }
    run(Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-progress"])
        .current_dir(FOLDER))
}

/// A Redis of our own, in a folder of its own.
pub(super) struct Redis {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Redis {
    /// Starts it as its manual recommends for data that matters: append-only file, synced once a
    /// second. It does not wait for the disk, as Cauce does.
    pub(super) fn start() -> Result<Redis> {
        let folder = std::env::temp_dir().join(format!("cauce-bench-redis-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .args([
                "--appendonly",
                "yes",
                "--appendfsync",
                "everysec",
                "--save",
                "",
            ])
            .args(["--maxmemory-policy", "noeviction"])
            .arg("--dir")
            .arg(&folder)
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start redis-server")?;
        let redis = Redis {
            child,
            address,
            folder,
        };
        redis.wait()?;
        Ok(redis)
    }

    fn wait(&self) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if began.elapsed() > PATIENCE {
                bail!("redis-server does not answer on {}", self.address)
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The program that runs one workload.
    pub(super) fn peer(&self, workload: &str, sink: &str) -> Command {
        let mut command = Command::new("node");
        command
            .args(["run.mjs", "--redis", &self.address.to_string()])
            .args(["--workload", workload, "--sink", sink])
            .current_dir(FOLDER);
        command
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It holds nothing that anybody needs.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
