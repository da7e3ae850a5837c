//! Requirements with hashes: what moves gets those of all files that a registry offers of its version, as `uv pip compile`
//! or `pip-compile` tells them. pip itself tells only the one of the file that it would install on this machine.

use std::collections::{BTreeMap, BTreeSet};

use super::super::drive::Drive;
use super::super::edit::lines;
use super::super::refusal::Reason;
use super::super::requirement::{name, pin, same};
use super::super::written::bare;
use super::sources::Sources;
use trimtab_model::version::Scheme;

/// A file for the time of a question.
const QUESTION: &str = "trimtab-hashes.in";

/// Whether a file holds packages to hashes.
pub(super) fn has(text: &str) -> bool {
    text.lines().any(|line| bare(line).contains("--hash"))
}

/// The lines of a text; those that go on in the next are one.
fn logical(text: &str) -> Vec<&str> {
    let (mut all, mut begin, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        let goes_on = line.trim_end_matches(['\n', '\r']).ends_with('\\');
        if !goes_on {
            all.extend(text.get(begin..at));
            begin = at;
        }
    }
    all.extend(text.get(begin..).filter(|rest| !rest.is_empty()));
    all
}

/// The pins of a file that another text of it does not have: `name==version`.
pub(super) fn moved(before: &str, after: &str) -> BTreeSet<String> {
    let all = |text: &str| -> BTreeSet<String> {
        lines::requirements(text).filter_map(|(_, line)| own(line)).collect()
    };
    all(after).difference(&all(before)).cloned().collect()
}

/// What a line pins: `name==version`.
fn own(line: &str) -> Option<String> {
    let name = name(line)?;
    Some(pinned(name, &pin(line, name)?))
}

/// A pin as all programs write it: names in small letters, with `-`.
pub(super) fn pinned(name: &str, version: &str) -> String {
    let lower = name.to_lowercase();
    let parts: Vec<&str> = lower.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    format!("{}=={version}", parts.join("-"))
}

/// The hashes of some pins. Where they can be had from is said if no program tells them. `indexes`: lines that say where the
/// packages of the file are, as no other registry may be asked about them.
pub(super) fn told(
    drive: &Drive<'_>,
    pins: &BTreeSet<String>,
    indexes: &str,
) -> Result<BTreeMap<String, Vec<String>>, Reason> {
    let mut question = indexes.to_owned();
    for pin in pins {
        question.push_str(pin);
        question.push('\n');
    }
    drive.write(QUESTION, &question)?;
    let output = ask(drive, indexes);
    drive.forget(QUESTION)?;
    let found = by_pin(pins, &read(&output?));
    match pins.iter().find(|pin| !found.contains_key(*pin)) {
        Some(pin) => Err(Reason::Failed(format!("no hashes of {pin} were reported"))),
        None => Ok(found),
    }
}

/// What is told of some pins: programs write a version in their own way, `2022.12.7` for `2022.12.07`.
fn by_pin(
    pins: &BTreeSet<String>,
    told: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<String>> {
    let is_one = |a: &str, b: &str| {
        let both = a.split_once("==").zip(b.split_once("=="));
        both.is_some_and(|((name, version), (other, told))| {
            name == other
                && (version == told
                    || Scheme::Pep440.compare(version, told).is_some_and(std::cmp::Ordering::is_eq))
        })
    };
    let of = |pin: &String| {
        let found = told.get(pin);
        found.or_else(|| told.iter().find(|(own, _)| is_one(pin, own)).map(|(_, all)| all))
    };
    pins.iter().filter_map(|pin| Some((pin.clone(), of(pin)?.clone()))).collect()
}

fn ask(drive: &Drive<'_>, indexes: &str) -> Result<String, Reason> {
    let wheels = [("PIP_ONLY_BINARY", ":all:"), ("UV_PYTHON_DOWNLOADS", "never")];
    let set = if drive.builds() { wheels.get(1..) } else { wheels.get(..) }.unwrap_or_default();
    let compile = ["--quiet", "--generate-hashes", "--no-header", "--no-annotate"];
    let mut by_uv = vec!["pip", "compile", "--no-config", "--no-deps", "--no-progress"];
    if !drive.builds() {
        by_uv.push("--no-build");
    }
    by_uv.extend(compile.iter().chain(&["--", QUESTION]));
    let by_pip = ["--no-config", "--no-emit-options", "--allow-unsafe", "--output-file=-"];
    let by_pip: Vec<&str> =
        by_pip.iter().chain(&compile).chain(&["--", QUESTION]).copied().collect();
    let output = match drive.try_other("pip-compile", &by_pip, set) {
        Err(Reason::ToolMissing { .. }) => {
            // uv reads nothing of how pip is configured, and must not ask elsewhere.
            let list = ["config", "list"];
            let asked = match drive.tool.id == super::TOOL.id {
                true => drive.try_run(&list, &[("PIP_NO_INPUT", "1")])?,
                false => drive.try_other("pip", &list, &[("PIP_NO_INPUT", "1")])?,
            };
            drive.untell();
            if !asked.is_well() {
                return Err(drive.means(&asked));
            }
            let sources = Sources::read(&String::from_utf8_lossy(&asked.stdout));
            let own = sources.of_uv(indexes).map_err(Reason::Unsupported)?;
            let own = own.iter().map(|(name, value)| (*name, value.as_str()));
            let set: Vec<(&str, &str)> = set.iter().copied().chain(own).collect();
            drive.try_other("uv", &by_uv, &set)
        }
        other => other,
    };
    let output = output.map_err(|reason| match reason {
        Reason::ToolMissing { .. } => {
            let why =
                "it has hashes, and pip reports only one per version: install uv or pip-tools 7";
            Reason::Unsupported(why.to_owned())
        }
        other => other,
    })?;
    match output.is_well() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(drive.means(&output)),
    }
}

/// Hashes by pin.
fn read(text: &str) -> BTreeMap<String, Vec<String>> {
    let one = |line: &str| {
        let hashes = line.split_whitespace().filter(|word| word.starts_with("--hash="));
        let hashes: Vec<String> = hashes.map(str::to_owned).collect();
        Some((own(line.lines().next()?)?, hashes)).filter(|(_, hashes)| !hashes.is_empty())
    };
    logical(text).into_iter().filter_map(one).collect()
}

/// A file with the hashes of what moved; a pin that it has not is put after its last line.
pub(super) fn spliced(
    text: &str,
    hashes: &BTreeMap<String, Vec<String>>,
    more: &[String],
) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let with = |what: &str, all: &[String]| {
        let separator = format!(" \\{end}    ");
        let parts = std::iter::once(what).chain(all.iter().map(String::as_str));
        parts.collect::<Vec<_>>().join(&separator)
    };
    let mut out = String::with_capacity(text.len() + 1024);
    for line in logical(text) {
        let first = line.lines().next().unwrap_or_default();
        let moved = own(first).filter(|_| has(line)).and_then(|pin| hashes.get(&pin));
        let Some(all) = moved else {
            out.push_str(line);
            continue;
        };
        let bare = first.split("--hash").next().unwrap_or(first);
        out.push_str(&with(bare.trim_end_matches(['\\', ' ', '\t']), all));
        // A comment behind the last hash stays.
        if let Some((_, comment)) = line.lines().last().and_then(|last| last.split_once(" #")) {
            out.push_str("  #");
            out.push_str(comment);
        }
        out.push_str(end);
    }
    for pin in more {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push_str(end);
        }
        out.push_str(&with(pin, hashes.get(pin).map_or(&[], Vec::as_slice)));
        out.push_str(end);
    }
    out
}

/// Whether some texts name a package.
pub(super) fn names(texts: &[String], package: &str) -> bool {
    let mut all = texts.iter().flat_map(|text| lines::requirements(text));
    all.any(|(_, line)| name(line).is_some_and(|own| same(own, package)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# head\nleft==1.0 \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n    # via x\n\
                        Right[y]==2.0 ; python_version < '4' --hash=sha256:c  # why\n";

    #[test]
    fn hashes_are_those_of_lines_and_not_of_comments() {
        assert!(has(TEXT));
        assert!(!has("# no --hash here\nleft==1.0  # nor --hash\n"));
    }

    #[test]
    fn versions_are_the_same_however_they_are_written() {
        let told =
            read("certifi==2022.12.7 \\\n    --hash=sha256:a\nx==1.0.0rc1 --hash=sha256:b\n");
        let pins = ["certifi==2022.12.07", "x==1.0.0-rc1", "y==1"].map(str::to_owned).into();
        let found = by_pin(&pins, &told);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["certifi==2022.12.07", "x==1.0.0-rc1"]);
    }

    #[test]
    fn what_moved_gets_its_own() {
        let after = TEXT.replace("1.0", "1.1").replace("2.0", "2.1");
        let pins = moved(TEXT, &after);
        assert_eq!(pins.iter().collect::<Vec<_>>(), ["left==1.1", "right==2.1"]);
        let told = "left==1.1 \\\n    --hash=sha256:d \\\n    --hash=sha256:e\nright==2.1 \\\n    --hash=sha256:f\n\
                    new==1 \\\n    --hash=sha256:0\n";
        let text = spliced(&after, &read(told), &["new==1".to_owned()]);
        assert_eq!(
            text,
            "# head\nleft==1.1 \\\n    --hash=sha256:d \\\n    --hash=sha256:e\n    # via x\n\
             Right[y]==2.1 ; python_version < '4' \\\n    --hash=sha256:f  # why\nnew==1 \\\n    --hash=sha256:0\n"
        );
        assert_eq!(spliced(TEXT, &read(told), &[]), TEXT, "what stays keeps its own");
    }
}
