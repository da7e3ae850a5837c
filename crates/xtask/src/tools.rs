//! What the tests compare with: the ecosystems' own tools. Installed by name with the system's
//! package manager where that is possible; a test whose tool is missing says so and is skipped.

use std::path::Path;

use crate::run::{beside, is_installed};

/// Program, how to ask whether it is there, Debian packages that bring it.
const SYSTEM: &[(&str, &str, &[&str])] = &[
    ("ruby", "--version", &["ruby"]),
    ("rpm", "--version", &["rpm", "python3-rpm"]),
    ("composer", "--version", &["composer", "php-cli"]),
    ("bundle", "--version", &["bundler"]),
    ("mvn", "--version", &["maven"]),
    ("Rscript", "--version", &["r-base-core"]),
    ("xmllint", "--version", &["libxml2-utils"]),
    ("git", "--version", &["git"]),
    ("curl", "--version", &["curl"]),
    ("jq", "--version", &["jq"]),
    ("pdftotext", "-v", &["poppler-utils"]),
    ("psql", "--version", &["postgresql"]),
    ("chromium", "--version", &["chromium", "fonts-liberation"]),
    ("npm", "--version", &["npm"]),
    ("python3", "--version", &["python3", "python3-venv"]),
];

/// Folder below `target/tools`, a package of npm, and what it brings below `node_modules`: what pages
/// are checked with in the browser, and package managers.
const NODE: &[(&str, &str, &str)] = &[
    ("", "axe-core@4", "axe-core/axe.min.js"),
    ("pnpm", "pnpm@10", ".bin/pnpm"),
    ("yarn", "yarn@1", ".bin/yarn"),
    ("yarn-berry", "@yarnpkg/cli-dist@4", ".bin/yarn"),
];

/// Folder below `target/tools`, packages of Python, and a program that they bring: what the API is
/// tried with out of its own description, and package managers.
const PYTHON: &[(&str, &[&str], &str)] = &[
    ("schemathesis", &["schemathesis==4.*"], "schemathesis"),
    ("uv", &["uv==0.*"], "uv"),
    ("poetry", &["poetry==2.*"], "poetry"),
    ("pip-tools", &["pip-tools==7.*"], "pip-compile"),
    ("smtp", &["aiosmtpd==1.*"], "aiosmtpd"),
];

/// Installs what is missing, as far as this machine allows. Returns what should be there afterwards and is not:
/// tests that want it would be skipped. What is ours is built at the same time, in a few long steps that wait for each
/// other, so all of this takes what they leave of the processors.
pub(crate) fn install(root: &Path) -> Vec<String> {
    let here = Path::new(".");
    let missing: Vec<&str> = SYSTEM
        .iter()
        .filter(|(program, probe, _)| !is_installed(program, probe))
        .flat_map(|(_, _, packages)| packages.iter().copied())
        .collect();
    if !missing.is_empty() {
        if is_installed("apt-get", "--version") && is_root() {
            let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
            beside(here, "apt-get", &["-qq", "update"], &quiet);
            let mut args = vec!["-qq", "-y", "--no-install-recommends", "install"];
            args.extend(&missing);
            beside(here, "apt-get", &args, &quiet);
        } else {
            eprintln!(
                "SKIPPED: not installed, and this user cannot install: {}",
                missing.join(" ")
            );
        }
    }
    if !is_installed("cargo-deny", "--version") {
        // A debug build with nothing for debuggers: the policy takes a second to check, the tool minutes to optimise.
        let plain = [("CARGO_PROFILE_DEV_DEBUG", "0")];
        beside(here, "cargo", &["install", "--quiet", "--locked", "--debug", "cargo-deny"], &plain);
    }
    let tools = root.join("target/tools");
    let node = NODE.iter().map(|(folder, package, brings)| {
        let folder = tools.join(folder);
        install_node(&folder, package, brings);
        ((*package).to_owned(), folder.join("node_modules").join(brings))
    });
    let python = PYTHON.iter().map(|(folder, packages, brings)| {
        let folder = tools.join(folder);
        install_python(&folder, packages, brings);
        (packages.join(" "), folder.join("bin").join(brings))
    });
    if !crate::gitea::install(root) {
        eprintln!("SKIPPED: Gitea cannot be built: requests and trackers are tried on fakes only");
    }
    // Looked at when all are installed: one must not take another away.
    let all: Vec<_> = node.chain(python).collect();
    all.into_iter().filter(|(_, file)| !file.exists()).map(|(package, _)| package).collect()
}

/// Installs a package of npm into a folder, if what it brings is not there. No script of it runs.
fn install_node(folder: &Path, package: &str, brings: &str) {
    if folder.join("node_modules").join(brings).exists() {
        return;
    }
    if std::fs::create_dir_all(folder).is_ok() {
        // Without a prefix npm takes the nearest folder above that has packages, and removes those from it.
        let here = ["install", "--prefix", ".", "--silent", "--no-save", "--no-audit", "--no-fund"];
        let arguments = [&here[..], &[package]].concat();
        beside(folder, "npm", &arguments, &[("npm_config_ignore_scripts", "true")]);
    }
}

/// Installs packages of Python into an environment of their own, if what they bring is not there.
fn install_python(folder: &Path, packages: &[&str], brings: &str) {
    if folder.join("bin").join(brings).exists() {
        return;
    }
    let here = Path::new(".");
    let Some(text) = folder.to_str() else { return };
    if beside(here, "python3", &["-m", "venv", text], &[]).ok {
        let pip = folder.join("bin/pip");
        let quiet = ["install", "--quiet", "--disable-pip-version-check"];
        beside(here, &pip.to_string_lossy(), &[&quiet, packages].concat(), &[]);
    }
}

fn is_root() -> bool {
    std::env::var("USER").is_ok_and(|user| user == "root") || Path::new("/root/.profile").exists()
}
