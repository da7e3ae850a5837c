//! Our own cases: `corpus/lockfiles/<format>/<case>/` is a small tree; its `expected.txt` says what
//! is to be read out of it, `== path` before the lines of each file.
//!
//! A line is `relation name@version scope :line`, then `{groups}`, `<- origin`, `wants …`,
//! `licence …` where there are any; `why a > b > c` for every path of more than one step;
//! `unmanaged reason name requirement :line`; `diagnostic code :line`.

use std::fmt::Write as _;

use trimtab_extract::view::{Files, MemoryFiles};
use trimtab_model::{FileInventory, Origin};

use crate::comparison::{name, read, spelled, tree};

fn told(file: &FileInventory) -> String {
    let mut out = String::new();
    let line = |line: Option<u32>| line.map(|l| format!(" :{l}")).unwrap_or_default();
    for c in &file.components {
        let relation = c.relation.as_str();
        let _ = write!(out, "{relation} {} {}{}", spelled(c), c.scope, line(c.line));
        if !c.groups.is_empty() {
            let _ = write!(out, " {{{}}}", c.groups.join(","));
        }
        for (key, value) in c.purl.qualifiers() {
            let _ = write!(out, " {key}={value}");
        }
        match &c.origin {
            Origin::Unstated => {}
            Origin::Path(path) => {
                let _ = write!(out, " <- {path}");
            }
            other => {
                let _ = write!(out, " <- {other:?}");
            }
        }
        if let Some(requirement) = &c.requirement {
            let _ = write!(out, " wants {requirement}");
        }
        if let Some(licence) = &c.licence {
            let _ = write!(out, " licence {licence}");
        }
        out.push('\n');
    }
    for at in 0..file.components.len() {
        let why = file.why(u32::try_from(at).unwrap());
        if why.len() > 2 {
            let names = why.iter().map(|at| file.components[*at as usize].purl.name());
            let _ = writeln!(out, "why {}", names.collect::<Vec<_>>().join(" > "));
        }
    }
    for u in &file.unmanaged {
        let package = u.package.as_ref().map(|p| format!(" {}", name(p))).unwrap_or_default();
        let requirement = u.requirement.as_ref().map(|r| format!(" {r}")).unwrap_or_default();
        let _ =
            writeln!(out, "unmanaged {}{package}{requirement}{}", u.reason.as_str(), line(u.line));
    }
    for d in &file.diagnostics {
        let _ = writeln!(out, "diagnostic {}{}", d.code, line(d.line));
    }
    out
}

fn read_at(format: &str, path: &str, files: &MemoryFiles) -> String {
    let bytes = files.read(path).unwrap_or_else(|| panic!("no {path}")).unwrap();
    match read(format, path, &bytes, files) {
        Ok(file) => told(&file),
        Err(d) => {
            format!("refused {}{}\n", d.code, d.line.map(|l| format!(" :{l}")).unwrap_or_default())
        }
    }
}

#[test]
fn our_cases_hold() {
    let corpus = trimtab_testkit::repository().join("corpus/lockfiles");
    let mut faults = Vec::new();
    let mut count = 0;
    for format in ["go-mod", "pom-xml", "gradle-lockfile", "gradle-version-catalog"] {
        let Ok(cases) = std::fs::read_dir(corpus.join(format)) else { continue };
        for case in cases.map(|c| c.unwrap().path()) {
            let files = tree(&case);
            let expected = std::fs::read_to_string(case.join("expected.txt")).unwrap();
            for part in expected.split("== ").skip(1) {
                let (path, lines) = part.split_once('\n').unwrap();
                let lines: String = lines
                    .lines()
                    .filter(|l| !l.is_empty() && !l.starts_with('#'))
                    .map(|l| format!("{l}\n"))
                    .collect();
                let ours = read_at(format, path.trim(), &files);
                if ours != lines {
                    faults.push(format!(
                        "{format}/{}: {path}\nexpected\n{lines}\nread\n{ours}",
                        case.file_name().unwrap().display()
                    ));
                }
                count += 1;
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(count >= 10, "{count}");
}
