//! The tasks of this repository: `cargo xtask test|tidy|generate`.

mod generate;
mod run;
mod test;
mod tidy;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let ok = match task.as_str() {
        "test" => test::run(&root()),
        "tidy" => tidy::run(&root()).report(),
        "generate" => generate::run(&root()),
        "tools" => {
            tools::install(&root());
            true
        }
        _ => {
            eprintln!(
                "cargo xtask test      format, lint, docs, tests, snapshots, tidy, dependency policy\n\
                 cargo xtask tidy      the rules of this repository alone\n\
                 cargo xtask generate  write what is derived from code: docs/generated, docs/schemas\n\
                 cargo xtask tools     install what the tests compare with"
            );
            task.is_empty()
        }
    };
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The root of the repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
