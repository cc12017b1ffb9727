//! Puts the built browser tracker where `assets` finds it; nothing where it has not been built.
//!
//! `cargo xtask web` builds it. Here nothing is run and nothing is fetched, so that a build needs no
//! Node. The folder is always there, and so watching it costs no needless build.

use std::{env, fs, path::Path};

const DIST: &str = "../../web/tracker/dist";

fn main() {
    println!("cargo:rerun-if-changed={DIST}");
    println!("cargo:rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").expect("cargo names the folder");
    for file in ["t.js", "t.js.gz", "t.js.br"] {
        let built = fs::read(Path::new(DIST).join(file)).unwrap_or_default();
        fs::write(Path::new(&out).join(file), built).expect("cargo makes the folder");
    }
}
