//! `cargo xtask generate`: what is derived from code. The texts come from tests of the crates that
//! own them, which compare by default and write when asked to.

use std::path::Path;

use crate::run::run as command;

/// Writes all derived files.
pub(crate) fn run(root: &Path) -> bool {
    const TESTS: [(&str, &[&str]); 3] = [
        ("trimtab-cli", &["--test", "generated"]),
        ("trimtab-policy", &["--test", "schema"]),
        ("trimtab-server", &["--lib", "the_kept_description"]),
    ];
    TESTS.into_iter().all(|(krate, test)| {
        let args = [&["test", "--quiet", "-p", krate], test].concat();
        command(root, "cargo", &args, &[("TRIMTAB_GENERATE", "1")]).ok
    })
}
