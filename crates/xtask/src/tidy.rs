//! The rules of this repository that no other tool checks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What was checked and what is wrong.
pub(crate) struct Found {
    /// How many rules were checked.
    pub(crate) rules: usize,
    /// One line per broken rule and place.
    pub(crate) broken: Vec<String>,
}

impl Found {
    /// Prints what is wrong; whether nothing is.
    pub(crate) fn report(&self) -> bool {
        for line in &self.broken {
            eprintln!("tidy: {line}");
        }
        self.broken.is_empty()
    }
}

/// A rule: its check gets the tracked files and adds a line per place that breaks it.
type Rule = fn(&Tree, &mut Vec<String>);

const RULES: &[Rule] = &[
    arrows,
    module_docs,
    registry_is_whole,
    no_registry_hosts,
    no_machine_paths,
    no_allow,
    nothing_called_safe,
    changelog,
];

/// What each crate may import of ours: arrows point down only.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("extract", &["model"]),
    ("advisories", &["model"]),
    ("attributions", &["model"]),
    ("report", &["model"]),
    ("connect", &["model"]),
    ("feeds", &["model", "advisories", "connect"]),
    ("pages", &["model"]),
    ("charter", &["model"]),
    ("decisions", &["model"]),
    ("policy", &["model"]),
    ("engine", &["model", "advisories", "charter", "decisions", "policy"]),
    ("store", &["model"]),
    (
        "server",
        &[
            "model",
            "extract",
            "advisories",
            "attributions",
            "engine",
            "report",
            "connect",
            "feeds",
            "charter",
            "decisions",
            "policy",
            "store",
            "pages",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "extract",
            "advisories",
            "engine",
            "report",
            "connect",
            "feeds",
            "charter",
            "decisions",
            "policy",
            "store",
            "server",
        ],
    ),
    ("testkit", &["model"]),
    (
        "fuzz",
        &[
            "model",
            "extract",
            "advisories",
            "attributions",
            "engine",
            "report",
            "charter",
            "decisions",
            "policy",
            "testkit",
        ],
    ),
    ("xtask", &[]),
];

struct Tree {
    root: PathBuf,
    files: Vec<String>,
}

impl Tree {
    fn read(&self, path: &str) -> String {
        std::fs::read(self.root.join(path))
            .map(|b| String::from_utf8_lossy(&b).into_owned())
            .unwrap_or_default()
    }

    fn rust(&self) -> impl Iterator<Item = &String> {
        self.files.iter().filter(|f| f.ends_with(".rs"))
    }
}

/// Checks every rule.
pub(crate) fn run(root: &Path) -> Found {
    let listed = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard"])
        .current_dir(root)
        .output();
    let files = listed.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let files: Vec<String> =
        files.lines().map(str::to_owned).filter(|f| root.join(f).is_file()).collect();
    let tree = Tree { root: root.to_owned(), files };
    let mut broken = Vec::new();
    if tree.files.is_empty() {
        broken.push("git lists no files here".to_owned());
    }
    for rule in RULES {
        rule(&tree, &mut broken);
    }
    Found { rules: RULES.len(), broken }
}

/// A crate imports only what stands below it (tests may use the testkit, and what they join).
fn arrows(tree: &Tree, broken: &mut Vec<String>) {
    for (krate, allowed) in ARROWS {
        let manifest = tree.read(&format!("crates/{krate}/Cargo.toml"));
        let normal = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for line in normal.lines().filter_map(|l| l.strip_prefix("trimtab-")) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if !allowed.contains(&name) {
                broken.push(format!("crates/{krate} imports {name}: arrows point down only"));
            }
        }
    }
}

/// Every source file says what it is for.
fn module_docs(tree: &Tree, broken: &mut Vec<String>) {
    for file in tree.rust().filter(|f| f.starts_with("crates/") && f.contains("/src/")) {
        if !tree.read(file).trim_start().starts_with("//!") {
            broken.push(format!("{file} does not begin with a module doc"));
        }
    }
}

/// Every format file that has a `FORMAT` stands in the registry.
fn registry_is_whole(tree: &Tree, broken: &mut Vec<String>) {
    let registry = tree.read("crates/extract/src/registry.rs");
    for file in tree.rust().filter(|f| f.starts_with("crates/extract/src/format/")) {
        let name = file.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        let is_format = tree.read(file).contains("pub const FORMAT: Format");
        if is_format && !registry.contains(&format!("&{name}::FORMAT")) {
            broken.push(format!("{file} is not in the registry"));
        }
    }
}

/// Registries are reached through the ecosystems' own clients and the user's configuration.
fn no_registry_hosts(tree: &Tree, broken: &mut Vec<String>) {
    // Put together here, so that this file does not break its own rule.
    let hosts: Vec<String> = [
        ("registry.n", "pmjs.org"),
        ("registry.y", "arnpkg.com"),
        ("pyth", "onhosted.org"),
        ("py", "pi.org/simple"),
        ("static.c", "rates.io"),
        ("index.c", "rates.io"),
        ("repo.m", "aven.apache.org"),
        ("repo1.m", "aven.org"),
        ("proxy.g", "olang.org"),
        ("deb.d", "ebian.org"),
        ("api.n", "uget.org"),
    ]
    .iter()
    .map(|(a, b)| format!("{a}{b}"))
    .collect();
    for file in &tree.files {
        let text = tree.read(file).to_ascii_lowercase();
        for host in hosts.iter().filter(|h| text.contains(*h)) {
            broken.push(format!("{file} names the registry host {host}: use registry.example"));
        }
    }
}

/// Nothing of one machine.
fn no_machine_paths(tree: &Tree, broken: &mut Vec<String>) {
    let paths = [format!("/{}/", "work"), format!("/{}/", "farm"), format!("/{}/.cargo", "root")];
    for file in tree.files.iter().filter(|f| !f.ends_with(".lock") && !f.starts_with("corpus/")) {
        let text = tree.read(file);
        for line in text.lines().filter(|l| paths.iter().any(|p| machine_path(l, p))) {
            broken.push(format!("{file} has a path of one machine: {}", line.trim()));
        }
    }
}

fn machine_path(line: &str, path: &str) -> bool {
    line.find(path).is_some_and(|at| {
        let before = line.get(..at).and_then(|b| b.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-' | '*'))
    })
}

/// A silenced lint has a reason.
fn no_allow(tree: &Tree, broken: &mut Vec<String>) {
    let allow = format!("#[{}(", "allow");
    for file in tree.rust() {
        if tree.read(file).contains(&allow) {
            broken.push(format!("{file} uses {allow}…): use #[expect(…, reason = …)]"));
        }
    }
}

/// A page escapes all it writes: only parts render themselves, and no template switches that off.
fn nothing_called_safe(tree: &Tree, broken: &mut Vec<String>) {
    for file in tree.files.iter().filter(|f| f.starts_with("crates/pages/templates/")) {
        let text = tree.read(file).replace(' ', "");
        if ["|safe", "|escape", "escape="].iter().any(|way| text.contains(way)) {
            broken.push(format!("{file} escapes by itself: let a part render it"));
        }
    }
}

/// The files that every release needs are there.
fn changelog(tree: &Tree, broken: &mut Vec<String>) {
    let needed: BTreeMap<&str, &str> = [
        ("CHANGELOG.md", "## Unreleased"),
        ("docs/roadmap.md", "#"),
        ("docs/glossary.md", "**component**"),
        ("README.md", "cargo run --release -- demo"),
    ]
    .into();
    for (file, text) in needed {
        if !tree.read(file).contains(text) {
            broken.push(format!("{file} is missing or has no `{text}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::machine_path;

    #[test]
    fn paths_of_machines_are_told_from_words() {
        let path = format!("/{}/", "work");
        assert!(machine_path(&format!("see {path}main"), &path));
        assert!(!machine_path(&format!("a{path}b"), &path));
    }
}
