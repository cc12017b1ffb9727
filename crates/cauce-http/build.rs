//! Puts what was built for browsers where `assets` finds it; nothing where it has not been built.
//!
//! `cargo xtask web` builds it. Here nothing is run and nothing is fetched, so that a build needs no
//! Node. The folders are always there, and so watching them costs no needless build.

use std::{
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

const TRACKER: &str = "../../web/tracker/dist";
const DASHBOARD: &str = "../../web/dashboard/dist";
/// What compressed copies end in.
const COMPRESSED: [&str; 2] = ["gz", "br"];

fn main() {
    println!("cargo:rerun-if-changed={TRACKER}");
    println!("cargo:rerun-if-changed={DASHBOARD}");
    println!("cargo:rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").expect("cargo names the folder");
    let out = Path::new(&out);
    for file in ["t.js", "t.js.gz", "t.js.br"] {
        let built = fs::read(Path::new(TRACKER).join(file)).unwrap_or_default();
        fs::write(out.join(file), built).expect("cargo makes the folder");
    }
    fs::write(out.join("dashboard.rs"), dashboard(out)).expect("cargo makes the folder");
}

/// A list of the dashboard's files in Rust: path, bytes, and the bytes of both compressed copies.
fn dashboard(out: &Path) -> String {
    let root = Path::new(DASHBOARD);
    let mut list = "&[\n".to_owned();
    for (number, file) in files(root).iter().enumerate() {
        let path = file.strip_prefix(root).unwrap_or(file);
        let path = path.to_string_lossy().replace('\\', "/");
        let mut line = format!("    ({:?}", format!("/{path}"));
        for suffix in ["", ".gz", ".br"] {
            let copy = format!("dashboard-{number}{suffix}");
            let built = fs::read(format!("{}{suffix}", file.display())).unwrap_or_default();
            fs::write(out.join(&copy), built).expect("cargo makes the folder");
            let _ = write!(line, ", include_bytes!({:?}).as_slice()", out.join(copy));
        }
        list += &line;
        list += "),\n";
    }
    list + "]\n"
}

/// The files that were built, without their compressed copies, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        let is_copy = path
            .extension()
            .is_some_and(|end| COMPRESSED.iter().any(|compressed| end == *compressed));
        if path.is_dir() {
            found.extend(files(&path));
        } else if !is_hidden && !is_copy {
            found.push(path);
        }
    }
    found.sort();
    found
}
