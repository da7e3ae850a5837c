//! A plan on the terminal: what it comes to, then each batch with its moves and reasons, then what is left and
//! why, what one more point would do, and what happens if nothing is done.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::Style as Ansi;
use trimtab_model::Level;
use unicode_width::UnicodeWidthStr;

use super::json::{Accept, Action, Asked, Batch, Check, Document, Finding, Left, Move};
use super::words::{brief, headline, number, points, unknown};
use crate::group::{rating_of, shape};
use crate::inert::one_line;
use crate::paragraph::Paragraphs;
use crate::table::{Style, colour, count, range, shorten};

/// Actions of one batch, and things that are left, that are shown if not all are asked for.
const SHOWN: usize = 8;
/// Packages that move at the same time, that are named if not all are asked for.
const WITH: usize = 4;
/// Files of an edit that nobody confirmed, and lines of each, that are shown.
const EDITS: (usize, usize) = (3, 6);

/// Writes a plan. [`Style::verbose`] shows all of it instead of the first screen.
///
/// # Errors
/// Writing fails.
pub fn write(plan: &Document, style: Style, out: &mut dyn Write) -> io::Result<()> {
    Page { lines: Paragraphs { style, out }, plan }.write()
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

struct Page<'o> {
    lines: Paragraphs<'o>,
    plan: &'o Document,
}

impl Page<'_> {
    /// The day of a moment, where the team is.
    fn day(&self, moment: &str) -> String {
        let local = self.plan.rhythm.local(moment);
        local.get(..10).map_or_else(|| local.clone(), str::to_owned)
    }

    fn write(&mut self) -> io::Result<()> {
        self.head()?;
        for batch in &self.plan.batches {
            self.blank()?;
            self.batch(batch)?;
        }
        self.left()?;
        self.blank()?;
        self.foot()
    }

    fn head(&mut self) -> io::Result<()> {
        let plan = self.plan;
        self.say("", &headline(plan), Ansi::new().bold())?;
        let rhythm = &plan.rhythm;
        let assumed = match rhythm.assumed.is_empty() {
            true => String::new(),
            false => format!(" ({} assumed)", rhythm.assumed.join(", ")),
        };
        let last = rhythm.windows.last().map_or("?".to_owned(), |w| self.day(&w.end));
        let capacity = match number(rhythm.capacity) {
            one if one == "1" => "1 point".to_owned(),
            many => format!("{many} points"),
        };
        let text = format!(
            "{}: {}, {capacity} per window{assumed}; {} until {last}; charter {} {}",
            rhythm.team,
            rhythm.cadence,
            count(rhythm.windows.len(), "window"),
            plan.charter.name,
            plan.charter.version,
        );
        self.say("", &text, Ansi::new().dimmed())?;
        if plan.search.offline && !plan.findings.is_empty() {
            let text = "Not confirmed: no package manager was asked. Without --offline, each update is tried in a copy.";
            self.say("", text, Ansi::new())?;
        }
        let (done, back) = plan.learnt.iter().fold((0, 0), |(done, back), of| {
            (done + of.estimate.finished, back + of.estimate.reverted)
        });
        if done > 0 {
            let taken = if back > 0 { format!(", {back} of them reverted") } else { String::new() };
            let text = format!(
                "Costs are learnt from {} of this repository{taken}; for other kinds of change they are the charter's priors.",
                count(done, "finished change"),
            );
            self.say("", &text, Ansi::new().dimmed())?;
        }
        let by: BTreeMap<&str, &Finding> = plan
            .findings
            .iter()
            .filter(|finding| finding.version_by.is_some())
            .map(|finding| (finding.package.as_str(), finding))
            .collect();
        if let Some((first, told)) = by.first_key_value() {
            let text = format!(
                "{} that {} no version in the scan {} planned with the version from {}: {first}{}.",
                count(by.len(), "component"),
                if by.len() == 1 { "has" } else { "have" },
                if by.len() == 1 { "is" } else { "are" },
                told.version_by.as_deref().unwrap_or_default(),
                match by.len() - 1 {
                    0 => String::new(),
                    n => format!(", and {n} more"),
                },
            );
            self.say("", &text, Ansi::new())?;
        }
        if let [first, rest @ ..] = &plan.not_judged[..] {
            let more = match rest.len() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let text = format!(
                "{} could not be judged, and {} in none of these numbers: {} ({}){more}.",
                count(plan.not_judged.len(), "component"),
                if rest.is_empty() { "is" } else { "are" },
                first.package,
                first.reason,
            );
            self.say("", &text, Ansi::new())?;
        }
        if plan.search.cut_short {
            let text = format!(
                "Cut short: the time ran out after {}; allow more with --time.",
                count(plan.search.tries, "try"),
            );
            self.say("", &text, Ansi::new())?;
        }
        Ok(())
    }

    fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        let plan = self.plan;
        let title = format!("{}  {}", batch.window, batch.name);
        let facts = format!(
            "{}; {}, load {}",
            points(batch.least, batch.most, batch.points),
            count(batch.removes.len(), "finding"),
            if batch.load > 0.0 {
                format!("-{}", number(batch.load))
            } else {
                "as before".to_owned()
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
            self.action(action)?;
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

    /// One line: level, way, package, from and to, what it removes, how sure it is.
    fn action(&mut self, action: &Action) -> io::Result<()> {
        let style = self.lines.style;
        let arrow = if style.ascii { "->" } else { "→" };
        let level = action.removes.iter().filter_map(|name| self.finding(name)).map(level).max();
        let mark = level.map_or('?', |level| shape(rating_of(level), style.ascii)).to_string();
        let mark = match level {
            Some(level) => self.lines.paint(colour(rating_of(level)), &mark),
            None => mark,
        };
        let helped = action.removes.iter().filter_map(|name| self.finding(name));
        let helped: BTreeSet<String> = helped.map(|finding| package(&finding.package)).collect();
        let lead = lead(&action.proposal, &helped);
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
            count(action.removes.len(), "finding"),
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
        if !action.proposal.with.is_empty() {
            // A copy that others bring of what is raised is no other package.
            let of = |asked: &Asked| {
                let purl = package(&asked.package);
                let moved = action.moves.iter().find(|m| m.package == purl && !m.from.is_empty());
                match purl == own {
                    true => "its copies".to_owned(),
                    false => {
                        let ends = match moved {
                            Some(moved) if moved.to.is_empty() => {
                                format!(" {} (goes)", moved.from.join(", "))
                            }
                            Some(moved) => ends(moved, arrow),
                            None => String::new(),
                        };
                        format!("{}{ends}", name(&asked.package))
                    }
                }
            };
            let all = std::iter::once(&action.proposal).chain(&action.proposal.with);
            let others = all.filter(|asked| !std::ptr::eq(*asked, lead));
            let mut names: Vec<String> = others.map(of).collect();
            names.sort_unstable();
            names.dedup();
            let shown = if style.verbose { names.len() } else { names.len().min(WITH) };
            let more = match names.len() - shown {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let text = format!("with {}{more}", names[..shown].join(", "));
            self.say("             ", &text, Ansi::new().dimmed())?;
        }
        if !action.fix_named {
            let text = "no source names a fix, but none says that this version is affected";
            self.say("             ", text, Ansi::new().dimmed())?;
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

    fn details(&mut self, action: &Action) -> io::Result<()> {
        let pad = "             ";
        self.say(pad, &format!("removes {}", action.removes.join(", ")), Ansi::new().dimmed())?;
        for reason in &action.cost.reasons {
            let text = format!("{} points: {}", range(reason.least, reason.most), reason.what);
            self.say(pad, &text, Ansi::new().dimmed())?;
        }
        let text = format!(
            "{}: the middle, divided by how likely it is to hold",
            points(action.cost.least, action.cost.most, action.cost.points)
        );
        self.say(pad, &text, Ansi::new().dimmed())?;
        let text = format!("holds with {}", action.confidence.reasons.join("; "));
        self.say(pad, &text, Ansi::new().dimmed())
    }

    /// What moves beside what is named, and what speaks against what comes in.
    fn beside(&mut self, batch: &Batch, actions: &[&Action]) -> io::Result<()> {
        let asked = actions
            .iter()
            .flat_map(|action| std::iter::once(&action.proposal).chain(&action.proposal.with));
        let named: BTreeSet<String> = asked.map(|asked| package(&asked.package)).collect();
        let mut all: BTreeMap<&String, &Move> = BTreeMap::new();
        let alone = actions.iter().flat_map(|action| &action.moves);
        let moves: Vec<&Move> =
            if batch.moves.is_empty() { alone.collect() } else { batch.moves.iter().collect() };
        for moved in moves.into_iter().filter(|moved| !named.contains(&moved.package)) {
            all.insert(&moved.package, moved);
        }
        let come = all.values().filter(|moved| moved.from.is_empty()).count();
        let go = all.values().filter(|moved| moved.to.is_empty()).count();
        let moving = all.len() - come - go;
        let mut told = Vec::new();
        for (n, what) in [(moving, "changed"), (come, "added"), (go, "removed")] {
            if n > 0 {
                told.push(format!("{n} {what}"));
            }
        }
        if !told.is_empty() {
            let text = format!("also       other packages: {}", told.join(", "));
            self.folded("    ", &text)?;
        }
        self.checks(batch, actions)
    }

    fn checks(&mut self, batch: &Batch, actions: &[&Action]) -> io::Result<()> {
        let comes = actions.iter().flat_map(|a| &a.checks).filter(|c| comes_in(&batch.moves, c));
        let checks: BTreeMap<&String, &Check> =
            comes.map(|check| (&check.package, check)).collect();
        if checks.is_empty() {
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
        let known = match (checks.values().filter(is_against).count(), checks.len()) {
            (0, 1) => "nothing known against it".to_owned(),
            (0, _) => "nothing known against them".to_owned(),
            (n, _) => format!("something known against {n}"),
        };
        let mut told = vec![format!("{}, {known}", count(checks.len(), "new version"))];
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

    fn left(&mut self) -> io::Result<()> {
        let plan = self.plan;
        if plan.left.is_empty() {
            return Ok(());
        }
        self.blank()?;
        let load: f64 =
            plan.left.iter().filter_map(|l| self.finding(&l.finding)).map(|f| f.weight).sum();
        let title =
            format!("Left open: {}, load {}", count(plan.left.len(), "finding"), number(load));
        self.say("", &title, Ansi::new().bold())?;
        // Findings of one component that stay for one reason are one entry.
        let mut groups: Vec<(&str, Vec<(&Left, &Finding)>)> = Vec::new();
        for left in &plan.left {
            let Some(finding) = plan.findings.iter().find(|f| f.name == left.finding) else {
                continue;
            };
            match groups.iter_mut().find(|(p, all)| {
                *p == finding.package && all.first().is_some_and(|(l, _)| l.why == left.why)
            }) {
                Some((_, all)) => all.push((left, finding)),
                None => groups.push((&finding.package, vec![(left, finding)])),
            }
        }
        // What is gravest comes first, so that what is cut is the least.
        groups.sort_by(|(_, one), (_, other)| {
            let (one, other) = (gravity(one), gravity(other));
            other.0.cmp(&one.0).then_with(|| other.1.total_cmp(&one.1))
        });
        let shown = self.shown(groups.len());
        for (package, all) in &groups[..shown] {
            self.stays(package, all)?;
        }
        if shown < groups.len() {
            let more = count(groups.len() - shown, "more component");
            self.say("  ", &format!("and {more}: --verbose shows all"), Ansi::new().dimmed())?;
        }
        Ok(())
    }

    fn stays(&mut self, package: &str, all: &[(&Left, &Finding)]) -> io::Result<()> {
        let ascii = self.lines.style.ascii;
        let worst = all.iter().map(|(_, finding)| level(finding)).max().unwrap_or(Level::Low);
        let mark = shape(rating_of(worst), ascii).to_string();
        let mark = self.lines.paint(colour(rating_of(worst)), &mark);
        write!(self.lines.out, "  {mark} ")?;
        let version = match version(package) {
            none if none.is_empty() => "of no known version".to_owned(),
            version => version,
        };
        let what = match all {
            [(_, one)] => one.vulnerability.clone(),
            _ => count(all.len(), "finding"),
        };
        let what = match all.iter().any(|(_, finding)| finding.exploited) {
            true => format!("{what}, known to be exploited"),
            false => what,
        };
        let Some((left, _)) = all.first() else { return Ok(()) };
        let style = self.lines.style;
        let why = if style.verbose { left.why.clone() } else { brief(&left.why, style.ascii) };
        let text = format!("{} {version}, {what}: {why}", name(package));
        self.lines.wrapped(4, "      ", &text, Ansi::new())?;
        if let Some(next) = &left.next {
            let text = format!("next: {next}");
            self.lines.paragraph("      ", "        ", &text, Ansi::new())?;
        }
        for change in left.edit.iter().take(EDITS.0) {
            writeln!(self.lines.out, "      edit: {}", one_line(&change.path))?;
            let ends = |line: &&str| ["+++ ", "--- "].iter().any(|end| line.starts_with(end));
            let lines = change.diff.lines().filter(|line| !ends(line));
            let lines = lines.filter(|line| line.starts_with(['+', '-']));
            for line in lines.take(EDITS.1) {
                writeln!(self.lines.out, "        {}", one_line(line))?;
            }
        }
        if self.lines.style.verbose {
            // Lines of a file are not folded: people copy them.
            let accepted = all.iter().filter_map(|(left, _)| left.accept.as_ref());
            for line in accepted.flat_map(Accept::lines) {
                writeln!(self.lines.out, "      {}", one_line(&line))?;
            }
        }
        Ok(())
    }

    fn foot(&mut self) -> io::Result<()> {
        let plan = self.plan;
        let shown = if self.lines.style.verbose { usize::MAX } else { 1 };
        for margin in plan.margins.iter().take(shown) {
            let what = match margin.removes.len() {
                0 => String::new(),
                n => {
                    let n = count(n, "finding");
                    format!("remove {n} more with load {} and ", number(margin.load))
                }
            };
            let text = format!(
                "One more point of capacity in {} would {what}save {} load-days.",
                margin.window,
                number(margin.saves)
            );
            self.say("", &text, Ansi::new())?;
        }
        if plan.findings.is_empty() {
            return Ok(());
        }
        let deadlines = |n: usize| match n {
            1 => "1 deadline passes".to_owned(),
            n => format!("{n} deadlines pass"),
        };
        let passed = match self.passed() {
            0 => String::new(),
            1 => " (1 had passed before)".to_owned(),
            n => format!(" ({n} had passed before)"),
        };
        // Where nothing is planned, that is what comes of it.
        let planned = match plan.batches.is_empty() {
            true => String::new(),
            false => format!(
                "; with the plan, {} and {}",
                plan.worth.missed,
                number(plan.worth.load_days.round())
            ),
        };
        let text = format!(
            "If nothing is done, {} by {}{passed}, with {} load-days{planned}.",
            deadlines(plan.nothing.missed.len()),
            self.day(&plan.rhythm.horizon),
            number(plan.nothing.load_days.round()),
        );
        self.say("", &text, Ansi::new())?;
        let best = match plan.worth.gap {
            _ if plan.batches.is_empty() => String::new(),
            gap if gap < 0.0005 && plan.search.cut_short => {
                "; of what could be tried, no better plan exists".to_owned()
            }
            gap if gap < 0.0005 => "; no better plan exists".to_owned(),
            gap => format!("; at most {:.1} % above the best possible", gap * 100.0),
        };
        let search = &plan.search;
        let asked = match search.offline {
            true => format!("{}, none confirmed", count(search.ideas, "idea")),
            false if search.confirmed == 0 => {
                let tries = count(search.tries, "try");
                format!("{}, none confirmed in {tries}", count(search.ideas, "idea"))
            }
            false => format!(
                "{}, {} confirmed in {}",
                count(search.ideas, "idea"),
                search.confirmed,
                count(search.tries, "try"),
            ),
        };
        self.say("", &format!("{asked}{best}."), Ansi::new().dimmed())
    }

    /// How many of the deadlines that pass if nothing is done had passed when the plan was made.
    fn passed(&self) -> usize {
        let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let now = moment(&self.plan.now);
        let had = |name: &&String| {
            let due = self.finding(name).and_then(|f| moment(f.deadline.as_deref()?));
            due.zip(now).is_some_and(|(due, now)| due < now)
        };
        self.plan.nothing.missed.iter().filter(had).count()
    }

    fn finding(&self, name: &str) -> Option<&Finding> {
        self.plan.findings.iter().find(|finding| finding.name == name)
    }

    fn shown(&self, all: usize) -> usize {
        if self.lines.style.verbose { all } else { all.min(SHOWN) }
    }

    fn say(&mut self, indent: &str, text: &str, ansi: Ansi) -> io::Result<()> {
        self.lines.paragraph(indent, indent, text, ansi)
    }

    /// A line with a title of eleven columns, folded below its text.
    fn folded(&mut self, indent: &str, text: &str) -> io::Result<()> {
        let (title, rest) = text.split_at(text.len().min(11));
        let title = self.lines.paint(Ansi::new().dimmed(), title);
        write!(self.lines.out, "{indent}{title}")?;
        let column = indent.width() + 11;
        self.lines.wrapped(column, &" ".repeat(column), rest, Ansi::new())
    }

    fn blank(&mut self) -> io::Result<()> {
        writeln!(self.lines.out)
    }
}

/// How grave some findings of a component are: whether one cannot wait, and the worst level; then how much they weigh.
fn gravity(all: &[(&Left, &Finding)]) -> ((bool, Option<Level>), f64) {
    let urgent = all.iter().any(|(_, finding)| finding.exploited || finding.now);
    let worst = all.iter().map(|(_, finding)| level(finding)).max();
    ((urgent, worst), all.iter().map(|(_, finding)| finding.weight).sum())
}

fn level(finding: &Finding) -> Level {
    Level::from_word(&finding.level).unwrap_or(Level::Low)
}

/// From where to where a package moves. Without a version that comes a copy goes; whether another stays is not told.
fn ends(moved: &Move, arrow: &str) -> String {
    let from = moved.from.join(", ");
    match (&moved.to[..], &moved.from[..]) {
        ([], [_]) => format!(" {from}: that copy goes"),
        ([], _) => format!(" {from}: those copies go"),
        (to, _) => format!(" {from} {arrow} {}", to.join(", ")),
    }
}

/// What of a change comes first: what is named first, unless only something else of it has findings that go. What goes along,
/// as it stands in the way, is named before what it makes possible.
fn lead<'a>(proposal: &'a Asked, helped: &BTreeSet<String>) -> &'a Asked {
    let moves = |asked: &&Asked| matches!(asked.way.as_str(), "raise" | "relock" | "override");
    let is_helped = |asked: &&Asked| helped.contains(&package(&asked.package));
    let all = || std::iter::once(proposal).chain(&proposal.with);
    // Of what brings others those have the findings.
    if !all().all(|asked| moves(&asked)) {
        return proposal;
    }
    all().find(is_helped).unwrap_or(proposal)
}

/// The name of a purl for people.
fn name(purl: &str) -> String {
    purl.parse().map_or_else(|_| purl.to_owned(), |purl| crate::group::name(&purl))
}

/// The version of a purl.
fn version(purl: &str) -> String {
    let purl = purl.parse::<trimtab_model::Purl>().ok();
    purl.as_ref().and_then(|purl| purl.version()).unwrap_or_default().to_owned()
}

/// Whether a version comes in with a batch that moves this. An action that was tried alone may bring others: those which a
/// batch before this one moves on. Where the batch was not tried as a whole, all of its actions' do.
fn comes_in(moves: &[Move], check: &Check) -> bool {
    let (package, version) = (package(&check.package), version(&check.package));
    let brings = |moved: &Move| moved.package == package && moved.to.contains(&version);
    moves.is_empty() || moves.iter().any(brings)
}

/// A purl without its version, as moves have it.
fn package(purl: &str) -> String {
    let parsed = purl.parse::<trimtab_model::Purl>();
    parsed.map_or_else(|_| purl.to_owned(), |purl| purl.package().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    /// A freeze ends at midnight where the team is, which is the day before elsewhere.
    #[test]
    fn moments_are_of_the_time_zone_of_the_charter() {
        let local = |zone: serde_json::Value| {
            let rhythm: crate::plan::json::Rhythm = serde_json::from_value(value!({
                "team": "web", "cadence": "week", "capacity": 1.0, "days_per_point": 1.0,
                "assumed": [], "windows": [], "horizon": "", "time_zone": zone,
            }))
            .unwrap();
            rhythm.local("2026-12-20T23:00:00Z")
        };
        assert_eq!(local(value!("Europe/Berlin")), "2026-12-21T00:00:00+01:00");
        for zone in [value!("UTC"), value!(null), value!("Nowhere/None")] {
            assert_eq!(local(zone), "2026-12-20T23:00:00Z");
        }
    }

    /// A copy that is merged into one that is listed already goes, and the package stays.
    #[test]
    fn a_copy_that_goes_is_not_told_as_the_package() {
        let told = |from: &[&str], to: &[&str]| {
            let all = |versions: &[&str]| versions.iter().map(|v| (*v).to_owned()).collect();
            let package = "pkg:npm/left".to_owned();
            ends(&Move { package, from: all(from), to: all(to) }, "->")
        };
        assert_eq!(told(&["1.0.0"], &["1.0.1"]), " 1.0.0 -> 1.0.1");
        assert_eq!(told(&["1.0.0"], &[]), " 1.0.0: that copy goes");
        assert_eq!(told(&["1.0.0", "2.0.0"], &[]), " 1.0.0, 2.0.0: those copies go");
    }

    /// What an earlier batch moves on is none that this one brings.
    #[test]
    fn a_batch_is_told_with_the_versions_that_come_in_with_it() {
        let check = |package: &str| Check {
            package: package.to_owned(),
            published: None,
            age_days: None,
            licence: None,
            verdict: "warn".to_owned(),
            reasons: Vec::new(),
        };
        let moved = Move {
            package: "pkg:golang/left.example/left".to_owned(),
            from: vec!["v1.0.0".to_owned()],
            to: vec!["v1.2.0".to_owned()],
        };
        let told = |moves: &[Move], version: &str| {
            comes_in(moves, &check(&format!("pkg:golang/left.example/left@{version}")))
        };
        let all = [moved];
        assert!(told(&all, "v1.2.0") && !told(&all, "v1.1.0"));
        assert!(!comes_in(&all, &check("pkg:golang/right.example/right@v1.2.0")));
        assert!(told(&[], "v1.1.0"), "it was not tried together");
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
            lead(&proposal, &helped).package.clone()
        };
        assert_eq!(first("raise", &["own"]), "pkg:pypi/own@1.0");
        assert_eq!(first("raise", &["along", "own"]), "pkg:pypi/along@1.0");
        assert_eq!(first("raise", &["other"]), "pkg:pypi/along@1.0");
        assert_eq!(first("raise-parent", &["own"]), "pkg:pypi/along@1.0");
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
