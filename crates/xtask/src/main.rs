//! The tasks of this repository: `cargo xtask test|laws|tidy|generate`.

mod generate;
mod gitea;
mod lanes;
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
        "laws" => {
            let rounds = std::env::args().nth(2).and_then(|n| n.parse().ok());
            test::laws(&root(), rounds.unwrap_or(1))
        }
        "tidy" => tidy::run(&root()).report(),
        "generate" => generate::run(&root()),
        "tools" => {
            let missing = tools::install(&root());
            for package in &missing {
                eprintln!("not installed: {package}");
            }
            missing.is_empty()
        }
        "gitea" => gitea::install(&root()),
        _ => {
            eprintln!(
                "cargo xtask test      format, lint, docs, tests, snapshots, tidy, dependency policy\n\
                 cargo xtask laws [N]  the tests of laws alone, N times, each with newly drawn cases\n\
                 cargo xtask tidy      the rules of this repository alone\n\
                 cargo xtask generate  write what is derived from code: docs/generated, docs/schemas\n\
                 cargo xtask tools     install what the tests compare with\n\
                 cargo xtask gitea     build the Gitea of the tests alone (minutes, once)"
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
