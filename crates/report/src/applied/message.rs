//! The message of a commit: what was updated, why, what tests said, how to revert it.

use trimtab_model::{Level, Purl};

use super::json::{DONE, Document, Finding, Move};
// On one line, no trailer can be smuggled in.
use crate::inert::one_line;

/// The longest first line of a commit, in characters.
const TITLE: usize = 72;
/// The longest title, in characters.
const LONGEST: usize = 100;
/// The most findings and packages that a message lists.
const MOST: usize = 30;

/// The most packages of which each is named.
const NAMED: usize = 3;
/// Files in which people write what a project depends on.
const MANIFESTS: [&str; 11] = [
    "package.json",
    "pnpm-workspace.yaml",
    "pyproject.toml",
    "Pipfile",
    "Cargo.toml",
    "go.mod",
    "composer.json",
    "Gemfile",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
];

/// One line for a batch: the packages with findings that go, the gravest first, how many others move, and where.
pub fn title(batch: &Document) -> String {
    line(batch, LONGEST)
}

/// A title of at most so many characters, as far as that is possible: it names fewer packages, or no file.
fn line(batch: &Document, most: usize) -> String {
    // What goes because nothing asks for it any longer is no work of anybody's.
    let (moved, out): (Vec<&Move>, Vec<&Move>) =
        batch.moves.iter().partition(|moved| !moved.to.is_empty());
    let (verb, told) = if moved.is_empty() { ("Remove", out) } else { ("Update", moved) };
    let removes = match batch.removes.len() {
        0 => String::new(),
        n => format!(": removes {}", findings(n)),
    };
    match told.as_slice() {
        [] => format!("Change {}{removes}", batch.place),
        [one] => format!("{}{removes}", short(one)),
        all => {
            let place = place(batch);
            let named = named(batch, all);
            let whats: Vec<String> = match (&named[..], only(batch)) {
                // What it names does not move: it goes, or is listed nowhere.
                ([], Some(what)) => vec![format!("{what}, and update {} others", all.len())],
                ([], None) => vec![format!("{verb} {} packages", all.len())],
                (named, _) => {
                    let counts = (1..=named.len()).rev();
                    counts.map(|n| several(verb, &named[..n], all.len() - n)).collect()
                }
            };
            let lines: Vec<String> = whats
                .iter()
                .flat_map(|what| [format!("{what}{place}{removes}"), format!("{what}{removes}")])
                .collect();
            let fits = |line: &&String| line.chars().count() <= most;
            lines.iter().find(fits).or(lines.last()).cloned().unwrap_or_default()
        }
    }
}

/// The packages that are named: those with findings that go, the gravest first, then those that actions ask for.
fn named<'m>(batch: &Document, all: &[&'m Move]) -> Vec<&'m Move> {
    let gone: Vec<(String, &Finding)> =
        batch.removes.iter().map(|finding| (unversioned(&finding.package), finding)).collect();
    let gravity = |moved: &Move| {
        let own: Vec<&Finding> = gone
            .iter()
            .filter(|(package, _)| *package == moved.package)
            .map(|(_, finding)| *finding)
            .collect();
        let level = |finding: &&Finding| finding.level.as_deref().and_then(Level::from_word);
        let is_exploited = own.iter().any(|finding| finding.exploited == Some(true));
        (is_exploited, own.iter().map(level).max().flatten(), own.len())
    };
    let mut with_findings: Vec<_> = all
        .iter()
        .copied()
        .map(|moved| (gravity(moved), moved))
        .filter(|((_, _, count), _)| *count > 0)
        .collect();
    with_findings.sort_by(|(one, first), (other, second)| {
        other.cmp(one).then_with(|| first.package.cmp(&second.package))
    });
    let mut named: Vec<&Move> = with_findings.into_iter().map(|(_, moved)| moved).collect();
    let done = batch.actions.iter().filter(|action| action.outcome == DONE);
    let parts = done.flat_map(|action| action.what.split(", "));
    let asked = parts.filter_map(|part| package(part.strip_prefix("and ").unwrap_or(part)));
    for asked in asked {
        let moved = all.iter().copied().find(|moved| spelt(&moved.package) == asked);
        if let Some(moved) = moved.filter(|moved| !named.contains(moved)) {
            named.push(moved);
        }
    }
    named.truncate(NAMED);
    named
}

/// What the only action that is done is called, where that names a single package: `raise left to 2.0, which brings right`.
fn only(batch: &Document) -> Option<String> {
    let mut done = batch.actions.iter().filter(|action| action.outcome == DONE);
    let (Some(action), None) = (done.next(), done.next()) else { return None };
    package(&action.what)?;
    let mut parts = action.what.split(", ");
    let first = parts.next()?;
    if parts.any(|part| part.starts_with("and ")) {
        return None;
    }
    let mut letters = first.chars();
    let capital = letters.next()?.to_uppercase();
    Some(format!("{capital}{}", letters.as_str()))
}

/// `Update a, b and 3 others`; of one with its version.
fn several(verb: &str, named: &[&Move], others: usize) -> String {
    let names: Vec<String> = named.iter().map(|moved| spelt(&moved.package)).collect();
    match (named, &names[..]) {
        ([one], _) => and_others(short(one), others),
        (_, [first @ .., last]) if others == 0 => format!("{verb} {} and {last}", first.join(", ")),
        _ => and_others(format!("{verb} {}", names.join(", ")), others),
    }
}

fn and_others(what: String, others: usize) -> String {
    match others {
        0 => what,
        1 => format!("{what} and 1 other"),
        n => format!("{what} and {n} others"),
    }
}

/// Where it is, and which manifest changes with it: ` in pyproject.toml and uv.lock`.
fn place(batch: &Document) -> String {
    // Of Python's requirements each file has versions of its own.
    let is_alike = |path: &&String| {
        batch.place.ends_with(".txt") && path.ends_with(".txt") && **path != batch.place
    };
    let is_manifest = |path: &&String| {
        let mut parts = path.rsplit('/');
        let is_known = parts.next().is_some_and(|name| MANIFESTS.contains(&name));
        is_known
            && **path != batch.place
            && parts.all(|folder| !["vendor", "node_modules"].contains(&folder))
    };
    let manifests: Vec<&String> = batch.files.iter().filter(is_manifest).collect();
    let alike = batch.files.iter().filter(is_alike).count();
    match (batch.place.as_str(), alike, &manifests[..]) {
        ("", ..) => String::new(),
        (place, 0, []) => format!(" in {place}"),
        (place, 0, [one]) => format!(" in {one} and {place}"),
        (place, 0, many) => format!(" in {place} and {} manifests", many.len()),
        (_, more, _) => format!(" in {} requirements files", more + 1),
    }
}

/// The package that an action names first.
fn package(what: &str) -> Option<&str> {
    let mut words = what.split_whitespace();
    let is_known = ["raise", "relock", "force", "remove", "replace"].contains(&words.next()?);
    words.next().filter(|_| is_known).map(|name| name.trim_end_matches(','))
}

/// A purl without its version, as moves have it.
fn unversioned(purl: &str) -> String {
    purl.parse::<Purl>().map_or_else(|_| purl.to_owned(), |purl| purl.package().to_string())
}

/// The name of a purl as its ecosystem spells it.
fn spelt(purl: &str) -> String {
    purl.parse::<Purl>().map_or_else(|_| purl.to_owned(), |purl| crate::group::name(&purl))
}

fn findings(count: usize) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

/// `Update name to version`, or `Remove name`.
fn short(moved: &Move) -> String {
    let name = spelt(&moved.package);
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
    let first: String = one_line(&line(&part, TITLE)).chars().take(TITLE).collect();
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
        assert_eq!(title(&one), "Update 2 packages in requirements/base.txt");
        let two = told(&["requirements/base.txt", "requirements/dev.txt"]);
        assert_eq!(title(&two), "Update 2 packages in 2 requirements files");
    }

    fn told(place: &str, what: &str, moves: &[&str], gone: &[(&str, &str, bool)]) -> Document {
        let action = |what: &str| json!({ "name": "", "what": what, "outcome": "done", "why": "" });
        let moved = |name: &&str| json!({ "package": format!("pkg:npm/{name}"), "from": ["1"], "to": ["2"] });
        let finding = |(name, level, exploited): &(&str, &str, bool)| {
            json!({
                "vulnerability": "OSV-TEST-1", "package": format!("pkg:npm/{name}@1"),
                "level": level, "deadline": null, "exploited": exploited,
            })
        };
        let moves = json!(moves.iter().map(moved).collect::<Vec<_>>());
        let actions = json!(what.split(" | ").map(action).collect::<Vec<_>>());
        let removes = json!(gone.iter().map(finding).collect::<Vec<_>>());
        Document {
            place: place.to_owned(),
            actions: serde_json::from_value(actions).unwrap(),
            removes: serde_json::from_value(removes).unwrap(),
            ..batch(&moves)
        }
    }

    #[test]
    fn what_has_findings_is_named_first() {
        let title = |what: &str, moves: &[&str], gone: &[(&str, &str, bool)]| {
            title(&told("app.lock", what, moves, gone))
        };
        let all = ["a", "b", "c", "d", "%40s/e"];
        let gone = [
            ("a", "low", false),
            ("b", "high", false),
            ("b", "low", false),
            ("d", "high", false),
            ("%40s/e", "low", true),
        ];
        assert_eq!(
            title("relock a at 1.5, and 3 more together", &all, &gone),
            "Update @s/e, b, d and 2 others in app.lock: removes 5 findings"
        );
        // The version that was reached, and not the one that was asked for.
        assert_eq!(
            title("relock a at 1.5", &["a", "b"], &gone[..1]),
            "Update a to 2 and 1 other in app.lock: removes 1 finding"
        );
        assert_eq!(
            title("raise c to 2, which brings a", &["a", "c"], &gone[..1]),
            "Update a and c in app.lock: removes 1 finding"
        );
        // What went with its findings is asked for, or made possible, by what moves.
        assert_eq!(
            title("raise c to 2, which brings gone", &["b", "c"], &[("gone", "low", false)]),
            "Update c to 2 and 1 other in app.lock: removes 1 finding"
        );
        assert_eq!(
            title("remove gone", &["b", "c"], &[("gone", "low", false)]),
            "Remove gone, and update 2 others in app.lock: removes 1 finding"
        );
        assert_eq!(title("build on left 2", &["b", "c"], &[]), "Update 2 packages in app.lock");
    }

    #[test]
    fn a_long_title_names_less() {
        let names = ["a", "b", "c"].map(|name| name.repeat(18));
        let moves: Vec<&str> = names.iter().map(String::as_str).chain(["d"]).collect();
        let gone: Vec<_> = names.iter().map(|name| (name.as_str(), "low", false)).collect();
        let [a, b, c] = &names;
        let batch = told("app.lock", "relock d", &moves, &gone);
        let removes = "removes 3 findings";
        assert_eq!(title(&batch), format!("Update {a}, {b}, {c} and 1 other: {removes}"));
        let text = message(&batch, &batch.moves, &batch.removes.iter().collect::<Vec<_>>());
        let first = text.lines().next().unwrap();
        assert_eq!(first, format!("Update {a} to 2 and 3 others: {removes}"));
        assert!(first.len() <= TITLE, "{first}");
    }

    #[test]
    fn a_manifest_that_changes_is_named() {
        let place = |files: &[&str]| {
            let files = files.iter().map(|path| (*path).to_owned()).collect();
            place(&Document { files, ..told("web/uv.lock", "relock a", &[], &[]) })
        };
        assert_eq!(place(&["web/uv.lock"]), " in web/uv.lock");
        assert_eq!(
            place(&["web/pyproject.toml", "web/uv.lock"]),
            " in web/pyproject.toml and web/uv.lock"
        );
        assert_eq!(place(&["web/vendor/x/package.json", "web/uv.lock"]), " in web/uv.lock");
        assert_eq!(
            place(&["pyproject.toml", "web/pyproject.toml", "web/uv.lock"]),
            " in web/uv.lock and 2 manifests"
        );
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
