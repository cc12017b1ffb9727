//! `cargo xtask test`: every test of the workspace.

use anyhow::Result;

use crate::{
    shell::{self, cargo, ensure, has, say},
    web,
};

/// Programs that tests of power loss need, with their Debian packages. Without them those tests
/// say that they were skipped.
const FOR_TESTS: [(&str, &str); 3] = [
    ("mkfs.ext4", "e2fsprogs"),
    ("mount", "mount"),
    ("losetup", "mount"),
];

/// Runs all tests; `args` go to the runner. The last line is the runner's own.
pub(crate) fn run(args: &[String]) -> Result<()> {
    ensure(&FOR_TESTS)?;
    if args.is_empty() {
        // First, so that the binary that is tested has the tracker in it.
        web::test()?;
        // Only documentation tests, which nextest does not run.
        shell::run(cargo().args(["test", "--quiet", "--workspace", "--doc"]))?;
    }
    if has("cargo-nextest") {
        return shell::run(cargo().args(["nextest", "run", "--workspace"]).args(args));
    }
    say("cargo-nextest is not installed; cargo test runs the tests, one program after the other");
    shell::run(
        cargo()
            .args(["test", "--workspace", "--all-targets"])
            .args(args),
    )
}
