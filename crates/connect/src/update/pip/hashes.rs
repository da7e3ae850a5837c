//! Requirements with hashes: what moves gets those of all files that a registry offers of its version, as `uv pip compile`
//! or `pip-compile` tells them. pip itself tells only the one of the file that it would install on this machine.

use std::collections::{BTreeMap, BTreeSet};

use super::super::drive::Drive;
use super::super::edit::lines;
use super::super::refusal::Reason;
use super::super::requirement::{name, pin, same};
use super::local::logical;

/// A file for the time of a question.
const QUESTION: &str = "trimtab-hashes.in";

/// Whether a file holds packages to hashes.
pub(super) fn has(text: &str) -> bool {
    text.contains("--hash")
}

/// A file without its hashes: what pip is to choose is asked without fetching all of it.
pub(super) fn without(text: &str) -> Option<String> {
    has(text).then(|| {
        let bare = |line: &str| match line.find("--hash") {
            Some(at) => {
                let kept = line.get(..at).unwrap_or_default();
                let kept = kept.trim_end_matches([' ', '\t', '\\', '\r', '\n']);
                format!("{kept}\n")
            }
            None => line.to_owned(),
        };
        logical(text).into_iter().map(bare).collect()
    })
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

/// The hashes of some pins. Where they can be had from is said if no program tells them.
pub(super) fn told(
    drive: &Drive<'_>,
    pins: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<String>>, Reason> {
    let question: String = pins.iter().map(|pin| format!("{pin}\n")).collect();
    drive.write(QUESTION, &question)?;
    let output = ask(drive);
    drive.forget(QUESTION)?;
    let found = read(&output?);
    match pins.iter().find(|pin| !found.contains_key(*pin)) {
        Some(pin) => Err(Reason::Failed(format!("no hashes of {pin} were told"))),
        None => Ok(found),
    }
}

fn ask(drive: &Drive<'_>) -> Result<String, Reason> {
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
        Err(Reason::ToolMissing { .. }) => drive.try_other("uv", &by_uv, set),
        other => other,
    };
    let output = output.map_err(|reason| match reason {
        Reason::ToolMissing { .. } => {
            let why = "it has hashes, and pip tells no more than one of each version: install uv or pip-tools 7";
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
    fn hashes_are_left_out_and_nothing_else() {
        let bare = "# head\nleft==1.0\n    # via x\nRight[y]==2.0 ; python_version < '4'\n";
        assert_eq!(without(TEXT).as_deref(), Some(bare));
        assert_eq!(without("left==1.0\n"), None);
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
