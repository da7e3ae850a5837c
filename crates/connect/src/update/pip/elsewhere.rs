//! Lines whose marker does not hold where pip runs: pip leaves them out without a word. It is asked about them as it would be
//! on a system, and by a Python, where they count.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::drive::Drive;
use super::super::marker::{self, Environment};
use super::super::refusal::Reason;
use super::super::written::{self, Line};
use super::question::{self, Question};
use super::{asked, report};

/// A system, as markers ask about it and as wheels are made for it.
struct System {
    os: &'static str,
    sys: &'static str,
    name: &'static str,
    machine: &'static str,
    wheels: &'static [&'static str],
}

/// Those that have wheels, the most usual first.
const SYSTEMS: &[System] = &[
    System { os: "nt", sys: "win32", name: "Windows", machine: "AMD64", wheels: &["win_amd64"] },
    System {
        os: "posix",
        sys: "darwin",
        name: "Darwin",
        machine: "arm64",
        wheels: &["macosx_14_0_arm64"],
    },
    System {
        os: "posix",
        sys: "linux",
        name: "Linux",
        machine: "x86_64",
        wheels: &["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    },
    System {
        os: "posix",
        sys: "linux",
        name: "Linux",
        machine: "aarch64",
        wheels: &["manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"],
    },
    System {
        os: "posix",
        sys: "darwin",
        name: "Darwin",
        machine: "x86_64",
        wheels: &["macosx_13_0_x86_64"],
    },
];

/// Minor versions of Python 3 that a marker may be for. Nothing is confirmed for others.
const PYTHONS: std::ops::RangeInclusive<u32> = 6..=15;

/// Where a marker holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Elsewhere {
    environment: Environment,
    /// What pip is told, so that it chooses for it.
    arguments: Vec<String>,
}

/// The requirements of a text that another does not have and that have a marker: as pip is asked about them.
pub(super) fn marked(before: &str, after: &str) -> Vec<String> {
    let wanted = |text: &str| -> Vec<String> {
        let one = |line| match line {
            Line::Wanted(text) => Some(text),
            _ => None,
        };
        written::lines(text).into_iter().filter_map(one).collect()
    };
    let old: BTreeSet<String> = wanted(before).into_iter().collect();
    let is_new = |line: &String| !old.contains(line) && parts(line).1.is_some();
    wanted(after).into_iter().filter(is_new).collect()
}

/// A requirement, and its marker.
fn parts(line: &str) -> (&str, Option<&str>) {
    match line.split_once(" ; ") {
        Some((what, marker)) => (what, Some(marker)),
        None => (line, None),
    }
}

/// Asks pip about each of some lines of a file that does not count where pip runs, together with what counts there beside it.
pub(super) fn confirm(drive: &Drive<'_>, path: &str, moved: &[String]) -> Result<(), Reason> {
    let read = |path: &str| drive.scratch.read(path);
    let Some(here) = environment(&report(drive, path, &read)?) else {
        let why = "pip does not say which markers hold: install pip 23 or later";
        return Err(Reason::Unsupported(why.to_owned()));
    };
    let mut question = question::of(path, &drive.scratch.inside(), drive.builds(), &read);
    for (package, _) in drive.unasked() {
        question.leave(&package);
    }
    let mut asked: Vec<Elsewhere> = Vec::new();
    for line in moved {
        let marker = parts(line).1.unwrap_or_default();
        let counts = |environment: &Environment| marker::holds(marker, environment) == Some(true);
        if counts(&here) || asked.iter().any(|one| counts(&one.environment)) {
            continue;
        }
        let Some(there) = places(&here).into_iter().find(|one| counts(&one.environment)) else {
            let why = format!(
                "the marker of `{line}` holds on no system and Python that pip can be asked about, so it cannot be confirmed"
            );
            return Err(Reason::Unsupported(why));
        };
        let there_asked = there_asked(&question, moved, &there.environment);
        let arguments: Vec<&str> = there.arguments.iter().map(String::as_str).collect();
        asked::answered(drive, &there_asked, &arguments)?;
        asked.push(there);
    }
    Ok(())
}

/// What markers ask about, where pip runs.
fn environment(report: &Value) -> Option<Environment> {
    let all = report["environment"].as_object()?;
    let one = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    Some(all.iter().filter_map(one).collect())
}

/// Other places than this, the nearest first: another system, another Python, both.
fn places(here: &Environment) -> Vec<Elsewhere> {
    let minor = here.get("python_version").and_then(|v| v.strip_prefix("3.")?.parse().ok());
    let minor: u32 = minor.unwrap_or(*PYTHONS.end());
    let mut pythons: Vec<u32> = PYTHONS.filter(|other| *other != minor).collect();
    pythons.sort_by_key(|other| other.abs_diff(minor));
    let systems = || std::iter::once(None).chain(SYSTEMS.iter().map(Some));
    let alone = systems().map(|system| (system, None));
    let both =
        pythons.iter().flat_map(|python| systems().map(move |system| (system, Some(*python))));
    alone.chain(both).map(|(system, python)| place(here, system, python)).collect()
}

fn place(here: &Environment, system: Option<&System>, python: Option<u32>) -> Elsewhere {
    let (mut environment, mut arguments) = (here.clone(), Vec::new());
    if let Some(system) = system {
        for (name, value) in [
            ("os_name", system.os),
            ("sys_platform", system.sys),
            ("platform_system", system.name),
            ("platform_machine", system.machine),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        // Nothing is known of these.
        environment.retain(|name, _| !matches!(&**name, "platform_release" | "platform_version"));
        for wheels in system.wheels {
            arguments.extend(["--platform".to_owned(), (*wheels).to_owned()]);
        }
    }
    if let Some(python) = python {
        // The last of its line, whatever its number is: packages leave out early ones.
        let full = format!("3.{python}.99");
        environment.insert("python_version".to_owned(), format!("3.{python}"));
        for name in ["python_full_version", "implementation_version"] {
            environment.insert(name.to_owned(), full.clone());
        }
        arguments.extend(["--python-version".to_owned(), full]);
    }
    // Earlier versions of pip want a folder, into which a dry run writes nothing.
    arguments.extend(["--target", "trimtab-elsewhere"].map(str::to_owned));
    Elsewhere { environment, arguments }
}

/// What pip is asked about a place: the lines that moved and count there, held to all else that does. So a package of the file
/// that has no wheel there is in nobody's way.
fn there_asked(question: &Question, moved: &[String], there: &Environment) -> Question {
    let mut asked = Question::default();
    for line in question.wanted.lines() {
        if line.starts_with('-') {
            // Nothing is built for another system.
            if !line.starts_with("--no-binary") && !line.starts_with("-e ") {
                put(&mut asked.wanted, line);
            }
            continue;
        }
        let (what, marker) = parts(line);
        if marker.is_some_and(|marker| marker::holds(marker, there) != Some(true)) {
            continue;
        }
        if moved.iter().any(|own| own == line) {
            put(&mut asked.wanted, what);
        } else if let Some(what) = bare(what) {
            put(&mut asked.held, &what);
        }
    }
    for line in question.held.lines() {
        let (what, marker) = parts(line);
        if marker.is_none_or(|marker| marker::holds(marker, there) == Some(true)) {
            put(&mut asked.held, what);
        }
    }
    asked
}

/// A requirement as one that others are held to: without extras. `None`: it has an address.
fn bare(what: &str) -> Option<String> {
    if what.contains('@') || what.contains("://") {
        return None;
    }
    let Some((name, rest)) = what.split_once('[') else { return Some(what.to_owned()) };
    Some(format!("{name}{}", rest.split_once(']')?.1))
}

fn put(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Environment {
        [
            ("python_version", "3.11"),
            ("python_full_version", "3.11.4"),
            ("os_name", "posix"),
            ("sys_platform", "linux"),
            ("platform_system", "Linux"),
            ("platform_machine", "x86_64"),
            ("platform_release", "6.1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn told(marker: &str) -> Option<String> {
        let holds = |one: &Elsewhere| marker::holds(marker, &one.environment) == Some(true);
        Some(places(&here()).into_iter().find(holds)?.arguments.join(" "))
    }

    #[test]
    fn the_nearest_place_where_a_marker_holds_is_asked_about() {
        for (marker, arguments) in [
            ("sys_platform == 'win32'", "--platform win_amd64"),
            ("platform_system == 'Darwin'", "--platform macosx_14_0_arm64"),
            ("python_version < '3.8'", "--python-version 3.7.99"),
            ("python_version >= '3.13'", "--python-version 3.13.99"),
            (
                "os_name == 'nt' and python_version < '3.9'",
                "--platform win_amd64 --python-version 3.8.99",
            ),
        ] {
            let arguments = format!("{arguments} --target trimtab-elsewhere");
            assert_eq!(told(marker), Some(arguments), "{marker}");
        }
        for marker in ["extra == 'x'", "python_version < '3'", "sys_platform == 'sunos5'", "?"] {
            assert_eq!(told(marker), None, "{marker}");
        }
    }

    #[test]
    fn what_moved_and_has_a_marker_is_told() {
        let before = "a==1 ; os_name == 'nt'\nb==1\nc==1 ; os_name == 'nt'\n";
        let after =
            "a==2 ; os_name=='nt' \\\n    --hash=sha256:0\nb==2\nc==1 ; os_name == 'nt'  # why\n";
        assert_eq!(marked(before, after), ["a==2 ; os_name=='nt'"]);
    }

    #[test]
    fn what_counts_there_alone_is_asked() {
        let question = Question {
            wanted: "--pre\n--no-binary a\n-e git+https://host.example/x\na==2 ; os_name == 'nt'\n\
                     b[x]==1\nc==1 ; os_name == 'posix'\nd @ https://host.example/d-1-py3-none-any.whl\n"
                .to_owned(),
            held: "e<2 ; os_name == 'nt'\nf<2 ; os_name == 'posix'\n".to_owned(),
            ..Question::default()
        };
        let moved = ["a==2 ; os_name == 'nt'".to_owned()];
        let there = place(&here(), SYSTEMS.first(), None).environment;
        let asked = there_asked(&question, &moved, &there);
        assert_eq!(asked.wanted, "--pre\na==2\n");
        assert_eq!(asked.held, "b==1\ne<2\n");
    }
}
