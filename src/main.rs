//! The `docgen` program: arguments to the library, its answer to an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    docgen::run(std::env::args_os())
}
