//! How much longer a confirmation takes than the package manager's own run, on the same project
//! and against the same registry, in turns: `cargo bench -p trimtab-connect --bench confirm`.
//! Writes one line for each package manager; the projects are those of `corpus/updates`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use trimtab_connect::update::{Bounds, Extent, Options, Proposal, Scratch, Tool, confirm};

/// Turns for each.
const TURNS: usize = 9;

/// A package manager; how its project is locked at first; what is raised, from and to; what one
/// types for that, after the manifest was edited.
struct Case {
    id: &'static str,
    prepare: &'static [&'static [&'static str]],
    package: &'static str,
    to: &'static str,
    typed: &'static [&'static str],
    /// The manifest, and the edit of it, where the program does not do that itself.
    edit: Option<(&'static str, &'static str, &'static str)>,
}

const CASES: &[Case] = &[
    Case {
        id: "npm",
        prepare: &[&[
            "install",
            "--package-lock-only",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]],
        package: "pkg:npm/handlebars@4.7.6",
        to: "4.7.7",
        typed: &[
            "install",
            "handlebars@4.7.7",
            "--save-exact",
            "--package-lock-only",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ],
        edit: None,
    },
    Case {
        id: "cargo",
        prepare: &[&["generate-lockfile"], &["update", "-p", "regex", "--precise", "1.5.4"]],
        package: "pkg:cargo/regex@1.5.4",
        to: "1.5.5",
        typed: &["update", "--workspace"],
        edit: Some(("Cargo.toml", "'1.5.4'", "'=1.5.5'")),
    },
    Case {
        id: "go",
        prepare: &[&["get", "github.com/gin-gonic/gin@v1.7.0"]],
        package: "pkg:golang/github.com/gin-gonic/gin@v1.7.0",
        to: "v1.7.7",
        typed: &["get", "github.com/gin-gonic/gin@v1.7.7"],
        edit: None,
    },
];

fn main() {
    for case in CASES {
        match measure(case) {
            Some(line) => println!("{line}"),
            None => println!("SKIPPED {}: not installed, or its registry is away", case.id),
        }
    }
}

fn measure(case: &Case) -> Option<String> {
    let tool = Tool::by_id(case.id)?;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/updates").join(case.id);
    let folder = tempfile::tempdir().ok()?;
    copy(&corpus.join("project"), folder.path())?;
    for arguments in case.prepare {
        typed(case.id, folder.path(), arguments)?;
    }
    let proposal = Proposal::Raise { package: case.package.parse().ok()?, to: case.to.into() };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 0..TURNS * 2 {
        let begun = Instant::now();
        let base = Scratch::copy(
            folder.path(),
            Path::new(""),
            tool,
            Extent::Resolver,
            Bounds::of(Extent::Resolver),
            None,
        )
        .ok()?;
        if turn % 2 == 0 {
            // The copy of the project is a part of what a confirmation costs.
            confirm(tool, &base, &proposal, &Options::default()).ok()?;
            ours.push(begun.elapsed());
        } else {
            if let Some((file, old, new)) = case.edit {
                let path = base.folder().join(file);
                fs::write(&path, fs::read_to_string(&path).ok()?.replace(old, new)).ok()?;
            }
            theirs.push(typed(case.id, &base.folder(), case.typed)?);
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    Some(format!(
        "{}: {:.2} s, {:.2} s by hand, ratio {:.2}",
        case.id,
        ours.as_secs_f64(),
        theirs.as_secs_f64(),
        ours.as_secs_f64() / theirs.as_secs_f64()
    ))
}

fn typed(program: &str, folder: &Path, arguments: &[&str]) -> Option<Duration> {
    let begun = Instant::now();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .envs([("GOFLAGS", "-mod=mod"), ("GOTOOLCHAIN", "local"), ("CI", "1")])
        .output()
        .ok()?;
    output.status.success().then(|| begun.elapsed())
}

fn copy(from: &Path, to: &Path) -> Option<()> {
    let mut open: Vec<(PathBuf, PathBuf)> = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = open.pop() {
        fs::create_dir_all(&to).ok()?;
        for entry in fs::read_dir(&from).ok()? {
            let entry = entry.ok()?;
            let to = to.join(entry.file_name());
            if entry.file_type().ok()?.is_dir() {
                open.push((entry.path(), to));
            } else {
                fs::copy(entry.path(), to).ok()?;
            }
        }
    }
    Some(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
