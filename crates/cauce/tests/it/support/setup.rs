//! A folder with a configuration, from which servers and commands are started.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::outside::QUEUES;

/// The key for all tenants and scopes that every configuration here names.
pub(crate) const ADMIN: &str = "ck_live_test0000000000000000000000000000000000000000000000";

/// Batches wait a moment only, so that a second shows what a minute does.
const QUEUE: &str = r#"batch = { max_wait = "100ms", priority_wait = "50ms" }
retry = { max_attempts = 12, base = "50ms", cap = "400ms" }
breaker = { failures = 100, open_for = "200ms" }
rate = []
"#;

/// What a server is started with. The folder goes when this and the servers that run in it are gone.
pub(crate) struct Setup {
    dir: Arc<TempDir>,
    sections: BTreeMap<String, String>,
    accounts: String,
    root: String,
}

impl Setup {
    pub(crate) fn new(accounts: String) -> Setup {
        let http = format!("listen = \"127.0.0.1:0\"\nadmin_key = \"{ADMIN}\"\n");
        let patience = "connect = \"500ms\"\nfirst_byte = \"1s\"\ntotal = \"2s\"\n";
        let mut sections = BTreeMap::from([
            ("http".to_owned(), http),
            ("limits".to_owned(), "min_free = \"64 MiB\"\n".to_owned()),
            ("transport".to_owned(), patience.to_owned()),
        ]);
        for queue in QUEUES {
            sections.insert(format!("queues.{queue}"), QUEUE.to_owned());
        }
        let setup = Setup {
            dir: Arc::new(tempfile::tempdir().unwrap()),
            sections,
            accounts,
            root: String::new(),
        };
        setup.write();
        setup
    }

    /// With lines added to a section.
    pub(crate) fn and(mut self, section: &str, lines: &str) -> Setup {
        let text = self.sections.entry(section.to_owned()).or_default();
        text.push_str(lines);
        text.push('\n');
        self.write();
        self
    }

    /// With these lines in place of what a section holds.
    pub(crate) fn with(mut self, section: &str, lines: &str) -> Setup {
        self.sections.insert(section.to_owned(), lines.to_owned());
        self.write();
        self
    }

    /// With lines above all sections.
    pub(crate) fn at_root(mut self, lines: &str) -> Setup {
        self.root.push_str(lines);
        self.write();
        self
    }

    /// Other accounts from the next start or reload on.
    pub(crate) fn change_accounts(&mut self, accounts: String) {
        self.accounts = accounts;
        self.write();
    }

    fn write(&self) {
        let mut text = format!("data_dir = {:?}\n", self.data());
        text.push_str(&self.root);
        for (name, lines) in &self.sections {
            text.push_str(&format!("[{name}]\n{lines}\n"));
        }
        text.push_str(&self.accounts);
        fs::write(self.config(), text).unwrap();
    }

    /// The folder, for whoever runs in it.
    pub(super) fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.dir)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("cauce.toml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The log of every server that was started from here.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }
}
