//! A server with a folder of its own, which nobody outside this machine hears from.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{self, cargo, say};

/// A server that runs. Dropped, it is killed and its folder removed.
pub(crate) struct Server {
    pub(crate) url: String,
    /// A key for everything, which dies with the server.
    pub(crate) key: String,
    /// Its data and its log.
    pub(crate) folder: PathBuf,
    child: Child,
}

impl Server {
    /// Builds the server, starts it for a task on a free port, with more of a configuration, and waits
    /// until it listens.
    pub(crate) fn start(task: &str, more: &str) -> Result<Server> {
        shell::run(cargo().args(["build", "--package", "cauce"]))?;
        let folder = env::temp_dir().join(format!("cauce-{task}-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let key = format!("{task}-{}-key-of-one-run", std::process::id());
        fs::write(
            folder.join("cauce.toml"),
            configuration(&folder, &key, more),
        )?;
        let mut server = Server {
            url: String::new(),
            key,
            child: spawn(&folder)?,
            folder,
        };
        server.url = server.listening()?;
        say(&format!("a server listens on {}", server.url));
        Ok(server)
    }

    fn listening(&mut self) -> Result<String> {
        let stdout = self
            .child
            .stdout
            .take()
            .context("the server has a stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        match told["listening"].as_str() {
            Some(url) => Ok(url.to_owned()),
            None => bail!("the server did not start: {}", self.log()),
        }
    }

    /// Fails where the server has not lived until now.
    pub(crate) fn stop(mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the server ended on its own, {status}: {}", self.log()),
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It holds nothing that anybody needs.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn spawn(folder: &Path) -> Result<Child> {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let program = Path::new(&target).join("debug/cauce");
    let mut command = Command::new(&program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CAUCE_") {
            command.env_remove(name);
        }
    }
    command
        .arg("--config")
        .arg(folder.join("cauce.toml"))
        .args(["--json", "serve"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(folder.join("log"))?)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

fn configuration(folder: &Path, key: &str, more: &str) -> String {
    let data = folder.join("data");
    format!(
        r#"
data_dir = {data:?}
[http]
listen = "127.0.0.1:0"
admin_key = "{key}"
[limits]
min_free = "1 MiB"
{more}
"#
    )
}
