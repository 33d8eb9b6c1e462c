//! `homehail-audit`, see the library.

use std::io::{stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(homehail_audit::run(
        std::env::args_os(),
        &mut stdout().lock(),
        &mut stderr().lock(),
    ))
}
