//! Programs that tests need: those of this workspace, and those of others, which may be missing.

use std::path::PathBuf;
use std::process::Command;

/// Builds programs, such as `["--bin", "homehail"]`, and returns the directory that they are in. Cargo itself knows whether there
/// is anything to build, and lets one build run at a time.
///
/// The same as `tests/tools/built`: with a test of the whole workspace, so that dependencies have the features that `cargo test
/// --workspace` has built them with.
pub fn built(programs: &[&str]) -> PathBuf {
    let program = std::env::current_exe().expect("this program's path");
    // target/debug/deps/end-to-end-…
    let profile = program.ancestors().nth(2).expect("target/debug").to_owned();
    let target = profile.parent().expect("target");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--workspace"])
        .args(["--test", "end-to-end"])
        .args(programs)
        .env("CARGO_TARGET_DIR", target)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "cargo build failed");
    profile
}

/// Says on standard error that something was not checked because a program is missing. In CI, where everything must be
/// checked, the test fails.
#[expect(
    clippy::disallowed_methods,
    reason = "a setting of the tests, read in one place"
)]
pub fn not_checked(what: &str) {
    assert!(std::env::var("CI").is_err(), "NOT CHECKED: {what}");
    eprintln!("NOT CHECKED: {what}");
}
