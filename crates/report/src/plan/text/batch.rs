//! A batch: what it comes to, its actions, what moves beside them, and why.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use anstyle::Style as Ansi;
use unicode_width::UnicodeWidthStr;

use super::super::json::{Action, Asked, Batch, Check, Finding, Move};
use super::super::words::{number, points, unknown};
use super::{Page, level, name, package, version};
use crate::few::{NAMED, few};
use crate::inert::one_line;
use crate::table::count;

/// Packages that no action names, of which is told how many findings go if not all is asked for.
const OTHERS: usize = 3;

impl Page<'_> {
    pub(super) fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        let plan = self.plan;
        let title = format!("{}  {}", batch.window, batch.name);
        let facts = format!(
            "{}; {}, load {}",
            points(batch.least, batch.most, batch.points),
            count(batch.removes.len(), "finding"),
            if batch.load > 0.0 {
                format!("-{}", number(batch.load))
            } else {
                "unchanged".to_owned()
            },
        );
        // Its name is what `apply` takes: all of it is told.
        let title = one_line(&title);
        let columns = title.width() + facts.width() + 2;
        let gap = self.lines.style.width.saturating_sub(columns - 2);
        let title = self.lines.paint(Ansi::new().bold(), &title);
        match columns <= self.lines.style.width {
            true => writeln!(self.lines.out, "{title}{:gap$}{facts}", "")?,
            false => {
                writeln!(self.lines.out, "{title}")?;
                self.say("  ", &facts, Ansi::new())?;
            }
        }
        let confirmed = match batch.confirmed.as_str() {
            "together" => "carried out together in a copy",
            "alone" => "each carried out alone in a copy, not together",
            _ => "not confirmed",
        };
        let after = batch.after.as_ref().map(|b| format!(", on top of {b}")).unwrap_or_default();
        let text = format!(
            "{} by {}, {confirmed}{after}; in production by {}",
            files(batch),
            batch.tool,
            self.day(&batch.by)
        );
        self.say("  ", &text, Ansi::new().dimmed())?;
        let actions: Vec<&Action> = batch
            .actions
            .iter()
            .filter_map(|name| plan.actions.iter().find(|action| action.name == *name))
            .collect();
        let shown = self.shown(actions.len());
        for action in &actions[..shown] {
            self.action(action, batch)?;
        }
        if shown < actions.len() {
            let text =
                format!("and {}: --verbose shows all", count(actions.len() - shown, "more action"));
            self.say("    ", &text, Ansi::new().dimmed())?;
        }
        self.beside(batch, &actions)?;
        self.reasons("why these", &batch.why_these)?;
        self.reasons("why now", &batch.why_now)
    }

    /// What moves beside what is named, and what speaks against what comes in.
    fn beside(&mut self, batch: &Batch, actions: &[&Action]) -> io::Result<()> {
        let asked: Vec<&Asked> = actions
            .iter()
            .flat_map(|action| std::iter::once(&action.proposal).chain(&action.proposal.with))
            .collect();
        let named: BTreeSet<String> = asked.iter().map(|asked| package(&asked.package)).collect();
        let mut all: BTreeMap<&String, &Move> = BTreeMap::new();
        let alone = actions.iter().flat_map(|action| &action.moves);
        let moves: Vec<&Move> =
            if batch.moves.is_empty() { alone.collect() } else { batch.moves.iter().collect() };
        for moved in moves.into_iter().filter(|moved| !named.contains(&moved.package)) {
            all.insert(&moved.package, moved);
        }
        let gone: Vec<&Finding> =
            batch.removes.iter().filter_map(|name| self.finding(name)).collect();
        let all: Vec<&Move> = all.into_values().collect();
        let told = along(&all, &gone, self.lines.style.verbose);
        if !told.is_empty() {
            let text = format!("also       other packages: {}", told.join(", "));
            self.folded("    ", &text)?;
        }
        // What a parent is raised for is told with it.
        let children = asked.iter().filter_map(|asked| asked.other.as_deref()).map(package);
        let told: BTreeSet<String> = named.iter().cloned().chain(children).collect();
        let others = of_others(&gone, &told);
        let shown = match self.lines.style.verbose {
            true => others.len(),
            false => others.len().min(OTHERS),
        };
        if shown > 0 {
            let more = match others.len() - shown {
                0 => String::new(),
                n => format!(" and of {}", count(n, "more package")),
            };
            let all = others.get(..shown).unwrap_or(&others).join(", ");
            self.folded("    ", &format!("removes    among others {all}{more}"))?;
        }
        self.checks(batch, actions)
    }

    fn checks(&mut self, batch: &Batch, actions: &[&Action]) -> io::Result<()> {
        let plan = self.plan;
        let together = batch.confirmed == "together" && !batch.moves.is_empty();
        let (checks, unchecked) = match together {
            true => come_in(plan.actions.iter().flat_map(|action| &action.checks), &batch.moves),
            false => {
                let alone = actions.iter().flat_map(|action| &action.checks);
                (alone.map(|check| (&check.package, check)).collect(), 0)
            }
        };
        if checks.is_empty() && unchecked == 0 {
            return Ok(());
        }
        let against: Vec<String> = checks
            .values()
            .flat_map(|check| {
                let serious = check.reasons.iter().filter(|r| !r.unknown && r.verdict != "allow");
                serious.map(move |r| format!("{}: {} ({})", name(&check.package), r.found, r.rule))
            })
            .collect();
        let is_against = |check: &&&Check| {
            check.reasons.iter().any(|reason| !reason.unknown && reason.verdict != "allow")
        };
        let known = match checks.values().filter(is_against).count() {
            0 => "no known problems".to_owned(),
            n => format!("known problems with {n}"),
        };
        let mut told = vec![format!("{}, {known}", count(checks.len(), "new version"))];
        if unchecked > 0 {
            told.push(format!("not checked: {}", count(unchecked, "more version")));
        }
        told.extend(unknown(checks.values().copied()));
        let shown =
            self.shown(against.len()).min(if self.lines.style.verbose { usize::MAX } else { 2 });
        told.extend(against.iter().take(shown).cloned());
        if shown < against.len() {
            told.push(format!("and {} more", against.len() - shown));
        }
        self.folded("    ", &format!("checks     {}", told.join("; ")))
    }

    fn reasons(&mut self, title: &str, reasons: &[String]) -> io::Result<()> {
        let shown = match self.lines.style.verbose {
            true => reasons.len(),
            false => reasons.len().min(2),
        };
        if shown == 0 {
            return Ok(());
        }
        let mut text = reasons.iter().take(shown).cloned().collect::<Vec<_>>().join("; ");
        if shown < reasons.len() {
            text = format!("{text}; and {} more", reasons.len() - shown);
        }
        self.folded("    ", &format!("{title:<9}  {text}"))
    }
}

/// What moves along, comes and goes, by its names: what has findings that go first, the gravest before others, then by the
/// alphabet. `gone`: these findings.
fn along(all: &[&Move], gone: &[&Finding], verbose: bool) -> Vec<String> {
    let (mut changed, mut added, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for moved in all {
        match (moved.from.is_empty(), moved.to.is_empty()) {
            (true, _) => added.push(*moved),
            (_, true) => removed.push(*moved),
            _ => changed.push(*moved),
        }
    }
    let gravity = |moved: &Move| {
        let own = gone.iter().filter(|finding| package(&finding.package) == moved.package);
        own.map(|finding| level(finding)).max()
    };
    let told = |(mut of, what): (Vec<&Move>, &str)| {
        of.sort_by_cached_key(|moved| (Reverse(gravity(moved)), name(&moved.package)));
        let names: Vec<String> = of.iter().map(|moved| name(&moved.package)).collect();
        let most = if verbose { names.len() } else { NAMED };
        (!names.is_empty()).then(|| format!("{} {what} ({})", names.len(), few(&names, most)))
    };
    [(changed, "changed"), (added, "added"), (removed, "removed")]
        .into_iter()
        .filter_map(told)
        .collect()
}

/// Of findings that go those of packages that no action names: how many of each, what is known to be exploited first, then the
/// gravest, then the most.
fn of_others(gone: &[&Finding], named: &BTreeSet<String>) -> Vec<String> {
    let mut of: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in gone {
        let own = package(&finding.package);
        if !named.contains(&own) {
            of.entry(own).or_default().push(finding);
        }
    }
    let is_exploited = |all: &[&Finding]| all.iter().any(|finding| finding.exploited);
    let rank = |all: &[&Finding]| {
        (is_exploited(all), all.iter().map(|finding| level(finding)).max(), all.len())
    };
    let mut of: Vec<(String, Vec<&Finding>)> = of.into_iter().collect();
    of.sort_by_key(|(_, one)| Reverse(rank(one)));
    let told = of.iter().enumerate().map(|(at, (own, all))| {
        let n = if at == 0 { count(all.len(), "finding") } else { all.len().to_string() };
        let exploited = if is_exploited(all) { " (known to be exploited)" } else { "" };
        format!("{n} of {}{exploited}", name(own))
    });
    told.collect()
}

/// Of all that was checked what a batch brings in on top of those before it. And how many versions it brings in besides, as no
/// action alone did.
fn come_in<'c>(
    all: impl Iterator<Item = &'c Check>,
    moves: &[Move],
) -> (BTreeMap<&'c String, &'c Check>, usize) {
    let to = moves.iter().flat_map(|moved| moved.to.iter().map(|to| (&moved.package, to)));
    let come: BTreeSet<(String, String)> =
        to.map(|(package, to)| (package.clone(), to.clone())).collect();
    let comes = |check: &&Check| come.contains(&(package(&check.package), version(&check.package)));
    let checks: BTreeMap<&String, &Check> =
        all.filter(comes).map(|check| (&check.package, check)).collect();
    let unchecked = come.len().saturating_sub(checks.len());
    (checks, unchecked)
}

/// What a batch changes: its place, and how many more of files of that kind, where each has versions of its own.
fn files(batch: &Batch) -> String {
    let place = batch.place.as_str();
    let is_alike = |path: &str| place.ends_with(".txt") && path.ends_with(".txt") && path != place;
    let others: Vec<&str> =
        batch.changes.iter().map(|change| &*change.path).filter(|path| is_alike(path)).collect();
    match &others[..] {
        [] => place.to_owned(),
        [one] => format!("{place} and {one}"),
        more => format!("{place} and {} more files", more.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    #[test]
    fn findings_of_packages_that_no_action_names_are_told_by_gravity() {
        let gone = |name: &str, level: &str, exploited: bool| -> Finding {
            serde_json::from_value(value!({
                "name": "a", "vulnerability": "OSV-TEST-1", "aliases": [],
                "package": format!("pkg:npm/{name}@1.0.0"), "file": "", "level": level,
                "weight": 1.0, "deadline": null, "exploited": exploited, "now": false, "fix": null,
            }))
            .unwrap()
        };
        let all = [
            gone("named", "critical", true),
            gone("low", "low", false),
            gone("low", "low", false),
            gone("high", "high", false),
            gone("used", "low", true),
            gone("used", "low", false),
        ];
        let told = of_others(&all.iter().collect::<Vec<_>>(), &["pkg:npm/named".to_owned()].into());
        assert_eq!(told, ["2 findings of used (known to be exploited)", "1 of high", "2 of low"]);
    }

    #[test]
    fn what_comes_and_goes_along_is_named() {
        let moved = |name: &str, from: &[&str], to: &[&str]| {
            let all = |versions: &[&str]| versions.iter().map(|v| (*v).to_owned()).collect();
            Move { package: format!("pkg:npm/{name}"), from: all(from), to: all(to) }
        };
        let finding: Finding = serde_json::from_value(value!({
            "name": "a", "vulnerability": "OSV-TEST-1", "aliases": [], "package": "pkg:npm/z@1.0.0",
            "file": "", "level": "high", "weight": 1.0, "deadline": null, "exploited": false,
            "now": false, "fix": null,
        }))
        .unwrap();
        let mut all = vec![moved("new", &[], &["1.0.0"]), moved("other", &["1.0.0"], &["1.0.1"])];
        let goes = ["a", "b", "c", "d", "e", "f", "z"];
        all.extend(goes.map(|name| moved(name, &["1.0.0"], &[])));
        let all: Vec<&Move> = all.iter().collect();
        let told = |verbose| along(&all, &[&finding], verbose).join(", ");
        let first = "1 changed (other), 1 added (new), 7 removed (z, a, b, c, d";
        assert_eq!(told(false), format!("{first} and 2 more)"));
        assert_eq!(told(true), format!("{first}, e, f)"));
        assert!(along(&[], &[&finding], false).is_empty());
    }

    #[test]
    fn what_comes_in_is_what_no_batch_before_has_replaced() {
        let check = |package: &str| -> Check {
            serde_json::from_value(value!({
                "package": package, "published": null, "age_days": null, "licence": null,
                "verdict": "allow", "reasons": [],
            }))
            .unwrap()
        };
        let all = ["pkg:npm/%40s/a@1.0.0", "pkg:npm/%40s/a@2.0.0", "pkg:npm/b@1.0.0"].map(check);
        let moves = [("pkg:npm/%40s/a", "2.0.0"), ("pkg:npm/c", "1.0.0")].map(|(package, to)| {
            Move { package: package.to_owned(), from: Vec::new(), to: vec![to.to_owned()] }
        });
        let (checks, unchecked) = come_in(all.iter(), &moves);
        let told: Vec<&str> = checks.keys().map(|package| package.as_str()).collect();
        assert_eq!((&told[..], unchecked), (&["pkg:npm/%40s/a@2.0.0"][..], 1));
    }

    #[test]
    fn several_files_of_requirements_are_told() {
        let told = |place: &str, paths: &[&str]| {
            let change = |path: &&str| value!({ "path": path, "diff": "" });
            let changes: Vec<_> = paths.iter().map(change).collect();
            let batch: Batch = serde_json::from_value(value!({
                "name": "first-pip", "window": "first", "place": place, "folder": "", "tool": "pip",
                "after": null, "actions": [], "least": 1.0, "most": 2.0, "points": 1.5, "removes": [],
                "load": 1.0, "load_days": 1.0, "by": "", "why_these": [], "why_now": [],
                "confirmed": "together", "moves": [], "changes": changes,
            }))
            .unwrap();
            files(&batch)
        };
        assert_eq!(told("a/base.txt", &["a/base.in", "a/base.txt"]), "a/base.txt");
        assert_eq!(told("a/base.txt", &["a/base.txt", "b.txt"]), "a/base.txt and b.txt");
        let three = told("a/base.txt", &["a/base.txt", "a/dev.txt", "b.txt"]);
        assert_eq!(three, "a/base.txt and 2 more files");
        assert_eq!(told("go.mod", &["go.mod", "go.sum", "notes.txt"]), "go.mod");
    }
}
