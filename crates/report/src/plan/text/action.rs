//! An action: its level, its way, its package, from and to, what it removes, and how sure it is.

use std::collections::BTreeSet;
use std::io;

use anstyle::Style as Ansi;
use trimtab_model::distance::{Distance, distance};
use unicode_width::UnicodeWidthStr;

use super::super::json::{Action, Asked, Batch, Finding, Move};
use super::super::words::points;
use super::{Page, level, name, package, version};
use crate::few::few;
use crate::group::{rating_of, shape};
use crate::table::{colour, count, range, shorten};

/// Packages that move at the same time, that are named if not all are asked for.
const WITH: usize = 4;

impl Page<'_> {
    /// One line: level, way, package, from and to, what it removes, how sure it is.
    ///
    /// What a batch before this one does of it is not told again.
    pub(super) fn action(&mut self, action: &Action, batch: &Batch) -> io::Result<()> {
        let style = self.lines.style;
        let arrow = if style.ascii { "->" } else { "→" };
        let removes = left_to(action, batch);
        let level = removes.iter().filter_map(|name| self.finding(name)).map(level).max();
        let mark = level.map_or('?', |level| shape(rating_of(level), style.ascii)).to_string();
        let mark = match level {
            Some(level) => self.lines.paint(colour(rating_of(level)), &mark),
            None => mark,
        };
        let helped = removes.iter().filter_map(|name| self.finding(name));
        let helped: BTreeSet<String> = helped.map(|finding| package(&finding.package)).collect();
        let rest = batch.rest.iter().find(|rest| rest.action == action.name);
        let done: &[String] = rest.map_or(&[], |rest| rest.done.as_slice());
        let lead = lead(&action.proposal, &helped, done);
        // What is named may be listed nowhere, as what manages versions is: then what else moves comes first.
        let own = package(&lead.package);
        let first = action.moves.iter().find(|moved| moved.package == own);
        let (from, to) = first.map_or_else(
            || (version(&lead.package), String::new()),
            |first| (first.from.join(", "), first.to.join(", ")),
        );
        let to = if to.is_empty() { lead.to.clone().unwrap_or_default() } else { to };
        let way = match lead.way.as_str() {
            "raise-parent" => "raise",
            "override" => "force",
            other => other,
        };
        let facts = format!(
            "{:<5}  {:>11}  {:>11}  {:>4}",
            action.distance.as_deref().unwrap_or("?"),
            count(removes.len(), "finding"),
            format!("{} pt", range(action.cost.least, action.cost.most)),
            format!("{:.0} %", action.confidence.value * 100.0),
        );
        let room = style.width.saturating_sub(facts.width() + 16);
        let what = format!("{} {from} {arrow} {to}", name(&lead.package));
        let what = shorten(&what, room, style.ascii);
        let gap = room.saturating_sub(what.width()) + 2;
        writeln!(self.lines.out, "  {mark} {way:<8} {what}{:gap$}{facts}", "")?;
        if let Some(child) = lead.other.as_deref().filter(|_| lead.way == "raise-parent") {
            let brought = action.moves.iter().find(|m| m.package == package(child));
            let ends = brought.map_or(String::new(), |m| ends(m, arrow));
            self.say("             ", &format!("for {}{ends}", name(child)), Ansi::new().dimmed())?;
        }
        self.with(action, lead, arrow, batch)?;
        if !done.is_empty() {
            let names: Vec<String> = done.iter().map(|own| name(own)).collect();
            let most = if style.verbose { names.len() } else { WITH };
            let text = format!("the rest of it: {} moved before", few(&names, most));
            self.say("             ", &text, Ansi::new().dimmed())?;
        }
        if !action.fix_named {
            let gone = removes.iter().filter_map(|name| self.finding(name));
            let text = unnamed(action, gone);
            self.say("             ", &text, Ansi::new().dimmed())?;
        }
        if let Some(until) = &action.quarantine {
            let text = format!("in quarantine until {}", self.day(until));
            self.say("             ", &text, Ansi::new().dimmed())?;
        }
        if style.verbose {
            self.details(action)?;
        }
        Ok(())
    }

    /// What moves at the same time, beside what comes first.
    fn with(
        &mut self,
        action: &Action,
        lead: &Asked,
        arrow: &str,
        batch: &Batch,
    ) -> io::Result<()> {
        if action.proposal.with.is_empty() {
            return Ok(());
        }
        let verbose = self.lines.style.verbose;
        let own = package(&lead.package);
        // A copy that others bring of what is raised is no other package.
        let of = |asked: &Asked| {
            let purl = package(&asked.package);
            let moved = action.moves.iter().find(|m| m.package == purl && !m.from.is_empty());
            match purl == own {
                true => "its copies".to_owned(),
                false => {
                    let ends = match moved {
                        Some(moved) if moved.to.is_empty() => {
                            format!(" {} (removed)", moved.from.join(", "))
                        }
                        Some(moved) if is_major(moved) => format!("{} (major)", ends(moved, arrow)),
                        Some(moved) => ends(moved, arrow),
                        None => String::new(),
                    };
                    format!("{}{ends}", name(&asked.package))
                }
            }
        };
        let all = std::iter::once(&action.proposal).chain(&action.proposal.with);
        let others = all.filter(|asked| !std::ptr::eq(*asked, lead) && is_left(asked, batch));
        let removes = left_to(action, batch);
        let gone: Vec<&Finding> = removes.iter().filter_map(|name| self.finding(name)).collect();
        let mut parts: Vec<(Rank, String)> =
            others.map(|asked| (rank(asked, &action.moves, &gone), of(asked))).collect();
        // What a reviewer must look at stands where nothing is cut.
        parts.sort_by(|(one, first), (other, second)| {
            other.cmp(one).then_with(|| first.cmp(second))
        });
        let mut names: Vec<String> = parts.into_iter().map(|(_, told)| told).collect();
        names.dedup();
        if names.is_empty() {
            return Ok(());
        }
        let shown = if verbose { names.len() } else { names.len().min(WITH) };
        let more = match names.len() - shown {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let text = format!("with {}{more}", names[..shown].join(", "));
        self.say("             ", &text, Ansi::new().dimmed())
    }

    fn details(&mut self, action: &Action) -> io::Result<()> {
        let pad = "             ";
        self.say(pad, &format!("removes {}", action.removes.join(", ")), Ansi::new().dimmed())?;
        for reason in &action.cost.reasons {
            let text = format!("{} points: {}", range(reason.least, reason.most), reason.what);
            self.say(pad, &text, Ansi::new().dimmed())?;
        }
        let text = format!(
            "{}: the middle of the range, divided by the confidence",
            points(action.cost.least, action.cost.most, action.cost.points)
        );
        self.say(pad, &text, Ansi::new().dimmed())?;
        let text = format!("confidence {}", action.confidence.reasons.join("; "));
        self.say(pad, &text, Ansi::new().dimmed())
    }
}

/// The findings that a batch still has to remove of those that an action does. If it has none of them, as an older plan may tell,
/// all.
fn left_to<'a>(action: &'a Action, batch: &Batch) -> Vec<&'a String> {
    let left: Vec<&String> =
        action.removes.iter().filter(|name| batch.removes.contains(name)).collect();
    if left.is_empty() { action.removes.iter().collect() } else { left }
}

/// Whether a batch moves what an action asks for: what one before it did moves no more.
fn is_left(asked: &Asked, batch: &Batch) -> bool {
    let is_known = batch.confirmed == "together" && batch.after.is_some();
    let own = package(&asked.package);
    !is_known || batch.moves.iter().any(|moved| moved.package == own)
}

/// What comes first of several: a major step, then what is exploited, then more findings.
type Rank = (bool, bool, usize);

/// Where a part of an action stands. `gone`: the findings that the action removes.
fn rank(asked: &Asked, moves: &[Move], gone: &[&Finding]) -> Rank {
    let purl = package(&asked.package);
    let own: Vec<&Finding> =
        gone.iter().copied().filter(|finding| package(&finding.package) == purl).collect();
    let is_exploited = own.iter().any(|finding| finding.exploited);
    (moves.iter().any(|moved| moved.package == purl && is_major(moved)), is_exploited, own.len())
}

/// Whether a version comes that is a major step from each that goes.
fn is_major(moved: &Move) -> bool {
    let is_far = |from: &String, to: &String| distance(from, to) == Some(Distance::Major);
    let is_new = |to: &String| moved.from.iter().all(|from| is_far(from, to));
    !moved.from.is_empty() && moved.to.iter().any(is_new)
}

/// That no source names a fix: of an action with several packages it is told of which. `gone`: the findings that it removes.
fn unnamed<'f>(action: &Action, gone: impl Iterator<Item = &'f Finding>) -> String {
    let of: BTreeSet<String> =
        gone.filter(|finding| finding.fix.is_none()).map(|f| name(&f.package)).collect();
    let of: Vec<String> = of.into_iter().collect();
    match (action.proposal.with.is_empty(), &of[..]) {
        (true, _) | (false, []) => {
            "no source names a fix, but none lists this version as affected".to_owned()
        }
        (false, of) => format!(
            "no source names a fix for {}, but none lists the new version as affected",
            of.join(", ")
        ),
    }
}

/// From where to where a package moves. Without a version that comes a copy goes; whether another stays is not told.
fn ends(moved: &Move, arrow: &str) -> String {
    let from = moved.from.join(", ");
    match (&moved.to[..], &moved.from[..]) {
        ([], [_]) => format!(" {from}: that copy is removed"),
        ([], _) => format!(" {from}: those copies are removed"),
        (to, _) => format!(" {from} {arrow} {}", to.join(", ")),
    }
}

/// What of a change comes first: what is named first, unless only something else of it has findings that go. What goes along,
/// as it stands in the way, is named before what it makes possible. What a batch before has `done` is not named.
fn lead<'a>(proposal: &'a Asked, helped: &BTreeSet<String>, done: &[String]) -> &'a Asked {
    let moves = |asked: &&Asked| matches!(asked.way.as_str(), "raise" | "relock" | "override");
    let is_open = |asked: &&Asked| !done.contains(&package(&asked.package));
    let is_helped = |asked: &&Asked| is_open(asked) && helped.contains(&package(&asked.package));
    let all = || std::iter::once(proposal).chain(&proposal.with);
    // Of what brings others those have the findings.
    if !all().all(|asked| moves(&asked)) {
        return proposal;
    }
    all().find(is_helped).or_else(|| all().find(is_open)).unwrap_or(proposal)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A copy that is merged into one that is listed already goes, and the package stays.
    #[test]
    fn a_copy_that_goes_is_not_told_as_the_package() {
        let told = |from: &[&str], to: &[&str]| {
            let all = |versions: &[&str]| versions.iter().map(|v| (*v).to_owned()).collect();
            let package = "pkg:npm/left".to_owned();
            ends(&Move { package, from: all(from), to: all(to) }, "->")
        };
        assert_eq!(told(&["1.0.0"], &["1.0.1"]), " 1.0.0 -> 1.0.1");
        assert_eq!(told(&["1.0.0"], &[]), " 1.0.0: that copy is removed");
        assert_eq!(told(&["1.0.0", "2.0.0"], &[]), " 1.0.0, 2.0.0: those copies are removed");
    }

    #[test]
    fn what_a_batch_before_does_is_not_told_again() {
        let asked = |name: &str| Asked {
            way: "raise".to_owned(),
            package: format!("pkg:npm/{name}@1.0.0"),
            to: Some("2.0.0".to_owned()),
            other: None,
            with: Vec::new(),
        };
        let batch = |after: Option<&str>| -> Batch {
            serde_json::from_value(serde_json::json!({
                "name": "second", "window": "second", "place": "", "folder": "", "tool": "npm",
                "after": after, "actions": [], "least": 1.0, "most": 2.0, "points": 1.5,
                "removes": ["b"], "load": 1.0, "load_days": 1.0, "by": "", "why_these": [],
                "why_now": [], "confirmed": "together", "changes": [],
                "moves": [{ "package": "pkg:npm/own", "from": ["1.0.0"], "to": ["2.0.0"] }],
            }))
            .unwrap()
        };
        let second = batch(Some("first"));
        assert!(is_left(&asked("own"), &second) && !is_left(&asked("done"), &second));
        assert!(is_left(&asked("done"), &batch(None)));
    }

    fn gone(name: &str, exploited: bool, fix: Option<&str>) -> Finding {
        serde_json::from_value(serde_json::json!({
            "name": "a", "vulnerability": "OSV-TEST-1", "aliases": [],
            "package": format!("pkg:npm/{name}@1.0.0"), "file": "", "level": "low", "weight": 1.0,
            "deadline": null, "exploited": exploited, "now": false, "fix": fix,
        }))
        .unwrap()
    }

    fn part(name: &str, with: Vec<Asked>) -> Asked {
        let package = format!("pkg:npm/{name}@1.0.0");
        Asked { way: "raise".to_owned(), package, to: None, other: None, with }
    }

    #[test]
    fn major_steps_and_what_is_exploited_are_told_first() {
        let moved = |name: &str, from: &[&str], to: &[&str]| {
            let all = |versions: &[&str]| versions.iter().map(|v| (*v).to_owned()).collect();
            Move { package: format!("pkg:npm/{name}"), from: all(from), to: all(to) }
        };
        let moves = [
            moved("patch", &["1.0.0"], &["1.0.1"]),
            moved("major", &["1.0.0"], &["4.0.0"]),
            moved("exploited", &["1.0.0"], &["1.1.0"]),
            moved("two", &["1.0.0"], &["1.1.0"]),
        ];
        let all = [("exploited", true), ("two", false), ("two", false), ("patch", false)];
        let all = all.map(|(name, exploited)| gone(name, exploited, None));
        let all: Vec<&Finding> = all.iter().collect();
        let mut names = ["patch", "two", "exploited", "major"];
        let rank = |name: &str| rank(&part(name, Vec::new()), &moves, &all);
        names.sort_by_key(|name| std::cmp::Reverse(rank(name)));
        assert_eq!(names, ["major", "exploited", "two", "patch"]);
        // Each line of versions has a patch.
        assert!(!is_major(&moved("lines", &["5.7.1", "7.5.1"], &["5.7.2", "7.5.2"])));
        assert!(!is_major(&moved("new", &[], &["2.0.0"])));
    }

    #[test]
    fn of_several_packages_it_is_told_which_has_no_named_fix() {
        let action = |with: Vec<Asked>| -> Action {
            serde_json::from_value(serde_json::json!({
                "name": "", "way": "raise", "proposal": part("left", with), "place": "",
                "tool": "npm", "confirmed": true, "fix_named": false, "moves": [], "distance": null,
                "removes": [], "brings": [], "confidence": { "value": 1.0, "reasons": [] },
                "cost": { "least": 1.0, "most": 1.0, "points": 1.0, "reasons": [] },
                "quarantine": null, "checks": [], "changes": [], "commands": [],
            }))
            .unwrap()
        };
        let all = [gone("left", false, Some("1.0.1")), gone("right", false, None)];
        let several = unnamed(&action(vec![part("right", Vec::new())]), all.iter());
        assert!(several.starts_with("no source names a fix for right, but"), "{several}");
        let one = unnamed(&action(Vec::new()), all.iter());
        assert!(one.starts_with("no source names a fix, but"), "{one}");
    }

    #[test]
    fn what_has_findings_comes_before_what_goes_along() {
        let asked = |way: &str, name: &str, with: Vec<Asked>| Asked {
            way: way.to_owned(),
            package: format!("pkg:pypi/{name}@1.0"),
            to: Some("2.0".to_owned()),
            other: None,
            with,
        };
        let first = |way: &str, helped: &[&str]| {
            let helped = helped.iter().map(|name| format!("pkg:pypi/{name}")).collect();
            let proposal = asked(way, "along", vec![asked("raise", "own", Vec::new())]);
            lead(&proposal, &helped, &[]).package.clone()
        };
        assert_eq!(first("raise", &["own"]), "pkg:pypi/own@1.0");
        assert_eq!(first("raise", &["along", "own"]), "pkg:pypi/along@1.0");
        assert_eq!(first("raise", &["other"]), "pkg:pypi/along@1.0");
        assert_eq!(first("raise-parent", &["own"]), "pkg:pypi/along@1.0");
        // What a batch before has done of it is not named first.
        let helped: BTreeSet<String> = ["pkg:pypi/along".to_owned()].into();
        let proposal = asked("raise", "along", vec![asked("raise", "own", Vec::new())]);
        let done = ["pkg:pypi/along".to_owned()];
        assert_eq!(lead(&proposal, &helped, &done).package, "pkg:pypi/own@1.0");
        assert_eq!(lead(&proposal, &helped, &[]).package, "pkg:pypi/along@1.0");
    }
}
