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
