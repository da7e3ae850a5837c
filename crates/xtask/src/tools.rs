//! What the tests compare with: the ecosystems' own tools. Installed by name with the system's
//! package manager where that is possible; a test whose tool is missing says so and is skipped.

use std::path::Path;

use crate::run::{is_installed, run};

/// Program, how to ask whether it is there, Debian packages that bring it.
const SYSTEM: &[(&str, &str, &[&str])] = &[
    ("ruby", "--version", &["ruby"]),
    ("rpm", "--version", &["rpm", "python3-rpm"]),
    ("composer", "--version", &["composer", "php-cli"]),
    ("mvn", "--version", &["maven"]),
    ("Rscript", "--version", &["r-base-core"]),
    ("xmllint", "--version", &["libxml2-utils"]),
    ("git", "--version", &["git"]),
    ("curl", "--version", &["curl"]),
    ("jq", "--version", &["jq"]),
    ("psql", "--version", &["postgresql"]),
    ("chromium", "--version", &["chromium", "fonts-liberation"]),
    ("npm", "--version", &["npm"]),
];

/// Installs what is missing, as far as this machine allows.
pub(crate) fn install(root: &Path) {
    let here = Path::new(".");
    let missing: Vec<&str> = SYSTEM
        .iter()
        .filter(|(program, probe, _)| !is_installed(program, probe))
        .flat_map(|(_, _, packages)| packages.iter().copied())
        .collect();
    if !missing.is_empty() {
        if is_installed("apt-get", "--version") && is_root() {
            let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
            run(here, "apt-get", &["-qq", "update"], &quiet);
            let mut args = vec!["-qq", "-y", "--no-install-recommends", "install"];
            args.extend(&missing);
            run(here, "apt-get", &args, &quiet);
        } else {
            eprintln!(
                "SKIPPED: not installed, and this user cannot install: {}",
                missing.join(" ")
            );
        }
    }
    if !is_installed("cargo-deny", "--version") {
        // A debug build: the policy takes a second to check, the tool minutes to optimise.
        run(here, "cargo", &["install", "--quiet", "--locked", "--debug", "cargo-deny"], &[]);
    }
    install_axe(root);
}

/// What pages are checked with in the browser: axe, from its own registry by npm.
fn install_axe(root: &Path) {
    let folder = root.join("target/tools");
    if folder.join("node_modules/axe-core/axe.min.js").exists() {
        return;
    }
    if std::fs::create_dir_all(&folder).is_ok() {
        let quiet = ["install", "--silent", "--no-save", "--no-audit", "--no-fund", "axe-core@4"];
        run(&folder, "npm", &quiet, &[("npm_config_ignore_scripts", "true")]);
    }
}

fn is_root() -> bool {
    std::env::var("USER").is_ok_and(|user| user == "root") || Path::new("/root/.profile").exists()
}
