//! The message of a commit: what was updated, why, what tests said, how to revert it.

use super::json::{DONE, Document, Finding, Move};
// On one line, no trailer can be smuggled in.
use crate::inert::one_line;

/// The longest first line, in characters.
const TITLE: usize = 72;
/// The most findings and packages that a message lists.
const MOST: usize = 30;

/// One line for a batch.
pub fn title(batch: &Document) -> String {
    // What goes because nothing asks for it any longer is no work of anybody's.
    let (moved, out): (Vec<&Move>, Vec<&Move>) =
        batch.moves.iter().partition(|moved| !moved.to.is_empty());
    let told = if moved.is_empty() { out } else { moved };
    match (told.as_slice(), batch.removes.len()) {
        ([], _) => format!("Change {}", batch.place),
        ([one], 0) => short(one),
        ([one], n) => format!("{}: removes {}", short(one), findings(n)),
        (all, n) => {
            if let Some(what) = actions(batch, all.len()) {
                return format!("{what}: removes {}", findings(n));
            }
            // Of Python's requirements each file has versions of its own.
            let is_alike = |path: &&String| {
                batch.place.ends_with(".txt") && path.ends_with(".txt") && **path != batch.place
            };
            let place = match (batch.place.as_str(), batch.files.iter().filter(is_alike).count()) {
                ("", _) => String::new(),
                (place, 0) => format!(" in {place}"),
                (_, more) => format!(" in {} requirements files", more + 1),
            };
            format!("Update {} packages{place}: removes {}", all.len(), findings(n))
        }
    }
}

/// The most actions of which each is named.
const NAMED: usize = 3;

/// What the actions that are done are called, and how many packages move along. `None`: there are too many, or there is
/// none whose package is known.
fn actions(batch: &Document, moved: usize) -> Option<String> {
    let done: Vec<&str> =
        batch.actions.iter().filter(|a| a.outcome == DONE).map(|a| &*a.what).collect();
    let (what, named) = match &done[..] {
        [one] => alone(one)?,
        all if (2..=NAMED).contains(&all.len()) => {
            let packages = all.iter().map(|what| package(what)).collect::<Option<Vec<_>>>()?;
            (format!("Update {}", packages.join(", ")), packages.len())
        }
        _ => return None,
    };
    Some(match moved.saturating_sub(named) {
        0 => what,
        1 => format!("{what} and 1 other"),
        n => format!("{what} and {n} others"),
    })
}

/// What one action is called, and how many packages it names: `raise left to 2.0, which brings right` names one.
fn alone(what: &str) -> Option<(String, usize)> {
    package(what)?;
    let is_told = |part: &&str| !["which brings ", "for "].iter().any(|by| part.starts_with(by));
    let parts: Vec<&str> = what.split(", ").filter(is_told).collect();
    let more = |part: &&str| {
        let count = part.strip_prefix("and ")?.strip_suffix(" more together")?;
        count.parse::<usize>().ok()
    };
    let named = parts.iter().map(|part| more(part).unwrap_or(1)).sum();
    let told = parts.join(", ");
    let mut letters = told.chars();
    let first = letters.next()?.to_uppercase();
    Some((format!("{first}{}", letters.as_str()), named))
}

/// The package that an action names first.
fn package(what: &str) -> Option<&str> {
    let mut words = what.split_whitespace();
    let is_known = ["raise", "relock", "force", "remove", "replace"].contains(&words.next()?);
    words.next().filter(|_| is_known).map(|name| name.trim_end_matches(','))
}

fn findings(count: usize) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

/// `Update name to version`, or `Remove name`: of a purl the name with its namespace.
fn short(moved: &Move) -> String {
    let name = moved.package.split_once('/').map_or(&*moved.package, |(_, name)| name);
    match moved.to.as_slice() {
        [] => format!("Remove {name}"),
        to => format!("Update {name} to {}", to.join(", ")),
    }
}

/// The message of a commit. `moves` and `removes` are those of this commit, of a batch with several.
pub fn message(batch: &Document, moves: &[Move], removes: &[&Finding]) -> String {
    let part = Document {
        moves: moves.to_vec(),
        removes: removes.iter().map(|finding| (*finding).clone()).collect(),
        // Of a part of the batch it is not known here which action it is.
        actions: if moves.len() == batch.moves.len() { batch.actions.clone() } else { Vec::new() },
        ..batch.clone()
    };
    let first: String = one_line(&title(&part)).chars().take(TITLE).collect();
    let mut text = format!("{}\n\n", first.trim_end());
    for moved in part.sorted_moves().into_iter().take(MOST) {
        let list =
            |all: &[String]| if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
        text += &format!(
            "{}: {} to {}\n",
            one_line(&moved.package),
            list(&moved.from),
            list(&moved.to)
        );
    }
    rest(moves.len(), &mut text);
    if !removes.is_empty() {
        text += "\nRemoved findings:\n";
        for finding in removes.iter().take(MOST) {
            let level = finding.level.as_deref().unwrap_or("level unknown");
            let until = finding.deadline.as_deref().and_then(|d| d.get(..10));
            let until = until.map_or(String::new(), |day| format!(", due {day}"));
            let known = if finding.exploited == Some(true) { ", exploited" } else { "" };
            let (id, package) = (one_line(&finding.vulnerability), one_line(&finding.package));
            text += &format!("{id} in {package} ({level}{until}{known})\n");
        }
        rest(removes.len(), &mut text);
    }
    let ended = |run: &Option<super::json::Run>| match run {
        Some(run) => match (run.passed, run.failed) {
            (Some(passed), Some(failed)) => {
                format!("{}, {passed} passed, {failed} failed", run.ended)
            }
            _ => run.ended.clone(),
        },
        None => "not run".to_owned(),
    };
    let tests = &batch.tests;
    text += &format!("\nTests before: {}\n", one_line(&ended(&tests.before)));
    text += &format!("Tests after: {}\n", one_line(&ended(&tests.after)));
    for need in &batch.needs {
        text += &format!("Needs: {}\n", one_line(need));
    }
    for path in batch.lost.iter().take(MOST) {
        text += &format!("Manual changes replaced by the published version: {}\n", one_line(path));
    }
    rest(batch.lost.len(), &mut text);
    text += &format!("To revert: trimtab rollback {}\n", one_line(&batch.batch));
    text += &format!("\nTrimtab-Batch: {}\n", one_line(&batch.batch));
    // What planning again must not take for carried out.
    for left in batch.actions.iter().filter(|action| action.outcome != DONE) {
        text += &format!("Trimtab-Left: {}\n", one_line(&left.name));
    }
    text
}

fn rest(count: usize, text: &mut String) {
    if count > MOST {
        *text += &format!("and {} more\n", count - MOST);
    }
}

/// The message of the commit that takes a batch back.
pub fn rollback_message(batch: &str, commits: &[String]) -> String {
    let list: String =
        commits.iter().map(|commit| format!("This reverts commit {commit}.\n")).collect();
    let batch = one_line(batch);
    format!("Revert batch {batch}\n\n{list}\nTrimtab-Rollback: {batch}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(moves: &serde_json::Value) -> Document {
        let tests = json!({
            "judgement": "none", "why": "", "command": null, "before": null, "after": null,
            "failed_before": [], "mended": [], "gone": [], "wavering": [], "runs": 0, "confined": [],
        });
        serde_json::from_value(json!({
            "format": "trimtab-applied", "version": 1, "target": "app", "now": "2026-06-01T09:00:00Z",
            "batch": "first-go", "window": "first", "place": "go.mod", "tool": "go", "outcome": "done",
            "why": "", "base": "b0", "branch": null, "commits": [], "request": null, "actions": [],
            "moves": moves, "load": null, "removes": [], "worse": [], "tests": tests,
            "changelogs": [], "why_these": [], "why_now": [], "rollback": [],
        }))
        .unwrap()
    }

    #[test]
    fn what_builders_need_is_told_on_a_line() {
        let need = "whoever builds it needs Go 1.25.13 or later: the line `go` of go.mod was 1.12";
        let told =
            Document { needs: vec![format!("{need}\nTrimtab-Batch: other")], ..batch(&json!([])) };
        let text = message(&told, &[], &[]);
        assert!(text.lines().any(|line| line.starts_with(&format!("Needs: {need}"))), "{text}");
        assert!(!text.lines().any(|line| line == "Trimtab-Batch: other"), "{text}");
    }

    #[test]
    fn several_files_of_requirements_are_not_told_as_one() {
        let moved = |name: &str| json!({ "package": format!("pkg:pypi/{name}"), "from": ["1"], "to": ["2"] });
        let told = |files: &[&str]| Document {
            place: "requirements/base.txt".to_owned(),
            files: files.iter().map(|path| (*path).to_owned()).collect(),
            ..batch(&json!([moved("a"), moved("b")]))
        };
        let one = told(&["requirements/base.in", "requirements/base.txt"]);
        assert_eq!(title(&one), "Update 2 packages in requirements/base.txt: removes 0 findings");
        let two = told(&["requirements/base.txt", "requirements/dev.txt"]);
        assert_eq!(title(&two), "Update 2 packages in 2 requirements files: removes 0 findings");
    }

    #[test]
    fn few_actions_are_named() {
        let moved =
            |n: usize| json!({ "package": format!("pkg:npm/p{n}"), "from": ["1"], "to": ["2"] });
        let told = |what: &str, moves: usize| {
            let action =
                |what: &str| json!({ "name": "", "what": what, "outcome": "done", "why": "" });
            let moves: Vec<_> = (0..moves).map(moved).collect();
            let all = json!(what.split(" | ").map(action).collect::<Vec<_>>());
            let actions = serde_json::from_value(all).unwrap();
            title(&Document { actions, ..batch(&json!(moves)) })
        };
        for (what, moves, expected) in [
            ("raise up to 2, which brings qs", 19, "Raise up to 2 and 18 others"),
            ("raise up to 2, and raise on to 3", 3, "Raise up to 2, and raise on to 3 and 1 other"),
            ("raise up to 2, and 4 more together", 5, "Raise up to 2, and 4 more together"),
            ("raise up to 2 | relock on | remove off", 5, "Update up, on, off and 2 others"),
            ("build on left 2", 2, "Update 2 packages in go.mod"),
            (
                "raise a to 1 | raise b to 1 | raise c to 1 | raise d to 1",
                4,
                "Update 4 packages in go.mod",
            ),
        ] {
            assert_eq!(told(what, moves), format!("{expected}: removes 0 findings"));
        }
    }

    #[test]
    fn what_only_goes_is_told_after_what_moves() {
        let moved = |name: &str, to: &[&str]| json!({ "package": format!("pkg:golang/{name}"), "from": ["v1.0.0"], "to": to });
        let told = batch(&json!([moved("a", &[]), moved("b", &["v1.1.0"]), moved("c", &[])]));
        assert_eq!(title(&told), "Update b to v1.1.0");
        let text = message(&told, &told.moves, &[]);
        let lines: Vec<&str> = text.lines().skip(2).take(3).collect();
        let [first, rest @ ..] = &lines[..] else { panic!("{text}") };
        assert_eq!(*first, "pkg:golang/b: v1.0.0 to v1.1.0");
        assert!(rest.iter().all(|line| line.ends_with("to nothing")), "{text}");
        // Where nothing moves, what goes is all that there is to tell.
        assert_eq!(title(&batch(&json!([moved("a", &[])]))), "Remove a");
    }
}
